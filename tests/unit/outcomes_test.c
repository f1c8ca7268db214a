/* The settings objectives and constraints: what they say, what is wrong with them, and what a trial
 * is worth by them. */
#include "common/search/outcomes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/search/algorithm.h"
#include "tests/support/arena.h"
#include "tests/support/history.h"

static const struct mu_objective METRICS[] = {
    {"accuracy", true}, {"latency", true}, {"val:loss", true}, {"memory", true}};
static struct mu_error error;

static struct mu_experiment experiment_of(const char *objectives, const char *constraints) {
    struct mu_pair *settings = MU_ARRAY(arena, 2, struct mu_pair);
    settings[0] = (struct mu_pair){"objectives", objectives};
    settings[1] = (struct mu_pair){"constraints", constraints};
    return (struct mu_experiment){
        .name = "e", .metrics = METRICS, .n_metrics = 4, .settings = settings, .n_settings = 2};
}

static struct mu_outcomes outcomes_of(const char *objectives, const char *constraints) {
    struct mu_experiment *e = MU_NEW(arena, struct mu_experiment);
    struct mu_outcomes outcomes;
    *e = experiment_of(objectives, constraints);
    assert_int_equal(mu_outcomes_read(&outcomes, e, arena, &error), MU_OK);
    return outcomes;
}

static void assert_outcome(
    const struct mu_outcomes *outcomes, size_t k, const char *name, double sign, double bound) {
    assert_string_equal(outcomes->list[k].name, name);
    assert_string_equal(METRICS[outcomes->list[k].metric].name, name);
    assert_true(outcomes->list[k].sign == sign && outcomes->list[k].bound == bound);
}

static void without_the_settings_the_objective_counts(void **state) {
    (void)state;
    struct mu_outcomes outcomes = outcomes_of("", "  ");
    assert_int_equal(outcomes.n, 1);
    assert_int_equal(outcomes.n_objectives, 1);
    assert_outcome(&outcomes, 0, "accuracy", 1, 0);
    assert_false(mu_outcomes_several(&outcomes));
}

/* Values come negated, since the experiment maximizes: a metric to be minimized is turned back. */
static void objectives_have_directions(void **state) {
    (void)state;
    struct mu_outcomes outcomes =
        outcomes_of(" accuracy:max,latency : min , val:loss:minimize, memory", "");
    assert_int_equal(outcomes.n_objectives, 4);
    assert_int_equal(outcomes.n, 4);
    assert_outcome(&outcomes, 0, "accuracy", 1, 0);
    assert_outcome(&outcomes, 1, "latency", -1, 0);
    assert_outcome(&outcomes, 2, "val:loss", -1, 0);
    assert_outcome(&outcomes, 3, "memory", 1, 0);
    assert_true(mu_outcomes_several(&outcomes));
    outcomes = outcomes_of("val:loss,accuracy", "");
    assert_outcome(&outcomes, 0, "val:loss", 1, 0);
    outcomes = outcomes_of("accuracy:max", "");
    assert_outcome(&outcomes, 0, "accuracy", 1, 0);
}

static void constraints_have_bounds(void **state) {
    (void)state;
    struct mu_outcomes outcomes = outcomes_of("", "latency<=100, memory >= 8,memory<=1e3");
    assert_int_equal(outcomes.n_objectives, 1);
    assert_int_equal(outcomes.n, 4);
    assert_outcome(&outcomes, 1, "latency", -1, 100);
    assert_outcome(&outcomes, 2, "memory", 1, -8);
    assert_outcome(&outcomes, 3, "memory", -1, 1000);
    assert_true(mu_outcomes_several(&outcomes));
    outcomes = outcomes_of("", "memory<=8,memory>=8,memory<=9,memory>=-9"); /* 8 is left */
    assert_int_equal(outcomes.n, 5);
}

/* The last sign is the bound's, whichever it is. */
static void a_name_may_hold_a_sign(void **state) {
    static const struct mu_objective ODD[] = {
        {"p<=1", false}, {"q>=2:max", false}, {"\xc3\xa4 \"=", false}};
    static const struct mu_pair SETTINGS[] = {{"objectives", "q>=2:max:max, p<=1"},
        {"constraints", "p<=1>=3, q>=2:max<=4,\xc3\xa4 \"=<=5"}};
    const struct mu_experiment e = {
        .name = "e", .metrics = ODD, .n_metrics = 3, .settings = SETTINGS, .n_settings = 2};
    static const struct mu_outcome EXPECTED[] = {{"q>=2:max", 1, -1, 0}, {"p<=1", 0, 1, 0},
        {"p<=1", 0, -1, -3}, {"q>=2:max", 1, 1, 4}, {"\xc3\xa4 \"=", 2, 1, 5}};
    struct mu_outcomes outcomes;
    (void)state;
    assert_int_equal(mu_outcomes_read(&outcomes, &e, arena, &error), MU_OK);
    assert_int_equal(outcomes.n, 5);
    for (size_t k = 0; k < 5; k++) {
        assert_string_equal(outcomes.list[k].name, EXPECTED[k].name);
        assert_int_equal(outcomes.list[k].metric, EXPECTED[k].metric);
        assert_true(outcomes.list[k].sign == EXPECTED[k].sign);
        assert_true(outcomes.list[k].bound == EXPECTED[k].bound);
    }
}

