/* Linear systems by elimination: what factorizations are compared with. */
#ifndef MUSHIR_TESTS_SUPPORT_ELIMINATION_H
#define MUSHIR_TESTS_SUPPORT_ELIMINATION_H

#include <math.h>
#include <stddef.h>

/* Solve the |n| x |n| row-major system a x = b by Gauss-Jordan elimination with pivots: x into |b|,
 * |a| is used up. Returns ln |det a|. */
static inline double eliminate(double *a, double *b, size_t n) {
    double log_determinant = 0;
    for (size_t c = 0; c < n; c++) {
        size_t pivot = c;
        for (size_t r = c + 1; r < n; r++) {
            pivot = fabs(a[r * n + c]) > fabs(a[pivot * n + c]) ? r : pivot;
        }
        double swap = b[c];
        b[c] = b[pivot];
        b[pivot] = swap;
        for (size_t k = 0; k < n; k++) {
            swap = a[c * n + k];
            a[c * n + k] = a[pivot * n + k];
            a[pivot * n + k] = swap;
        }
        log_determinant += log(fabs(a[c * n + c]));
        for (size_t r = 0; r < n; r++) {
            double factor = r == c ? 0 : a[r * n + c] / a[c * n + c];
            for (size_t k = c; k < n; k++) {
                a[r * n + k] -= factor * a[c * n + k];
            }
            b[r] -= factor * b[c];
        }
    }
    for (size_t c = 0; c < n; c++) {
        b[c] /= a[c * n + c];
    }
    return log_determinant;
}

#endif
