/* What conditioning and fitting share. */
#ifndef MUSHIR_MODEL_GP_INTERNAL_H
#define MUSHIR_MODEL_GP_INTERNAL_H

#include "common/model/gp.h"

/* theta on its natural scale. */
struct mu_gp_theta {
    struct mu_scales scales;
    double amplitude, noise;
};

/* |inverse_square_length| has room for one per feature and is borrowed by the result. */
struct mu_gp_theta mu_gp_theta_of(
    const struct mu_gp_model *model, const double *theta, double *inverse_square_length);

/* Room for what |kernel| computes of |n| pairs with the features |z|. Arena-owned. */
struct mu_pairs mu_gp_pairs(
    const struct mu_kernel *kernel, size_t n, const double *z, struct mu_arena *arena);

#endif
