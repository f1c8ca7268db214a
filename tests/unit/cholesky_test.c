/* The factor and the inverse against LAPACK's and against what they are by definition. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <lapacke.h>

#include "common/num/cholesky.h"
#include "common/num/linalg.h"
#include "common/num/stream.h"

enum { MOST = 150, STRIDE = MOST + 3 };

typedef double square[MOST * STRIDE];

/* X X^T + I with n x n normals X: eigenvalues from 1 to about 4n. Above the diagonal and beside the
 * matrix stands what must not be read. */
static void positive_definite(square a, size_t n) {
    static square x;
    struct mu_stream stream;
    mu_stream_init(&stream, 1, n, "cholesky");
    for (size_t i = 0; i < n * STRIDE; i++) {
        x[i] = mu_normal(&stream);
        a[i] = NAN;
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j <= i; j++) {
            a[i * STRIDE + j] = mu_dot(x + i * STRIDE, x + j * STRIDE, n) + (i == j);
        }
    }
}

static void assert_close(double a, double b, double scale) {
    assert_true(fabs(a - b) <= 1e-13 * scale);
}

static const size_t SIZES[] = {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 40, 65, 100, 129, MOST};

enum { SIZES_N = sizeof SIZES / sizeof *SIZES };

static void both_are_lapacks(void **state) {
    (void)state;
    static square ours;
    static square lapacks;
    for (size_t s = 0; s < SIZES_N; s++) {
        size_t n = SIZES[s];
        positive_definite(ours, n);
        memcpy(lapacks, ours, n * STRIDE * sizeof *ours);
        assert_true(mu_cholesky(ours, n, STRIDE));
        int size = (int)n;
        assert_int_equal(LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'U', size, lapacks, STRIDE), 0);
        for (size_t i = 0; i < n; i++) {
            for (size_t j = 0; j <= i; j++) {
                assert_close(ours[i * STRIDE + j], lapacks[i * STRIDE + j], (double)n);
            }
        }
        assert_true(mu_cholesky_inverse(ours, n, STRIDE));
        assert_int_equal(LAPACKE_dpotri_work(LAPACK_COL_MAJOR, 'U', size, lapacks, STRIDE), 0);
        for (size_t i = 0; i < n; i++) {
            for (size_t j = 0; j <= i; j++) {
                assert_close(ours[i * STRIDE + j], lapacks[i * STRIDE + j], (double)n);
            }
        }
    }
}

/* Also from a factor with anything above its diagonal, and nothing beside the matrix is written. */
static void the_inverse_is_symmetric_and_inverts(void **state) {
    (void)state;
    static square a;
    static square inverse;
    for (size_t s = 0; s < SIZES_N; s++) {
        size_t n = SIZES[s];
        positive_definite(a, n);
        memcpy(inverse, a, n * STRIDE * sizeof *a);
        assert_true(mu_cholesky(inverse, n, STRIDE));
        for (size_t i = 0; i < n; i++) {
            for (size_t j = 0; j < i; j++) {
                inverse[j * STRIDE + i] = NAN;
                a[j * STRIDE + i] = a[i * STRIDE + j];
            }
        }
        assert_true(mu_cholesky_inverse(inverse, n, STRIDE));
        for (size_t i = 0; i < n; i++) {
            for (size_t j = 0; j < n; j++) {
                assert_true(inverse[i * STRIDE + j] == inverse[j * STRIDE + i]);
                double product = mu_dot(a + i * STRIDE, inverse + j * STRIDE, n);
                assert_close(product, i == j, 4 * (double)(n * n));
            }
            assert_true(isnan(inverse[i * STRIDE + n]));
        }
    }
}

/* Wherever the fault stands, also in the last row of a matrix of several blocks. */
static void what_has_no_factor_is_refused(void **state) {
    (void)state;
    static square a;
    static const double faults[] = {-1, 0, NAN, INFINITY, -INFINITY};
    static const size_t rows[] = {0, 5, 20, 32, 39};
    for (size_t f = 0; f < sizeof faults / sizeof *faults; f++) {
        for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
            size_t n = 40;
            positive_definite(a, n);
            a[rows[r] * STRIDE + rows[r]] = faults[f];
            assert_false(mu_cholesky(a, n, STRIDE));
            if (rows[r] > 0 && !isfinite(faults[f])) {
                positive_definite(a, n);
                a[rows[r] * STRIDE + rows[r] - 1] = faults[f];
                assert_false(mu_cholesky(a, n, STRIDE));
            }
        }
    }
    double zero = 0;
    assert_false(mu_cholesky_inverse(&zero, 1, 1));
}

static void nothing_is_its_own_factor(void **state) {
    (void)state;
    assert_true(mu_cholesky(NULL, 0, 0));
    assert_true(mu_cholesky_inverse(NULL, 0, 0));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(both_are_lapacks),
        cmocka_unit_test(the_inverse_is_symmetric_and_inverts),
        cmocka_unit_test(what_has_no_factor_is_refused),
        cmocka_unit_test(nothing_is_its_own_factor)};
    return cmocka_run_group_tests_name("cholesky", tests, NULL, NULL);
}
