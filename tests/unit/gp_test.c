/* Gaussian processes against scikit-learn, the textbook formulas, finite differences and
 * themselves. */
#include "common/model/gp.h"

#include <math.h>
#include <string.h>

#include "common/num/normal.h"
#include "common/num/stream.h"
#include "tests/support/arena.h"
#include "tests/support/cmocka.h"
#include "tests/support/elimination.h"
#include "tests/unit/model_tables.inc"

enum { N = 12, D = 3, AT = 5, MOST = 20 };
static const bool CATEGORY[] = {false, false, true};
static const struct mu_dimensions SPACE = {.n = D, .category = CATEGORY};
static const struct mu_gp_prior FLAT[] = {
    {0, 1e9}, {0, 1e9}, {0, 1e9}, {0, 1e9}, {0, 1e9}, {0, 1e9}, {0, 1e9}};

static struct mu_gp_model model_of(const struct mu_kernel *kernel) {
    return (struct mu_gp_model){.kernel = kernel,
        .metric = &mu_metric_dimensions,
        .space = &SPACE,
        .n_features = D,
        .prior = FLAT};
}

/* |n| rows of D numbers as points. */
static struct mu_gp_data data_of(const double *rows, const double *y, size_t n) {
    const void **points = MU_ARRAY(arena, n, const void *);
    for (size_t i = 0; i < n; i++) {
        points[i] = rows + i * D;
    }
    return (struct mu_gp_data){.n = n, .points = points, .y = y};
}

static void posterior_and_likelihood_match_the_reference(void **state) {
    (void)state;
    double got;
    double gradient[D + 4];
    struct mu_gp_model model = model_of(&mu_kernel_additive);
    struct mu_gp_data data = data_of(GP_X, GP_Y, N);
    struct mu_gp gp;
    mu_gp_condition(&gp, &model, GP_THETA, &data, 0, 1, arena);
    for (size_t i = 0; i < AT; i++) {
        double spread = mu_gp_predict(&gp, GP_AT + i * D, &got);
        assert_close(got, GP_MEAN[i], 1e-9);
        assert_close(spread, GP_SD[i], 1e-9);
        mu_gp_means(&gp, GP_AT + i * D, &got);
        assert_close(got, GP_MEAN[i], 1e-9);
    }
    assert_close(
        mu_gp_objective(GP_THETA, gradient, D + 4, mu_gp_likelihood_of(&model, &data, arena)),
        GP_LIKELIHOOD[0], 1e-8);
}

/* Points, targets, noise factors and a theta, at random; the last dimension has few values. */
struct random_case {
    double rows[MOST * D], y[MOST], noise[MOST], theta[D + 4];
};

static struct mu_gp_data draw_case(struct random_case *c, uint64_t number) {
    struct mu_stream stream;
    mu_stream_init(&stream, 5, number, "case");
    for (size_t i = 0; i < MOST; i++) {
        c->rows[i * D] = mu_uniform(&stream);
        c->rows[i * D + 1] = mu_uniform(&stream);
        c->rows[i * D + 2] = (double)mu_uniform_below(&stream, 3) / 2;
        c->y[i] = mu_normal(&stream);
        c->noise[i] = i % 3 ? 1 : 4;
    }
    for (size_t j = 0; j < D + 4; j++) {
        c->theta[j] = 0.5 * mu_normal(&stream) - (j > D);
    }
    struct mu_gp_data data = data_of(c->rows, c->y, MOST);
    data.noise = c->noise;
    return data;
}

static double matern52(double r2) {
    double t = sqrt(5 * r2);
    return (1 + t + t * t / 3) * exp(-t);
}

/* The kernel of assignment and resource as kernel.h writes it. */
static double resource_kernel(const double *theta, const double *a, const double *b) {
    double z[D];
    for (size_t j = 0; j < D; j++) {
        z[j] = (a[j] - b[j]) * (a[j] - b[j]) * exp(-2 * theta[j]);
    }
    return exp(theta[D]) * matern52(z[0] + z[1]) * matern52(z[2]);
}

static double decisions_kernel(const double *theta, const double *a, const double *b) {
    double sum = 0;
    for (size_t j = 0; j < D; j++) {
        sum += (a[j] - b[j]) * (a[j] - b[j]) * exp(-2 * theta[j]);
    }
    return exp(theta[D] - sum);
}

