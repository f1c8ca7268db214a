/* Policy on a handful of numbers: whose turn it is, what pending points change, how sure trees are.
 */
#include <math.h>

#include "common/model/surrogate.h"
#include "services/bayesopt/gp_policy.h"
#include "services/bayesopt/process.h"
#include "services/bayesopt/schedule.h"
#include "services/bayesopt/tree_policy.h"
#include "tests/support/arena.h"

/* ---- whose turn it is ---- */

/* A study of one dimension in which |n| points were handed out. */
struct desk {
    struct mu_column column;
    struct mu_dataset data;
    struct mu_bayesopt_study study;
};

static void lay(struct desk *desk, size_t n) {
    *desk = (struct desk){.column = {.varied = true},
        .data = {.n = n, .n_columns = 1, .columns = &desk->column},
        .study = {.plan = {.portfolio = true, .initial = 10}, .frame = {.n = 1}}};
    desk->study.data = &desk->data;
}

static const char *turn(const struct desk *desk, uint64_t number) {
    const struct mu_bayesopt_step *step = mu_bayesopt_next_step(&desk->study, number, NULL);
    return step ? step->name : "nobody";
}

static void a_design_comes_before_the_models(void **state) {
    (void)state;
    struct desk desk;
    lay(&desk, 9);
    assert_string_equal(turn(&desk, 20), "design");
    lay(&desk, 10);
    assert_string_equal(turn(&desk, 20), "model");
    assert_string_equal(turn(&desk, 0), "model"); /* points count, not suggestions */
    desk.column.varied = false;
    assert_string_equal(turn(&desk, 20), "design");
    lay(&desk, 10);
    desk.study.frame.n = 0;
    assert_string_equal(turn(&desk, 20), "design");
}

/* The 12th, 16th, .. suggestion is the Parzen estimator's, if a portfolio is asked for. */
static void every_fourth_suggestion_is_the_parzen_estimators(void **state) {
    (void)state;
    struct desk desk;
    lay(&desk, 10);
    for (uint64_t number = 0; number < 40; number++) {
        bool other = number >= 10 && number % 4 == 3;
        assert_string_equal(turn(&desk, number), other ? "other" : "model");
    }
    desk.study.plan.portfolio = false;
    for (uint64_t number = 0; number < 40; number++) {
        assert_string_equal(turn(&desk, number), "model");
    }
    lay(&desk, 9);
    assert_string_equal(turn(&desk, 11), "design");
}

static void a_large_request_ends_with_the_parzen_estimator(void **state) {
    (void)state;
    struct desk desk;
    lay(&desk, 10);
    assert_int_equal(mu_gp_process_most(), 32);
    desk.study.modelled = 31;
    assert_string_equal(turn(&desk, 12), "model");
    desk.study.modelled = 32;
    assert_string_equal(turn(&desk, 12), "parzen");
    assert_string_equal(turn(&desk, 15), "other");
}

/* A step that finds nothing hands on to those behind it: nobody behind the design, the last of the
 * models behind the model. */
static void who_finds_nothing_hands_on(void **state) {
    (void)state;
    struct desk desk;
    lay(&desk, 9);
    const struct mu_bayesopt_step *step = mu_bayesopt_next_step(&desk.study, 11, NULL);
    assert_null(mu_bayesopt_next_step(&desk.study, 11, step + 1));
    lay(&desk, 10);
    step = mu_bayesopt_next_step(&desk.study, 12, NULL);
    assert_string_equal(step->name, "model");
    step = mu_bayesopt_next_step(&desk.study, 12, step + 1);
    assert_string_equal(step->name, "parzen");
    assert_null(mu_bayesopt_next_step(&desk.study, 12, step + 1));
}

/* ---- pending points ---- */

struct scene {
    struct mu_experiment experiment;
    struct mu_outcomes outcomes;
    struct mu_trial trials[8];
    double x[8];
    double loss[8];
    struct mu_history history;
    struct mu_seen *seen;
    struct mu_request request;
};

