/* The space, the set of tried points, and the walk to an untried one. */
#include "common/search/space.h"

#include <string.h>

#include "tests/support/arena.h"

static struct mu_error error;

static struct mu_space make(const struct mu_parameter_text *texts, size_t n) {
    struct mu_space space;
    if (mu_space_init(&space, texts, n, arena, &error)) {
        fail_msg("%s", error.text);
    }
    return space;
}

static const struct mu_parameter_text SMALL[] = {
    {.name = "a", .type = MU_INT, .min = "1", .max = "3"},
    {.name = "b", .type = MU_CATEGORICAL, .list = (const char *const[]){"x", "y"}, .n_list = 2},
    {.name = "c", .type = MU_DOUBLE, .min = "0", .max = "1", .step = "1"},
};

static void names_are_unique(void **state) {
    (void)state;
    struct mu_parameter_text twice[] = {SMALL[0], SMALL[1], SMALL[0]};
    struct mu_space space;
    assert_int_equal(mu_space_init(&space, twice, 3, arena, &error), MU_INVALID_ARGUMENT);
    assert_non_null(strstr(error.text, "parameter a: the name is used twice"));
}

static void a_finite_space_is_drawn_without_repeats(void **state) {
    (void)state;
    struct mu_space space = make(SMALL, 3);
    assert_int_equal(mu_space_size(&space), 12);
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct mu_seen *seen = mu_seen_of(&space, 0, arena);
        double x[3];
        for (uint64_t i = 0; i < 12; i++) {
            mu_space_draw_unseen(&space, seen, seed, i, x);
            assert_false(mu_seen_has(seen, x));
            mu_seen_add(seen, x);
            mu_seen_add(seen, x); /* adding twice changes nothing */
        }
        assert_true(mu_seen_exhausted(seen));
        mu_space_draw_unseen(&space, seen, seed, 12, x); /* keeps answering */
        assert_true(mu_seen_has(seen, x));
    }
}

/* A distribution that hardly leaves one level: redraws cannot find the others, the walk does. */
static void the_walk_finds_the_last_point(void **state) {
    (void)state;
    const struct mu_parameter_text narrow[] = {
        {.name = "n", .type = MU_INT, .min = "1", .max = "100000", .distribution = MU_NORMAL}};
    struct mu_space space = make(narrow, 1);
    struct mu_seen *seen = mu_seen_of(&space, 100000, arena);
    for (double x = 0; x < 100000; x++) {
        if (x != 77) {
            mu_seen_add(seen, &x);
        }
    }
    double x;
    mu_space_draw_unseen(&space, seen, 5, 0, &x);
    assert_true(x == 77);
}

static void continuous_points_differ_beyond_a_billionth(void **state) {
    (void)state;
    const struct mu_parameter_text one[] = {
        {.name = "x", .type = MU_DOUBLE, .min = "0", .max = "1"}};
    struct mu_space space = make(one, 1);
    assert_true(mu_space_size(&space) == UINT64_MAX);
    struct mu_seen *seen = mu_seen_of(&space, 4, arena);
    mu_seen_add(seen, (double[]){0.25});
    assert_true(mu_seen_has(seen, (double[]){0.25 + 1e-11}));
    assert_false(mu_seen_has(seen, (double[]){0.25 + 1e-8}));
    assert_false(mu_seen_exhausted(seen));
}

static void a_new_parameter_leaves_the_others_draws(void **state) {
    (void)state;
    struct mu_space small = make(SMALL, 2);
    struct mu_space large = make(SMALL, 3);
    for (uint64_t i = 0; i < 100; i++) {
        double a[2];
        double b[3];
        mu_space_draw(&small, 3, i, 0, a);
        mu_space_draw(&large, 3, i, 0, b);
        assert_memory_equal(a, b, sizeof a);
    }
}

