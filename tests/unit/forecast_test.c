/* Forecasts of a function that is known. */
#include "common/model/forecast.h"

#include <math.h>

#include "tests/support/arena.h"
#include "tests/support/history.h"

static struct mu_error error;

static const struct mu_parameter_text TEXTS[] = {
    {.name = "x", .type = MU_DOUBLE, .min = "0", .max = "10"},
    {.name = "same", .type = MU_INT, .min = "3", .max = "3"},
    {.name = "c", .type = MU_CATEGORICAL, .list = (const char *const[]){"p", "q"}, .n_list = 2},
};

/* The second metric is the first with the other sign. */
enum { N = 60, METRICS = 2 };

struct scene {
    struct mu_space space;
    struct mu_trial trials[N];
    double values[N][METRICS], x[N][3];
    struct mu_history history;
};

/* In units of 1,000, so that a forecast has to come back to them. */
static double truth(const double *x) {
    return 1000 * ((x[0] - 0.3) * (x[0] - 0.3) + 0.5 * x[2]);
}

static void prepare(struct scene *s) {
    assert_int_equal(mu_space_init(&s->space, TEXTS, 3, arena, &error), MU_OK);
    s->history = (struct mu_history){.trials = s->trials, .n = N};
    for (size_t i = 0; i < N; i++) {
        mu_space_draw(&s->space, 5, i, 0, s->x[i]);
        s->values[i][0] = truth(s->x[i]);
        s->values[i][1] = -s->values[i][0];
        s->trials[i] = (struct mu_trial){.name = "",
            .state = MU_DONE,
            .values = s->values[i],
            .n_values = METRICS,
            .x = s->x[i]};
    }
}

static void forecasts_meet_the_function(void **state) {
    static struct scene s;
    (void)state;
    prepare(&s);
    struct mu_forecast *forecast = mu_forecast_of(&s.space, &s.history, 0, arena);
    assert_non_null(forecast);
    for (uint64_t i = 0; i < 50; i++) {
        double x[3];
        double sd;
        mu_space_draw(&s.space, 99, i, 0, x);
        double mean = mu_forecast_at(forecast, x, &sd);
        assert_close(mean, truth(x), 20); /* of a range of 990 */
        assert_true(sd > 0 && sd < 100);
    }
}

/* The minimum of the first metric is at 0.3 and "p", that of the second at the far end and "q". */
static void the_best_is_where_the_minimum_is(void **state) {
    static struct scene s;
    double x[3];
    (void)state;
    prepare(&s);
    mu_forecast_best(mu_forecast_of(&s.space, &s.history, 0, arena), x);
    assert_close(x[0], 0.3, 0.03);
    assert_true(x[1] == 0 && x[2] == 0);
    mu_forecast_best(mu_forecast_of(&s.space, &s.history, 1, arena), x);
    assert_close(x[0], 1, 0.03);
    assert_true(x[2] == 1);
}

static void what_was_tried_may_be_the_best(void **state) {
    static struct scene s;
    double x[3];
    (void)state;
    prepare(&s);
    s.space.parameters += 2; /* two points in all, both tried */
    s.space.n = 1;
    for (size_t i = 0; i < N; i++) {
        s.trials[i].x = &s.x[i][2];
    }
    mu_forecast_best(mu_forecast_of(&s.space, &s.history, 0, arena), x);
    assert_true(x[0] == 0);
}

static void nothing_is_forecast_from_nothing(void **state) {
    static struct scene s;
    (void)state;
    prepare(&s);
    s.history.n = 1;
    assert_null(mu_forecast_of(&s.space, &s.history, 0, arena));
    s.history.n = N;
    for (size_t i = 0; i < N; i++) {
        s.values[i][1] = 7;
        s.values[i][0] = i % 2 ? 1e308 : -1e308;
    }
    assert_null(mu_forecast_of(&s.space, &s.history, 1, arena));
    struct mu_forecast *forecast = mu_forecast_of(&s.space, &s.history, 0, arena);
    double sd;
    assert_non_null(forecast);
    assert_true(isfinite(mu_forecast_at(forecast, s.x[0], &sd)) && isfinite(sd));
    assert_true(sd > 1e300); /* in the units of the values */
    for (size_t i = 0; i < N; i++) {
        s.trials[i].state = MU_FAILED;
    }
    assert_null(mu_forecast_of(&s.space, &s.history, 0, arena));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(forecasts_meet_the_function),
        arena_test(the_best_is_where_the_minimum_is),
        arena_test(what_was_tried_may_be_the_best),
        arena_test(nothing_is_forecast_from_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
