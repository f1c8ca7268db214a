/* Values of several metrics and labels, from the wire to the trial: order, missing, strange and
 * repeated ones, directions, and the same through the cache. */
#include <math.h>
#include <stdlib.h>

#include "common/wire/wire.h"
#include "tests/support/arena.h"

static struct mu_error error;

enum { MOST = 4 };

static const struct mu_parameter_text X = {
    .name = "x", .type = MU_DOUBLE, .min = "0", .max = "1", .step = "", .list = NULL};
static const struct mu_pair HALF = {"x", "0.5"};

/* What is read of one trial with |reported|, of an experiment with |names|. */
static const struct mu_trial *read_trial(const char *const *names, size_t n_names, bool maximize,
    struct mu_trial_report trial, struct mu_trial_cache *cache, struct mu_experiment *read) {
    struct mu_experiment_text e = {.name = "e",
        .maximize = maximize,
        .metrics = names,
        .n_metrics = n_names,
        .algorithm = {"random", NULL, 0},
        .parameters = &X,
        .n_parameters = 1};
    trial.name = "t";
    trial.started = trial.completed = "2026-01-01T00:00:00Z";
    trial.assignments = &HALF;
    trial.n_assignments = 1;
    struct mu_wire_request request = {&e, &trial, 1, 1, 1};
    struct mu_slice bytes = mu_wire_write_request(&request, arena);
    struct mu_wire_suggestions *out = MU_NEW(arena, struct mu_wire_suggestions);
    assert_int_equal(
        mu_wire_read_suggestions(bytes.bytes, bytes.size, cache, arena, out, &error), MU_OK);
    assert_int_equal(out->history.n, 1);
    *read = out->experiment;
    assert_int_equal(out->history.trials[0].n_values, read->n_metrics);
    return &out->history.trials[0];
}

static const char *const NAMES[] = {"loss", "seconds", "size", "seconds", "loss"};

/* Three different names of five; a name of none is NULL. */
static const struct {
    struct mu_pair reported[MOST];
    enum mu_trial_condition condition;
    enum mu_trial_state state;
    double values[3];
} CASES[] = {
    {{{"loss", "1"}, {"seconds", "2"}, {"size", "3"}}, MU_TRIAL_SUCCEEDED, MU_DONE, {1, 2, 3}},
    {{{"size", "3"}, {"loss", "1"}, {"seconds", "2"}}, MU_TRIAL_SUCCEEDED, MU_DONE, {1, 2, 3}},
    {{{"other", "9"}, {"loss", "1"}, {"size", "3"}}, MU_TRIAL_SUCCEEDED, MU_DONE, {1, NAN, 3}},
    {{{"loss", "1"}, {"loss", "5"}, {"size", "3"}, {"size", "6"}}, MU_TRIAL_SUCCEEDED, MU_DONE,
        {1, NAN, 3}},
    {{{"loss", "1"}, {"seconds", "nan"}, {"size", "1e308"}}, MU_TRIAL_SUCCEEDED, MU_DONE,
        {1, NAN, 1e308}},
    {{{"loss", "-0.5"}, {"seconds", "1e999"}, {"size", "-inf"}}, MU_TRIAL_EARLY_STOPPED, MU_DONE,
        {-0.5, NAN, NAN}},
    {{{"seconds", "2"}, {"size", ""}}, MU_TRIAL_SUCCEEDED, MU_FAILED, {NAN, 2, NAN}},
    {{{"loss", "nan"}, {"loss", "1"}, {"size", "3"}}, MU_TRIAL_SUCCEEDED, MU_FAILED, {NAN, NAN, 3}},
    {{{"loss", "1"}, {"size", "3"}}, MU_TRIAL_FAILED, MU_FAILED, {1, NAN, 3}},
    {{{"loss", "1"}, {"size", "3"}}, MU_TRIAL_RUNNING, MU_PENDING, {NAN, NAN, NAN}},
    {{{NULL, NULL}}, MU_TRIAL_SUCCEEDED, MU_FAILED, {NAN, NAN, NAN}},
};
enum { N_CASES = sizeof CASES / sizeof *CASES };

static struct mu_trial_report report_of(size_t i) {
    struct mu_trial_report trial = {.condition = CASES[i].condition, .metrics = CASES[i].reported};
    while (trial.n_metrics < MOST && CASES[i].reported[trial.n_metrics].name) {
        trial.n_metrics++;
    }
    return trial;
}

static void assert_case(size_t i, const struct mu_trial *trial, bool maximize) {
    double sign = maximize ? -1 : 1;
    assert_int_equal(trial->state, CASES[i].state);
    assert_true(trial->loss == (trial->state == MU_DONE ? sign * CASES[i].values[0] : 0));
    for (size_t k = 0; k < 3; k++) {
        double expected = sign * CASES[i].values[k];
        if (isnan(expected) ? !isnan(trial->values[k]) : trial->values[k] != expected) {
            fail_msg("case %zu, metric %zu: %g", i, k, trial->values[k]);
        }
    }
}

