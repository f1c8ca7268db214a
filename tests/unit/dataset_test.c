/* The data set: what a row is, which targets it gets, what a failure counts as, which rows are
 * chosen. */
#include "common/model/dataset.h"

#include <math.h>

#include "common/model/targets.h"
#include "tests/support/arena.h"
#include "tests/support/history.h"

static struct mu_error error;

static const struct mu_parameter_text TEXTS[] = {
    {.name = "a", .type = MU_DOUBLE, .min = "0", .max = "10"},
    {.name = "same", .type = MU_INT, .min = "3", .max = "3"},
    {.name = "c", .type = MU_CATEGORICAL, .list = (const char *const[]){"p", "q"}, .n_list = 2},
};

struct scene {
    struct mu_space space;
    struct mu_frame frame;
};

static void prepare(struct scene *s) {
    assert_int_equal(mu_space_init(&s->space, TEXTS, 3, arena, &error), MU_OK);
    s->frame = mu_frame_of(&s->space, arena);
}

static void add(struct mu_dataset *data, double at, enum mu_trial_state state, const double *loss) {
    const struct mu_parameter *a = &data->frame->space->parameters[0];
    double x[3] = {mu_parameter_at(a, at), 0, 0};
    (void)mu_dataset_add(data, x, state, loss);
}

static void a_row_is_a_point_of_the_frame_and_more(void **state) {
    (void)state;
    struct scene s;
    prepare(&s);
    struct mu_dataset *data = mu_dataset_new(&s.frame, 1, 1, 2, arena);
    double x[3] = {mu_parameter_at(&s.space.parameters[0], 0.25), 0, 1};
    double *row = mu_dataset_add(data, x, MU_PENDING, NULL);
    row[2] = 0.5;
    assert_int_equal(data->width, 3);
    assert_close(mu_dataset_row(data, 0)[0], 0.25, 1e-12);
    assert_true(mu_dataset_row(data, 0)[1] == 1 && mu_dataset_row(data, 0)[2] == 0.5);
    mu_dataset_learn(data, arena);
    assert_int_equal(data->n_known, 0);
    assert_true(isnan(data->columns[0].target[0]));
}

/* Every column has targets of its own, over the rows where it is not missing; the order is that of
 * column 0. */
static void columns_are_learned_apart(void **state) {
    (void)state;
    static const double LOSSES[4][2] = {{3, 1}, {1, NAN}, {2, 5}, {4, 2}};
    struct scene s;
    prepare(&s);
    struct mu_dataset *data = mu_dataset_new(&s.frame, 0, 2, 5, arena);
    double second[3] = {1, 5, 2};
    for (size_t i = 0; i < 4; i++) {
        add(data, 0.2 * (double)i, MU_DONE, LOSSES[i]);
    }
    add(data, 0.9, MU_PENDING, NULL);
    mu_dataset_learn(data, arena);
    assert_int_equal(data->n_known, 4);
    assert_int_equal(data->n_observed, 4);
    static const size_t ORDER[] = {1, 2, 0, 3};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(data->known[i], ORDER[i]);
    }
    assert_true(mu_targets(second, second, 3, arena));
    assert_true(data->columns[1].target[0] == second[0]);
    assert_true(isnan(data->columns[1].target[1]));
    assert_true(data->columns[1].target[2] == second[1]);
    assert_true(data->columns[1].target[3] == second[2]);
}

/* Two objectives, the second to be maximized. What a failed trial reported is no result of either:
 * it is as bad as its neighbourhood. A value that is missing stays so. */
static void columns_are_the_metrics_of_the_trials(void **state) {
    (void)state;
    enum { SUCCEEDED = MU_TRIAL_SUCCEEDED, FAILED = MU_TRIAL_FAILED };
    static const struct mu_objective METRICS[] = {{"loss", false}, {"speed", true}};
    static const struct {
        const char *a, *loss, *speed;
        int condition;
    } TRIALS[] = {{"1", "3", "30", SUCCEEDED}, {"2", "1", NULL, SUCCEEDED},
        {"3", "2", "10", FAILED}, {"4", NULL, NULL, FAILED}, {"5", "4", "10", SUCCEEDED}};
    struct scene s;
    struct mu_trial_record records[5];
    prepare(&s);
    struct mu_experiment e = {.name = "e", .space = s.space, .metrics = METRICS, .n_metrics = 2};
    for (size_t i = 0; i < 5; i++) {
        struct mu_pair *pairs = MU_ARRAY(arena, 3, struct mu_pair);
        pairs[0] = (struct mu_pair){"a", TRIALS[i].a};
        pairs[1] = (struct mu_pair){"same", "3"};
        pairs[2] = (struct mu_pair){"c", "p"};
        records[i] = (struct mu_trial_record){.name = TRIALS[i].a,
            .completed = "2026-01-01T00:00:00Z",
            .metric = TRIALS[i].loss,
            .condition = TRIALS[i].condition,
            .assignments = pairs,
            .n_assignments = 3,
            .additional = &TRIALS[i].speed};
    }
    struct mu_history history;
    build_history(&history, &e, records, 5, arena);
    static const struct mu_outcome OUTCOMES[] = {{"loss", 0, 1, 0}, {"speed", 1, 1, 0}};
    const struct mu_outcomes outcomes = {OUTCOMES, 2, 2};
    struct mu_dataset *data = mu_dataset_of(&s.frame, &outcomes, &history, 0, arena);
    const struct mu_column *loss = &data->columns[0];
    const struct mu_column *speed = &data->columns[1];
    assert_true(loss->loss[0] == 3 && loss->loss[1] == 1 && isnan(loss->loss[2]));
    assert_true(speed->loss[0] == -30 && isnan(speed->loss[1]) && isnan(speed->loss[2]));
    assert_int_equal(data->n_observed, 3);
    assert_true(speed->target[0] > 0 && isnan(speed->target[1]) && speed->target[4] < 0);
    /* itself and its neighbours: the other failure is as bad, like the worst of the two others */
    assert_close(speed->target[3], (speed->target[0] + 3 * speed->target[4]) / 4, 1e-12);
}

