/* The order of trials for the Parzen estimator: by hand, and beside greedy selection that computes
 * every hypervolume as a whole. */
#include "common/model/tpe_order.h"

#include <string.h>

#include "common/num/pareto.h"
#include "common/num/stream.h"
#include "tests/support/arena.h"

static void assert_order(const double *values, size_t n, size_t m, const double *violation,
    size_t most, const size_t *expected) {
    size_t *order = MU_ARRAY(arena, n, size_t);
    mu_tpe_order(values, n, m, violation, most, order, arena);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(order[i], expected[i]);
    }
}

/* The reference is (11, 11). Alone the first five cover 11, 70, 72, 63 and 11; beside 2 they add 2,
 * 7, 7 and 3; then 1, 7 and 3; then 1 and 2. 5 is dominated. */
static void a_front_is_ordered_by_what_each_adds(void **state) {
    (void)state;
    const double values[] = {0, 10, 1, 4, 2, 3, 4, 2, 10, 0, 5, 5};
    assert_order(values, 6, 2, NULL, 6, (const size_t[]){2, 1, 3, 4, 0, 5});
    assert_order(values, 6, 2, NULL, 2, (const size_t[]){2, 1, 0, 3, 4, 5});
    assert_order(values, 6, 2, NULL, 0, (const size_t[]){0, 1, 2, 3, 4, 5});
}

/* A trial that exploded counts as 93, the limit of the first objective: the reference is (102.3,
 * 11.1), whatever the explosion. */
static void an_explosion_hides_no_distances(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++) {
        const double exploded = i ? 1e30 : 1e3;
        const double values[] = {0, 10, 1, 4, 2, 3, 4, 2, 10, 0, exploded, -1, 0.5, 7, 3, 2.5};
        assert_order(values, 8, 2, NULL, 8, (const size_t[]){4, 2, 5, 1, 3, 6, 0, 7});
    }
}

static void what_violates_less_comes_first(void **state) {
    (void)state;
    const double values[] = {0, 0, 9, 9, 8, 8, 1, 1, 0, 0};
    const double violation[] = {2, 0, 0, 1, (double)NAN};
    assert_order(values, 5, 2, violation, 5, (const size_t[]){2, 1, 3, 0, 4});
}

static void one_objective_orders_by_itself(void **state) {
    (void)state;
    const double values[] = {3, 1, 2, 1};
    const double same[] = {5, 5, 5};
    assert_order(values, 4, 1, NULL, 4, (const size_t[]){1, 3, 2, 0});
    assert_order(same, 3, 1, NULL, 3, (const size_t[]){0, 1, 2});
}

/* The next of |rest| by whole hypervolumes; of equals the one that stands first. */
static size_t slowly(const double *values, size_t m, const size_t *order, size_t chosen, size_t n,
    const double *reference) {
    double *rows = MU_MATRIX(arena, n, m, double);
    size_t best = 0;
    double most = -1;
    for (size_t i = 0; i < chosen; i++) {
        memcpy(rows + i * m, values + order[i] * m, m * sizeof *rows);
    }
    for (size_t i = chosen; i < n; i++) {
        memcpy(rows + chosen * m, values + order[i] * m, m * sizeof *rows);
        double volume = mu_hypervolume(rows, chosen + 1, m, reference, arena);
        best = volume > most ? i : best;
        most = fmax(most, volume);
    }
    return best;
}

/* Random fronts (points of a sphere's octant), which have no ties: each place is what whole
 * hypervolumes choose among those behind it. */
static void lazy_gains_choose_like_whole_volumes(void **state) {
    enum { POINTS = 15, FRONTS = 20, MOST_M = 4 };
    (void)state;
    struct mu_stream stream;
    mu_stream_init(&stream, 1, 0, "fronts");
    for (size_t f = 0; f < FRONTS; f++) {
        size_t m = 2 + f % (MOST_M - 1);
        double values[POINTS * MOST_M];
        double low[MOST_M];
        double reference[MOST_M];
        size_t order[POINTS];
        for (size_t k = 0; k < m; k++) {
            low[k] = HUGE_VAL;
            reference[k] = -HUGE_VAL;
        }
        for (size_t i = 0; i < POINTS; i++) {
            double length = 0;
            for (size_t k = 0; k < m; k++) {
                values[i * m + k] = -fabs(mu_normal(&stream));
                length += values[i * m + k] * values[i * m + k];
            }
            for (size_t k = 0; k < m; k++) {
                values[i * m + k] /= sqrt(length);
                low[k] = fmin(low[k], values[i * m + k]);
                reference[k] = fmax(reference[k], values[i * m + k]);
            }
        }
        for (size_t k = 0; k < m; k++) {
            reference[k] += (reference[k] - low[k]) / 10;
        }
        mu_tpe_order(values, POINTS, m, NULL, POINTS, order, arena);
        for (size_t i = 0; i < POINTS; i++) {
            assert_int_equal(slowly(values, m, order, i, POINTS, reference), i);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(a_front_is_ordered_by_what_each_adds),
        arena_test(an_explosion_hides_no_distances),
        arena_test(what_violates_less_comes_first),
        arena_test(one_objective_orders_by_itself),
        arena_test(lazy_gains_choose_like_whole_volumes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
