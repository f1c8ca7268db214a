#include "common/num/cholesky.h"

#include <lapacke.h>
#include <math.h>

#include "common/num/gemm.h"

enum { BASE = 8, PRODUCT = 32 };

static size_t half(size_t n) {
    return (n / 2 + BASE - 1) / BASE * BASE;
}

/* Above the diagonal: |sign| times the transposed rows |from| to |to| of the lower triangle. */
static void mirror(double *a, size_t from, size_t to, size_t stride, double sign) {
    for (size_t i = from; i < to; i++) {
        for (size_t j = 0; j < i; j++) {
            a[j * stride + i] = sign * a[i * stride + j];
        }
    }
}

/* The lower triangle of C (n x n) += A (n x k) B (k x n); blocks on the diagonal are filled. */
static void add_lower(
    size_t n, size_t k, const double *a, const double *b, double *c, size_t stride) {
    if (n <= PRODUCT) {
        mu_gemm(n, n, k, a, stride, 1, b, stride, c, stride);
        return;
    }
    size_t h = half(n);
    double *below = c + h * stride;
    add_lower(h, k, a, b, c, stride);
    mu_gemm(n - h, h, k, a + h * stride, stride, 1, b, stride, below, stride);
    add_lower(n - h, k, a + h * stride, b + h, below + h, stride);
}

/* X (m x n) becomes X L^-T; above the diagonal of |l| stands -L^T. */
static void divide_transposed(double *x, size_t m, const double *l, size_t n, size_t stride) {
    if (n > BASE) {
        size_t h = half(n);
        divide_transposed(x, m, l, h, stride);
        mu_gemm(m, n - h, h, x, stride, 1, l + h, stride, x + h, stride);
        divide_transposed(x + h, m, l + h * stride + h, n - h, stride);
        return;
    }
    for (size_t i = 0; i < m; i++) {
        double *restrict row = x + i * stride;
        for (size_t j = 0; j < n; j++) {
            const double *restrict other = l + j * stride;
            double value = row[j] / other[j];
            row[j] = value;
            for (size_t c = j + 1; c < n; c++) {
                row[c] += value * other[c];
            }
        }
    }
}

/* X (m x n) becomes -X L^-1. */
static void divide_negated(double *x, size_t m, const double *l, size_t n, size_t stride) {
    if (n > BASE) {
        size_t h = half(n);
        const double *below = l + h * stride;
        divide_negated(x + h, m, below + h, n - h, stride);
        mu_gemm(m, h, n - h, x + h, stride, 1, below, stride, x, stride);
        divide_negated(x, m, l, h, stride);
        return;
    }
    for (size_t i = 0; i < m; i++) {
        double *restrict row = x + i * stride;
        for (size_t j = n; j-- > 0;) {
            const double *restrict other = l + j * stride;
            double value = -row[j] / other[j];
            row[j] = value;
            for (size_t c = 0; c < j; c++) {
                row[c] += value * other[c];
            }
        }
    }
}

/* The factor of a few rows, a column after the other. What is not finite reaches the diagonal. */
static bool factor_base(double *a, size_t n, size_t stride) {
    for (size_t j = 0; j < n; j++) {
        double *restrict right = a + j * stride;
        double square = right[j];
        if (!(square > 0 && isfinite(square))) {
            return false;
        }
        right[j] = sqrt(square);
        for (size_t i = j + 1; i < n; i++) {
            double *restrict row = a + i * stride;
            row[j] /= right[j];
            right[i] = -row[j];
            for (size_t c = j + 1; c <= i; c++) {
                row[c] += row[j] * right[c];
            }
        }
    }
    return true;
}

/* Of A = [A11 .; A21 A22]: L11 of A11, L21 = A21 L11^-T, L22 of A22 - L21 L21^T; -L^T above. */
static bool factor(double *a, size_t n, size_t stride) {
    if (n <= BASE) {
        return factor_base(a, n, stride);
    }
    size_t h = half(n);
    double *below = a + h * stride;
    if (!factor(a, h, stride)) {
        return false;
    }
    divide_transposed(below, n - h, a, h, stride);
    for (size_t i = h; i < n; i++) {
        for (size_t j = 0; j < h; j++) {
            a[j * stride + i] = -a[i * stride + j];
        }
    }
    add_lower(n - h, h, below, a + h, below + h, stride);
    return factor(below + h, n - h, stride);
}

/* With M the inverse and G = L21 L11^-1: M22 of L22, M21 = -M22 G, M11 = that of L11 + G^T M22 G.
 */
static bool invert(double *l, size_t n, size_t stride) {
    if (n <= BASE) {
        bool regular =
            LAPACKE_dpotri_work(LAPACK_COL_MAJOR, 'U', (lapack_int)n, l, (lapack_int)stride) == 0;
        mirror(l, 0, n, stride, 1);
        return regular;
    }
    size_t h = half(n);
    double *right = l + h;
    double *below = l + h * stride;
    divide_negated(below, n - h, l, h, stride);
    if (!invert(l, h, stride) || !invert(below + h, n - h, stride)) {
        return false;
    }
    for (size_t i = 0; i < h; i++) {
        for (size_t j = 0; j < n - h; j++) {
            right[i * stride + j] = 0;
        }
    }
    mu_gemm(h, n - h, n - h, below, 1, stride, below + h, stride, right, stride);
    add_lower(h, n - h, right, below, l, stride);
    mirror(l, 0, h, stride, 1);
    for (size_t i = h; i < n; i++) {
        for (size_t j = 0; j < h; j++) {
            l[i * stride + j] = l[j * stride + i];
        }
    }
    return true;
}

bool mu_cholesky(double *a, size_t n, size_t stride) {
    return factor(a, n, stride);
}

bool mu_cholesky_inverse(double *l, size_t n, size_t stride) {
    return n == 0 || invert(l, n, stride);
}
