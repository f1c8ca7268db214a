/* The population that names of trials tell, and who goes on from whom. */
#include "services/pbt/population.h"

#include <stdlib.h>
#include <string.h>

#include "services/pbt/explore.h"
#include "services/pbt/pbt.h"
#include "tests/support/history.h"
#include "tests/support/settings.h"

/* ---- names ---- */

static void a_name_says_the_place_and_the_parent(void **state) {
    (void)state;
    const struct mu_lineage child = {{12, 3}, {11, 7}, true};
    const struct mu_lineage first = {.self = {0, 45}};
    struct mu_lineage read;
    assert_string_equal(
        mu_lineage_name(&child, "digits", 0x1a2b, arena), "digits-g12s3-p11s7-1a2b");
    assert_string_equal(mu_lineage_name(&first, "digits", 7, arena), "digits-g0s45-0007");
    assert_true(mu_lineage_read("digits-g12s3-p11s7-1a2b", &read));
    assert_true(read.has_parent && read.self.generation == 12 && read.self.slot == 3);
    assert_true(read.parent.generation == 11 && read.parent.slot == 7);
    assert_true(mu_lineage_read("a-g1s2-0000-g0s45-0007", &read)); /* the last one counts */
    assert_true(!read.has_parent && read.self.generation == 0 && read.self.slot == 45);
}

static void a_name_fits_a_label(void **state) {
    (void)state;
    const struct mu_lineage far = {{9999, 99}, {9999, 99}, true};
    const char *forty = "an-experiment-of-exactly-forty-letters-x";
    const char *name = mu_lineage_name(&far, forty, 0xffff, arena);
    assert_int_equal(strlen(forty), 40);
    assert_int_equal(strlen(name), 40 + strlen("-g9999s99-p9999s99-ffff"));
    assert_int_equal(strncmp(name, forty, 40), 0);
    char longer[200];
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    assert_int_equal(strlen(mu_lineage_name(&far, longer, 1, arena)), 63);
}

static void other_names_are_none(void **state) {
    (void)state;
    static const char *const names[] = {"", "digits", "digits-g1", "digits-g1s2", "digits-g1s2-12",
        "digits-g1s2-12345", "digits-g1s2-12x4", "digits-gs2-1234", "digits-g1s2-p1-1234",
        "digits-g1s2-p1s-1234", "digits-g1234567890s2-1234", "digits-g1s2-1234-b"};
    struct mu_lineage lineage;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (mu_lineage_read(names[i], &lineage)) {
            fail_msg("%s", names[i]);
        }
    }
}

/* ---- populations ---- */

static struct mu_experiment experiment;
static struct mu_error error;

/* A trial: its name; the loss when it finished with one; or its condition. */
struct told {
    const char *name, *loss;
    int condition;
};
#define DONE(name, loss) \
    { name, loss, MU_TRIAL_SUCCEEDED }
#define FAILED(name) \
    { name, NULL, MU_TRIAL_FAILED }
#define RUNS(name) \
    { name, NULL, MU_TRIAL_RUNNING }

static const struct mu_pair SETTINGS[] = {
    {"suggestion_trial_dir", "/folder"}, {"n_population", "5"}, {"truncation_threshold", "0.2"}};
static const struct mu_parameter_text RATE = {
    .name = "rate", .type = MU_DOUBLE, .min = "0", .max = "1"};

static struct mu_request ask_after(const struct told *told, size_t n, size_t wanted) {
    struct mu_trial_record *records = MU_ARRAY(arena, n, struct mu_trial_record);
    struct mu_history *history = MU_NEW(arena, struct mu_history);
    experiment = (struct mu_experiment){
        .name = "e", .metrics = MINIMIZED, .n_metrics = 1, .settings = SETTINGS, .n_settings = 3};
    assert_int_equal(mu_space_init(&experiment.space, &RATE, 1, arena, &error), MU_OK);
    for (size_t i = 0; i < n; i++) {
        struct mu_pair *pair = MU_NEW(arena, struct mu_pair);
        *pair = (struct mu_pair){"rate", mu_arena_format(arena, "0.%zu", i + 1)};
        records[i] = (struct mu_trial_record){.name = told[i].name,
            .completed = told[i].loss ? "2026-01-01T00:00:00Z" : "",
            .metric = told[i].loss,
            .condition = told[i].condition,
            .assignments = pair,
            .n_assignments = 1};
    }
    build_history(history, &experiment, records, n, arena);
    return (struct mu_request){.experiment = &experiment,
        .history = history,
        .wanted = wanted,
        .first = n,
        .arena = arena};
}