/* Mean and standard deviation by elimination in the full covariance, levels and noise factors
 * included. */
static void check_formulas(const struct mu_kernel *kernel,
    double (*k)(const double *, const double *, const double *), uint64_t number) {
    struct random_case c;
    struct mu_gp_data data = draw_case(&c, number);
    struct mu_gp_model model = model_of(kernel);
    struct mu_dimensions ordered = {.n = D};
    struct mu_gp gp;
    double matrix[MOST * MOST];
    double x[MOST];
    double cross[MOST];
    double at[D] = {0.4, 0.7, 1};
    double mean = 0;
    double variance = exp(c.theta[D]);
    double got;
    model.space = &ordered;
    mu_gp_condition(&gp, &model, c.theta, &data, 0, 1, arena);
    for (size_t a = 0; a < MOST; a++) {
        for (size_t b = 0; b < MOST; b++) {
            const double *p = c.rows + a * D;
            const double *q = c.rows + b * D;
            matrix[a * MOST + b] = k(c.theta, p, q) + (p[2] == q[2] ? kernel->level : 0) +
                                   (a == b ? c.noise[a] * (exp(c.theta[D + 1]) + 1e-6) : 0);
        }
        x[a] = cross[a] = k(c.theta, at, c.rows + a * D);
    }
    eliminate(matrix, x, MOST);
    for (size_t a = 0; a < MOST; a++) {
        mean += x[a] * c.y[a];
        variance -= x[a] * cross[a];
    }
    double sd = mu_gp_predict(&gp, at, &got);
    assert_close(got, mean, 1e-8);
    assert_close(sd, sqrt(variance), 1e-8);
}

static void predictions_follow_the_formulas(void **state) {
    (void)state;
    assert_true(mu_kernel_resource.level == 4 && mu_kernel_decisions.level == 0);
    for (uint64_t i = 0; i < 5; i++) {
        check_formulas(&mu_kernel_resource, resource_kernel, i);
        check_formulas(&mu_kernel_decisions, decisions_kernel, i);
    }
}

static void check_likelihood_gradient(const struct mu_kernel *kernel, uint64_t number) {
    static const struct mu_gp_prior PRIOR[] = {
        {1, 2}, {0, 1}, {-1, 3}, {2, 1}, {-1, 2}, {0, 1}, {-3, 2}};
    struct random_case c;
    struct mu_gp_data data = draw_case(&c, number);
    struct mu_gp_model model = model_of(kernel);
    double gradient[D + 4];
    double ignored[D + 4];
    model.prior = PRIOR;
    struct mu_gp_likelihood *likelihood = mu_gp_likelihood_of(&model, &data, arena);
    size_t n = mu_gp_parameters(&model);
    mu_gp_objective(c.theta, gradient, n, likelihood);
    for (size_t j = 0; j < n; j++) {
        double at = c.theta[j];
        double step = 1e-5;
        c.theta[j] = at + step;
        double above = mu_gp_objective(c.theta, ignored, n, likelihood);
        c.theta[j] = at - step;
        double below = mu_gp_objective(c.theta, ignored, n, likelihood);
        c.theta[j] = at;
        assert_close((above - below) / (2 * step), gradient[j], 1e-6 * (1 + fabs(gradient[j])));
    }
}

static void likelihood_gradient_is_the_slope(void **state) {
    (void)state;
    const struct mu_kernel *kernels[] = {
        &mu_kernel_additive, &mu_kernel_resource, &mu_kernel_decisions};
    for (uint64_t i = 0; i < 9; i++) {
        check_likelihood_gradient(kernels[i % 3], i);
    }
}

/* Every prior is a normal around its mean: half a squared deviation. */
static void a_prior_costs_half_its_squared_deviation(void **state) {
    (void)state;
    double ignored[D + 4];
    for (size_t j = 0; j < D + 4; j++) {
        struct mu_gp_prior prior[D + 4];
        struct mu_gp_model model = model_of(&mu_kernel_additive);
        struct mu_gp_data data = data_of(GP_X, GP_Y, N);
        memcpy(prior, FLAT, sizeof prior);
        prior[j].mean = GP_THETA[j] + 3;
        prior[j].sd = 2;
        model.prior = prior;
        double with =
            mu_gp_objective(GP_THETA, ignored, D + 4, mu_gp_likelihood_of(&model, &data, arena));
        assert_close(with - GP_LIKELIHOOD[0], 9.0 / 8, 1e-8);
    }
}

