/* The Gaussian process against the textbook formulas, computed by elimination. */
#include "services/hyperband/model.h"

#include <string.h>

#include "tests/support/cmocka.h"
#include "tests/support/elimination.h"

enum { N = 24, D = 3 };

static struct mu_arena *arena;
static struct mu_space space;
static double u[N * D], t[N], y[N];

static double kernel(
    const struct mu_model *m, const double *a, double ta, const double *b, double tb) {
    double r2 = 0;
    double rt2 = (ta - tb) * (ta - tb) * m->sharpness[D];
    for (size_t j = 0; j < D; j++) {
        double difference = space.parameters[j].ordered ? a[j] - b[j] : a[j] != b[j];
        r2 += difference * difference * m->sharpness[j];
    }
    double r = sqrt(5 * r2);
    double rt = sqrt(5 * rt2);
    return m->amplitude * (1 + r + r * r / 3) * exp(-r) * (1 + rt + rt * rt / 3) * exp(-rt);
}

static void covariance(const struct mu_model *m, double *k) {
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < N; j++) {
            k[i * N + j] = kernel(m, u + i * D, t[i], u + j * D, t[j]) + (t[i] == t[j] ? 4 : 0) +
                           (i == j ? m->noise : 0);
        }
    }
}

static struct mu_model fit(void) {
    struct mu_model model;
    mu_model_init(&model, &space, u, t, y, N, 4, arena);
    return model;
}

static void predictions_follow_the_formulas(void **state) {
    (void)state;
    struct mu_model model = fit();
    struct mu_stream stream;
    mu_stream_init(&stream, 5, 0, "places");
    for (int p = 0; p < 20; p++) {
        double at[D] = {mu_uniform(&stream), mu_uniform(&stream), p % 3 / 3.0 + 1.0 / 6};
        double k[N * N];
        double x[N];
        double cross[N];
        double mean;
        double sd;
        double expected_mean = 0;
        double expected_variance = model.amplitude;
        covariance(&model, k);
        for (size_t i = 0; i < N; i++) {
            x[i] = cross[i] = kernel(&model, at, 1, u + i * D, t[i]);
        }
        eliminate(k, x, N);
        for (size_t i = 0; i < N; i++) {
            expected_mean += x[i] * y[i];
            expected_variance -= x[i] * cross[i];
        }
        mu_model_predict(&model, at, &mean, &sd);
        assert_close(mean, expected_mean, 1e-8);
        assert_close(sd, sqrt(expected_variance), 1e-8);
    }
}

/* The negative log posterior, from scratch. */
static double energy(const struct mu_model *m) {
    double k[N * N];
    double x[N];
    double value = 0;
    covariance(m, k);
    memcpy(x, y, sizeof x);
    value = 0.5 * eliminate(k, x, N);
    for (size_t i = 0; i < N; i++) {
        value += 0.5 * x[i] * y[i];
    }
    for (size_t j = 0; j <= D; j++) {
        double z = (-0.5 * log(m->sharpness[j]) + (j < D ? 0.7 : 0)) / 0.7;
        value += 0.5 * z * z;
    }
    double za = log(m->amplitude);
    double zn = (log(m->noise - 1e-6) + 5) / 1.4;
    return value + 0.5 * za * za + 0.5 * zn * zn;
}

/* No neighbour of the fitted parameters is better by more than the tolerance of the fit, and the
 * start is much worse. */
static void the_fit_is_a_minimum(void **state) {
    (void)state;
    struct mu_model model = fit();
    double best = energy(&model);
    double *knobs[D + 3];
    for (size_t j = 0; j <= D; j++) {
        knobs[j] = &model.sharpness[j];
    }
    knobs[D + 1] = &model.amplitude, knobs[D + 2] = &model.noise;
    for (size_t j = 0; j < D + 3; j++) {
        for (int sign = -1; sign <= 1; sign += 2) {
            double saved = *knobs[j];
            *knobs[j] = saved * exp(0.1 * sign);
            assert_true(energy(&model) > best - 0.01);
            *knobs[j] = saved;
        }
    }
    struct mu_model start = model;
    double sharpness[D + 1] = {exp(1.4), exp(1.4), exp(1.4), 1};
    start.sharpness = sharpness;
    start.amplitude = 1;
    start.noise = exp(-4.0);
    assert_true(energy(&start) > best + 1);
}

/* A believed point leaves the mean alone and takes the uncertainty around itself, not far away. */
static void belief_takes_uncertainty_only(void **state) {
    (void)state;
    struct mu_model model = fit();
    double at[D] = {0.31, 0.77, 0.5};
    double mean;
    double sd;
    double mean_after;
    double sd_after;
    mu_model_predict(&model, at, &mean, &sd);
    mu_model_believe(&model, at);
    mu_model_predict(&model, at, &mean_after, &sd_after);
    assert_close(mean_after, mean, 1e-12);
    assert_true(sd_after < 0.02 * sd + 0.02 * sqrt(model.amplitude));
    for (int i = 0; i < 10; i++) {
        mu_model_believe(&model, at); /* more than there is room for */
    }
    mu_model_predict(&model, at, &mean_after, &sd_after);
    assert_close(mean_after, mean, 1e-12);
}

static int setup(void **state) {
    (void)state;
    static const char *const LIST[] = {"a", "b", "c"};
    static const struct mu_parameter_text TEXTS[] = {
        {.name = "x", .type = MU_DOUBLE, .min = "0", .max = "1"},
        {.name = "y", .type = MU_DOUBLE, .min = "0", .max = "1"},
        {.name = "c", .type = MU_CATEGORICAL, .list = LIST, .n_list = 3}};
    struct mu_error error;
    struct mu_stream stream;
    double mean = 0;
    double variance = 0;
    arena = mu_arena_create((size_t)1 << 26);
    mu_stream_init(&stream, 3, 0, "data");
    assert_int_equal(mu_space_init(&space, TEXTS, 3, arena, &error), MU_OK);
    for (size_t i = 0; i < N; i++) {
        double category = (double)mu_uniform_below(&stream, 3);
        u[i * D] = mu_uniform(&stream), u[i * D + 1] = mu_uniform(&stream),
              u[i * D + 2] = (category + 0.5) / 3;
        t[i] = i < 12 ? 0 : i < 19 ? 0.5 : 1;
        y[i] = sin(5 * u[i * D]) + category * u[i * D + 1] - t[i] + 0.05 * mu_normal(&stream);
        mean += y[i] / N;
    }
    for (size_t i = 0; i < N; i++) {
        y[i] -= mean;
        variance += y[i] * y[i] / N;
    }
    for (size_t i = 0; i < N; i++) {
        y[i] /= sqrt(variance);
    }
    return 0;
}

static int teardown(void **state) {
    (void)state;
    mu_arena_destroy(arena);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(predictions_follow_the_formulas),
        cmocka_unit_test(the_fit_is_a_minimum),
        cmocka_unit_test(belief_takes_uncertainty_only),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
