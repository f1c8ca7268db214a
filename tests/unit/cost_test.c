/* What trials cost: factors that are known, noise that is none of theirs, categories, slopes. */
#include "common/model/cost.h"

#include "common/num/stream.h"
#include "tests/support/arena.h"

enum { N = 40 };

/* x and y in [0, 1], a category of three. */
static struct mu_frame frame_of(struct mu_space *space) {
    static const char *const LIST[] = {"a", "b", "c"};
    static const struct mu_parameter_text TEXTS[] = {
        {.name = "x", .type = MU_DOUBLE, .min = "0", .max = "1"},
        {.name = "y", .type = MU_DOUBLE, .min = "0", .max = "1"},
        {.name = "c", .type = MU_CATEGORICAL, .list = LIST, .n_list = 3}};
    struct mu_error error;
    assert_int_equal(mu_space_init(space, TEXTS, 3, arena, &error), MU_OK);
    return mu_frame_of(space, arena);
}

/* Two decades along x, none along y, twice as much in the last category. */
static double true_cost(const double *u) {
    return 60 * pow(100, u[0]) * (u[2] == 2 ? 2 : 1);
}

static void draw(double *u, double *costs) {
    struct mu_stream stream;
    mu_stream_init(&stream, 3, 0, "points");
    for (size_t i = 0; i < N; i++) {
        double *p = u + 3 * i;
        p[0] = mu_uniform(&stream);
        p[1] = mu_uniform(&stream);
        p[2] = (double)(i % 3);
        costs[i] = true_cost(p);
    }
}

/* The largest error of ln cost over a grid. */
static double error_of(const struct mu_cost *cost) {
    double worst = 0;
    for (size_t i = 0; i < 12; i++) {
        size_t category = i / 4;
        const double u[] = {(double)(i % 4) / 3, 0.3, (double)category};
        worst = fmax(worst, fabs(mu_cost_log(cost, u, NULL) - log(true_cost(u))));
    }
    return worst;
}

static void factors_are_found(void **state) {
    (void)state;
    struct mu_space space;
    struct mu_frame frame = frame_of(&space);
    double u[3 * N];
    double costs[N];
    double gradient[3];
    draw(u, costs);
    const struct mu_cost *cost = mu_cost_of(&frame, u, costs, N, arena);
    assert_non_null(cost);
    assert_in_range((int)(1000 * error_of(cost)), 0, 100);
    (void)mu_cost_log(cost, u, gradient);
    assert_close(gradient[0], log(100), 0.05);
    assert_close(gradient[1], 0, 0.05);
    assert_true(gradient[2] == 0);
}

/* Every fifth trial waited a day for a place: the line stays where it was. */
static void waiting_is_no_cost_of_the_trial(void **state) {
    (void)state;
    struct mu_space space;
    struct mu_frame frame = frame_of(&space);
    double u[3 * N];
    double costs[N];
    draw(u, costs);
    for (size_t i = 0; i < N; i += 5) {
        costs[i] += 86400;
    }
    assert_in_range((int)(1000 * error_of(mu_cost_of(&frame, u, costs, N, arena))), 0, 250);
}

static void of_equal_points_the_cheapest_counts(void **state) {
    (void)state;
    struct mu_space space;
    struct mu_frame frame = frame_of(&space);
    double u[3 * N];
    double costs[N];
    draw(u, costs);
    for (size_t i = 1; i < N; i += 2) { /* every other trial is the one before, and waited */
        for (size_t j = 0; j < 3; j++) {
            u[3 * i + j] = u[3 * (i - 1) + j];
        }
        costs[i] = 10 * costs[i - 1];
    }
    assert_in_range((int)(1000 * error_of(mu_cost_of(&frame, u, costs, N, arena))), 0, 150);
}

static void few_points_tell_nothing(void **state) {
    (void)state;
    struct mu_space space;
    struct mu_frame frame = frame_of(&space);
    double u[3 * N];
    double costs[N];
    draw(u, costs);
    assert_null(mu_cost_of(&frame, u, costs, 0, arena));
    assert_null(mu_cost_of(&frame, u, costs, MU_COST_LEAST - 1, arena));
    assert_non_null(mu_cost_of(&frame, u, costs, MU_COST_LEAST, arena));
    for (size_t i = 3; i < 12; i++) {
        u[i] = u[i % 3];
    }
    assert_null(mu_cost_of(&frame, u, costs, 4, arena));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(factors_are_found),
        arena_test(waiting_is_no_cost_of_the_trial),
        arena_test(of_equal_points_the_cheapest_counts),
        arena_test(few_points_tell_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
