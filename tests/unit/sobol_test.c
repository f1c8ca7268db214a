/* Scrambled Sobol: the net property, integration, random access. */
#include "common/num/sobol.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/cmocka.h"

/* Every dimension: the first 2^k points hit each of the 2^k intervals once. */
static void every_dimension_is_stratified(void **state) {
    (void)state;
    enum { N = 256 };
    double *x = malloc(N * MU_SOBOL_DIMENSIONS * sizeof *x);
    for (size_t i = 0; i < N; i++) {
        mu_sobol_point(42, i, x + i * MU_SOBOL_DIMENSIONS, MU_SOBOL_DIMENSIONS);
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

enum { M = 10, POINTS = 1 << M, MOST = 10 };

/* Which of the elementary intervals with 2^split[j] parts along dimension j holds |x|. */
static size_t interval_of(const double *x, const int *split, size_t n) {
    size_t interval = 0;
    for (size_t j = 0; j < n; j++) {
        interval = interval << split[j] | (size_t)(x[j] * (1 << split[j]));
    }
    return interval;
}

/* Whether each of the 2^|parts| intervals of |split| holds equally many points. */
static bool fair(double (*x)[MOST], const int *split, size_t n, int parts) {
    size_t hits[POINTS] = {0};
    for (size_t i = 0; i < POINTS; i++) {
        hits[interval_of(x[i], split, n)]++;
    }
    for (size_t k = 0; k < (size_t)1 << parts; k++) {
        if (hits[k] != (size_t)POINTS >> parts) {
            return false;
        }
    }
    return true;
}

/* Whether that holds for every way to write |parts| as a sum over |n| dimensions, from |at| on. */
static bool net(double (*x)[MOST], int *split, size_t at, size_t n, int parts, int left) {
    if (at + 1 == n) {
        split[at] = left;
        return fair(x, split, n, parts);
    }
    for (split[at] = 0; split[at] <= left; split[at]++) {
        if (!net(x, split, at + 1, n, parts, left - split[at])) {
            return false;
        }
    }
    return true;
}

/* A (t, m, s)-net in base 2: every elementary interval of volume 2^(t-m) holds 2^t of the first 2^m
 * points, and no smaller t will do. The t of Joe and Kuo's numbers for m = 10 were counted with
 * SciPy's unscrambled points; scrambling may not change them. */
static void the_first_1024_points_are_nets(void **state) {
    (void)state;
    static const int T[MOST] = {0, 0, 1, 2, 3, 4, 5, 5, 6, 6};
    static double scrambled[POINTS][MOST];
    static double plain[POINTS][MOST];
    int split[MOST];
    for (size_t i = 0; i < POINTS; i++) {
        mu_sobol_point(7, i, scrambled[i], MOST);
        mu_sobol_unscrambled(i, plain[i], MOST);
    }
    for (size_t n = 1; n <= MOST; n++) {
        int parts = M - T[n - 1];
        assert_true(net(scrambled, split, 0, n, parts, parts));
        assert_true(net(plain, split, 0, n, parts, parts));
        assert_true(parts == M || !net(scrambled, split, 0, n, parts + 1, parts + 1));
    }
}

/* SciPy's first points. */
static void unscrambled_points_come_in_gray_code_order(void **state) {
    (void)state;
    static const double EXPECTED[][3] = {
        {0, 0, 0}, {0.5, 0.5, 0.5}, {0.75, 0.25, 0.25}, {0.25, 0.75, 0.75}, {0.375, 0.375, 0.625}};
    for (size_t i = 0; i < sizeof EXPECTED / sizeof *EXPECTED; i++) {
        double x[3];
        mu_sobol_unscrambled(i, x, 3);
        assert_memory_equal(x, EXPECTED[i], sizeof x);
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
            mu_sobol_point(seed, i, x, 5);
            for (int j = 0; j < 5; j++) {
                f *= 0.5 + x[j];
            }
            sum += f / 1024;
        }
        assert_true(fabs(sum - 1) < 0.004);
    }
}

/* Seeds next to each other give no dimension that another seed has at any place. */
static void seeds_share_no_dimension(void **state) {
    (void)state;
    double a[8][4];
    for (uint64_t seed = 0; seed < 8; seed++) {
        mu_sobol_point(seed, 0, a[seed], 4);
    }
    for (int i = 0; i < 32; i++) {
        for (int j = 0; j < i; j++) {
            assert_true(a[i / 4][i % 4] != a[j / 4][j % 4]);
        }
    }
}

static void seeds_differ_and_dimensions_do_not_depend_on_their_number(void **state) {
    (void)state;
    double a[300];
    double b[3];
    double c[3];
    mu_sobol_point(1, 5, a, 300);
    mu_sobol_point(1, 5, b, 3);
    mu_sobol_point(2, 5, c, 3);
    assert_memory_equal(a, b, sizeof b);
    assert_memory_not_equal(b, c, sizeof b);
    for (int i = 0; i < 300; i++) {
        assert_true(a[i] > 0 && a[i] < 1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_dimension_is_stratified),
        cmocka_unit_test(the_first_1024_points_are_nets),
        cmocka_unit_test(unscrambled_points_come_in_gray_code_order),
        cmocka_unit_test(integration_beats_random),
        cmocka_unit_test(seeds_share_no_dimension),
        cmocka_unit_test(seeds_differ_and_dimensions_do_not_depend_on_their_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