static void values_stand_in_the_order_of_the_specification(void **state) {
    (void)state;
    for (int maximize = 0; maximize < 2; maximize++) {
        for (size_t i = 0; i < N_CASES; i++) {
            struct mu_experiment e;
            const struct mu_trial *trial = read_trial(NAMES, 5, maximize, report_of(i), NULL, &e);
            assert_int_equal(e.n_metrics, 3);
            for (size_t k = 0; k < 3; k++) {
                assert_string_equal(e.metrics[k].name, NAMES[k]);
                assert_int_equal(e.metrics[k].maximize, maximize);
            }
            assert_case(i, trial, maximize);
        }
    }
}

/* The second time from the cache, if the trial is finished. */
static void a_cache_keeps_values_and_labels(void **state) {
    (void)state;
    static const struct mu_pair LABELS[] = {{"generation", "3"}, {"parent", "t0"}};
    struct mu_trial_cache *cache = mu_trial_cache_create(1 << 20);
    for (int time = 0; time < 2; time++) {
        for (size_t i = 0; i < N_CASES; i++) {
            struct mu_experiment e;
            struct mu_trial_report report = report_of(i);
            report.labels = LABELS;
            report.n_labels = i % 3;
            const struct mu_trial *trial = read_trial(NAMES, 5, false, report, cache, &e);
            assert_case(i, trial, false);
            assert_int_equal(trial->n_labels, i % 3);
            for (size_t k = 0; k < trial->n_labels; k++) {
                assert_string_equal(trial->labels[k].name, LABELS[k].name);
                assert_string_equal(trial->labels[k].value, LABELS[k].value);
            }
            assert_string_equal(trial->assignments[0].value, "0.5");
            assert_true(trial->x[0] == 0.5);
        }
    }
    mu_arena_destroy(arena); /* which holds the cache */
    mu_trial_cache_destroy(cache);
    arena = mu_arena_create(1 << 20);
}

/* The bytes of the trials are the same, their meaning is not. */
static void a_cache_tells_experiments_by_their_metrics(void **state) {
    (void)state;
    static const char *const SWAPPED[] = {"loss", "size", "seconds"};
    struct mu_trial_cache *cache = mu_trial_cache_create(1 << 20);
    struct mu_experiment e;
    for (int time = 0; time < 2; time++) {
        const struct mu_trial *a = read_trial(NAMES, 3, false, report_of(0), cache, &e);
        assert_true(a->values[1] == 2 && a->values[2] == 3);
        const struct mu_trial *b = read_trial(SWAPPED, 3, false, report_of(0), cache, &e);
        assert_true(b->values[1] == 3 && b->values[2] == 2);
        const struct mu_trial *c = read_trial(NAMES + 1, 1, false, report_of(0), cache, &e);
        assert_true(c->n_values == 1 && c->loss == 2);
    }
    mu_arena_destroy(arena);
    mu_trial_cache_destroy(cache);
    arena = mu_arena_create(1 << 20);
}

/* Trials that differ in a value only have one order, whichever comes first. */
static void values_break_the_last_tie(void **state) {
    (void)state;
    const struct mu_objective metrics[] = {{"loss", false}, {"size", false}};
    static const double SIZES[] = {2, NAN, 1};
    const struct mu_experiment e = {.name = "e", .metrics = metrics, .n_metrics = 2};
    for (size_t first = 0; first < 3; first++) {
        struct mu_trial trials[3];
        const struct mu_trial *list[3];
        for (size_t i = 0; i < 3; i++) {
            const char *size = mu_arena_format(arena, "%g", SIZES[(first + i) % 3]);
            const struct mu_trial_record record = {.name = "t",
                .completed = "2026",
                .metric = "1",
                .additional = &size,
                .condition = MU_TRIAL_SUCCEEDED};
            mu_trial_read(&trials[i], &e, &record, arena);
            list[i] = &trials[i];
        }
        struct mu_history history;
        mu_history_of(&history, list, 3, arena);
        assert_true(history.trials[0].values[1] == 1 && history.trials[1].values[1] == 2 &&
                    isnan(history.trials[2].values[1]));
    }
}

/* A thousand metrics that come in the reverse order: each is found. */
static void many_metrics_are_found(void **state) {
    (void)state;
    enum { MANY = 1000 };
    const char *names[MANY];
    struct mu_pair reported[MANY];
    for (size_t i = 0; i < MANY; i++) {
        names[i] = mu_arena_format(arena, "m%zu", i);
        reported[MANY - 1 - i] = (struct mu_pair){names[i], mu_arena_format(arena, "%zu", i)};
    }
    struct mu_experiment e;
    const struct mu_trial_report report = {
        .condition = MU_TRIAL_SUCCEEDED, .metrics = reported, .n_metrics = MANY};
    const struct mu_trial *trial = read_trial(names, MANY, false, report, NULL, &e);
    assert_int_equal(e.n_metrics, MANY);
    for (size_t i = 0; i < MANY; i++) {
        assert_true(trial->values[i] == (double)i);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(values_stand_in_the_order_of_the_specification),
        arena_test(a_cache_keeps_values_and_labels),
        arena_test(a_cache_tells_experiments_by_their_metrics),
        arena_test(values_break_the_last_tie),
        arena_test(many_metrics_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