/* A failure among good rows, whatever it reported, counts a fifth as the worst; among failures it
 * is the worst. */
static void a_failure_is_as_bad_as_its_neighbourhood(void **state) {
    (void)state;
    struct scene s;
    prepare(&s);
    struct mu_dataset *data = mu_dataset_new(&s.frame, 0, 1, 20, arena);
    static const double GOOD[] = {0.10, 0.11, 0.13, 0.14};
    for (size_t i = 0; i < 4; i++) {
        add(data, GOOD[i], MU_DONE, &(double){1 + 0.1 * (double)i});
    }
    add(data, 0.12, MU_FAILED, &(double){0.5});
    for (size_t i = 0; i < 5; i++) {
        add(data, 0.80 + 0.01 * (double)i, MU_FAILED, NULL);
    }
    add(data, 0.5, MU_DONE, &(double){3});
    mu_dataset_learn(data, arena);
    const double *t = data->columns[0].target;
    double worst = t[10];
    assert_close(t[4], (t[0] + t[1] + t[2] + t[3] + worst) / 5, 1e-12);
    for (size_t i = 5; i < 10; i++) {
        assert_close(t[i], worst, 1e-12);
    }
    assert_int_equal(data->n_observed, 5);
    assert_int_equal(data->n_known, 11);
    assert_int_equal(data->known[0], 0);
    assert_int_equal(data->known[4], 10);
}

/* Of 101 failures beside four good rows the newest 100 are as bad as the four and the worst, the
 * oldest one is the worst. */
static void old_failures_are_the_worst(void **state) {
    (void)state;
    static const double GOOD = 1;
    static const double BAD = 2;
    struct scene s;
    prepare(&s);
    struct mu_dataset *data = mu_dataset_new(&s.frame, 0, 1, 106, arena);
    for (size_t i = 0; i < 4; i++) {
        add(data, 0, MU_DONE, &GOOD);
    }
    add(data, 1, MU_DONE, &BAD);
    for (size_t i = 0; i < 101; i++) {
        add(data, 0, MU_FAILED, NULL);
    }
    mu_dataset_learn(data, arena);
    const double *target = data->columns[0].target;
    assert_close(target[5], target[4], 1e-12);
    for (size_t i = 6; i < 106; i++) {
        assert_close(target[i], (4 * target[0] + target[4]) / 5, 1e-12);
    }
}

static double by_age(const void *user, size_t a, size_t b) {
    assert_ptr_equal(user, &error);
    return a > b ? (double)(a - b) : (double)(b - a);
}

/* Distances and the transform are the caller's where he says so: by age, the failure after four
 * good rows is as bad as they are and the worst, though all rows are one point. */
static void distance_and_transform_can_be_the_callers(void **state) {
    (void)state;
    static const double LOSSES[] = {9, 9, 9, 1, 1, 1, 1};
    static const struct mu_frame EMPTY = {0};
    struct mu_dataset *data = mu_dataset_new(&EMPTY, 0, 1, 8, arena);
    for (size_t i = 0; i < 7; i++) {
        (void)mu_dataset_add(data, NULL, MU_DONE, &LOSSES[i]);
    }
    (void)mu_dataset_add(data, NULL, MU_FAILED, NULL);
    data->distance = by_age;
    data->user = &error;
    data->transform = mu_linear_targets;
    mu_dataset_learn(data, arena);
    const double *target = data->columns[0].target;
    assert_close(target[0] / target[6], -4.0 / 3, 1e-12); /* proportions are kept */
    assert_close(target[7], (4 * target[6] + target[0]) / 5, 1e-12);
}