static struct mu_population population(const struct told *told, size_t n) {
    struct mu_request request = ask_after(told, n, 2);
    struct mu_population p;
    mu_population_of(&p, &request, 5);
    return p;
}
#define POPULATION(...)                            \
    population((const struct told[]){__VA_ARGS__}, \
        sizeof((const struct told[]){__VA_ARGS__}) / sizeof(struct told))

static void slots_are_found_again(void **state) {
    (void)state;
    struct mu_population p = POPULATION(DONE("e-g0s0-0000", "3"), DONE("e-g1s0-p0s0-0000", "2"),
        FAILED("e-g0s1-0000"), RUNS("e-g0s1-0001"), DONE("e-g0s2-0000", "1"),
        FAILED("e-g1s2-p0s0-0000"), DONE("another", "0"));
    assert_int_equal(p.slots[0].next, 2);
    assert_true(
        p.slots[0].n_results == 2 && p.slots[0].results[1].trial->loss == 2 && !p.slots[0].busy);
    assert_true(p.slots[1].busy && p.slots[1].n_results == 0 && p.slots[1].attempts == 1);
    assert_true(p.slots[2].next == 1 && p.slots[2].attempts == 1);
    assert_int_equal(p.slots[2].failed->lineage.parent.slot, 0);
    assert_true(p.slots[3].n_results == 0 && p.slots[3].next == 0);
}

static void a_failure_counts_until_the_place_has_a_value(void **state) {
    (void)state;
    struct mu_population p =
        POPULATION(FAILED("e-g0s0-0000"), DONE("e-g0s0-0001", "1"), FAILED("e-g0s0-0002"));
    assert_true(p.slots[0].attempts == 0 && p.slots[0].next == 1);
}

static void the_turn_is_the_lowest_generation(void **state) {
    (void)state;
    struct mu_population p = POPULATION(DONE("e-g0s0-0000", "3"), DONE("e-g0s1-0000", "2"),
        RUNS("e-g0s2-0000"), FAILED("e-g0s3-0000"), RUNS("e-g0s4-0000"));
    assert_int_equal(mu_population_turn(&p), 0); /* a failure counts as a generation */
    p.slots[0].busy = p.slots[1].busy = true;
    assert_int_equal(mu_population_turn(&p), 3);
    p.slots[3].busy = true;
    assert_int_equal(mu_population_turn(&p), 5); /* more run at a time than the population has */
    struct mu_population begun = POPULATION(DONE("e-g4s6-p3s6-0000", "3"), RUNS("e-g0s0-0000"),
        RUNS("e-g0s1-0000"), RUNS("e-g0s2-0000"), RUNS("e-g0s3-0000"), RUNS("e-g0s4-0000"));
    assert_int_equal(mu_population_turn(&begun), 6); /* no sixth while another one waits */
}

/* Five results of generation 0: slots 0 to 4 from the best to the worst. */
#define FIVE                                                                      \
    DONE("e-g0s0-0000", "1"), DONE("e-g0s1-0000", "2"), DONE("e-g0s2-0000", "3"), \
        DONE("e-g0s3-0000", "4"), DONE("e-g0s4-0000", "5")

static size_t selected(const struct mu_population *p, size_t slot, double threshold, bool behind) {
    struct mu_stream stream;
    mu_stream_init(&stream, 1, slot, "test");
    return mu_population_select(p, slot, threshold, behind, &stream);
}

static void only_the_worst_share_gives_up(void **state) {
    (void)state;
    struct mu_population p = POPULATION(FIVE);
    for (size_t slot = 0; slot < 4; slot++) {
        assert_int_equal(selected(&p, slot, 0.2, false), slot);
    }
    assert_int_equal(selected(&p, 4, 0.2, false), 0);
    assert_int_equal(selected(&p, 4, 0, false), 4);
    assert_true(selected(&p, 3, 0.25, false) <= 1);  /* a started share counts: two of five */
    assert_int_equal(selected(&p, 2, 1, false), 2);  /* never more than half */
    assert_int_equal(selected(&p, 2, 0.2, true), 0); /* who cannot go on gives up */
}

/* A metric that tells nothing costs the last slots their own way, and no other. */
static void of_equals_the_last_slots_give_up(void **state) {
    (void)state;
    struct mu_population p = POPULATION(DONE("e-g0s0-0000", "1"), DONE("e-g0s1-0000", "1"),
        DONE("e-g0s2-0000", "1"), DONE("e-g0s3-0000", "1"));
    for (size_t slot = 0; slot < 3; slot++) {
        assert_int_equal(selected(&p, slot, 0.25, false), slot);
    }
    assert_int_equal(selected(&p, 3, 0.25, false), 0);
}

