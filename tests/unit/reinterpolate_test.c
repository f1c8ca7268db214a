/* Means that are taken for known: what goes with the noise, and what stays. */
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
    struct mu_gp gp;
};

static void set_up(struct lab *lab, uint64_t number) {
    struct mu_stream stream;
    mu_stream_init(&stream, 7, number, "reinterpolate");
    for (size_t i = 0; i <= N; i++) {
        lab->rows[i][0] = mu_uniform(&stream);
        lab->rows[i][1] = (double)mu_uniform_below(&stream, 2);
        lab->rows[i][2] = (double)mu_uniform_below(&stream, 3) / 2;
        lab->y[i] = mu_normal(&stream);
        lab->points[i] = lab->rows[i];
    }
    lab->model = (struct mu_gp_model){.kernel = &mu_kernel_resource,
        .metric = &mu_metric_dimensions,
        .space = &SPACE,
        .n_features = D};
    lab->data = (struct mu_gp_data){.n = N, .points = lab->points, .y = lab->y};
    mu_gp_condition(&lab->gp, &lab->model, THETA, &lab->data, 1, 1, arena);
}

/* What is left of the uncertainty is that between the points. */
static void known_points_lose_the_noise(void **state) {
    (void)state;
    static struct lab lab;
    const double between[D] = {0.52, 0, 0.5};
    double mean;
    set_up(&lab, 1);
    double sd = mu_gp_predict(&lab.gp, between, &mean);
    for (size_t i = 0; i < N; i++) {
        assert_true(mu_gp_predict(&lab.gp, lab.rows[i], &mean) > 0.1);
    }
    mu_gp_reinterpolate(&lab.gp, &lab.data, arena);
    for (size_t i = 0; i < N; i++) {
        assert_true(mu_gp_predict(&lab.gp, lab.rows[i], &mean) < 0.01);
    }
    double left = mu_gp_predict(&lab.gp, between, &mean);
    assert_true(left < sd);
}

/* The means are sums of kernels at the points, and such a sum is its own interpolation. */
static void no_mean_changes(void **state) {
    (void)state;
    for (uint64_t i = 0; i < 6; i++) {
        static struct lab lab;
        double mean[2];
        set_up(&lab, i);
        mu_gp_means(&lab.gp, lab.rows[N], &mean[0]);
        mu_gp_reinterpolate(&lab.gp, &lab.data, arena);
        mu_gp_means(&lab.gp, lab.rows[N], &mean[1]);
        assert_close(mean[1], mean[0], 1e-3);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(known_points_lose_the_noise),
        arena_test(no_mean_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
