/* Several outcomes: what is maximized, against Monte Carlo and differences, and what comes of it.
 */
#include "services/bayesopt/outcome_policy.h"

#include <stdio.h>
#include <string.h>

#include "services/bayesopt/bayesopt.h"
#include "services/bayesopt/schedule.h"
#include "tests/support/arena.h"
#include "tests/support/history.h"
#include "tests/support/settings.h"

enum { MOST = 40 };

static const struct mu_objective METRICS[] = {{"a", true}, {"b", true}, {"c", true}};

/* Trials of x and y in [0, 1] with metrics a, b and c, missing where a text is empty. */
struct scene {
    struct mu_experiment experiment;
    struct mu_pair settings[3];
    struct mu_trial_record records[MOST];
    size_t n;
    struct mu_history history;
    struct mu_request request;
};

static void prepare(struct scene *s, const char *objectives, const char *constraints) {
    static const struct mu_parameter_text PARAMETERS[] = {
        {.name = "x", .type = MU_DOUBLE, .min = "0", .max = "1"},
        {.name = "y", .type = MU_DOUBLE, .min = "0", .max = "1"}};
    struct mu_error error;
    *s = (struct scene){.settings = {{"objectives", objectives}, {"constraints", constraints},
                            {"random_state", "1"}},
        .experiment = {.name = "e",
            .algorithm = "bayesianoptimization",
            .metrics = METRICS,
            .n_metrics = 3,
            .n_settings = 3}};
    s->experiment.settings = s->settings;
    assert_int_equal(mu_space_init(&s->experiment.space, PARAMETERS, 2, arena, &error), MU_OK);
}

static const char *print(double value) {
    char text[32];
    if (isnan(value)) {
        return NULL;
    }
    mu_print_double(value, text);
    return mu_arena_copy(arena, text);
}

static void add(struct scene *s, double x, double y, const double metrics[3]) {
    struct mu_pair *pairs = MU_ARRAY(arena, 2, struct mu_pair);
    const char **texts = MU_ARRAY(arena, 2, const char *);
    pairs[0] = (struct mu_pair){"x", print(x)};
    pairs[1] = (struct mu_pair){"y", print(y)};
    texts[0] = print(metrics[1]);
    texts[1] = print(metrics[2]);
    s->records[s->n] = (struct mu_trial_record){.name = mu_arena_format(arena, "t%02zu", s->n),
        .completed = "2026-01-01T00:00:00Z",
        .metric = print(metrics[0]),
        .additional = texts,
        .condition = MU_TRIAL_SUCCEEDED,
        .assignments = pairs,
        .n_assignments = 2};
    s->n++;
}

static struct mu_request *request_of(struct scene *s, size_t wanted) {
    build_history(&s->history, &s->experiment, s->records, s->n, arena);
    s->request = (struct mu_request){.experiment = &s->experiment,
        .history = &s->history,
        .wanted = wanted,
        .first = s->n,
        .counted = true,
        .seed = 1,
        .seen = MU_NEW(arena, struct mu_seen *),
        .arena = arena};
    struct mu_outcomes *outcomes = MU_NEW(arena, struct mu_outcomes);
    struct mu_error error;
    assert_int_equal(mu_outcomes_read(outcomes, &s->experiment, arena, &error), MU_OK);
    s->request.outcomes = outcomes;
    return &s->request;
}

static struct mu_bayesopt_study *study_of(struct scene *s, size_t wanted) {
    static const struct mu_bayesopt_plan PLAN = {.climb = true, .initial = 4};
    return mu_bayesopt_study_of(request_of(s, wanted), &PLAN);
}

/* Points of a grid with a = x, b = 1 - x to be maximized both, worse with y, and c = x + y. */
static void add_grid(struct scene *s) {
    for (size_t i = 0; i < 9; i++) {
        double x = 0.5 * (double)(i % 3);
        size_t row = i / 3;
        double y = 0.5 * (double)row;
        add(s, x, y, (const double[]){x - y, 1 - x * x - y, x + y});
    }
}