/* weights . means + 0.7 sd of a process with two draws that differ in a pending point. */
static double blend(struct mu_gp *gp, const double *u) {
    double means[2];
    double sd = mu_gp_predict(gp, u, means);
    return 0.3 * means[0] - 1.1 * means[1] + 0.7 * sd;
}

static void prediction_gradient_is_the_slope(void **state) {
    (void)state;
    double means[2];
    double pending[D] = {0.2, 0.8, 1};
    double u[D] = {0.45, 0.3, 0};
    double gradient[D];
    struct mu_gp_model model = model_of(&mu_kernel_additive);
    struct mu_gp_data data = data_of(GP_X, GP_Y, N);
    struct mu_gp gp;
    mu_gp_condition(&gp, &model, GP_THETA, &data, 1, 2, arena);
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
        assert_close((above - below) / (2 * step), gradient[j], 1e-6);
    }
    assert_true(gradient[2] == 0);
}

/* Extending by a point equals conditioning on it, when all have the tiny noise that extension uses.
 */
static void extension_equals_conditioning(void **state) {
    (void)state;
    double theta[D + 4];
    double mean[2];
    double ignored;
    struct mu_gp_model model = model_of(&mu_kernel_additive);
    struct mu_gp_data all = data_of(GP_X, GP_Y, N);
    struct mu_gp_data fewer = data_of(GP_X, GP_Y, N - 1);
    struct mu_gp whole;
    struct mu_gp grown;
    memcpy(theta, GP_THETA, sizeof theta);
    theta[D + 3] = log(1e-6 * exp(theta[D + 2]) - MU_GP_NOISE_FLOOR);
    mu_gp_condition(&whole, &model, theta, &all, 0, 1, arena);
    mu_gp_condition(&grown, &model, theta, &fewer, 1, 1, arena);
    mu_gp_predict(&grown, GP_X + (N - 1) * D, &ignored);
    assert_true(mu_gp_extend(&grown, GP_X + (N - 1) * D, GP_Y + N - 1));
    for (size_t i = 0; i < AT; i++) {
        double sd = mu_gp_predict(&whole, GP_AT + i * D, &mean[0]);
        assert_close(mu_gp_predict(&grown, GP_AT + i * D, &mean[1]), sd, 1e-8);
        assert_close(mean[1], mean[0], 1e-8);
    }
}

/* A believed point leaves every mean alone and takes the uncertainty around itself. */
static void belief_takes_uncertainty_only(void **state) {
    (void)state;
    double at[D] = {0.31, 0.77, 1};
    double far[D] = {0.9, 0.1, 0};
    double mean[2];
    double after[2];
    struct mu_gp_model model = model_of(&mu_kernel_resource);
    struct mu_gp_data data = data_of(GP_X, GP_Y, N);
    struct mu_gp gp;
    double theta[] = {-1, -1, 0, 0.5, -4};
    mu_gp_condition(&gp, &model, theta, &data, 1, 2, arena);
    double sd = mu_gp_predict(&gp, far, mean);
    double before = mu_gp_predict(&gp, at, mean);
    assert_true(mu_gp_believe(&gp, at));
    assert_false(mu_gp_believe(&gp, at));
    assert_true(mu_gp_predict(&gp, at, after) < 0.01 * before);
    assert_close(after[0], mean[0], 1e-6);
    assert_close(after[1], mean[1], 1e-6);
    assert_true(mu_gp_predict(&gp, far, after) > 0.5 * sd);
}

/* Fantasies are draws from the posterior: their mean and spread over 64 Sobol quantiles are those
 * predicted (to the discretization), and every draw then knows its own value. */
