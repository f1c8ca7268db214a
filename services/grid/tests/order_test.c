/* The order of a grid: a full cycle, and spread from the start. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/num/stream.h"
#include "services/grid/order.h"
#include "tests/support/cmocka.h"

enum { MOST = 64 };

static uint64_t product(const uint64_t *levels, size_t n) {
    uint64_t size = 1;
    for (size_t j = 0; j < n; j++) {
        size *= levels[j];
    }
    return size;
}

static uint64_t rank_of(const uint64_t *point, const uint64_t *levels, size_t n) {
    uint64_t rank = 0;
    for (size_t j = 0; j < n; j++) {
        assert_true(point[j] < levels[j]);
        rank = rank * levels[j] + point[j];
    }
    return rank;
}

/* Every point once, for |seeds| seeds. */
static void assert_full_cycle(const uint64_t *levels, size_t n, uint64_t seeds) {
    uint64_t size = product(levels, n);
    for (uint64_t seed = 0; seed < seeds; seed++) {
        bool *seen = calloc(size, sizeof *seen);
        for (uint64_t i = 0; i < size; i++) {
            uint64_t point[MOST];
            mu_grid_point(seed, i, levels, n, point);
            bool *here = &seen[rank_of(point, levels, n)];
            assert_false(*here);
            *here = true;
        }
        free(seen);
    }
}

static void small_grids_are_full_cycles(void **state) {
    (void)state;
    assert_full_cycle(NULL, 0, 3);
    assert_full_cycle((const uint64_t[]){1}, 1, 3);
    assert_full_cycle((const uint64_t[]){2}, 1, 3);
    assert_full_cycle((const uint64_t[]){1, 2, 1}, 3, 3);
    assert_full_cycle((const uint64_t[]){9, 5}, 2, 3);
    assert_full_cycle((const uint64_t[]){3, 4, 5, 6, 7}, 5, 3);
}

static void a_million_points_are_a_full_cycle(void **state) {
    (void)state;
    assert_full_cycle((const uint64_t[]){1000000}, 1, 1);
    assert_full_cycle((const uint64_t[]){100, 100, 100}, 3, 1);
    assert_full_cycle((const uint64_t[]){2, 5, 2, 5, 10, 2, 5, 1, 5, 2}, 10, 1);
}

/* The index of |point|, digit by digit: of each parameter's digits exactly one must give its level.
 */
static uint64_t index_of(uint64_t seed, const uint64_t *point, const uint64_t *levels, size_t n) {
    uint64_t index = 0;
    uint64_t before = 1;
    for (size_t j = 0; j < n; j++) {
        uint64_t fitting = 0;
        uint64_t digit = 0;
        for (uint64_t d = 0; d < levels[j]; d++) {
            uint64_t here[MOST];
            mu_grid_point(seed, index + d * before, levels, j + 1, here);
            fitting += here[j] == point[j];
            digit = here[j] == point[j] ? d : digit;
        }
        assert_int_equal(fitting, 1);
        index += digit * before;
        before *= levels[j];
    }
    return index;
}

/* No enumeration: that random points have one index each, which leads back to them. */
static void assert_invertible(const uint64_t *levels, size_t n) {
    struct mu_stream stream;
    mu_stream_init(&stream, 1, n, "points");
    for (int i = 0; i < 10; i++) {
        uint64_t point[MOST];
        uint64_t again[MOST];
        for (size_t j = 0; j < n; j++) {
            point[j] = mu_uniform_below(&stream, levels[j]);
        }
        mu_grid_point(5, index_of(5, point, levels, n), levels, n, again);
        assert_memory_equal(again, point, n * sizeof *point);
    }
}

static void vast_grids_are_full_cycles(void **state) {
    (void)state;
    uint64_t halves[62];
    for (size_t j = 0; j < 62; j++) {
        halves[j] = 2;
    }
    assert_invertible(halves, 62); /* 2^62 points */
    assert_invertible((const uint64_t[]){1024, 1024, 4, 1024, 1024, 1024, 1024}, 7);
    assert_invertible((const uint64_t[]){97, 89, 83, 79, 73, 71, 67, 61, 59}, 9);
}

/* One parameter of 2^62 levels: neighbours in time never meet, and all steps are one apart or more.
 */
static void one_vast_parameter_does_not_overflow(void **state) {
    (void)state;
    const uint64_t levels = (uint64_t)1 << 62;
    uint64_t last = 0;
    mu_grid_point(1, levels - 1, &levels, 1, &last);
    for (uint64_t i = 0; i < 1000; i++) {
        uint64_t point;
        mu_grid_point(1, i, &levels, 1, &point);
        assert_true(point < levels && point != last);
        last = point;
    }
}

/* How many of the first |m| points fall into each of 4 x 4 equal blocks of two parameters; the
 * largest distance from m / 16. */
static double unevenness(const uint64_t (*points)[4], size_t m, size_t a, size_t b) {
    double blocks[16] = {0};
    double worst = 0;
    for (size_t i = 0; i < m; i++) {
        blocks[points[i][a] / 4 * 4 + points[i][b] / 4]++;
    }
    for (size_t k = 0; k < 16; k++) {
        worst = fmax(worst, fabs(blocks[k] - (double)m / 16));
    }
    return worst;
}

/* The first 64 of 65536 points: pairs of parameters are covered far more evenly than by points
 * drawn at random, whose worst block is 4.1 away from its share on average, with a standard
 * deviation of 0.1 over these pairs and seeds. */
static void the_beginning_is_spread(void **state) {
    (void)state;
    enum { FIRST = 64, SEEDS = 20, PAIRS = 6 };
    static const uint64_t LEVELS[] = {16, 16, 16, 16};
    double sum = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        uint64_t points[FIRST][4];
        for (uint64_t i = 0; i < FIRST; i++) {
            mu_grid_point(seed, i, LEVELS, 4, points[i]);
        }
        for (size_t a = 0; a < 4; a++) {
            for (size_t b = 0; b < a; b++) {
                sum += unevenness(points, FIRST, a, b);
            }
        }
    }
    assert_true(sum / (SEEDS * PAIRS) < 1.5);
}

static void seeds_give_other_orders(void **state) {
    (void)state;
    static const uint64_t LEVELS[] = {16, 16, 16};
    uint64_t a[3];
    uint64_t b[3];
    mu_grid_point(1, 0, LEVELS, 3, a);
    mu_grid_point(2, 0, LEVELS, 3, b);
    assert_memory_not_equal(a, b, sizeof a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_grids_are_full_cycles),
        cmocka_unit_test(a_million_points_are_a_full_cycle),
        cmocka_unit_test(vast_grids_are_full_cycles),
        cmocka_unit_test(one_vast_parameter_does_not_overflow),
        cmocka_unit_test(the_beginning_is_spread),
        cmocka_unit_test(seeds_give_other_orders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
