/* The service's promises under hard histories: exactly as many as asked, never a repeat while
 * something is untried, finite, the same every time. */
#include "services/bayesopt/bayesopt.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/settings.h"

static struct mu_error error;

static const struct mu_parameter_text MIXED[] = {
    {.name = "x", .type = MU_DOUBLE, .min = "-1", .max = "2"},
    {.name = "lr", .type = MU_DOUBLE, .min = "1e-6", .max = "1", .distribution = MU_LOG_UNIFORM},
    {.name = "n", .type = MU_INT, .min = "1", .max = "40"},
    {.name = "c",
        .type = MU_CATEGORICAL,
        .list = (const char *const[]){"a", "b", "c"},
        .n_list = 3},
    {.name = "one", .type = MU_INT, .min = "7", .max = "7"},
};

static struct mu_experiment experiment(const struct mu_parameter_text *texts, size_t n) {
    static const struct mu_objective LOSS = {"loss", false};
    struct mu_experiment e = {
        .name = "hard", .algorithm = "bayesianoptimization", .metrics = &LOSS, .n_metrics = 1};
    if (mu_space_init(&e.space, texts, n, arena, &error)) {
        fail_msg("%s", error.text);
    }
    return e;
}

struct run {
    struct mu_experiment experiment;
    struct mu_trial trials[1200];
    size_t n;
};

static void add(struct run *run, const double *x, enum mu_trial_state state, double loss) {
    double *copy = MU_ARRAY(arena, run->experiment.space.n + 1, double);
    double *value = copy + run->experiment.space.n;
    memcpy(copy, x, run->experiment.space.n * sizeof *copy);
    *value = loss;
    run->trials[run->n++] = (struct mu_trial){.name = "t",
        .state = state,
        .loss = loss,
        .started = "",
        .completed = "",
        .values = value,
        .n_values = 1,
        .x = copy};
}

static struct mu_reply ask(
    const struct run *run, size_t wanted, const struct mu_pair *settings, size_t n_settings) {
    struct mu_experiment e = run->experiment;
    e.settings = settings;
    e.n_settings = n_settings;
    struct mu_history history = {.trials = run->trials, .n = run->n};
    struct mu_request request = {
        .experiment = &e, .history = &history, .wanted = wanted, .first = run->n, .arena = arena};
    struct mu_reply reply;
    if (mu_algorithm_suggest(&mu_bayesianoptimization, &request, &reply, &error)) {
        fail_msg("%s", error.text);
    }
    assert_int_equal(reply.n, wanted);
    return reply;
}

/* The coordinates of a suggestion; fails when a text is no value of its parameter. */
static void coordinates(const struct run *run, const struct mu_suggestion *suggestion, double *x) {
    for (size_t j = 0; j < run->experiment.space.n; j++) {
        assert_true(mu_parameter_parse(
            &run->experiment.space.parameters[j], suggestion->assignments[j].value, &x[j]));
        assert_true(isfinite(x[j]));
    }
}

static int start(void **state) {
    *state = calloc(1, sizeof(struct run));
    return create_arena(state);
}

static int stop(void **state) {
    free(*state);
    return destroy_arena(state);
}

static double bowl(const double *x) {
    return (x[0] - 0.3) * (x[0] - 0.3) + (x[1] - 0.6) * (x[1] - 0.6) + 0.1 * (x[3] != 1);
}

/* |trials| points from the declared distributions; |loss| NULL makes failures. */
static void fill(struct run *run, const struct mu_parameter_text *texts, size_t n, size_t trials,
    double (*loss)(const double *x)) {
    run->experiment = experiment(texts, n);
    double x[8];
    for (size_t i = 0; i < trials; i++) {
        mu_space_draw(&run->experiment.space, 1, i, 0, x);
        add(run, x, loss ? MU_DONE : MU_FAILED, loss ? loss(x) : 0);
    }
}

static void check_answer(const struct run *run, size_t wanted) {
    double x[8];
    struct mu_reply reply = ask(run, wanted, NULL, 0);
    struct mu_reply again = ask(run, wanted, NULL, 0);
    for (size_t i = 0; i < wanted; i++) {
        coordinates(run, &reply.suggestions[i], x);
        for (size_t j = 0; j < run->experiment.space.n; j++) {
            assert_string_equal(reply.suggestions[i].assignments[j].value,
                again.suggestions[i].assignments[j].value);
        }
    }
}

