/* Gaussian processes against scikit-learn, finite differences and themselves. */
#include "common/model/gp.h"

#include <math.h>
#include <string.h>

#include "common/num/stream.h"
#include "tests/support/cmocka.h"
#include "tests/unit/model_tables.inc"

enum { N = 12, D = 3, AT = 5 };
static const bool CATEGORY[] = {
    false, false, true, false, false, false, false, false, false, false, false, false};

static struct mu_gp_kernel reference_kernel(bool rough, double *sharpness) {
    for (size_t j = 0; j < D; j++) {
        sharpness[j] = exp(GP_THETA[j]);
    }
    return (struct mu_gp_kernel){.n_dims = D,
        .category = CATEGORY,
        .rough = rough,
        .sharpness = sharpness,
        .amplitude = exp(GP_THETA[D]),
        .noise = exp(GP_THETA[D + 1]) + 1e-6,
        .separate = 1 / (1 + exp(-GP_THETA[D + 2]))};
}

static void check_posterior(bool rough, const double *mean, const double *sd, double objective) {
    struct mu_arena *arena = mu_arena_create(1 << 24);
    double sharpness[D];
    double got;
    double gradient[D + 3];
    struct mu_gp_kernel kernel = reference_kernel(rough, sharpness);
    struct mu_gp gp;
    mu_gp_condition(&gp, &kernel, GP_X, GP_Y, N, 0, 1, arena);
    for (size_t i = 0; i < AT; i++) {
        double spread = mu_gp_predict(&gp, GP_AT + i * D, &got);
        assert_float_equal(got, mean[i], 1e-9);
        assert_float_equal(spread, sd[i], 1e-9);
    }
    struct mu_gp_likelihood likelihood;
    mu_gp_likelihood_init(&likelihood, &kernel, GP_X, GP_Y, N, arena);
    assert_float_equal(mu_gp_objective(GP_THETA, gradient, D + 3, &likelihood), objective, 1e-8);
    mu_arena_destroy(arena);
}

static void posterior_and_likelihood_match_the_reference(void **state) {
    (void)state;
    check_posterior(false, GP_SMOOTH_MEAN, GP_SMOOTH_SD, GP_SMOOTH_OBJECTIVE[0]);
    check_posterior(true, GP_ROUGH_MEAN, GP_ROUGH_SD, GP_ROUGH_OBJECTIVE[0]);
}

/* Both forms of the prior: up to 10 dimensions and beyond. */
static void check_likelihood_gradient(size_t d, bool rough) {
    struct mu_arena *arena = mu_arena_create(1 << 24);
    struct mu_stream stream;
    mu_stream_init(&stream, 5, d, "gradient");
    double points[15 * 12];
    double y[15];
    double theta[15];
    double gradient[15];
    double ignored[15];
    double sharpness[12];
    for (size_t i = 0; i < 15 * d; i++) {
        points[i] = i % d == 2 ? (double)mu_uniform_below(&stream, 3) : mu_uniform(&stream);
    }
    for (size_t i = 0; i < 15; i++) {
        y[i] = mu_normal(&stream);
    }
    for (size_t j = 0; j < d + 3; j++) {
        theta[j] = mu_normal(&stream) - (j > d);
    }
    struct mu_gp_kernel kernel = {
        .n_dims = d, .category = CATEGORY, .rough = rough, .sharpness = sharpness};
    struct mu_gp_likelihood likelihood;
    mu_gp_likelihood_init(&likelihood, &kernel, points, y, 15, arena);
    mu_gp_objective(theta, gradient, d + 3, &likelihood);
    for (size_t j = 0; j < d + 3; j++) {
        double at = theta[j];
        double step = 1e-5;
        theta[j] = at + step;
        double above = mu_gp_objective(theta, ignored, d + 3, &likelihood);
        theta[j] = at - step;
        double below = mu_gp_objective(theta, ignored, d + 3, &likelihood);
        theta[j] = at;
        assert_float_equal(
            (above - below) / (2 * step), gradient[j], 1e-6 * (1 + fabs(gradient[j])));
    }
    mu_arena_destroy(arena);
}

static void likelihood_gradient_is_the_slope(void **state) {
    (void)state;
    check_likelihood_gradient(3, false);
    check_likelihood_gradient(3, true);
    check_likelihood_gradient(12, false);
}

/* weights . means + 0.7 sd of a process with two draws that differ in a pending point. */
static double blend(struct mu_gp *gp, const double *u) {
    double means[2];
    double sd = mu_gp_predict(gp, u, means);
    return 0.3 * means[0] - 1.1 * means[1] + 0.7 * sd;
}

static void prediction_gradient_is_the_slope(void **state) {
    (void)state;
    struct mu_arena *arena = mu_arena_create(1 << 24);
    for (int rough = 0; rough < 2; rough++) {
        double sharpness[D];
        double means[2];
        double pending[D] = {0.2, 0.8, 1};
        double u[D] = {0.45, 0.3, 0};
        double gradient[D];
        struct mu_gp_kernel kernel = reference_kernel(rough, sharpness);
        struct mu_gp gp;
        mu_gp_condition(&gp, &kernel, GP_X, GP_Y, N, 1, 2, arena);
        mu_gp_predict(&gp, pending, means);
        assert_true(mu_gp_extend(&gp, pending, (double[]){means[0] + 0.4, means[1] - 0.6}));
        assert_false(mu_gp_extend(&gp, pending, means));
        blend(&gp, u);
        mu_gp_gradient(&gp, u, (double[]){0.3, -1.1}, 0.7, gradient);
        for (size_t j = 0; j < 2; j++) {
            double at = u[j];
            double step = 1e-5;
            u[j] = at + step;
            double above = blend(&gp, u);
            u[j] = at - step;
            double below = blend(&gp, u);
            u[j] = at;
            assert_float_equal((above - below) / (2 * step), gradient[j], 1e-6);
        }
        assert_true(gradient[2] == 0);
    }
    mu_arena_destroy(arena);
}