static void slopes_are_differences(void **state) {
    static const char *const CASES[][2] = {
        {"a,b", ""}, {"a,b:min", "c<=0.8"}, {"", "c<=0.8,b>=0"}, {"", "c>=3"}, {"a,b,c", ""}};
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        for (size_t wanted = 1; wanted <= 2; wanted++) {
            struct scene s;
            double u[] = {0.3, 0.15};
            double gradient[2];
            prepare(&s, CASES[i][0], CASES[i][1]);
            add_grid(&s);
            struct mu_bayesopt_study *study = study_of(&s, wanted);
            if (wanted > 1) {
                mu_bayesopt_suggested(study, (const double[]){0.7, 0.2});
            }
            (void)mu_outcome_policy_value(study, u, gradient);
            for (size_t j = 0; j < 2; j++) {
                double old = u[j];
                u[j] = old + 1e-6;
                double up = mu_outcome_policy_value(study, u, NULL);
                u[j] = old - 1e-6;
                double down = mu_outcome_policy_value(study, u, NULL);
                u[j] = old;
                assert_close(gradient[j], (up - down) / 2e-6, 1e-4);
            }
        }
    }
}

/* c falls below its bound near the origin only, where no trial was: while nothing is feasible the
 * point most likely to be is asked for. */
static void while_nothing_is_feasible_feasibility_is_looked_for(void **state) {
    (void)state;
    struct scene s;
    double x[2];
    prepare(&s, "", "c<=0.3");
    for (size_t i = 0; i < 8; i++) {
        double u = 0.3 + 0.1 * (double)(i % 4);
        double v = i < 4 ? 0.4 : 0.8;
        add(&s, u, v, (const double[]){u + v, 0, u + v});
    }
    struct mu_bayesopt_study *study = study_of(&s, 1);
    assert_true(mu_outcome_policy_propose(study, 8, x));
    assert_true(x[0] + x[1] < 0.5);
}

/* c says no more than that a trial was not acceptable: there is nothing to learn but to go away. */
static void where_all_miss_alike_the_unknown_is_looked_for(void **state) {
    (void)state;
    struct scene s;
    const double tried[] = {0.3, 0.4};
    const double between[] = {0.45, 0.45};
    const double far[] = {1, 1};
    prepare(&s, "", "c<=0");
    for (size_t i = 0; i < 8; i++) {
        double u = 0.3 + 0.1 * (double)(i % 4);
        add(&s, u, i < 4 ? 0.4 : 0.5, (const double[]){u, 0, 1});
    }
    struct mu_bayesopt_study *study = study_of(&s, 1);
    double near = mu_outcome_policy_value(study, between, NULL);
    assert_true(mu_outcome_policy_value(study, tried, NULL) < near);
    assert_true(mu_outcome_policy_value(study, far, NULL) > near + 1);
}

/* The best values of a lie where c is too large: with the constraint they are not asked for. */
static void constraints_keep_away_from_what_is_infeasible(void **state) {
    (void)state;
    for (int constrained = 0; constrained < 2; constrained++) {
        struct scene s;
        double x[2];
        prepare(&s, constrained ? "a" : "a,b", constrained ? "c<=0.8" : "");
        add_grid(&s);
        struct mu_bayesopt_study *study = study_of(&s, 1);
        assert_true(mu_outcome_policy_propose(study, 9, x));
        assert_true(!constrained || x[0] + x[1] < 0.9);
        assert_true(constrained || x[1] < 0.3);
    }
}

/* With a bound that the best value of a misses, a point between it and the best that meets the
 * bound gains; with one that all meet, it does not. */
static void a_gain_is_over_what_meets_the_constraints(void **state) {
    (void)state;
    static const double between[] = {0.7, 0};
    double value[2];
    for (size_t all = 0; all < 2; all++) {
        struct scene s;
        prepare(&s, "a", all ? "c<=3" : "c<=0.8");
        add_grid(&s);
        value[all] = mu_outcome_policy_value(study_of(&s, 1), between, NULL);
    }
    assert_true(value[0] > value[1] + 1);
}

/* One trial has no b, and another failed for want of a: neither is of the front, the first is
 * learned c from. */
static void a_trial_may_have_one_metric_and_lack_another(void **state) {
    (void)state;
    struct scene s;
    double x[2];
    prepare(&s, "b,c", "");
    add_grid(&s);
    add(&s, 0.25, 0.25, (const double[]){1, NAN, 0.5});
    add(&s, 0.75, 0.25, (const double[]){NAN, 0.2, 1});
    struct mu_bayesopt_study *study = study_of(&s, 1);
    size_t observed[2];
    size_t rows[MOST];
    assert_int_equal(mu_dataset_rank(study->data, 0, rows, &observed[0], arena), 10);
    assert_int_equal(mu_dataset_rank(study->data, 1, rows, &observed[1], arena), 11);
    assert_int_equal(observed[0], 9);
    assert_int_equal(observed[1], 10);
    assert_true(mu_outcome_policy_propose(study, 11, x));
}