/* Of twelve rows six: the best two, the newest two, and two of the eight others, evenly. */
static void a_subset_has_the_best_the_newest_and_a_spread(void **state) {
    (void)state;
    /* by target: rows 7 and 3 are the best; 10 and 11 are the newest */
    static const size_t ROWS[] = {7, 3, 0, 1, 11, 2, 4, 5, 10, 6, 8, 9};
    static const size_t EXPECTED[] = {3, 4, 7, 9, 10, 11};
    size_t chosen[12];
    assert_int_equal(mu_subset(ROWS, 12, 6, chosen, arena), 6);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(chosen[i], EXPECTED[i]);
    }
    assert_int_equal(mu_subset(ROWS, 12, 12, chosen, arena), 12);
    for (size_t i = 0; i < 12; i++) {
        assert_int_equal(chosen[i], i);
    }
}

/* A newest row that is also among the best leaves its place to the spread. */
static void a_subset_has_the_size_it_is_asked_for(void **state) {
    (void)state;
    size_t rows[50];
    size_t chosen[50];
    for (size_t i = 0; i < 50; i++) {
        rows[i] = 49 - i; /* the newest are the best */
    }
    for (size_t most = 1; most < 50; most++) {
        assert_int_equal(mu_subset(rows, 50, most, chosen, arena), most);
        assert_true(most < 3 || chosen[most - 1] == 49);
        for (size_t i = 1; i < most; i++) {
            assert_true(chosen[i - 1] < chosen[i]);
        }
    }
}

/* Losses beyond median + 10 interquartile ranges count as that: the others' targets do not depend
 * on how far the outlier is. */
static void an_outlier_is_clipped(void **state) {
    (void)state;
    double near[] = {0, 1, 2, 3, 4, 5, 6, 7, 100};
    double far[] = {0, 1, 2, 3, 4, 5, 6, 7, 1e6};
    double loose[] = {0, 1, 2, 3, 4, 5, 6, 7, 20};
    mu_targets(near, near, 9, arena);
    mu_targets(far, far, 9, arena);
    mu_targets(loose, loose, 9, arena);
    for (size_t i = 0; i < 9; i++) {
        assert_close(near[i], far[i], 1e-6);
    }
    assert_true(fabs(loose[0] - near[0]) > 1e-3);
}

/* Targets are nearly normal: those of exponential losses lie around 0 as far on either side, to a
 * tenth; merely standardised, the median would be at 0.3. */
static void skewed_losses_become_nearly_normal(void **state) {
    (void)state;
    enum { N = 99 };
    double loss[N];
    for (size_t i = 0; i < N; i++) {
        loss[i] = -log(1 - (double)(i + 1) / (N + 1));
    }
    mu_targets(loss, loss, N, arena);
    assert_true(fabs(loss[N / 2]) < 0.1);
    assert_close(loss[9], -loss[89], 0.15);
}

/* A constraint's targets keep its sign: those above the bound are the ones that are met, and the
 * value 0 would be the bound itself. Far outliers do not hide what happens near it. */
static void targets_of_excesses_keep_the_bound(void **state) {
    (void)state;
    enum { N = 6 };
    static const double EXCESS[N] = {-2, 1, -0.5, 0, 1e6, 3};
    double target[N];
    double bound;
    double sum = 0;
    double square = 0;
    assert_true(mu_excess_targets(EXCESS, target, N, &bound, arena));
    for (size_t i = 0; i < N; i++) {
        sum += target[i];
        square += target[i] * target[i] / N;
        assert_int_equal(target[i] > bound + 1e-12, EXCESS[i] < 0);
    }
    assert_close(sum, 0, 1e-14);
    assert_close(square, 1, 1e-14);
    assert_close(target[3], bound, 1e-14);
    /* the median of the magnitudes is 2: b(1) for -2, b(1/2) for 1 */
    assert_close((target[0] - bound) / (bound - target[1]), log(2) / log(1.5), 1e-12);
    static const double FEASIBLE[] = {-1, -2, -4};
    assert_true(mu_excess_targets(FEASIBLE, target, 3, &bound, arena));
    assert_true(bound < target[0] && target[0] < target[1] && target[1] < target[2]);
    static const double EQUAL[] = {3, 3};
    assert_false(mu_excess_targets(EQUAL, target, 2, &bound, arena));
    assert_true(target[0] == 0 && target[1] == 0 && bound == 1);
    static const double MET[] = {0, 0, 0};
    assert_false(mu_excess_targets(MET, target, 3, &bound, arena));
    assert_true(target[0] == 0 && bound == -1);
    assert_false(mu_excess_targets(NULL, target, 0, &bound, arena));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(targets_of_excesses_keep_the_bound),
        arena_test(a_row_is_a_point_of_the_frame_and_more),
        arena_test(columns_are_learned_apart),
        arena_test(columns_are_the_metrics_of_the_trials),
        arena_test(a_failure_is_as_bad_as_its_neighbourhood),
        arena_test(old_failures_are_the_worst),
        arena_test(distance_and_transform_can_be_the_callers),
        arena_test(a_subset_has_the_best_the_newest_and_a_spread),
        arena_test(a_subset_has_the_size_it_is_asked_for),
        arena_test(an_outlier_is_clipped),
        arena_test(skewed_losses_become_nearly_normal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
