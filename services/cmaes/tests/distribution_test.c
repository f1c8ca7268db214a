/* The distributions of CMA-ES against the library cmaes, fed the same numbers (reference.inc), and
 * their properties. */
#include <stdlib.h>
#include <string.h>

#include "common/num/normal.h"
#include "common/num/stream.h"
#include "services/cmaes/categories.h"
#include "services/cmaes/gaussian.h"
#include "services/cmaes/margin.h"
#include "services/cmaes/tests/reference.inc"
#include "tests/support/arena.h"

enum { LAMBDA = 6, GENERATIONS = 3, MOST = 4 };

static const double AGREEMENT = 1e-10;

/* The table's objective. */
static double ellipsoid(const double *x, size_t n) {
    double sum = 0;
    for (size_t j = 0; j < n; j++) {
        sum += pow(10, (double)j) * (x[j] - 0.3) * (x[j] - 0.3);
    }
    return sum;
}

static void assert_all_close(const double *a, const double *b, size_t n) {
    for (size_t i = 0; i < n; i++) {
        assert_close(a[i], b[i], AGREEMENT);
    }
}

/* One row of the table: mean, scale, sigma, both paths, covariance. Returns its length. */
static size_t assert_state(const struct mu_gaussian *g, const double *row) {
    size_t n = g->rates.n;
    assert_all_close(g->mean, row, n);
    assert_all_close(g->scale, row + n, n);
    assert_all_close(&g->sigma, row + 2 * n, 1);
    assert_all_close(g->path_sigma, row + 2 * n + 1, n);
    assert_all_close(g->path_c, row + 3 * n + 1, n);
    assert_all_close(g->covariance, row + 4 * n + 1, n * n);
    return 4 * n + 1 + n * n;
}

struct point {
    double y[MOST], loss;
};

static int by_loss(const void *a, const void *b) {
    const struct point *p = a;
    const struct point *q = b;
    return (p->loss > q->loss) - (p->loss < q->loss);
}

/* The centre of the cell of |levels| equal ones that |x| falls into; |x| itself without levels. */
static double encoded(double x, size_t levels) {
    if (levels == 0) {
        return x;
    }
    double cell = fmin((double)levels - 1, fmax(0, floor(x * (double)levels)));
    return (cell + 0.5) / (double)levels;
}

/* A generation of the given |shaped| y: ranked, learnt from. */
static void generation(struct mu_gaussian *g, const double *shaped, const size_t *levels) {
    size_t n = g->rates.n;
    struct point points[LAMBDA];
    struct mu_individual individuals[LAMBDA];
    for (size_t i = 0; i < LAMBDA; i++) {
        double x[MOST];
        memcpy(points[i].y, shaped + i * n, n * sizeof *shaped);
        for (size_t j = 0; j < n; j++) {
            x[j] = encoded(g->mean[j] + g->sigma * g->scale[j] * points[i].y[j], levels[j]);
        }
        points[i].loss = ellipsoid(x, n);
    }
    qsort(points, LAMBDA, sizeof *points, by_loss);
    for (size_t i = 0; i < LAMBDA; i++) {
        double w = g->rates.weights[i];
        individuals[i] = (struct mu_individual){points[i].y, fmax(0, w), w};
    }
    assert_true(mu_gaussian_update(g, individuals));
}

/* The first generation as the normals make it. */
static void assert_sampled(
    const struct mu_gaussian *g, const double *normals, const double *shaped) {
    for (size_t i = 0; i < LAMBDA; i++) {
        double y[MOST];
        mu_gaussian_shape(g, normals + i * g->rates.n, y);
        assert_all_close(y, shaped + i * g->rates.n, g->rates.n);
    }
}

static void generations_equal_the_library(void **state) {
    (void)state;
    static const size_t CONTINUOUS[MOST] = {0};
    struct mu_gaussian g;
    const double *row = CMA_STATES;
    mu_gaussian_init(&g, 3, LAMBDA, (const double[]){0.5, 0.5, 0.5}, 0.2, arena);
    assert_sampled(&g, CMA_NORMALS, CMA_SHAPED);
    for (size_t i = 0; i < GENERATIONS; i++) {
        generation(&g, CMA_SHAPED + i * LAMBDA * 3, CONTINUOUS);
        row += assert_state(&g, row);
    }
}

static void correct_margins(struct mu_gaussian *g, const size_t *levels, double margin) {
    size_t n = g->rates.n;
    for (size_t j = 0; j < n; j++) {
        if (levels[j] == 0) {
            continue;
        }
        double most = (double)levels[j] - 1;
        double cell = encoded(g->mean[j], levels[j]) * (double)levels[j] - 0.5;
        double below = fmax(1, fmin(most, cell)) / (double)levels[j];
        double above = fmax(1, fmin(most, cell + 1)) / (double)levels[j];
        struct mu_marginal m = {g->mean[j], g->scale[j], g->sigma * sqrt(g->covariance[j * n + j])};
        mu_margin_correct(&m, below, above, margin);
        g->mean[j] = m.mean;
        g->scale[j] = m.scale;
    }
}

