/* Acquisition functions, the output transform and trees, against references, closed forms and Monte
 * Carlo. */
#include "common/model/acquisition.h"

#include <math.h>

#include "common/model/targets.h"
#include "common/model/tree.h"
#include "common/num/normal.h"
#include "common/num/stream.h"
#include "tests/support/cmocka.h"
#include "tests/unit/model_tables.inc"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void log_improvement_is_accurate_far_out(void **state) {
    (void)state;
    double slope;
    for (size_t i = 0; i < COUNT(LOG_H); i++) {
        double got = mu_log_improvement(LOG_H_Z[i], &slope);
        assert_close(got, LOG_H[i], 1e-9 * (1 + fabs(LOG_H[i])));
        double step = 1e-4;
        double ignored;
        double above = mu_log_improvement(LOG_H_Z[i] + step, &ignored);
        double below = mu_log_improvement(LOG_H_Z[i] - step, &ignored);
        assert_close((above - below) / (2 * step), slope, 1e-4 * (1 + fabs(slope)));
    }
}

/* E max(f - best, 0) of 10^6 antithetic draws: within five standard errors. */
static void expected_improvement_is_the_mean_improvement(void **state) {
    (void)state;
    enum { DRAWS = 1000000 };
    struct mu_stream stream;
    mu_stream_init(&stream, 11, 0, "monte carlo");
    double mean = 0.3;
    double sd = 0.8;
    double best = 1.1;
    double sum = 0;
    double square = 0;
    double by_mean;
    double by_sd;
    for (int i = 0; i < DRAWS; i++) {
        double gain = fmax(mean + sd * mu_normal(&stream) - best, 0);
        sum += gain;
        square += gain * gain;
    }
    sum /= DRAWS;
    double error = sqrt((square / DRAWS - sum * sum) / DRAWS);
    assert_close(
        exp(mu_acquisition_value(MU_LOG_EI, mean, sd, best, &by_mean, &by_sd)), sum, 5 * error);
}

static void closed_forms_and_slopes(void **state) {
    (void)state;
    double by_mean;
    double by_sd;
    double ignored;
    assert_close(mu_acquisition_value(MU_UCB, 1, 0.5, 9, &by_mean, &by_sd), 1.98, 1e-12);
    assert_close(mu_acquisition_value(MU_LOG_PI, 1.01, 2, 1, &by_mean, &by_sd), log(0.5), 1e-12);
    for (enum mu_acquisition kind = MU_LOG_EI; kind <= MU_UCB; kind++) {
        for (double mean = -60; mean <= 66; mean += 7) {
            double sd = 0.9;
            double step = 1e-5;
            mu_acquisition_value(kind, mean, sd, 0.2, &by_mean, &by_sd);
            double up = mu_acquisition_value(kind, mean + step, sd, 0.2, &ignored, &ignored);
            double down = mu_acquisition_value(kind, mean - step, sd, 0.2, &ignored, &ignored);
            assert_close((up - down) / (2 * step), by_mean, 1e-4 * (1 + fabs(by_mean)));
            up = mu_acquisition_value(kind, mean, sd + step, 0.2, &ignored, &ignored);
            down = mu_acquisition_value(kind, mean, sd - step, 0.2, &ignored, &ignored);
            assert_close((up - down) / (2 * step), by_sd, 1e-4 * (1 + fabs(by_sd)));
        }
        for (double mean = -1e300; mean <= 1e300;
             mean += 1e300) { /* nothing overflows into an error of GSL's, which would abort */
            assert_true(
                mu_acquisition_value(kind, mean, 1, 0.2, &by_mean, &by_sd) > -HUGE_VAL || mean < 0);
            assert_true(isfinite(by_mean) || mean < 0);
        }
    }
}

static void yeo_johnson_matches_the_reference(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(YJ_Z); i++) {
        assert_close(mu_yeo_johnson(YJ_Z[i], 0), YJ_0[i], 1e-12);
        assert_close(mu_yeo_johnson(YJ_Z[i], 0.5), YJ_HALF[i], 1e-12);
        assert_close(mu_yeo_johnson(YJ_Z[i], 2), YJ_2[i], 1e-12);
        assert_close(mu_yeo_johnson(YJ_Z[i], 3), YJ_3[i], 1e-12);
    }
    assert_close(mu_yeo_johnson_lambda(YJ_SKEWED, COUNT(YJ_SKEWED)), YJ_LAMBDA[0], 1e-4);
}