static void a_metric_without_any_value_is_no_mistake(void **state) {
    static const char *const CASES[][2] = {{"a,b", ""}, {"a", "b<=1"}, {"b,a", "c<=1"}};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct scene s;
        double x[2];
        prepare(&s, CASES[i][0], CASES[i][1]);
        for (size_t k = 0; k < 5; k++) {
            double u = 0.2 * (double)k;
            add(&s, u, u * u, (const double[]){u, NAN, u});
        }
        assert_true(mu_outcome_policy_propose(study_of(&s, 1), 5, x));
    }
}

/* What is imagined at a pending point joins the fronts: beside it there is less to gain. */
static void a_pending_point_leaves_less_to_gain(void **state) {
    (void)state;
    struct scene s;
    const double u[] = {0.75, 0.02};
    prepare(&s, "a,b", "");
    add_grid(&s);
    struct mu_bayesopt_study *study = study_of(&s, 2);
    double before = mu_outcome_policy_value(study, u, NULL);
    mu_bayesopt_suggested(study, (const double[]){0.75, 0.0});
    assert_true(mu_outcome_policy_value(study, u, NULL) < before - 1);
}

/* A batch is spread along the front, and the same when it is asked for again. */
static void a_batch_is_spread_and_the_same_again(void **state) {
    (void)state;
    char first[8][32];
    for (int again = 0; again < 2; again++) {
        struct scene s;
        struct mu_reply reply;
        struct mu_error error;
        prepare(&s, "a,b", "");
        add_grid(&s);
        add(&s, 0.9, 0.1, (const double[]){0.8, 0.09, 1});
        struct mu_request *request = request_of(&s, 4);
        assert_int_equal(
            mu_algorithm_suggest(&mu_bayesianoptimization, request, &reply, &error), MU_OK);
        for (size_t i = 0; i < 8; i++) {
            const char *text = reply.suggestions[i / 2].assignments[i % 2].value;
            assert_true(!again || strcmp(first[i], text) == 0);
            snprintf(first[i], sizeof *first, "%s", text);
            for (size_t k = 0; k < i / 2 && i % 2 == 0; k++) {
                double here;
                double there;
                assert_true(
                    mu_read_double(first[i], &here) && mu_read_double(first[2 * k], &there));
                assert_true(fabs(here - there) > 0.01);
            }
        }
    }
}

/* Hypervolumes are products of distances, so the targets of two objectives keep their proportions;
 * those of one with a constraint are made normal. */
static void targets_of_several_objectives_keep_their_proportions(void **state) {
    (void)state;
    for (int several = 0; several < 2; several++) {
        struct scene s;
        prepare(&s, several ? "a,b" : "a", several ? "" : "b<=1");
        for (size_t i = 0; i < 6; i++) {
            double u = 0.2 * (double)i;
            add(&s, u, u, (const double[]){exp(3 * u), u, 0});
        }
        const double *t = study_of(&s, 1)->data->columns[0].target;
        double share = (t[5] - t[4]) / (t[4] - t[0]);
        double proportion = (exp(3) - exp(2.4)) / (exp(2.4) - 1);
        assert_int_equal(fabs(share - proportion) < 1e-9, several);
    }
}

/* In the tenth and later suggestions a portfolio has turns of the Parzen estimator, which knows one
 * objective: there are none for two. */
static void several_outcomes_are_the_processs_alone(void **state) {
    (void)state;
    static const struct mu_bayesopt_plan PLAN = {.climb = true, .portfolio = true, .initial = 4};
    struct scene s;
    prepare(&s, "a,b", "");
    add_grid(&s);
    struct mu_bayesopt_study *study = mu_bayesopt_study_of(request_of(&s, 1), &PLAN);
    assert_string_equal(mu_bayesopt_next_step(study, 15, NULL)->name, "model");
    study->modelled = 1000;
    assert_null(mu_bayesopt_next_step(study, 16, NULL));
}