static void fantasies_are_posterior_draws(void **state) {
    (void)state;
    enum { DRAWS = 64 };
    double at[D] = {0.31, 0.77, 1};
    double means[DRAWS];
    double values[DRAWS];
    double mean = 0;
    double square = 0;
    struct mu_gp_model model = model_of(&mu_kernel_additive);
    struct mu_gp_data data = data_of(GP_X, GP_Y, N);
    struct mu_gp gp;
    mu_gp_condition(&gp, &model, GP_THETA, &data, 1, DRAWS, arena);
    double sd = mu_gp_predict(&gp, at, means);
    assert_true(mu_gp_fantasize(&gp, at, 3, values));
    assert_false(mu_gp_fantasize(&gp, at, 3, values));
    for (size_t s = 0; s < DRAWS; s++) {
        mean += values[s] / DRAWS;
        square += (values[s] - means[s]) * (values[s] - means[s]) / DRAWS;
    }
    assert_close(mean, means[0], 0.05 * sd);
    assert_close(sqrt(square), sd, 0.1 * sd);
    mu_gp_predict(&gp, at, means);
    for (size_t s = 0; s < DRAWS; s++) {
        assert_close(means[s], values[s], 1e-3);
    }
}

/* No neighbour of the fitted parameters is better by more than the tolerance of the fit. */
static void the_fit_is_a_minimum(void **state) {
    (void)state;
    static const struct mu_gp_prior PRIOR[] = {
        {-0.7, 0.7}, {-0.7, 0.7}, {0, 0.7}, {0, 1}, {-5, 1.4}};
    struct random_case c;
    struct mu_gp_data data = draw_case(&c, 3);
    struct mu_gp_model model = model_of(&mu_kernel_resource);
    double theta[D + 2];
    double ignored[D + 2];
    model.prior = PRIOR;
    for (size_t i = 0; i < MOST; i++) {
        c.y[i] = sin(5 * c.rows[i * D]) - c.rows[i * D + 2];
    }
    mu_gp_fit(&model, &data, theta, arena);
    struct mu_gp_likelihood *likelihood = mu_gp_likelihood_of(&model, &data, arena);
    double best = mu_gp_objective(theta, ignored, D + 2, likelihood);
    for (size_t j = 0; j < D + 2; j++) {
        for (int sign = -1; sign <= 1; sign += 2) {
            double saved = theta[j];
            theta[j] += 0.1 * sign;
            assert_true(mu_gp_objective(theta, ignored, D + 2, likelihood) > best - 1e-3);
            theta[j] = saved;
        }
    }
}

/* A fit finds that one dimension matters and another does not. */
static void fit_tells_relevant_dimensions(void **state) {
    (void)state;
    enum { POINTS = 60 };
    struct mu_stream stream;
    double rows[POINTS * D] = {0};
    double y[POINTS];
    double theta[D + 4];
    static const struct mu_gp_prior WIDE[] = {
        {0, 2}, {0, 2}, {0, 2}, {0, 3}, {0, 3}, {0, 2}, {-6, 3}};
    struct mu_gp_model model = model_of(&mu_kernel_additive);
    model.prior = WIDE;
    mu_stream_init(&stream, 3, 0, "fit");
    for (size_t i = 0; i < POINTS; i++) {
        rows[i * D] = mu_uniform(&stream);
        rows[i * D + 1] = mu_uniform(&stream);
        y[i] = sqrt(2) * sin(12 * rows[i * D]) + 0.01 * mu_normal(&stream);
    }
    struct mu_gp_data data = data_of(rows, y, POINTS);
    mu_gp_fit(&model, &data, theta, arena);
    assert_true(theta[1] - theta[0] > log(3));
    assert_true(exp(theta[D + 3]) < 0.01);
}

/* A sum of functions of one dimension each is told from a product, and known where two values were
 * never seen together. */