static void a_mistake_is_named_with_its_place(void **state) {
    static const struct {
        const char *objectives, *constraints, *text;
    } CASES[] = {
        {"accuracy:max, latncy:min", "",
            "setting objectives: metric latncy at character 15 is neither the objective nor in "
            "additionalMetricNames, which are accuracy, latency, val:loss, memory"},
        {"accuracy:up", "",
            "setting objectives: \"up\" at character 10, the direction of accuracy, is neither max "
            "nor min"},
        {"accuracy,,latency", "", "setting objectives: a metric is missing at character 10"},
        {"accuracy,", "", "setting objectives: a metric is missing at character 10"},
        {":max", "", "setting objectives: a metric is missing at character 1"},
        {"latency:min, latency:max", "",
            "setting objectives: metric latency at character 14 stands there twice"},
        {"accuracy,latency,memory,val:loss,a,b,c", "",
            "setting objectives: metric a at character 34 is neither the objective nor in "
            "additionalMetricNames, which are accuracy, latency, val:loss, memory"},
        {"accuracy:min", "",
            "setting objectives: a single objective is the experiment's own, accuracy:max, not "
            "accuracy:min; change that or name more"},
        {"latency", "memory<=8",
            "setting objectives: a single objective is the experiment's own, accuracy:max, not "
            "latency:max; change that or name more"},
        {"latency:min", "",
            "setting objectives: a single objective is the experiment's own, accuracy:max, not "
            "latency:min; change that or name more"},
        {"", "latency",
            "setting constraints: \"latency\" at character 1 is neither METRIC<=NUMBER nor "
            "METRIC>=NUMBER"},
        {"", "latency<=1, memory<=many",
            "setting constraints: \"many\" at character 21, the bound of memory, is not a finite "
            "number"},
        {"", "memory>=2, latency<=1, memory<=1.5",
            "setting constraints: no value of memory meets the bound at character 24 and those "
            "before it"},
        {"", "accuracy<=-3,accuracy>=-2.5",
            "setting constraints: no value of accuracy meets the bound at character 14 and those "
            "before it"},
        {"", "memory<=1,<=3", "setting constraints: a metric is missing at character 11"},
        {"", "size>=3",
            "setting constraints: metric size at character 1 is neither the objective nor in "
            "additionalMetricNames, which are accuracy, latency, val:loss, memory"},
        {"",
            "memory<=1,memory<=1,memory<=1,memory<=1,memory<=1,memory<=1,memory<=1,memory<=1,"
            "memory<=1,memory<=1,memory<=1,memory<=1,memory<=1,memory<=1,memory<=1,memory<=1,"
            "memory<=1",
            "setting constraints: more than 16 at character 161"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct mu_experiment e = experiment_of(CASES[i].objectives, CASES[i].constraints);
        struct mu_outcomes outcomes;
        assert_int_equal(mu_outcomes_read(&outcomes, &e, arena, &error), MU_INVALID_ARGUMENT);
        assert_string_equal(error.text, CASES[i].text);
    }
}

/* Reported are accuracy, latency and memory as texts, of a trial in |condition|. */
static void read_outcomes(const struct mu_outcomes *outcomes, enum mu_trial_condition condition,
    const char *const texts[4], double *values) {
    static const struct mu_experiment EXPERIMENT = {
        .name = "e", .metrics = METRICS, .n_metrics = 4};
    struct mu_trial trial;
    const struct mu_trial_record record = {.name = "t",
        .completed = "2026-01-01T00:00:00Z",
        .metric = texts[0],
        .additional = texts + 1,
        .condition = (int)condition};
    mu_trial_read(&trial, &EXPERIMENT, &record, arena);
    mu_outcomes_of(outcomes, &trial, values);
}

static void outcomes_are_turned_so_that_less_is_better(void **state) {
    (void)state;
    double v[4];
    static const char *const TEXTS[4] = {"0.75", "20", NULL, "9"};
    static const char *const NONE[4] = {NULL, "20", NULL, "9"};
    struct mu_outcomes outcomes = outcomes_of("accuracy:max,latency:min", "memory<=8,accuracy>=1");
    read_outcomes(&outcomes, MU_TRIAL_SUCCEEDED, TEXTS, v);
    assert_true(v[0] == -0.75 && v[1] == 20 && v[2] == 1 && v[3] == 0.25);
    read_outcomes(&outcomes, MU_TRIAL_FAILED, TEXTS, v);
    assert_true(isnan(v[0]) && isnan(v[1]) && v[2] == 1 && isnan(v[3]));
    read_outcomes(&outcomes, MU_TRIAL_SUCCEEDED, NONE, v);
    assert_true(isnan(v[0]) && isnan(v[1]) && v[2] == 1 && isnan(v[3]));
    read_outcomes(&outcomes, MU_TRIAL_RUNNING, TEXTS, v);
    assert_true(isnan(v[0]) && isnan(v[1]) && isnan(v[2]) && isnan(v[3]));
}

static void violations_add_up_in_shares_of_their_bounds(void **state) {
    (void)state;
    struct mu_outcomes outcomes = outcomes_of("", "memory<=8,latency<=100,accuracy>=0");
    static const double MET[] = {5, -1, 0, -3};
    static const double MISSED[] = {5, 4, 50, 0.25};
    static const double UNKNOWN[] = {5, 4, NAN, 0};
    assert_close(mu_outcomes_violation(&outcomes, MET), 0, 0);
    assert_close(mu_outcomes_violation(&outcomes, MISSED), 0.5 + 0.5 + 0.25, 1e-15);
    assert_true(isnan(mu_outcomes_violation(&outcomes, UNKNOWN)));
}

/* ---- in the framework ---- */

static const struct mu_outcomes *seen;

static enum mu_status begin(const struct mu_request *request, void **state, struct mu_error *e) {
    (void)state, (void)e;
    seen = request->outcomes;
    return MU_OK;
}

static void an_algorithm_says_that_it_regards_them(void **state) {
    static const struct mu_algorithm BLIND = {.name = "blind", .begin = begin};
    static const struct mu_algorithm SEEING = {.name = "seeing", .outcomes = true, .begin = begin};
    struct mu_experiment e = experiment_of("accuracy,latency:min", "");
    const struct mu_history history = {0};
    struct mu_request request = {.experiment = &e, .history = &history, .arena = arena};
    struct mu_reply reply;
    (void)state;
    assert_int_equal(mu_algorithm_validate(&BLIND, &e, arena, &error), MU_INVALID_ARGUMENT);
    assert_string_equal(error.text, "unknown setting objectives for algorithm blind");
    assert_int_equal(mu_algorithm_suggest(&BLIND, &request, &reply, &error), MU_OK);
    assert_int_equal(seen->n, 1);
    assert_int_equal(mu_algorithm_validate(&SEEING, &e, arena, &error), MU_OK);
    assert_int_equal(mu_algorithm_suggest(&SEEING, &request, &reply, &error), MU_OK);
    assert_int_equal(seen->n_objectives, 2);
    e = experiment_of("speed", "");
    assert_int_equal(mu_algorithm_validate(&SEEING, &e, arena, &error), MU_INVALID_ARGUMENT);
    assert_int_equal(mu_algorithm_suggest(&SEEING, &request, &reply, &error), MU_INVALID_ARGUMENT);
}

static void the_table_tells_of_them(void **state) {
    static const struct mu_algorithm BLIND = {.name = "blind"};
    static const struct mu_algorithm SEEING = {.name = "seeing", .outcomes = true};
    char *text = NULL;
    size_t size;
    (void)state;
    for (int i = 0; i < 2; i++) {
        FILE *out = open_memstream(&text, &size);
        mu_algorithm_document(i ? &SEEING : &BLIND, out);
        fclose(out);
        assert_int_equal(strstr(text, "| `objectives` | text |") != NULL, i);
        assert_int_equal(strstr(text, "| `constraints` | text |") != NULL, i);
        free(text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(without_the_settings_the_objective_counts),
        arena_test(objectives_have_directions),
        arena_test(constraints_have_bounds),
        arena_test(a_name_may_hold_a_sign),
        arena_test(a_mistake_is_named_with_its_place),
        arena_test(outcomes_are_turned_so_that_less_is_better),
        arena_test(violations_add_up_in_shares_of_their_bounds),
        arena_test(an_algorithm_says_that_it_regards_them),
        arena_test(the_table_tells_of_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
