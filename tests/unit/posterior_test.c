/* The posterior against elimination. */
#include "common/model/posterior.h"

#include <string.h>

#include "common/num/stream.h"
#include "tests/support/arena.h"
#include "tests/support/elimination.h"

enum { N = 9, ALL = N + 2 };
static const double NOISE = 0.03, AMPLITUDE = 1.7;

/* exp(-5 (x - x')^2): |ALL| points, of which the first N are conditioned on. */
static double x[ALL], y[ALL];

static double covariance(double a, double b) {
    return AMPLITUDE * exp(-5 * (a - b) * (a - b));
}

static int draw(void **state) {
    struct mu_stream stream;
    mu_stream_init(&stream, 1, 0, "posterior");
    for (size_t i = 0; i < ALL; i++) {
        x[i] = mu_uniform(&stream);
        y[i] = mu_normal(&stream);
    }
    return create_arena(state);
}

/* The whole matrix of the first |n|. */
static void fill(double *matrix, size_t n) {
    for (size_t i = 0; i < n * n; i++) {
        matrix[i] = covariance(x[i / n], x[i % n]) + (i / n == i % n ? NOISE : 0);
    }
}

/* K^-1 b of the first |n|; ln |K| is returned. */
static double solve(const double *b, size_t n, double *solution) {
    double matrix[ALL * ALL];
    fill(matrix, n);
    memcpy(solution, b, n * sizeof *b);
    return eliminate(matrix, solution, n);
}

static double dot(const double *a, const double *b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

static double ask(struct mu_posterior *p, double at, double *means) {
    for (size_t i = 0; i < p->n; i++) {
        p->k[i] = covariance(at, x[i]);
    }
    mu_posterior_means(p, means);
    return mu_posterior_sd(p, AMPLITUDE);
}

/* Mean of one draw, standard deviation and K^-1 k at several places, when the first p->n targets
 * are |targets|. */
static void check(struct mu_posterior *p, size_t draw, const double *targets) {
    for (double at = -0.5; at < 1.5; at += 0.1) {
        double means[2];
        double sd = ask(p, at, means);
        double solution[ALL];
        solve(p->k, p->n, solution);
        assert_close(means[draw], dot(solution, targets, p->n), 1e-10);
        assert_close(sd, sqrt(AMPLITUDE - dot(solution, p->k, p->n)), 1e-10);
        mu_posterior_solve(p);
        for (size_t i = 0; i < p->n; i++) {
            assert_close(p->w[i], solution[i], 1e-10);
        }
    }
}

static struct mu_posterior conditioned(size_t capacity) {
    struct mu_posterior p;
    double matrix[N * N];
    mu_posterior_init(&p, capacity, 2, arena);
    fill(matrix, N);
    mu_posterior_condition(&p, matrix, y, N);
    return p;
}

static void prediction_is_that_of_the_formula(void **state) {
    (void)state;
    struct mu_posterior p = conditioned(N);
    check(&p, 0, y);
    check(&p, 1, y);
}

static void extension_equals_conditioning_on_all(void **state) {
    (void)state;
    struct mu_posterior p = conditioned(ALL);
    double others[ALL];
    double means[2];
    memcpy(others, y, sizeof others);
    for (size_t i = N; i < ALL; i++) {
        others[i] = -y[i];
        ask(&p, x[i], means);
        assert_true(mu_posterior_extend(&p, AMPLITUDE + NOISE, NOISE, (double[]){y[i], others[i]}));
        check(&p, 0, y);
        check(&p, 1, others);
    }
    assert_false(mu_posterior_extend(&p, AMPLITUDE + NOISE, NOISE, means));
}

static void conditioning_again_forgets(void **state) {
    (void)state;
    struct mu_posterior p = conditioned(ALL);
    double means[2];
    double matrix[N * N];
    ask(&p, x[N], means);
    mu_posterior_extend(&p, AMPLITUDE + NOISE, NOISE, (double[]){3, 4});
    fill(matrix, N - 2);
    mu_posterior_condition(&p, matrix, y, N - 2);
    check(&p, 1, y);
}

/* Observations that are one: the mean is theirs, and they leave no doubt. Variances that they more
 * than explain end at the floors. */
static void singular_covariance_is_raised(void **state) {
    (void)state;
    struct mu_posterior p;
    double ones[N * N];
    double targets[N];
    double mean;
    double sum = 0;
    for (size_t i = 0; i < N * N; i++) {
        ones[i] = 1e6;
    }
    for (size_t i = 0; i < N; i++) {
        targets[i] = y[i];
        sum += y[i] / N;
    }
    mu_posterior_init(&p, N + 1, 1, arena);
    mu_posterior_condition(&p, ones, targets, N);
    memcpy(p.k, ones, N * sizeof *p.k);
    mu_posterior_means(&p, &mean);
    assert_close(mean, sum, 1e-4);
    assert_true(mu_posterior_sd(&p, 1e6) < 1);
    assert_close(mu_posterior_sd(&p, 1e4), 1e-3, 1e-12);
    assert_true(mu_posterior_extend(&p, 1e4, 4, &mean));
    assert_close(p.root[N * (N + 1) + N], 0.5, 1e-12);
}

static void a_matrix_that_is_not_finite_leaves_the_prior(void **state) {
    (void)state;
    static const double BAD[] = {NAN, INFINITY};
    for (size_t i = 0; i < 4; i++) {
        double matrix[N * N];
        double means[2];
        struct mu_posterior p = conditioned(ALL);
        fill(matrix, N);
        matrix[i < 2 ? 0 : 3 * N + 1] = BAD[i % 2];
        mu_posterior_condition(&p, matrix, y, N);
        assert_true(ask(&p, x[0], means) == sqrt(AMPLITUDE) && means[0] == 0 && means[1] == 0);
    }
}

static void likelihood_and_what_its_gradient_needs(void **state) {
    (void)state;
    double matrix[N * N];
    double alpha[N];
    double expected[N];
    double log_determinant = solve(y, N, expected);
    fill(matrix, N);
    assert_close(mu_negative_log_likelihood(matrix, y, alpha, N),
        0.5 * (log_determinant + dot(y, expected, N)), 1e-10);
    for (size_t i = 0; i < N; i++) {
        double column[N] = {0};
        double inverse[N];
        column[i] = 1;
        solve(column, N, inverse);
        assert_close(alpha[i], expected[i], 1e-10);
        for (size_t j = 0; j <= i; j++) {
            assert_close(matrix[i * N + j], inverse[j], 1e-10);
        }
    }
    fill(matrix, N);
    matrix[N + 1] = -1;
    assert_true(mu_negative_log_likelihood(matrix, y, alpha, N) == HUGE_VAL);
}

#define test(name) cmocka_unit_test_setup_teardown(name, draw, destroy_arena)

int main(void) {
    const struct CMUnitTest tests[] = {
        test(prediction_is_that_of_the_formula),
        test(extension_equals_conditioning_on_all),
        test(conditioning_again_forgets),
        test(singular_covariance_is_raised),
        test(a_matrix_that_is_not_finite_leaves_the_prior),
        test(likelihood_and_what_its_gradient_needs),
    };
    return cmocka_run_group_tests_name("posterior", tests, NULL, NULL);
}