/* |n| finished trials of -sin(3 x) at 0, 1/4, .. */
static void prepare(struct scene *s, size_t n, size_t wanted) {
    static const struct mu_parameter_text x = {
        .name = "x", .type = MU_DOUBLE, .min = "0", .max = "1"};
    struct mu_error error;
    *s = (struct scene){.experiment = {.name = "e", .algorithm = "bayesianoptimization"}};
    assert_int_equal(mu_space_init(&s->experiment.space, &x, 1, arena, &error), MU_OK);
    s->outcomes = mu_outcomes_usual(&s->experiment, arena);
    for (size_t i = 0; i < n; i++) {
        s->x[i] = 0.25 * (double)i;
        s->loss[i] = -sin(3 * s->x[i]);
        s->trials[i] = (struct mu_trial){.name = "t",
            .state = MU_DONE,
            .loss = s->loss[i],
            .completed = "",
            .values = &s->loss[i],
            .n_values = 1,
            .x = &s->x[i]};
    }
    s->history = (struct mu_history){.trials = s->trials, .n = n};
    s->request = (struct mu_request){.experiment = &s->experiment,
        .outcomes = &s->outcomes,
        .history = &s->history,
        .wanted = wanted,
        .seed = 1,
        .seen = &s->seen,
        .arena = arena};
}

static struct mu_bayesopt_study *study_of(const struct scene *s) {
    static const struct mu_bayesopt_plan plan = {.acquisition = MU_LOG_EI, .initial = 2};
    return mu_bayesopt_study_of(&s->request, &plan);
}

/* A pending point far above the best that is known is worth more than that in some draws, and what
 * a draw imagines is what its improvement counts from; no draw falls below the incumbent. */
static void a_pending_point_raises_the_incumbent_of_its_draw(void **state) {
    (void)state;
    struct scene scene;
    size_t draws;
    prepare(&scene, 3, 2);
    struct mu_bayesopt_study *study = study_of(&scene);
    double before = mu_gp_policy_best(study, &draws)[0];
    assert_int_equal(draws, 16);
    for (size_t i = 1; i < draws; i++) {
        assert_true(mu_gp_policy_best(study, &draws)[i] == before);
    }
    mu_bayesopt_suggested(study, (const double[]){0.9});
    const double *best = mu_gp_policy_best(study, &draws);
    size_t raised = 0;
    for (size_t i = 0; i < draws; i++) {
        assert_true(best[i] >= before);
        raised += best[i] > before;
    }
    assert_in_range(raised, 1, draws - 1);
}

/* Trials that run are pending as the batch is: 16 draws, whatever is wanted; without any, one. */
static void a_running_trial_is_pending(void **state) {
    (void)state;
    struct scene scene;
    size_t draws;
    prepare(&scene, 3, 1);
    (void)mu_gp_policy_best(study_of(&scene), &draws);
    assert_int_equal(draws, 1);
    prepare(&scene, 4, 1);
    scene.trials[3].state = MU_PENDING;
    const double *best = mu_gp_policy_best(study_of(&scene), &draws);
    assert_int_equal(draws, 16);
    size_t different = 0;
    for (size_t i = 1; i < draws; i++) {
        different += best[i] != best[0];
    }
    assert_true(different > 0);
}

/* The second point of a batch keeps away from the first, whichever model speaks: asked again for
 * the same suggestion without being told, it gives the same answer. */
static void the_second_of_a_batch_keeps_away_from_the_first(void **state) {
    (void)state;
    bool (*const models[])(struct mu_bayesopt_study *, uint64_t, double *) = {
        mu_gp_policy_propose, mu_tree_policy_propose};
    for (size_t i = 0; i < 2; i++) {
        struct scene scene;
        double x = 0;
        double again = 0;
        double next = 0;
        prepare(&scene, 5, 2);
        struct mu_bayesopt_study *study = study_of(&scene);
        study->plan.climb = true;
        study->plan.estimator = i ? MU_BAYESOPT_EXTRA_TREES : MU_BAYESOPT_GP;
        assert_true(models[i](study, 5, &x) && models[i](study, 5, &again));
        assert_true(x == again);
        mu_bayesopt_suggested(study, &x);
        assert_true(models[i](study, 5, &next));
        assert_true(fabs(next - x) > 0.02);
    }
}

/* ---- the process ---- */

/* ln l ~ N(-1.5 + ln(d) / 2, 0.7), ln w / (1 - w) ~ N(0, 3) of both shares, ln a^2 ~ N(0, 1), ln
 * n^2 ~ N(-6, 2), by mean and deviation; in ten dimensions a fit has 158 rows and a suggestion 296,
 * in a thousand 35 and 24. */
