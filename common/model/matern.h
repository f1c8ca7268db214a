/* Matern functions of the squared distance, for loops that compilers vectorize. */
#ifndef MUSHIR_MODEL_MATERN_H
#define MUSHIR_MODEL_MATERN_H

#include <stddef.h>

#include "common/model/fast.h"

/* M(r^2) of |n| squared distances into |value| and dM/d(r^2) into |slope|; |value| or |slope| may
 * be |r2| itself. No division by r. nu 3/2, then 5/2. */
static inline void mu_matern32_all(const double *r2, double *value, double *slope, size_t n) {
    for (size_t i = 0; i < n; i++) {
        double t = sqrt(3 * r2[i]);
        double e = mu_fast_exp(-t);
        value[i] = (1 + t) * e;
        slope[i] = -1.5 * e;
    }
}

static inline void mu_matern52_all(const double *r2, double *value, double *slope, size_t n) {
    for (size_t i = 0; i < n; i++) {
        double t = sqrt(5 * r2[i]);
        double e = mu_fast_exp(-t);
        value[i] = (1 + t + t * t / 3) * e;
        slope[i] = -(5.0 / 6) * (1 + t) * e;
    }
}

#endif