static void too_few_are_not_compared(void **state) {
    (void)state;
    struct mu_population p = POPULATION(DONE("e-g0s0-0000", "1"), DONE("e-g0s1-0000", "2"));
    assert_int_equal(selected(&p, 1, 0.5, false), 1);
    struct mu_population enough =
        POPULATION(DONE("e-g0s0-0000", "1"), DONE("e-g0s1-0000", "2"), DONE("e-g0s2-0000", "3"));
    assert_int_equal(selected(&enough, 2, 0.5, false), 0);
}

static void who_trained_longer_is_ranked_by_what_it_was(void **state) {
    (void)state;
    struct mu_population p = POPULATION(FIVE, DONE("e-g1s3-p0s3-0000", "0"));
    assert_int_equal(selected(&p, 4, 0.2, false), 0); /* slot 3 was the fourth then */
    assert_int_equal(selected(&p, 3, 0.2, false), 3); /* the best of all by now */
    struct mu_population ahead = POPULATION(FIVE, DONE("e-g1s4-p0s4-0000", "4.5"));
    assert_int_equal(selected(&ahead, 4, 0.2, false), 0); /* trained longer, and still the worst */
}

/* ---- answers ---- */

static const struct mu_suggestion *answer(const struct told *told, size_t n, size_t wanted) {
    struct mu_request request = ask_after(told, n, wanted);
    struct mu_reply reply;
    if (mu_algorithm_suggest(&mu_pbt, &request, &reply, &error)) {
        fail_msg("%s", error.text);
    }
    assert_int_equal(reply.n, wanted);
    return reply.suggestions;
}
#define ANSWER(wanted, ...)                    \
    answer((const struct told[]){__VA_ARGS__}, \
        sizeof((const struct told[]){__VA_ARGS__}) / sizeof(struct told), wanted)

static void survivors_go_on_and_losers_go_near_the_winner(void **state) {
    (void)state;
    const struct mu_suggestion *s = ANSWER(5, FIVE);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(s[i].parent, mu_arena_format(arena, "e-g0s%zu-0000", i));
        assert_string_equal(
            s[i].assignments[0].value, mu_arena_format(arena, "0.%zu", i + 1)); /* unchanged */
        assert_string_equal(s[i].labels[0].value, "1");
        assert_string_equal(s[i].labels[1].value, s[i].parent);
    }
    assert_string_equal(s[4].parent, "e-g0s0-0000");
    assert_int_equal(strncmp(s[4].trial_name, "e-g1s4-p0s0-", strlen("e-g1s4-p0s0-")), 0);
    double rate = strtod(s[4].assignments[0].value, NULL);
    assert_true(rate != 0.1 && rate >= 0 && rate <= 0.3);
}

/* The first five are answered together: at number i stands slot i. Of 16 bits two of five are equal
 * once in 6,500 seeds. */
static void each_of_a_batch_draws_numbers_of_its_own(void **state) {
    (void)state;
    struct mu_request request = ask_after(NULL, 0, 5);
    struct mu_reply reply;
    assert_int_equal(mu_algorithm_suggest(&mu_pbt, &request, &reply, &error), MU_OK);
    for (size_t i = 0; i < 5; i++) {
        const char *end = strrchr(reply.suggestions[i].trial_name, '-');
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(end, strrchr(reply.suggestions[j].trial_name, '-'));
        }
    }
}

static void a_failure_is_tried_once_more_and_then_gives_up(void **state) {
    (void)state;
    const struct mu_suggestion *s =
        ANSWER(6, FIVE, DONE("e-g1s0-p0s0-0000", "1"), FAILED("e-g1s1-p0s0-0000"));
    assert_int_equal(strncmp(s[0].trial_name, "e-g1s2-", 7), 0);
    assert_string_equal(s[4].parent, "e-g0s0-0000"); /* slot 1, from where the failed one came */
    assert_string_equal(s[4].assignments[0].value, "0.7");
    s = ANSWER(6, FIVE, FAILED("e-g1s1-p0s1-0000"), FAILED("e-g1s1-p0s1-0001"));
    assert_int_equal(strncmp(s[4].trial_name, "e-g1s1-p0s0-", 12), 0);
}

static void a_first_trial_that_failed_is_another_point(void **state) {
    (void)state;
    const struct mu_suggestion *s = ANSWER(5, FAILED("e-g0s0-0000"));
    assert_int_equal(strncmp(s[4].trial_name, "e-g0s0-", 7), 0);
    assert_null(s[4].parent);
    assert_string_not_equal(s[4].assignments[0].value, "0.1");
}