static void priors_and_rows_follow_the_dimensions(void **state) {
    (void)state;
    static const size_t CASES[][3] = {{10, 158, 296}, {1000, 35, 24}};
    for (size_t i = 0; i < 2; i++) {
        size_t d = CASES[i][0];
        struct mu_dimensions dimensions = {.n = d};
        struct mu_gp_model model = mu_surrogate_model(&dimensions, arena);
        struct mu_gp_process_rows rows = mu_gp_process_rows_of(&model);
        const struct mu_gp_prior *others = model.prior + d;
        assert_int_equal(rows.fitted, CASES[i][1]);
        assert_int_equal(rows.known, CASES[i][2]);
        assert_close(model.prior[d - 1].mean, -1.5 + log((double)d) / 2, 1e-12);
        assert_true(model.prior[d - 1].sd == 0.7);
        assert_true(others[0].mean == 0 && others[0].sd == 3);
        assert_true(others[1].mean == 0 && others[1].sd == 3);
        assert_true(others[2].mean == 0 && others[2].sd == 1);
        assert_true(others[3].mean == -6 && others[3].sd == 2);
    }
}

/* One of four results at 0.25 is the best of all, the other three are the worst; four at 0.75 are
 * good. The incumbent is there: its mean is above all results' on average, which is 0. */
static void the_incumbent_is_no_lucky_result(void **state) {
    (void)state;
    static const double LOSS[] = {-1.3, -1, -1, -1, -1, 1, 1, 1};
    struct scene scene;
    size_t draws;
    prepare(&scene, 8, 1);
    for (size_t i = 0; i < 8; i++) {
        scene.x[i] = i == 0 || i > 4 ? 0.25 : 0.75;
        scene.loss[i] = scene.trials[i].loss = LOSS[i];
    }
    assert_true(*mu_gp_policy_best(study_of(&scene), &draws) > 0.3);
}

/* Results at 1/4 and 3/4 that are all noise: another there were no improvement, one between them
 * may be. Noise left in, both are worth about the same. */
static void noise_is_no_reason_to_come_back(void **state) {
    (void)state;
    struct scene scene;
    prepare(&scene, 8, 1);
    for (size_t i = 0; i < 8; i++) {
        scene.x[i] = i % 2 ? 0.25 : 0.75;
        scene.loss[i] = scene.trials[i].loss = (double)(i / 2 % 2);
    }
    struct mu_bayesopt_study *study = study_of(&scene);
    double known = mu_gp_policy_worth(study, (const double[]){0.25});
    double between = mu_gp_policy_worth(study, (const double[]){0.5});
    assert_true(known < between - 5);
}

/* ---- trees ---- */

/* v + 0.05^2 min(far, 1), times 1 - exp(-100 pending). */
static void trees_are_less_sure_far_away_and_sure_beside_pending_points(void **state) {
    (void)state;
    assert_close(mu_tree_policy_variance(0.04, 0, HUGE_VAL), 0.04, 1e-11);
    assert_close(mu_tree_policy_variance(0.04, 0.5, HUGE_VAL), 0.04125, 1e-11);
    assert_close(mu_tree_policy_variance(0.04, 1, HUGE_VAL), 0.0425, 1e-11);
    assert_close(mu_tree_policy_variance(0.04, 3, HUGE_VAL), 0.0425, 1e-11);
    assert_close(mu_tree_policy_variance(0.04, 0, 0.01), 0.04 * (1 - exp(-1)), 1e-11);
    assert_close(mu_tree_policy_variance(0.04, 0, 0.03), 0.04 * (1 - exp(-3)), 1e-11);
    assert_true(mu_tree_policy_variance(0.04, 0, 0) > 0);
    assert_true(mu_tree_policy_variance(0.04, 0, 0) < 1e-11);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_design_comes_before_the_models),
        cmocka_unit_test(every_fourth_suggestion_is_the_parzen_estimators),
        cmocka_unit_test(a_large_request_ends_with_the_parzen_estimator),
        cmocka_unit_test(who_finds_nothing_hands_on),
        arena_test(a_pending_point_raises_the_incumbent_of_its_draw),
        arena_test(a_running_trial_is_pending),
        arena_test(the_second_of_a_batch_keeps_away_from_the_first),
        arena_test(priors_and_rows_follow_the_dimensions),
        arena_test(the_incumbent_is_no_lucky_result),
        arena_test(noise_is_no_reason_to_come_back),
        cmocka_unit_test(trees_are_less_sure_far_away_and_sure_beside_pending_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