static void parameters_attempts_and_numbers_draw_for_themselves(void **state) {
    (void)state;
    const struct mu_parameter_text two[] = {
        {.name = "x", .type = MU_DOUBLE, .min = "0", .max = "1"},
        {.name = "y", .type = MU_DOUBLE, .min = "0", .max = "1"}};
    struct mu_space space = make(two, 2);
    double a[2];
    double again[2];
    double next[2];
    mu_space_draw(&space, 3, 7, 0, a);
    mu_space_draw(&space, 3, 7, 1, again);
    mu_space_draw(&space, 3, 8, 0, next);
    assert_true(a[0] != a[1] && a[0] != again[0] && a[0] != next[0]);
}

static void the_empty_space_has_one_point(void **state) {
    (void)state;
    struct mu_space space = {NULL, 0};
    struct mu_seen *seen = mu_seen_of(&space, 0, arena);
    double nothing = 0;
    assert_int_equal(mu_space_size(&space), 1);
    mu_space_draw_unseen(&space, seen, 1, 1, &nothing);
    mu_seen_add(seen, NULL); /* as the history's points are without parameters */
    assert_true(mu_seen_exhausted(seen));
}

/* SMALL has 3 x 2 x 2 points. */
static void points_have_numbers_the_last_level_fastest(void **state) {
    (void)state;
    struct mu_space space = make(SMALL, 3);
    assert_int_equal(mu_space_size(&space), 12);
    for (uint64_t i = 0; i < 12; i++) {
        double x[3];
        mu_space_at(&space, i, x);
        uint64_t digits[] = {i / 4, i / 2 % 2, i % 2};
        for (size_t j = 0; j < 3; j++) {
            assert_true(x[j] == (double)digits[j]);
        }
    }
}

static void a_set_of_points_grows(void **state) {
    (void)state;
    struct mu_parameter_text text = {.name = "n", .type = MU_INT, .min = "0", .max = "999"};
    struct mu_space space = make(&text, 1);
    struct mu_seen *seen = mu_seen_of(&space, 0, arena);
    for (double x = 0; x < 1000; x++) {
        assert_false(mu_seen_has(seen, &x));
        assert_false(mu_seen_exhausted(seen));
        mu_seen_add(seen, &x);
        mu_seen_add(seen, &x); /* once is enough */
    }
    assert_true(mu_seen_exhausted(seen));
    for (double x = 0; x < 1000; x++) {
        assert_true(mu_seen_has(seen, &x));
    }
}

/* The first point is the middle; of the first 16 points of a scrambled Sobol sequence each
 * sixteenth of an axis holds one (Owen 1995). */
static void the_design_begins_in_the_middle_and_spreads(void **state) {
    (void)state;
    static const char *const list[] = {"a", "b", "c"};
    const struct mu_parameter_text texts[] = {
        {.name = "u", .type = MU_DOUBLE, .min = "0", .max = "1"},
        {.name = "n", .type = MU_INT, .min = "1", .max = "9"},
        {.name = "c", .type = MU_CATEGORICAL, .list = list, .n_list = 3}};
    struct mu_space space = make(texts, 3);
    for (uint64_t seed = 0; seed < 8; seed++) {
        int held[16] = {0};
        double x[3];
        mu_space_design(&space, seed, 0, x);
        assert_true(x[0] == 0.5 && x[1] == 4 && x[2] >= 0 && x[2] <= 2);
        for (uint64_t i = 1; i < 16; i++) {
            mu_space_design(&space, seed, i, x);
            assert_int_equal(held[(size_t)(x[0] * 16)]++, 0);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(names_are_unique),
        arena_test(a_finite_space_is_drawn_without_repeats),
        arena_test(the_walk_finds_the_last_point),
        arena_test(continuous_points_differ_beyond_a_billionth),
        arena_test(a_new_parameter_leaves_the_others_draws),
        arena_test(parameters_attempts_and_numbers_draw_for_themselves),
        arena_test(points_have_numbers_the_last_level_fastest),
        arena_test(a_set_of_points_grows),
        arena_test(the_empty_space_has_one_point),
        arena_test(the_design_begins_in_the_middle_and_spreads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
