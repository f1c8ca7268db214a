/* What an architecture is worth, judged from the evaluated ones: a Gaussian process (common/model)
 * whose kernel counts differing decisions.
 *
 *     k(a, b) = exp(-s_0 D - s_1 T - s_2 S),    s_f = 1 / l_f^2
 *
 * with D, T and S the differences in operations, types and skips (mu_enas_differences). D alone
 * would hold that another type matters as much as all parameters together; T adds what a type
 * matters beyond. Every term is a conditionally negative definite distance, so k is positive
 * definite for all lengths. */
#ifndef MUSHIR_ENAS_SURROGATE_H
#define MUSHIR_ENAS_SURROGATE_H

#include "common/model/gp.h"
#include "services/enas/observations.h"

enum {
    MU_ENAS_FEATURES = 3,
    MU_ENAS_HYPERPARAMETERS = 5, /* ln l_f, ln a^2, ln n^2 */
    MU_ENAS_MODELLED = 400       /* observations that take part at most */
};

/* Features between architectures; its space: struct mu_enas_space, its points: struct mu_enas_arch.
 */
extern const struct mu_metric mu_enas_metric;

/* An architecture and what it is thought to be worth. */
struct mu_enas_rated {
    const struct mu_enas_arch *arch;
    double value;
};

struct mu_enas_surrogate {
    struct mu_gp_model model;
    double theta[MU_ENAS_HYPERPARAMETERS];
    struct mu_gp gp;               /* of scores */
    struct mu_enas_rated *leaders; /* observed, the largest posterior mean first: the incumbent's */
    size_t n_leaders;
};

/* Fit to |observations| (n >= 1), its pending architectures (the first 32 of them) taken for known,
 * with room for |more|. Both are borrowed. Arena-owned. */
struct mu_enas_surrogate *mu_enas_surrogate_of(const struct mu_enas_space *space,
    const struct mu_enas_observations *observations, size_t more, struct mu_arena *arena);

#endif