static void validation_speaks_as_katib_does(void **state) {
    (void)state;
    static const struct setting_case cases[] = {
        {{"suggestion_trial_dir", "/d"},
            "Required params missing: n_population, truncation_threshold"},
        {{"n_population", "5"},
            "Required params missing: suggestion_trial_dir, truncation_threshold"},
        {{"truncation_threshold", "1.5"},
            "Param(truncation_threshold) should be between 0 and 1, inclusive"},
        {{"resample_probability", "-1"},
            "Param(resample_probability) should be null to perturb at 0.8 or 1.2, or be between 0 "
            "and 1, inclusive, to resample"},
        {{"x", "y"}, "Required params missing: suggestion_trial_dir, n_population, "
                     "truncation_threshold"},
    };
    assert_settings(&mu_pbt, cases, sizeof cases / sizeof *cases);
    struct mu_pair four[] = {SETTINGS[0], {"n_population", "4"}, SETTINGS[2]};
    const struct mu_experiment small = {.name = "e", .settings = four, .n_settings = 3};
    assert_int_equal(mu_algorithm_validate(&mu_pbt, &small, arena, &error), MU_INVALID_ARGUMENT);
    assert_string_equal(error.text, "Param(n_population) should be >= 5");
}

/* ---- explore ---- */

static void explore_respects_scales_and_lists(void **state) {
    (void)state;
    static const char *const list[] = {"1", "2", "4", "8"};
    const struct mu_parameter_text texts[] = {
        {.name = "log",
            .type = MU_DOUBLE,
            .distribution = MU_LOG_UNIFORM,
            .min = "1e-6",
            .max = "1"},
        {.name = "int", .type = MU_INT, .min = "1", .max = "3"},
        {.name = "list", .type = MU_DISCRETE, .list = list, .n_list = 4},
        {.name = "one", .type = MU_INT, .min = "7", .max = "7"},
        {.name = "category", .type = MU_CATEGORICAL, .list = list, .n_list = 4},
    };
    struct mu_space space;
    const double from[] = {0.5, 0, 3, 0, 2};
    int changed = 0;
    assert_int_equal(mu_space_init(&space, texts, 5, arena, &error), MU_OK);
    for (uint64_t number = 0; number < 400; number++) {
        double x[5];
        mu_pbt_explore(&space, 0, 1, number, from, x);
        assert_true(x[0] >= 0.3 && x[0] <= 0.7 && x[0] != 0.5);
        assert_true(x[1] == 1 && x[2] == 2); /* one level, back from the end */
        assert_true(x[3] == 0);
        changed += x[4] != 2;
    }
    /* Binomial with 400 and 3/16: beyond 75 +- 40 once in 10^6. */
    assert_true(changed > 35 && changed < 115);
}

static void a_move_beyond_an_end_is_folded_back(void **state) {
    (void)state;
    struct mu_space space;
    const double from[] = {0, 1};
    const struct mu_parameter_text texts[] = {
        {.name = "low", .type = MU_DOUBLE, .min = "0", .max = "1"},
        {.name = "high", .type = MU_DOUBLE, .min = "0", .max = "1"},
    };
    assert_int_equal(mu_space_init(&space, texts, 2, arena, &error), MU_OK);
    for (uint64_t number = 0; number < 400; number++) {
        double x[2];
        mu_pbt_explore(&space, 0, 1, number, from, x);
        assert_true(x[0] > 0 && x[0] <= 0.2);
        assert_true(x[1] < 1 && x[1] >= 0.8);
    }
}

static void resampled_parameters_come_from_the_whole_range(void **state) {
    (void)state;
    struct mu_space space;
    const double from[] = {0.05};
    int far = 0;
    assert_int_equal(mu_space_init(&space, &RATE, 1, arena, &error), MU_OK);
    for (uint64_t number = 0; number < 400; number++) {
        double x;
        mu_pbt_explore(&space, 0.5, 1, number, from, &x);
        far += x > 0.25;
    }
    /* Binomial with 400 and 0.375: beyond 150 +- 48 once in 10^6. */
    assert_true(far > 102 && far < 198);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(a_name_says_the_place_and_the_parent),
        arena_test(a_name_fits_a_label),
        arena_test(other_names_are_none),
        arena_test(slots_are_found_again),
        arena_test(a_failure_counts_until_the_place_has_a_value),
        arena_test(the_turn_is_the_lowest_generation),
        arena_test(only_the_worst_share_gives_up),
        arena_test(of_equals_the_last_slots_give_up),
        arena_test(too_few_are_not_compared),
        arena_test(who_trained_longer_is_ranked_by_what_it_was),
        arena_test(survivors_go_on_and_losers_go_near_the_winner),
        arena_test(each_of_a_batch_draws_numbers_of_its_own),
        arena_test(a_failure_is_tried_once_more_and_then_gives_up),
        arena_test(a_first_trial_that_failed_is_another_point),
        arena_test(validation_speaks_as_katib_does),
        arena_test(explore_respects_scales_and_lists),
        arena_test(a_move_beyond_an_end_is_folded_back),
        arena_test(resampled_parameters_come_from_the_whole_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
