/* The state of CMA-ES found again from an experiment's trials.
 *
 * Nothing is kept between requests and nothing marks a trial with its generation: finished trials,
 * in the order they finished, are cut into generations of lambda, and the distributions learn from
 * one after the other. A trial that was drawn from an older distribution than the one it is read
 * with (more workers than lambda) counts as an injected solution (Hansen, "Injecting external
 * solutions into CMA-ES", arXiv:1110.4181), so none is wasted; docs/adr/0041. */
#ifndef MUSHIR_SERVICES_CMAES_SEARCH_H
#define MUSHIR_SERVICES_CMAES_SEARCH_H

#include "common/search/experiment.h"

enum mu_cma_restart { MU_CMA_NONE, MU_CMA_IPOP, MU_CMA_BIPOP };

struct mu_cma_options {
    double sigma;  /* initial standard deviation as a share of each parameter's range; > 0 */
    size_t lambda; /* initial population; > 1 */
    enum mu_cma_restart restart;
    uint64_t seed;
};

struct mu_cma_search;

/* The state after all finished trials of |history|. Owned by |arena|, borrows the others. */
struct mu_cma_search *mu_cma_search_of(const struct mu_space *space,
    const struct mu_history *history, const struct mu_cma_options *options, struct mu_arena *arena);

/* Draw suggestion |number| into |x| (space.n coordinates); other |attempt|s are other draws. The
 * very first suggestion is the mean. */
void mu_cma_propose(struct mu_cma_search *search, uint64_t number, unsigned attempt, double *x);

#endif
