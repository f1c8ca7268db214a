/* What the trials say, in the form that the models want. */
#ifndef MUSHIR_BAYESOPT_EVIDENCE_H
#define MUSHIR_BAYESOPT_EVIDENCE_H

#include "common/model/frame.h"
#include "common/model/tpe.h"
#include "common/search/algorithm.h"

struct evidence {
    struct mu_frame frame;
    const struct mu_seen *seen; /* every trial and every earlier suggestion of the batch */

    size_t n;           /* observations, in canonical order */
    double *u, *target; /* n x frame.n; standardised, larger is better */
    bool varied;        /* the targets differ: there is something to learn */
    size_t *order;      /* observations by target, best first */
    bool resting; /* the latest ten brought less than a thousandth of what the first ones' median
                     lies above the best */

    size_t n_failed,
        n_pending; /* pending: running trials, then the batch so far; room for all of it */
    double *failed, *pending;

    struct mu_tpe_model *tpe; /* the same trials for the Parzen estimator */
};

/* Gather the evidence of |request|, arena-owned. */
struct evidence *evidence_of(const struct mu_request *request);

/* The point |x| was suggested: it is pending from now on. Borrowed. */
void evidence_add_pending(struct evidence *evidence, const double *x);

/* At most |most| observations that say the most: the best third, the newest third, and of the rest
 * every so many. Their indices, ascending, into |chosen|; returns how many. */
size_t evidence_choose(
    const struct evidence *evidence, size_t most, size_t *chosen, struct mu_arena *arena);

#endif