static double constant(const double *x) {
    (void)x;
    return 5;
}

static double huge(const double *x) {
    return x[0] > 0.5 ? 1e308 : -1e308;
}

static void hard_histories_are_answered(void **state) {
    double (*const losses[])(const double *) = {bowl, constant, huge, NULL};
    const size_t sizes[] = {0, 1, 2, 30};
    for (size_t i = 0; i < 4; i++) {
        for (size_t j = 0; j < 4; j++) {
            struct run *run = *state;
            run->n = 0;
            fill(run, MIXED, 5, sizes[j], losses[i]);
            check_answer(run, 3);
        }
    }
}

static void a_thousand_duplicates_are_answered(void **state) {
    struct run *run = *state;
    run->experiment = experiment(MIXED, 5);
    double x[] = {0.5, 0.5, 3, 1, 0};
    for (int i = 0; i < 1000; i++) {
        add(run, x, MU_DONE, i % 7);
    }
    check_answer(run, 2);
    run->n = 0;
    fill(run, MIXED, 5, 1000, bowl);
    check_answer(run, 2);
}

static void tiny_ranges_and_no_parameters(void **state) {
    struct run *run = *state;
    const struct mu_parameter_text tiny[] = {
        {.name = "t", .type = MU_DOUBLE, .min = "1e-300", .max = "3e-300"},
        {.name = "w", .type = MU_DOUBLE, .min = "-1e300", .max = "1e300"}};
    fill(run, tiny, 2, 20, huge);
    check_answer(run, 4);
    run->n = 0;
    run->experiment = experiment(NULL, 0);
    assert_int_equal(ask(run, 2, NULL, 0).n, 2);
}