/* Extending by a point equals conditioning on it, when all have the tiny noise that extension uses.
 */
static void extension_equals_conditioning(void **state) {
    (void)state;
    struct mu_arena *arena = mu_arena_create(1 << 24);
    double sharpness[D];
    double mean[2];
    double sd[2];
    double ignored;
    struct mu_gp_kernel kernel = reference_kernel(false, sharpness);
    struct mu_gp whole;
    struct mu_gp grown;
    kernel.noise = kernel.amplitude * 1e-6;
    mu_gp_condition(&whole, &kernel, GP_X, GP_Y, N, 0, 1, arena);
    mu_gp_condition(&grown, &kernel, GP_X, GP_Y, N - 1, 1, 1, arena);
    mu_gp_predict(&grown, GP_X + (N - 1) * D, &ignored);
    assert_true(mu_gp_extend(&grown, GP_X + (N - 1) * D, GP_Y + N - 1));
    for (size_t i = 0; i < AT; i++) {
        sd[0] = mu_gp_predict(&whole, GP_AT + i * D, &mean[0]);
        sd[1] = mu_gp_predict(&grown, GP_AT + i * D, &mean[1]);
        assert_float_equal(mean[0], mean[1], 1e-8);
        assert_float_equal(sd[0], sd[1], 1e-8);
    }
    mu_arena_destroy(arena);
}

/* A fit finds the length scales that made the data, within a factor of two, and the irrelevant
 * dimension long. */
static void fit_tells_relevant_dimensions(void **state) {
    (void)state;
    enum { POINTS = 60 };
    struct mu_arena *arena = mu_arena_create(1 << 26);
    struct mu_stream stream;
    mu_stream_init(&stream, 3, 0, "fit");
    double points[POINTS * 2];
    double y[POINTS];
    double sharpness[2];
    for (size_t i = 0; i < POINTS; i++) {
        points[2 * i] = mu_uniform(&stream);
        points[2 * i + 1] = mu_uniform(&stream);
        y[i] = sqrt(2) * sin(12 * points[2 * i]) + 0.01 * mu_normal(&stream);
    }
    struct mu_gp_kernel kernel = {.n_dims = 2, .category = CATEGORY, .sharpness = sharpness};
    mu_gp_fit(&kernel, points, y, POINTS, 2, 50, arena);
    assert_true(sharpness[0] > 10 * sharpness[1]);
    assert_true(kernel.noise < 0.01);
    mu_arena_destroy(arena);
}

/* A sum of functions of one dimension each is told from a product, and known where two values were
 * never seen together. */
static void fit_tells_sums_from_products(void **state) {
    (void)state;
    enum { POINTS = 60 };
    for (int sum = 0; sum < 2; sum++) {
        struct mu_arena *arena = mu_arena_create(1 << 26);
        struct mu_stream stream;
        mu_stream_init(&stream, 4, 0, "fit");
        double points[POINTS * 2];
        double y[POINTS];
        double sharpness[2];
        double corner[2] = {1, 1};
        double mean;
        for (size_t i = 0; i < POINTS; i++) {
            double *u = points + 2 * i;
            do { /* all but the square of the two upper halves */
                u[0] = mu_uniform(&stream);
                u[1] = mu_uniform(&stream);
            } while (sum && u[0] > 0.5 && u[1] > 0.5);
            y[i] = sum ? sin(6 * u[0]) + cos(6 * u[1]) : 2 * sin(9 * u[0]) * sin(9 * u[1]);
        }
        struct mu_gp_kernel kernel = {.n_dims = 2, .category = CATEGORY, .sharpness = sharpness};
        struct mu_gp gp;
        mu_gp_fit(&kernel, points, y, POINTS, 2, 50, arena);
        mu_gp_condition(&gp, &kernel, points, y, POINTS, 0, 1, arena);
        double sd = mu_gp_predict(&gp, corner, &mean);
        assert_true(sum ? kernel.separate > 0.8 : kernel.separate < 0.2);
        assert_true(!sum || (fabs(mean - sin(6) - cos(6)) < 0.2 && sd < 0.2));
        mu_arena_destroy(arena);
    }
}

/* A thousand observations of one point: finite, and the mean is theirs. */
static void duplicates_are_harmless(void **state) {
    (void)state;
    enum { COPIES = 1000 };
    struct mu_arena *arena = mu_arena_create(1 << 26);
    double *points = MU_ARRAY(arena, COPIES * D, double);
    double *y = MU_ARRAY(arena, COPIES, double);
    double sharpness[D] = {1, 1, 1};
    double mean;
    for (size_t i = 0; i < COPIES; i++) {
        y[i] = i % 2 ? 1 : -1;
    }
    struct mu_gp_kernel kernel = {
        .n_dims = D, .category = CATEGORY, .sharpness = sharpness, .amplitude = 1, .noise = 0};
    struct mu_gp gp;
    mu_gp_condition(&gp, &kernel, points, y, COPIES, 0, 1, arena);
    assert_true(isfinite(mu_gp_predict(&gp, points, &mean)));
    assert_float_equal(mean, 0, 0.01);
    mu_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(posterior_and_likelihood_match_the_reference),
        cmocka_unit_test(likelihood_gradient_is_the_slope),
        cmocka_unit_test(prediction_gradient_is_the_slope),
        cmocka_unit_test(extension_equals_conditioning),
        cmocka_unit_test(fit_tells_relevant_dimensions),
        cmocka_unit_test(fit_tells_sums_from_products),
        cmocka_unit_test(duplicates_are_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
