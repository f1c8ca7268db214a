/* The ladder against the tables of the paper and the resources that parameters can hold. */
#include "services/hyperband/ladder.h"

#include <string.h>

#include "tests/support/arena.h"

static struct mu_ladder build(const struct mu_parameter_text *text, double r_l, double eta) {
    struct mu_parameter parameter;
    struct mu_error error = {.text = ""};
    if (mu_parameter_init(&parameter, text, arena, &error) != MU_OK) {
        fail_msg("%s", error.text);
    }
    struct mu_ladder ladder;
    mu_ladder_build(&ladder, &parameter, r_l, eta, false, arena);
    return ladder;
}

static struct mu_ladder ints(const char *min, const char *max, double r_l, double eta) {
    return build(
        &(struct mu_parameter_text){.name = "epochs", .type = MU_INT, .min = min, .max = max}, r_l,
        eta);
}

static void assert_texts(const struct mu_ladder *ladder, const char *const *texts, size_t n) {
    assert_int_equal(ladder->n, n);
    for (size_t k = 0; k < n; k++) {
        assert_string_equal(ladder->text[k], texts[k]);
    }
}

/* Li et al. 2018, table 1: R = 81, eta = 3. */
static void the_table_of_the_paper(void **state) {
    (void)state;
    struct mu_ladder ladder = ints("1", "81", 81, 3);
    assert_texts(&ladder, (const char *const[]){"1", "3", "9", "27", "81"}, 5);
    static const double PLANNED[] = {81, 34, 15, 8, 5};
    for (size_t b = 0; b < 5; b++) {
        assert_true(ladder.planned[b] == PLANNED[b]);
        assert_int_equal(mu_ladder_rung(&ladder, ladder.value[b]), b);
    }
    assert_int_equal(mu_ladder_rung(&ladder, 5), -1);
}

/* Exact powers, where the quotient of the logarithms falls short of the integer. */
static void exact_powers_lose_no_rung(void **state) {
    (void)state;
    static const struct {
        double r_l, eta;
        size_t s_max;
    } CASES[] = {{243, 3, 5}, {1000, 10, 3}, {125, 5, 3}, {729, 3, 6}, {1024, 2, 10}, {242, 3, 4},
        {2, 3, 0}, {1, 3, 0}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct mu_ladder ladder = ints("1", "2000", CASES[i].r_l, CASES[i].eta);
        assert_int_equal(ladder.n, CASES[i].s_max + 1);
        assert_true(ladder.value[ladder.n - 1] == CASES[i].r_l);
    }
}

static void rungs_are_values_of_the_parameter(void **state) {
    (void)state;
    struct mu_ladder ladder = ints("1", "10", 10, 3);
    assert_texts(&ladder, (const char *const[]){"1", "3", "10"}, 3);
    ladder = ints("5", "50", 50, 3); /* nothing below 5 makes sense */
    assert_texts(&ladder, (const char *const[]){"6", "17", "50"}, 3);
    ladder = ints("1", "1", 9.9, 3); /* nothing above r_l */
    assert_texts(&ladder, (const char *const[]){"1", "3", "9"}, 3);
    ladder = build(
        &(struct mu_parameter_text){
            .name = "e", .type = MU_INT, .min = "10", .max = "100", .step = "10"},
        98, 3);
    assert_texts(&ladder, (const char *const[]){"10", "30", "90"}, 3);
    ladder = build(
        &(struct mu_parameter_text){
            .name = "e", .type = MU_INT, .min = "10", .max = "100", .step = "10"},
        90, 3);
    assert_texts(&ladder, (const char *const[]){"10", "30", "90"}, 3);
    ladder = build(
        &(struct mu_parameter_text){.name = "share", .type = MU_DOUBLE, .min = "0.1", .max = "1"},
        1, 3);
    assert_texts(
        &ladder, (const char *const[]){"0.1111111111111111", "0.3333333333333333", "1.0"}, 3);
    ladder = build(
        &(struct mu_parameter_text){.name = "share", .type = MU_DOUBLE, .min = "0", .max = "1"}, 1,
        2);
    assert_texts(&ladder, (const char *const[]){"0.125", "0.25", "0.5", "1.0"}, 4);
    ladder = build(
        &(struct mu_parameter_text){
            .name = "share", .type = MU_DOUBLE, .min = "0.1", .max = "1", .step = "0.1"},
        0.9, 3);
    assert_texts(&ladder, (const char *const[]){"0.1", "0.3", "0.9"}, 3);
}

