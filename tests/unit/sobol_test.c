/* Scrambled Sobol: the net property in one and two dimensions, integration, random access. */
#include "common/num/sobol.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/cmocka.h"

/* Every dimension: the first 2^k points hit each of the 2^k intervals once. */
static void every_dimension_is_stratified(void **state) {
    (void)state;
    enum { N = 256 };
    double *x = malloc(N * MU_SOBOL_DIMENSIONS * sizeof *x);
    for (size_t i = 0; i < N; i++) {
        mu_sobol(42, i, x + i * MU_SOBOL_DIMENSIONS, MU_SOBOL_DIMENSIONS);
    }
    for (size_t j = 0; j < MU_SOBOL_DIMENSIONS; j++) {
        for (size_t n = 1; n <= N; n *= 2) {
            char hit[N] = {0};
            for (size_t i = 0; i < n; i++) {
                hit[(size_t)(x[i * MU_SOBOL_DIMENSIONS + j] * (double)n)]++;
            }
            assert_null(memchr(hit, 0, n));
        }
    }
    free(x);
}

/* The first two dimensions: every elementary box of area 2^-8 holds one of the first 2^8 points,
 * scrambled or not. */
static void two_dimensions_form_a_net(void **state) {
    (void)state;
    enum { M = 8, N = 1 << M };
    for (int a = 0; a <= M; a++) {
        char hit[N] = {0};
        for (size_t i = 0; i < N; i++) {
            double x[2];
            mu_sobol(7, i, x, 2);
            hit[(size_t)(x[0] * (1 << a)) << (M - a) | (size_t)(x[1] * (1 << (M - a)))]++;
        }
        assert_null(memchr(hit, 0, N)); /* a (0, 8, 2)-net in base 2 */
    }
}

/* Integrating the product of 1 + x_j - 1/2 over five dimensions (the integral is 1): random points
 * would err by sqrt(((13/12)^5 - 1) / 1024) = 0.022. */
static void integration_beats_random(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        double sum = 0;
        for (size_t i = 0; i < 1024; i++) {
            double x[5];
            double f = 1;
            mu_sobol(seed, i, x, 5);
            for (int j = 0; j < 5; j++) {
                f *= 0.5 + x[j];
            }
            sum += f / 1024;
        }
        assert_true(fabs(sum - 1) < 0.004);
    }
}

static void seeds_differ_and_dimensions_do_not_depend_on_their_number(void **state) {
    (void)state;
    double a[300];
    double b[3];
    double c[3];
    mu_sobol(1, 5, a, 300);
    mu_sobol(1, 5, b, 3);
    mu_sobol(2, 5, c, 3);
    assert_memory_equal(a, b, sizeof b);
    assert_memory_not_equal(b, c, sizeof b);
    for (int i = 0; i < 300; i++) {
        assert_true(a[i] > 0 && a[i] < 1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_dimension_is_stratified),
        cmocka_unit_test(two_dimensions_form_a_net),
        cmocka_unit_test(integration_beats_random),
        cmocka_unit_test(seeds_differ_and_dimensions_do_not_depend_on_their_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
