/* What is remembered of trials: found again, bounded, forgotten when nobody asks any more. */
#include "services/medianstop/curves.h"

#include <stdio.h>

#include "tests/support/arena.h"

enum { LIMIT = 1 << 20, LENGTH = 1000 }; /* room for about a hundred curves */

static double curve[LENGTH];

static bool knows(struct mu_curves *curves, int trial) {
    char key[32];
    double *values = NULL;
    size_t n = 0;
    snprintf(key, sizeof key, "trial-%d", trial);
    bool found = mu_curves_get(curves, key, arena, &values, &n);
    if (found) {
        assert_int_equal(n, LENGTH);
        assert_true(values[0] == trial && values[LENGTH - 1] == trial);
    }
    return found;
}

static void learn(struct mu_curves *curves, int trial) {
    char key[32];
    snprintf(key, sizeof key, "trial-%d", trial);
    for (size_t i = 0; i < LENGTH; i++) {
        curve[i] = trial;
    }
    mu_curves_put(curves, key, curve, LENGTH);
}

static int count_known(struct mu_curves *curves, int first, int end) {
    int known = 0;
    for (int i = first; i < end; i++) {
        known += knows(curves, i);
    }
    return known;
}

static void what_was_put_is_found(void **state) {
    struct mu_curves *curves = mu_curves_create(LIMIT);
    (void)state;
    assert_false(knows(curves, 1));
    learn(curves, 1);
    learn(curves, 2);
    learn(curves, 2); /* known already */
    assert_true(knows(curves, 1) && knows(curves, 2) && !knows(curves, 3));
    mu_curves_destroy(curves);
}

static void too_little_memory_is_none(void **state) {
    (void)state;
    assert_null(mu_curves_create(1000));
    learn(NULL, 1);
    assert_false(knows(NULL, 1));
    mu_curves_destroy(NULL);
}

/* Twice as many as there is room for, asked for in turns: those that found a place stay. */
static void what_is_asked_for_stays(void **state) {
    struct mu_curves *curves = mu_curves_create(LIMIT);
    (void)state;
    for (int i = 0; i < 200; i++) {
        learn(curves, i);
    }
    int known = count_known(curves, 0, 200);
    assert_in_range(known, 50, 150);
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 200; i++) {
            if (!knows(curves, i)) {
                learn(curves, i);
            }
        }
        assert_int_equal(count_known(curves, 0, 200), known);
    }
    mu_curves_destroy(curves);
}

static void what_nobody_asks_for_is_forgotten(void **state) {
    struct mu_curves *curves = mu_curves_create(LIMIT);
    (void)state;
    for (int i = 0; i < 400; i++) {
        learn(curves, i);
    }
    for (int i = 1000; i < 1400; i++) {
        learn(curves, i);
    }
    assert_int_equal(count_known(curves, 0, 100), 0);
    assert_true(count_known(curves, 1000, 1400) > 0);
    mu_curves_destroy(curves);
}

static void the_number_is_bounded_too(void **state) {
    struct mu_curves *curves = mu_curves_create(LIMIT);
    char key[32];
    (void)state;
    for (int i = 0; i < 50000; i++) {
        snprintf(key, sizeof key, "small-%d", i);
        mu_curves_put(curves, key, curve, 1);
    }
    mu_curves_destroy(curves);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(what_was_put_is_found),
        arena_test(too_little_memory_is_none),
        arena_test(what_is_asked_for_stays),
        arena_test(what_nobody_asks_for_is_forgotten),
        arena_test(the_number_is_bounded_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