static void margins_equal_the_library(void **state) {
    (void)state;
    static const size_t LEVELS[MOST] = {0, 0, 3, 11};
    struct mu_gaussian g;
    const double *row = MARGIN_STATES;
    mu_gaussian_init(&g, MOST, LAMBDA, (const double[]){0.5, 0.5, 0.5, 0.5}, 0.2, arena);
    assert_sampled(&g, MARGIN_NORMALS, MARGIN_SHAPED);
    for (size_t i = 0; i < GENERATIONS; i++) {
        generation(&g, MARGIN_SHAPED + i * LAMBDA * MOST, LEVELS);
        correct_margins(&g, LEVELS, 1.0 / (MOST * LAMBDA));
        row += assert_state(&g, row);
    }
}

static void categories_equal_the_library(void **state) {
    (void)state;
    static const size_t SIZES[] = {3, 5};
    struct mu_categories c;
    struct mu_cma_rates rates;
    mu_cma_rates_of(&rates, 0, LAMBDA, arena);
    mu_categories_init(&c, SIZES, 2, arena);
    for (size_t g = 0; g < GENERATIONS; g++) {
        size_t rows[LAMBDA * 2];
        for (size_t i = 0; i < LAMBDA * 2; i++) {
            rows[i] = (size_t)CATEGORY_ROWS[g * LAMBDA * 2 + i];
        }
        mu_categories_update(&c, rows, rates.weights, LAMBDA / 2);
        assert_all_close(c.q, CATEGORY_STATES + g * 8, 8);
    }
}

/* Both neighbours of the mean's level keep half the margin, wherever the mean and however small the
 * step; beyond the outermost threshold the level on its other side keeps all of it. */
static void margins_keep_neighbours_alive(void **state) {
    (void)state;
    static const double MARGIN = 0.05;
    struct mu_stream stream;
    mu_stream_init(&stream, 1, 0, "margins");
    for (size_t i = 0; i < 1000; i++) {
        double deviation = exp(-10 * mu_uniform(&stream));
        struct mu_marginal m = {0.2 + 0.2 * mu_uniform(&stream), 1, deviation};
        mu_margin_correct(&m, 0.2, 0.4, MARGIN);
        double low = mu_normal_cdf((0.2 - m.mean) / (m.scale * m.deviation));
        double high = mu_normal_cdf((m.mean - 0.4) / (m.scale * m.deviation));
        assert_true(low > MARGIN / 2 * (1 - 1e-6) && high > MARGIN / 2 * (1 - 1e-6));
        m = (struct mu_marginal){0.4 + deviation * (1 + 5 * mu_uniform(&stream)), 1, deviation};
        mu_margin_correct(&m, 0.4, 0.4, MARGIN);
        assert_true(mu_normal_cdf((0.4 - m.mean) / deviation) > MARGIN * (1 - 1e-6));
    }
}

/* Probabilities sum to 1 and none falls below its floor, whatever the rows. */
static void categories_stay_distributions(void **state) {
    (void)state;
    static const size_t SIZES[] = {2, 3, 7};
    struct mu_categories c;
    struct mu_stream stream;
    mu_stream_init(&stream, 2, 0, "rows");
    mu_categories_init(&c, SIZES, 3, arena);
    for (size_t g = 0; g < 300; g++) {
        size_t rows[9];
        for (size_t i = 0; i < 9; i++) {
            rows[i] = g < 200 ? 0 : mu_uniform_below(&stream, SIZES[i % 3]);
        }
        mu_categories_update(&c, rows, (const double[]){0.6, 0.3, 0.1}, 3);
        for (size_t i = 0; i < 3; i++) {
            double sum = 0;
            for (size_t k = 0; k < SIZES[i]; k++) {
                assert_true(c.q[c.offsets[i] + k] >= c.floors[i] * (1 - 1e-9));
                sum += c.q[c.offsets[i] + k];
            }
            assert_close(sum, 1, 1e-12);
        }
    }
}

static void categories_follow_their_probabilities(void **state) {
    (void)state;
    static const size_t SIZES[] = {4};
    struct mu_categories c;
    mu_categories_init(&c, SIZES, 1, arena);
    memcpy(c.q, (const double[]){0.5, 0, 0.25, 0.25}, 4 * sizeof *c.q);
    assert_int_equal(mu_categories_at(&c, 0, 0), 0);
    assert_int_equal(mu_categories_at(&c, 0, 0.499), 0);
    assert_int_equal(mu_categories_at(&c, 0, 0.5), 2);
    assert_int_equal(mu_categories_at(&c, 0, 0.75), 3);
    assert_int_equal(mu_categories_at(&c, 0, 1), 3);
}

/* whiten undoes shape up to a rotation: lengths agree. */
static void whitening_undoes_shaping(void **state) {
    (void)state;
    static const size_t CONTINUOUS[MOST] = {0};
    struct mu_gaussian g;
    double y[3];
    double z[3];
    mu_gaussian_init(&g, 3, LAMBDA, (const double[]){0.5, 0.5, 0.5}, 0.2, arena);
    generation(&g, CMA_SHAPED, CONTINUOUS);
    mu_gaussian_shape(&g, (const double[]){1, -2, 0.5}, y);
    mu_gaussian_whiten(&g, y, z);
    assert_close(z[0] * z[0] + z[1] * z[1] + z[2] * z[2], 5.25, 1e-12);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(generations_equal_the_library),
        arena_test(margins_equal_the_library),
        arena_test(categories_equal_the_library),
        arena_test(margins_keep_neighbours_alive),
        arena_test(categories_stay_distributions),
        arena_test(categories_follow_their_probabilities),
        arena_test(whitening_undoes_shaping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
