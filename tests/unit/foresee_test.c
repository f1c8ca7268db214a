/* What a trial is going to tell: against conditioning on it, finite differences and the means. */
#include <math.h>
#include <string.h>

#include "common/model/gp.h"
#include "common/num/stream.h"
#include "tests/support/arena.h"
#include "tests/support/cmocka.h"

enum { N = 16, D = 3 };
static const bool CATEGORY[] = {false, true, false};
static const struct mu_dimensions SPACE = {.n = D, .category = CATEGORY};
static const double THETA[] = {-0.7, -0.2, 0.1, 0.3, -2};

/* |n| random observations, the last dimension one of three rungs, and a process of assignment and
 * resource on the first |known| of them, with room for one more. */
struct lab {
    double rows[N + 1][D], y[N + 1];
    const void *points[N + 1];
    struct mu_gp_model model;
    struct mu_gp_data data;
    struct mu_kernel kernel; /* without a level, so that a trial tells of the function alone */
    struct mu_gp gp;
};

static void set_up(struct lab *lab, uint64_t number, double level) {
    struct mu_stream stream;
    mu_stream_init(&stream, 7, number, "foresee");
    for (size_t i = 0; i <= N; i++) {
        lab->rows[i][0] = mu_uniform(&stream);
        lab->rows[i][1] = (double)mu_uniform_below(&stream, 2);
        lab->rows[i][2] = (double)mu_uniform_below(&stream, 3) / 2;
        lab->y[i] = mu_normal(&stream);
        lab->points[i] = lab->rows[i];
    }
    lab->kernel = mu_kernel_resource;
    lab->kernel.level = level;
    lab->model = (struct mu_gp_model){
        .kernel = &lab->kernel, .metric = &mu_metric_dimensions, .space = &SPACE, .n_features = D};
    lab->data = (struct mu_gp_data){.n = N, .points = lab->points, .y = lab->y};
    mu_gp_condition(&lab->gp, &lab->model, THETA, &lab->data, 1, 1, arena);
}

/* The variance that is left after the trial is what there was less that of the mean to come. */
static void the_change_is_the_variance_that_goes(void **state) {
    (void)state;
    for (uint64_t i = 0; i < 6; i++) {
        static struct lab lab;
        double mean[2];
        const double point[D] = {0.37, 1, 1};
        set_up(&lab, i, 0);
        double before = mu_gp_predict(&lab.gp, point, mean);
        double change = mu_gp_foresee(&lab.gp, point, lab.rows[N], &mean[1]);
        assert_close(mean[1], mean[0], 1e-12);
        lab.data.n = N + 1;
        mu_gp_condition(&lab.gp, &lab.model, THETA, &lab.data, 0, 1, arena);
        double after = mu_gp_predict(&lab.gp, point, mean);
        assert_close(before * before - after * after, change * change, 1e-9);
    }
}

/* 0.3 of the mean and 0.7 of the change at configuration |u|, whose trial has less resource. */
static double blend(struct lab *lab, const double *u) {
    double mean;
    double point[D] = {u[0], u[1], 1};
    double trial[D] = {u[0], u[1], 0.2};
    double change = mu_gp_foresee(&lab->gp, point, trial, &mean);
    return 0.3 * mean + 0.7 * change;
}

static void the_gradient_is_the_slope(void **state) {
    (void)state;
    for (uint64_t i = 0; i < 6; i++) {
        static struct lab lab;
        const double step = 1e-5;
        double gradient[D];
        double u[] = {0.45, 0};
        set_up(&lab, i, 4);
        blend(&lab, u);
        mu_gp_foreseen_gradient(&lab.gp, (double[]){0.45, 0, 1}, (double[]){0.45, 0, 0.2},
            (double[]){0.3}, 0.7, gradient);
        double slope =
            (blend(&lab, (double[]){0.45 + step, 0}) - blend(&lab, (double[]){0.45 - step, 0})) /
            (2 * step);
        assert_close(gradient[0], slope, 1e-7);
        assert_true(gradient[1] == 0);
    }
}

/* What is left of the uncertainty is that between the points. */
static void known_points_lose_the_noise(void **state) {
    (void)state;
    static struct lab lab;
    const double between[D] = {0.52, 0, 0.5};
    double mean;
    set_up(&lab, 1, 4);
    double sd = mu_gp_predict(&lab.gp, between, &mean);
    for (size_t i = 0; i < N; i++) {
        assert_true(mu_gp_predict(&lab.gp, lab.rows[i], &mean) > 0.1);
    }
    mu_gp_reinterpolate(&lab.gp, &lab.data, arena);
    for (size_t i = 0; i < N; i++) {
        assert_true(mu_gp_predict(&lab.gp, lab.rows[i], &mean) < 0.01);
        assert_true(mu_gp_foresee(&lab.gp, between, lab.rows[i], &mean) < 0.01);
    }
    double left = mu_gp_predict(&lab.gp, between, &mean);
    assert_true(left < sd);
    assert_close(mu_gp_foresee(&lab.gp, between, between, &mean), left, 1e-4);
}

/* The means are sums of kernels at the points, and such a sum is its own interpolation. */
static void no_mean_changes(void **state) {
    (void)state;
    for (uint64_t i = 0; i < 6; i++) {
        static struct lab lab;
        double mean[2];
        set_up(&lab, i, 4);
        mu_gp_means(&lab.gp, lab.rows[N], &mean[0]);
        mu_gp_reinterpolate(&lab.gp, &lab.data, arena);
        mu_gp_means(&lab.gp, lab.rows[N], &mean[1]);
        assert_close(mean[1], mean[0], 1e-3);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(the_change_is_the_variance_that_goes),
        arena_test(the_gradient_is_the_slope),
        arena_test(known_points_lose_the_noise),
        arena_test(no_mean_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