static void targets_survive_hard_losses(void **state) {
    (void)state;
    struct mu_arena *arena = mu_arena_create(1 << 20);
    const double constant[] = {3, 3, 3};
    const double huge[] = {1e308, -1e308, 0, 5};
    const double tiny[] = {1e-300, 2e-300, 3e-300, 9e-300};
    double target[6];
    assert_false(mu_targets(constant, target, 3, arena));
    assert_true(target[0] == 0 && target[2] == 0);
    assert_false(mu_targets(constant, target, 1, arena));
    double apart[] = {-1e308, 1e308, 1e308, -1e308};
    double same[] = {0.1 + 0.2, 0.3};
    assert_true(mu_standardise(apart, 4) && apart[0] == -1 && apart[1] == 1 && apart[2] == 1);
    assert_false(mu_standardise(same, 2));
    assert_true(same[0] == 0 && same[1] == 0);
    assert_true(mu_targets(huge, target, 4, arena));
    assert_true(target[1] > target[2] && target[2] >= target[3] && target[2] > target[0] &&
                isfinite(target[0]));
    assert_true(mu_targets(tiny, target, 4, arena));
    double mean = 0;
    double square = 0;
    for (size_t i = 0; i < 4; i++) {
        assert_true(i == 0 || target[i] < target[i - 1]);
        mean += target[i] / 4;
        square += target[i] * target[i] / 4;
    }
    assert_close(mean, 0, 1e-12);
    assert_close(square, 1, 1e-12);
    mu_arena_destroy(arena);
}

enum { ROWS = 200 };

/* y is +1 for x < 0.4 and categories {1, 3}, else -1. */
static struct mu_tree_data steps(struct mu_arena *arena) {
    static const bool category[] = {false, true};
    double *u = MU_ARRAY(arena, ROWS * 2, double);
    double *y = MU_ARRAY(arena, ROWS, double);
    struct mu_stream stream;
    mu_stream_init(&stream, 2, 0, "steps");
    for (size_t i = 0; i < ROWS; i++) {
        u[2 * i] = mu_uniform(&stream);
        u[2 * i + 1] = (double)mu_uniform_below(&stream, 5);
        y[i] = u[2 * i] < 0.4 && (u[2 * i + 1] == 1 || u[2 * i + 1] == 3) ? 1 : -1;
    }
    return (struct mu_tree_data){.n = ROWS, .n_dims = 2, .u = u, .y = y, .category = category};
}

static void tree_finds_steps_and_sets(void **state) {
    (void)state;
    struct mu_arena *arena = mu_arena_create(1 << 24);
    struct mu_tree_data data = steps(arena);
    struct mu_stream stream;
    mu_stream_init(&stream, 1, 0, "tree");
    size_t all[ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        all[i] = i;
    }
    struct mu_tree *tree =
        mu_tree_grow(&data, &(struct mu_tree_options){.leaf = 1, .features = 2, .depth = 64}, all,
            ROWS, &stream, arena);
    assert_int_equal(tree->n, 5); /* two splits say it all */
    size_t counted = 0;
    for (size_t i = 0; i < ROWS; i++) {
        assert_close(mu_tree_leaf(tree, data.u + 2 * i)->mean, data.y[i], 1e-12);
        assert_ptr_equal(mu_tree_leaf(tree, data.u + 2 * i), tree->nodes + tree->leaf_of[i]);
    }
    for (size_t i = 0; i < tree->n; i++) {
        counted += tree->nodes[i].left ? 0 : tree->nodes[i].n;
    }
    assert_int_equal(counted, ROWS);
    mu_arena_destroy(arena);
}

static void ensembles_predict_mean_and_spread(void **state) {
    (void)state;
    struct mu_arena *arena = mu_arena_create(1 << 26);
    struct mu_tree_data data = steps(arena);
    double inside[] = {0.1, 3};
    double outside[] = {0.9, 3};
    double mean;
    double sd;
    struct mu_ensemble *models[] = {
        mu_forest_fit(&data, false, 48, 1, arena), mu_forest_fit(&data, true, 48, 1, arena)};
    for (size_t i = 0; i < 2; i++) {
        mu_ensemble_predict(models[i], inside, &mean, &sd);
        assert_true(mean > 0.8 && sd > 0 && sd < 0.6);
        mu_ensemble_predict(models[i], outside, &mean, &sd);
        assert_true(mean < -0.9 && sd > 0 && sd < 0.4);
    }
    mu_arena_destroy(arena);
}

/* Extra trees cut uniformly between a node's least and largest value (Geurts, Ernst and Wehenkel
 * 2006). Of points at 0, 0.5 and 1 the first is then told from the second by a threshold that is
 * uniform on (0, 0.5), so the forest's mean rises linearly there. 1000 trees, 4.5 standard
 * deviations: a false alarm in 30,000 runs at each of three places. */
