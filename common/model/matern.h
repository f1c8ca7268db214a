/* Matern functions of the squared distance, for loops that compilers vectorize. */
#ifndef MUSHIR_MODEL_MATERN_H
#define MUSHIR_MODEL_MATERN_H

#include <stddef.h>

#include "common/model/fast.h"

/* M(r^2) of |n| squared distances into |value| and dM/d(r^2) into |slope|, one of which may be |r2|
 * itself. nu 5/2. No division by r. */
static inline void mu_matern52_all(const double *r2, double *value, double *slope, size_t n) {
    for (size_t i = 0; i < n; i++) {
        double t = sqrt(5 * r2[i]);
        double e = mu_fast_exp(-t);
        value[i] = (1 + t + t * t / 3) * e;
        slope[i] = -(5.0 / 6) * (1 + t) * e;
    }
}

/* The same for (1 - v) M_3/2 + v M_5/2, with its derivative by v into |smoother|. */
static inline void mu_matern_blend_all(
    const double *r2, double v, double *value, double *slope, double *smoother, size_t n) {
    for (size_t i = 0; i < n; i++) {
        double s = sqrt(3 * r2[i]);
        double t = sqrt(5 * r2[i]);
        double rough = mu_fast_exp(-s);
        double smooth = mu_fast_exp(-t);
        slope[i] = (v - 1) * 1.5 * rough - v * (5.0 / 6) * (1 + t) * smooth;
        rough *= 1 + s;
        smoother[i] = (1 + t + t * t / 3) * smooth - rough;
        value[i] = rough + v * smoother[i];
    }
}

#endif
