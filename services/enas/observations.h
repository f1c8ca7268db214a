/* The trials of an experiment as architectures: what was learned, what is under way, what must not
 * be proposed again. */
#ifndef MUSHIR_ENAS_OBSERVATIONS_H
#define MUSHIR_ENAS_OBSERVATIONS_H

#include "services/enas/architecture.h"

struct mu_enas_observations {
    const struct mu_enas_arch *archs; /* n known, in the order of their trials, then n_pending */
    const double *scores;             /* n: targets, by mu_linear_targets; larger is better */
    const bool *partial;              /* n: stopped early */
    const size_t *ranks; /* n: numbers of the known ones, the best first, failures last */
    size_t n, n_pending;
    size_t n_observed;         /* of the known ones, those that did not fail */
    struct mu_enas_set *tried; /* of all of them; has room for the suggestions of the request */
    uint64_t size;             /* of the space, see mu_enas_space_size */
};

/* Read |history| (trials whose architecture cannot be read are left out), with room for |more|
 * further architectures in |tried|. Failures count as common/model/dataset.h says. */
void mu_enas_observations_init(struct mu_enas_observations *observations,
    const struct mu_enas_space *space, const struct mu_history *history, size_t more,
    struct mu_arena *arena);

/* Whether every architecture was tried. */
bool mu_enas_exhausted(const struct mu_enas_observations *observations);

/* An untried architecture at random; any when all were tried. */
void mu_enas_draw_untried(const struct mu_enas_space *space,
    const struct mu_enas_observations *observations, struct mu_enas_arch *arch,
    struct mu_stream *stream);

#endif
