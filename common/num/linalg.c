#include "common/num/linalg.h"

#include <cblas.h>
#include <lapacke.h>
#include <math.h>

static bool lower_finite(const double *a, size_t n) {
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j <= i; j++) {
            if (!isfinite(a[i * n + j])) {
                return false;
            }
        }
    }
    return true;
}

void mu_solve_lower(const double *l, size_t n, size_t stride, bool transposed, double *b) {
    cblas_dtrsv(CblasColMajor, CblasUpper, transposed ? CblasNoTrans : CblasTrans, CblasNonUnit,
        (int)n, l, (int)stride, b, 1);
}

double mu_log_diagonal(const double *l, size_t n, size_t stride) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += log(l[i * stride + i]);
    }
    return sum;
}

bool mu_eigen(double *a, size_t n, double *values, double *work) {
    if (!lower_finite(a, n)) {
        return false;
    }
    lapack_int size = (lapack_int)n;
    return n == 0 || LAPACKE_dsyev_work(
                         LAPACK_COL_MAJOR, 'V', 'U', size, a, size, values, work, 3 * size) == 0;
}

double mu_dot(const double *a, const double *b, size_t n) {
    return cblas_ddot((int)n, a, 1, b, 1);
}