static void lists_are_kept_to(void **state) {
    (void)state;
    static const char *const LIST[] = {"100", "1", "10"};
    struct mu_ladder ladder = build(
        &(struct mu_parameter_text){.name = "e", .type = MU_DISCRETE, .list = LIST, .n_list = 3},
        100, 3);
    assert_texts(&ladder, (const char *const[]){"1", "10", "100"}, 3);
}

static void rungs_of_the_widest_ranges(void **state) {
    (void)state;
    struct mu_ladder ladder = ints("1", "9223372036854775807", 81, 3);
    assert_texts(&ladder, (const char *const[]){"1", "3", "9", "27", "81"}, 5);
    ladder = ints("1", "9223372036854775807", 1e18, 1e9);
    assert_texts(&ladder, (const char *const[]){"1", "1000000000", "1000000000000000000"}, 3);
    ladder = ints("-9223372036854775808", "9223372036854775807", 81, 3);
    assert_texts(&ladder, (const char *const[]){"1", "3", "9", "27", "81"}, 5);
}

/* Katib's example gives the resource the range 1..1 and r_l 2; others give a range smaller than
 * r_l. */
static void a_range_that_is_a_placeholder_does_not_bind(void **state) {
    (void)state;
    struct mu_ladder ladder = ints("1", "1", 2, 3);
    assert_texts(&ladder, (const char *const[]){"2"}, 1);
    ladder = ints("1", "1", 9, 3);
    assert_texts(&ladder, (const char *const[]){"1", "3", "9"}, 3);
    ladder = ints("1", "4", 27, 3);
    assert_texts(&ladder, (const char *const[]){"1", "3", "9", "27"}, 4);
    ladder = ints("1", "10", 27, 3); /* holds three rungs, but r_l says that there are more */
    assert_texts(&ladder, (const char *const[]){"1", "3", "9", "27"}, 4);
    ladder = ints("50", "60", 27, 3);
    assert_texts(&ladder, (const char *const[]){"1", "3", "9", "27"}, 4);
}

static void extremes_stay_in_bounds(void **state) {
    (void)state;
    static const double R[] = {1e-300, 1e-9, 0.5, 1, 3, 1e9, 1e18, 1e300};
    static const double ETA[] = {2, 2.5, 3, 1000, 1e300};
    for (size_t i = 0; i < sizeof R / sizeof *R; i++) {
        for (size_t j = 0; j < sizeof ETA / sizeof *ETA; j++) {
            for (int type = MU_DOUBLE; type <= MU_INT; type++) {
                struct mu_parameter_text text = {
                    .name = "r", .type = type, .min = "1", .max = "1000000"};
                struct mu_ladder ladder = build(&text, R[i], ETA[j]);
                assert_in_range(ladder.n, 1, MU_LADDER_RUNGS);
                for (size_t k = 0; k < ladder.n; k++) {
                    assert_true(isfinite(ladder.value[k]) && ladder.planned[k] >= 1 &&
                                ladder.planned[k] <= 1e15);
                    assert_true(k == 0 || ladder.value[k] > ladder.value[k - 1]);
                    assert_true(isfinite(mu_ladder_position(&ladder, ladder.value[k])));
                }
            }
        }
    }
}

static void position_is_linear_in_the_logarithm(void **state) {
    (void)state;
    struct mu_ladder ladder = ints("1", "27", 27, 3);
    assert_close(mu_ladder_position(&ladder, 1), 0, 1e-12);
    assert_close(mu_ladder_position(&ladder, 3), 1.0 / 3, 1e-12);
    assert_close(mu_ladder_position(&ladder, 27), 1, 1e-12);
    assert_true(mu_ladder_position(&ladder, 1e9) == 2 && mu_ladder_position(&ladder, 0) == -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(the_table_of_the_paper),
        arena_test(exact_powers_lose_no_rung),
        arena_test(rungs_are_values_of_the_parameter),
        arena_test(lists_are_kept_to),
        arena_test(rungs_of_the_widest_ranges),
        arena_test(a_range_that_is_a_placeholder_does_not_bind),
        arena_test(extremes_stay_in_bounds),
        arena_test(position_is_linear_in_the_logarithm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
