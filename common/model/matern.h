/* Matern functions of the squared distance, for loops that compilers vectorize. */
#ifndef MUSHIR_MODEL_MATERN_H
#define MUSHIR_MODEL_MATERN_H

#include <stdbool.h>
#include <stddef.h>

#include "common/model/fast.h"

/* M(r^2) of |n| squared distances into |value| and dM/d(r^2) into |slope|; |value| or |slope| may
 * be |r2| itself. No division by r. */
static inline void mu_matern_all(
    bool rough, const double *r2, double *value, double *slope, size_t n) {
    if (rough) {
        for (size_t i = 0; i < n; i++) {
            double t = sqrt(3 * r2[i]);
            double e = mu_fast_exp(-t);
            value[i] = (1 + t) * e;
            slope[i] = -1.5 * e;
        }
        return;
    }
    for (size_t i = 0; i < n; i++) {
        double t = sqrt(5 * r2[i]);
        double e = mu_fast_exp(-t);
        value[i] = (1 + t + t * t / 3) * e;
        slope[i] = -(5.0 / 6) * (1 + t) * e;
    }
}

#endif