static void extra_trees_cut_uniformly(void **state) {
    (void)state;
    struct mu_arena *arena = mu_arena_create(1 << 26);
    const double u[] = {0, 0.5, 1};
    const double y[] = {0, 1, 1};
    const bool category = false;
    struct mu_tree_data data = {.n = 3, .n_dims = 1, .u = u, .y = y, .category = &category};
    struct mu_ensemble *forest = mu_forest_fit(&data, true, 1000, 7, arena);
    for (double at = 0.125; at < 0.5; at += 0.125) {
        double mean;
        double sd;
        double share = at / 0.5;
        mu_ensemble_predict(forest, &at, &mean, &sd);
        assert_close(mean, share, 4.5 * sqrt(share * (1 - share) / 1000));
    }
    mu_arena_destroy(arena);
}

/* Total variance: on pure noise a forest of unsplittable leaves predicts the sample's own mean and
 * standard deviation. */
static void forest_variance_is_total(void **state) {
    (void)state;
    struct mu_arena *arena = mu_arena_create(1 << 26);
    double u[40] = {0};
    double y[40];
    double mean;
    double sd;
    double square = 0;
    const bool category = false;
    for (size_t i = 0; i < 40; i++) {
        y[i] = i % 4 == 0 ? 3 : -1;
        square += y[i] * y[i] / 40;
    }
    struct mu_tree_data data = {.n = 40, .n_dims = 1, .u = u, .y = y, .category = &category};
    mu_ensemble_predict(mu_forest_fit(&data, true, 8, 1, arena), u, &mean, &sd);
    assert_close(mean, 0, 1e-12);
    assert_close(sd, sqrt(square), 1e-12);
    mu_arena_destroy(arena);
}

/* Boosting without anything to split on stays at the quantiles of the sample: median, and half the
 * width of the middle 68 %. */
static void boosting_predicts_quantiles(void **state) {
    (void)state;
    struct mu_arena *arena = mu_arena_create(1 << 26);
    double u[101] = {0};
    double y[101];
    double mean;
    double sd;
    const bool category = false;
    for (size_t i = 0; i < 101; i++) {
        y[i] = (double)((i * 37) % 101);
    }
    struct mu_tree_data data = {.n = 101, .n_dims = 1, .u = u, .y = y, .category = &category};
    mu_ensemble_predict(mu_boosting_fit(&data, 1, arena), u, &mean, &sd);
    assert_close(mean, 50, 1e-9);
    assert_close(sd, 34, 1e-9);
    mu_arena_destroy(arena);
}

/* ln P(f >= least), its slopes, and that it neither underflows nor stays flat far away. */
static void a_probability_is_one_of_the_normal_distribution(void **state) {
    (void)state;
    double by[2];
    double ignored[2];
    assert_close(mu_log_probability(1, 2, 1, &by[0], &by[1]), log(0.5), 1e-15);
    assert_close(mu_log_probability(0, 0.5, 1, &by[0], &by[1]), log(0.022750131948179212), 1e-12);
    double up = mu_log_probability(1e-6, 0.5, 1, &ignored[0], &ignored[1]);
    double down = mu_log_probability(-1e-6, 0.5, 1, &ignored[0], &ignored[1]);
    assert_close(by[0], (up - down) / 2e-6, 1e-7);
    up = mu_log_probability(0, 0.5 + 1e-6, 1, &ignored[0], &ignored[1]);
    down = mu_log_probability(0, 0.5 - 1e-6, 1, &ignored[0], &ignored[1]);
    assert_close(by[1], (up - down) / 2e-6, 1e-7);
    assert_true(mu_log_probability(-100, 0.5, 0, &by[0], &by[1]) < -1e4);
    assert_true(isfinite(by[0]) && by[0] > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_probability_is_one_of_the_normal_distribution),
        cmocka_unit_test(log_improvement_is_accurate_far_out),
        cmocka_unit_test(expected_improvement_is_the_mean_improvement),
        cmocka_unit_test(closed_forms_and_slopes),
        cmocka_unit_test(yeo_johnson_matches_the_reference),
        cmocka_unit_test(targets_survive_hard_losses),
        cmocka_unit_test(tree_finds_steps_and_sets),
        cmocka_unit_test(ensembles_predict_mean_and_spread),
        cmocka_unit_test(extra_trees_cut_uniformly),
        cmocka_unit_test(forest_variance_is_total),
        cmocka_unit_test(boosting_predicts_quantiles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