/* 24 points in batches of 4 with one failure in each: every point once, then answers go on. */
static void a_finite_space_is_walked_without_repeats(void **state) {
    struct run *run = *state;
    const struct mu_parameter_text finite[] = {
        {.name = "n", .type = MU_INT, .min = "1", .max = "8"},
        {.name = "c",
            .type = MU_CATEGORICAL,
            .list = (const char *const[]){"a", "b", "c"},
            .n_list = 3}};
    char seen[8][3] = {{0}};
    run->experiment = experiment(finite, 2);
    for (size_t asked = 0; asked < 24; asked += 4) {
        struct mu_reply reply = ask(run, 4, NULL, 0);
        for (size_t i = 0; i < 4; i++) {
            double x[2];
            coordinates(run, &reply.suggestions[i], x);
            assert_int_equal(seen[(int)x[0]][(int)x[1]]++, 0);
            add(run, x, i == 2 ? MU_FAILED : MU_DONE, x[0] + x[1]);
        }
    }
    assert_int_equal(ask(run, 4, NULL, 0).n, 4);
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

enum { EVALUATIONS = 40 };

/* The values of a bowl where the algorithm asks, the least first. */
static void optimize(
    struct run *run, const struct mu_pair *settings, size_t n, double values[EVALUATIONS]) {
    double x[8];
    run->n = 0;
    run->experiment = experiment(MIXED, 5);
    while (run->n < EVALUATIONS) {
        struct mu_reply reply = ask(run, 1, settings, n);
        coordinates(run, &reply.suggestions[0], x);
        values[run->n] = bowl(x);
        add(run, x, MU_DONE, bowl(x));
    }
    qsort(values, EVALUATIONS, sizeof *values, ascending);
}

/* With every estimator, acquisition function and optimizer at least 8 of 40 values are below 0.05
 * in each of two runs: 5.3 % of random points are there, and 8 of 40 in one case of 900. The
 * process also comes closer than 1e-4 to the minimum 0, which 40 random points do in four runs of a
 * thousand. */
static void every_setting_optimizes(void **state) {
    const char *const estimators[] = {"GP", "RF", "ET", "GBRT"};
    const char *const functions[] = {"gp_hedge", "LCB", "EI", "PI", "EIps", "PIps"};
    const char *const optimizers[] = {"auto", "sampling", "lbfgs"};
    for (size_t i = 0; i < 18; i++) {
        size_t setting = i / 2;
        struct mu_pair settings[] = {{"base_estimator", setting < 4 ? estimators[setting] : "GP"},
            {"acq_func", setting == 0  ? "gp_hedge"
                         : setting < 4 ? "EI"
                                       : functions[setting - 3]},
            {"acq_optimizer", optimizers[setting % 3]}, {"random_state", i % 2 ? "4" : "3"}};
        double values[EVALUATIONS];
        optimize(*state, settings, 4, values);
        assert_true(values[7] < 0.05);
        assert_true(values[0] < 1e-4 || (setting > 0 && setting < 4));
    }
}

/* Where a quarter of the space fails, four of the later 40 suggestions do at most; as few of 40
 * random points do in 1.6 % of runs. */
static void failures_are_learned(void **state) {
    struct run *run = *state;
    run->experiment = experiment(MIXED, 5);
    size_t failed = 0;
    while (run->n < 60) {
        double x[8] = {0};
        struct mu_reply reply = ask(run, 1, NULL, 0);
        coordinates(run, &reply.suggestions[0], x);
        bool fails = x[0] > 0.35 && x[0] < 0.6; /* right beside the minimum */
        failed += fails && run->n >= 20;
        add(run, x, fails ? MU_FAILED : MU_DONE, fails ? 0 : bowl(x));
    }
    assert_true(failed <= 4);
}

/* Does the reply to a request for |wanted| after |trials| trials come from the initial design? */
static bool designed(struct run *run, size_t trials, size_t wanted, const char *constraints) {
    const struct mu_pair settings[] = {{"constraints", constraints}, {"n_initial_points", "1000"}};
    run->n = 0;
    fill(run, MIXED, 5, trials, bowl);
    struct mu_reply reply = ask(run, wanted, settings, 1);
    struct mu_reply design = ask(run, wanted, settings, 2);
    return strcmp(reply.suggestions[0].assignments[0].value,
               design.suggestions[0].assignments[0].value) == 0;
}

static void the_design_is_as_long_as_told(void **state) {
    static const struct {
        size_t wanted, points;
        const char *constraints;
    } cases[] = {{1, 4, ""}, {2, 4, ""}, {3, 6, ""}, {4, 8, ""}, {7, 14, ""}, {8, 16, ""},
        {16, 16, ""}, {40, 16, ""}, {1, 10, "loss<=1"}, {5, 10, "loss<=1"}, {7, 14, "loss<=1"},
        {16, 16, "loss<=1"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *constraints = cases[i].constraints;
        assert_true(designed(*state, cases[i].points - 1, cases[i].wanted, constraints));
        assert_false(designed(*state, cases[i].points, cases[i].wanted, constraints));
    }
}

static void settings_are_katibs(void **state) {
    (void)state;
    static const struct setting_case cases[] = {
        {{"random_state", "10"}, NULL},
        {{"n_initial_points", "0"}, NULL},
        {{"base_estimator", "GBRT"}, NULL},
        {{"acq_func", "EIps"}, NULL},
        {{"base_estimator", "unknown"},
            "base_estimator unknown is not supported in Bayesian optimization"},
        {{"acq_func", "unknown"}, "acq_func unknown is not supported in Bayesian optimization"},
        {{"acq_optimizer", "unknown"},
            "acq_optimizer unknown is not supported in Bayesian optimization"},
        {{"n_initial_points", "-1"}, "n_initial_points should be great or equal than zero"},
        {{"random_state", "-1"}, "random_state should be great or equal than zero"},
        {{"unknown_conf", "1"}, "unknown setting unknown_conf for algorithm bayesianoptimization"},
    };
    assert_settings(&mu_bayesianoptimization, cases, sizeof cases / sizeof *cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(hard_histories_are_answered, start, stop),
        cmocka_unit_test_setup_teardown(a_thousand_duplicates_are_answered, start, stop),
        cmocka_unit_test_setup_teardown(tiny_ranges_and_no_parameters, start, stop),
        cmocka_unit_test_setup_teardown(a_finite_space_is_walked_without_repeats, start, stop),
        cmocka_unit_test_setup_teardown(every_setting_optimizes, start, stop),
        cmocka_unit_test_setup_teardown(failures_are_learned, start, stop),
        cmocka_unit_test_setup_teardown(the_design_is_as_long_as_told, start, stop),
        cmocka_unit_test_setup_teardown(settings_are_katibs, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