static void fit_tells_sums_from_products(void **state) {
    (void)state;
    enum { POINTS = 60 };
    static const struct mu_dimensions PLANE = {.n = 2};
    static const struct mu_gp_prior PRIOR[] = {
        {-0.65, 1}, {-0.65, 1}, {0, 3}, {0, 3}, {0, 1}, {-6, 2}};
    for (int sum = 0; sum < 2; sum++) {
        struct mu_stream stream;
        double rows[POINTS * D];
        double y[POINTS];
        double theta[6];
        double corner[2] = {1, 1};
        double mean;
        struct mu_gp_model model = model_of(&mu_kernel_additive);
        struct mu_gp gp;
        model.space = &PLANE;
        model.n_features = 2;
        model.prior = PRIOR;
        mu_stream_init(&stream, 4, 0, "fit");
        for (size_t i = 0; i < POINTS; i++) {
            double *u = rows + D * i;
            do { /* all but the square of the two upper halves */
                u[0] = mu_uniform(&stream);
                u[1] = mu_uniform(&stream);
            } while (sum && u[0] > 0.5 && u[1] > 0.5);
            y[i] = sum ? sin(6 * u[0]) + cos(6 * u[1]) : 2 * sin(9 * u[0]) * sin(9 * u[1]);
        }
        struct mu_gp_data data = data_of(rows, y, POINTS);
        mu_gp_fit(&model, &data, theta, arena);
        mu_gp_condition(&gp, &model, theta, &data, 0, 1, arena);
        double sd = mu_gp_predict(&gp, corner, &mean);
        assert_true(sum ? gp.scales.share[0] > 0.8 : gp.scales.share[0] < 0.2);
        assert_true(!sum || (fabs(mean - sin(6) - cos(6)) < 0.2 && sd < 0.2));
    }
}

/* A wave is told from one that jumps. */
static void fit_tells_smooth_from_rough(void **state) {
    (void)state;
    enum { POINTS = 60 };
    static const struct mu_dimensions PLANE = {.n = 2};
    static const struct mu_gp_prior PRIOR[] = {
        {-0.65, 1}, {-0.65, 1}, {0, 3}, {0, 3}, {0, 1}, {-6, 2}};
    for (int smooth = 0; smooth < 2; smooth++) {
        struct mu_stream stream;
        double rows[POINTS * D];
        double y[POINTS];
        double theta[6];
        struct mu_gp_model model = model_of(&mu_kernel_additive);
        struct mu_gp gp;
        model.space = &PLANE;
        model.n_features = 2;
        model.prior = PRIOR;
        mu_stream_init(&stream, 5, 0, "fit");
        for (size_t i = 0; i < POINTS; i++) {
            double *u = rows + D * i;
            u[0] = mu_uniform(&stream);
            u[1] = mu_uniform(&stream);
            double wave = sin(9 * u[0] + 3 * u[1]);
            y[i] = smooth ? 1.4 * wave : copysign(1, wave);
        }
        struct mu_gp_data data = data_of(rows, y, POINTS);
        mu_gp_fit(&model, &data, theta, arena);
        mu_gp_condition(&gp, &model, theta, &data, 0, 1, arena);
        assert_true(smooth ? gp.scales.share[1] > 0.8 : gp.scales.share[1] < 0.2);
    }
}

/* A thousand observations of one point: finite, and the mean is theirs. */
static void duplicates_are_harmless(void **state) {
    (void)state;
    enum { COPIES = 1000 };
    double *rows = MU_ARRAY(arena, COPIES * D, double);
    double *y = MU_ARRAY(arena, COPIES, double);
    double theta[D + 4] = {0, 0, 0, 0, 0, 0, -100};
    double mean;
    struct mu_gp_model model = model_of(&mu_kernel_additive);
    struct mu_gp gp;
    for (size_t i = 0; i < COPIES; i++) {
        y[i] = i % 2 ? 1 : -1;
    }
    struct mu_gp_data data = data_of(rows, y, COPIES);
    mu_gp_condition(&gp, &model, theta, &data, 0, 1, arena);
    assert_true(isfinite(mu_gp_predict(&gp, rows, &mean)));
    assert_close(mean, 0, 0.01);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(posterior_and_likelihood_match_the_reference),
        arena_test(predictions_follow_the_formulas),
        arena_test(likelihood_gradient_is_the_slope),
        arena_test(a_prior_costs_half_its_squared_deviation),
        arena_test(prediction_gradient_is_the_slope),
        arena_test(extension_equals_conditioning),
        arena_test(belief_takes_uncertainty_only),
        arena_test(fantasies_are_posterior_draws),
        arena_test(the_fit_is_a_minimum),
        arena_test(fit_tells_relevant_dimensions),
        arena_test(fit_tells_sums_from_products),
        arena_test(fit_tells_smooth_from_rough),
        arena_test(duplicates_are_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