static void what_has_one_objective_only_says_so(void **state) {
    static const struct {
        const char *name, *value, *text;
    } CASES[] = {
        {"base_estimator", "RF",
            "setting base_estimator: RF knows one objective and no constraint, GP more"},
        {"acq_func", "LCB",
            "setting acq_func: LCB knows one objective and no constraint, EI and gp_hedge more"},
        {"acq_func", "PIps",
            "setting acq_func: PIps knows one objective and no constraint, EI and gp_hedge more"},
        {"acq_func", "EI", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        for (int several = 0; several < 2; several++) {
            struct scene s;
            struct mu_error error = {0};
            prepare(&s, several ? "a,b" : "", "");
            s.settings[2] = (struct mu_pair){CASES[i].name, CASES[i].value};
            enum mu_status status =
                mu_algorithm_validate(&mu_bayesianoptimization, &s.experiment, arena, &error);
            assert_int_equal(status == MU_OK, !several || !CASES[i].text);
            assert_true(status == MU_OK || strcmp(error.text, CASES[i].text) == 0);
        }
    }
}

/* ---- costs ---- */

/* The value of a, to be maximized: better towards both ends of x, and more so towards 1. */
static double ridge(double x, double y) {
    return 0.3 * (x - 0.4) * (x - 0.4) - (y - 0.45) * (y - 0.45);
}

static void add_timed(struct scene *s, double x, double y, double seconds) {
    add(s, x, y, (const double[]){ridge(x, y), seconds, 0});
    s->records[s->n - 1].started = "2026-01-01T00:00:00Z";
    s->records[s->n - 1].completed = mu_arena_format(arena, "2026-01-01T%02d:%02d:%02dZ",
        (int)seconds / 3600, (int)seconds / 60 % 60, (int)seconds % 60);
}

/* Costs grow a hundredfold along x; metric b says them too. Trials that were cut short tell none.
 */
static void add_costs(struct scene *s) {
    for (size_t i = 0; i < 12; i++) {
        double x = 0.1 + 0.2 * (double)(i % 4);
        size_t row = i / 4;
        add_timed(s, x, 0.2 + 0.3 * (double)row, 60 * pow(100, x));
    }
    for (size_t i = 0; i < 12; i++) {
        add_timed(s, 0.7, 0.1 + 0.07 * (double)i, 2);
        s->records[s->n - 1].condition = MU_TRIAL_EARLY_STOPPED;
    }
}

/* Where the next suggestion stands along x with |acq_func| and |cost_metric|. */
static double next_x(const char *acq_func, const char *cost_metric) {
    struct scene s;
    struct mu_reply reply;
    struct mu_error error;
    double x;
    prepare(&s, "", "");
    add_costs(&s);
    s.settings[0] = (struct mu_pair){"acq_func", acq_func};
    s.settings[1] = (struct mu_pair){"cost_metric", cost_metric};
    struct mu_request *request = request_of(&s, 1);
    assert_int_equal(
        mu_algorithm_suggest(&mu_bayesianoptimization, request, &reply, &error), MU_OK);
    assert_true(mu_read_double(reply.suggestions[0].assignments[0].value, &x));
    return x;
}

static void what_is_gained_counts_per_cost(void **state) {
    (void)state;
    assert_true(next_x("EIps", "") < 0.5);
    assert_true(next_x("EIps", "b") < 0.5);
    assert_true(next_x("PIps", "") < 0.5);
    assert_true(next_x("EI", "") > 0.5);
}

static void a_cost_that_does_not_count_is_refused(void **state) {
    static const struct {
        const char *acq_func, *metric, *text;
    } CASES[] = {
        {"EIps", "time",
            "setting cost_metric: time is neither the objective nor in additionalMetricNames"},
        {"EI", "b", "setting cost_metric: acq_func EI counts no costs, EIps and PIps do"},
        {"EIps", "b", NULL},
        {"EI", "", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct scene s;
        struct mu_error error = {0};
        prepare(&s, "", "");
        s.settings[0] = (struct mu_pair){"acq_func", CASES[i].acq_func};
        s.settings[1] = (struct mu_pair){"cost_metric", CASES[i].metric};
        enum mu_status status =
            mu_algorithm_validate(&mu_bayesianoptimization, &s.experiment, arena, &error);
        assert_int_equal(status, CASES[i].text ? MU_INVALID_ARGUMENT : MU_OK);
        assert_true(!CASES[i].text || strcmp(error.text, CASES[i].text) == 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(slopes_are_differences),
        arena_test(while_nothing_is_feasible_feasibility_is_looked_for),
        arena_test(where_all_miss_alike_the_unknown_is_looked_for),
        arena_test(constraints_keep_away_from_what_is_infeasible),
        arena_test(a_gain_is_over_what_meets_the_constraints),
        arena_test(a_trial_may_have_one_metric_and_lack_another),
        arena_test(a_metric_without_any_value_is_no_mistake),
        arena_test(a_pending_point_leaves_less_to_gain),
        arena_test(a_batch_is_spread_and_the_same_again),
        arena_test(targets_of_several_objectives_keep_their_proportions),
        arena_test(several_outcomes_are_the_processs_alone),
        arena_test(what_is_gained_counts_per_cost),
        arena_test(a_cost_that_does_not_count_is_refused),
        arena_test(what_has_one_objective_only_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
