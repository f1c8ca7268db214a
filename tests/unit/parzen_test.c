/* Parzen mixtures against quadrature, sums and a reference that follows the definition. */
#include "common/model/parzen.h"

#include <math.h>

#include "common/model/fast.h"
#include "common/num/normal.h"
#include "tests/support/arena.h"

static const double WIDTH = 0.08;

static const struct mu_parameter_text MIXED[] = {
    {.name = "line", .type = MU_DOUBLE, .min = "0", .max = "1"},
    {.name = "ladder", .type = MU_INT, .min = "1", .max = "6", .distribution = MU_LOG_UNIFORM},
    {.name = "kind",
        .type = MU_CATEGORICAL,
        .list = (const char *const[]){"x", "y", "z"},
        .n_list = 3},
    {.name = "same", .type = MU_DOUBLE, .min = "2", .max = "2"},
};

static const struct mu_parzen_space *space_of(const struct mu_parameter_text *texts, size_t n) {
    struct mu_space *space = MU_NEW(arena, struct mu_space);
    struct mu_error error;
    assert_int_equal(mu_space_init(space, texts, n, arena, &error), MU_OK);
    return mu_parzen_space_of(space, arena);
}

static const struct mu_parameter *ladder_of(const struct mu_parzen_space *space) {
    return mu_frame_parameter(&space->frame, 1);
}

/* The weight of point |i| of |n|; the prior's is their mean. */
static double weight_of(size_t i) {
    return 1 + (double)(i % 3);
}

static double prior_of(size_t n) {
    double mean = n ? 0 : 1;
    for (size_t i = 0; i < n; i++) {
        mean += weight_of(i) / (double)n;
    }
    return mean;
}

/* |n| points, deterministic. */
static struct mu_parzen *mixture(const struct mu_parzen_space *space, size_t n) {
    struct mu_parzen_options options = {.width = WIDTH, .prior_weight = prior_of(n)};
    struct mu_parzen *z = mu_parzen_new(space, &options, n, arena);
    for (size_t i = 0; i < n; i++) {
        double at[3];
        for (size_t a = 0; a < space->frame.n; a++) {
            at[a] = mu_frame_at(
                &space->frame, a, fmod(0.07 + 0.6180339887 * (double)((i + 1) * (a + 1)), 1));
        }
        mu_parzen_add(z, at, weight_of(i));
    }
    return z;
}

static void the_kernels_of_the_inner_loop(void **state) {
    (void)state;
    for (double x = -699; x < 5; x += 0.37) {
        assert_true(fabs(mu_fast_exp(x) / exp(x) - 1) < 1e-12);
    }
    assert_true(mu_fast_exp(-701) == 0 && mu_fast_exp(-1e300) == 0 && mu_fast_exp(-INFINITY) == 0);
    assert_true(mu_fast_exp(0) == 1);
}

/* Midpoint rule on the line, sums over the ladder and the categories: the total is one at every
 * size, crowds included. */
static void densities_integrate_to_one(void **state) {
    (void)state;
    enum { STEPS = 2000 };
    const size_t sizes[] = {0, 1, 2, 7, 40, 170};
    const struct mu_parzen_space *space = space_of(MIXED, 4);
    double scratch[200];
    for (size_t s = 0; s < 6; s++) {
        struct mu_parzen *z = mixture(space, sizes[s]);
        double total = 0;
        for (size_t i = 0; i < STEPS; i++) {
            for (size_t level = 0; level < 6; level++) {
                for (double kind = 0; kind < 3; kind++) {
                    double at[] = {((double)i + 0.5) / STEPS, space->centres[1][level], kind};
                    total += exp(mu_parzen_log_density(z, at, scratch)) / STEPS;
                }
            }
        }
        assert_true(fabs(total - 1) < 1e-5);
    }
}

/* The definition, kernel by kernel and level by level, with libm. */
static double reference(const struct mu_parzen *z, const double *at) {
    double sum = 0;
    double total = 0;
    double k = (double)z->n;
    for (size_t i = 0; i < z->n; i++) {
        double w = i ? weight_of(i - 1) : prior_of(z->n - 1);
        double mean = z->on[0].position[i];
        double sigma = sqrt(0.5 / mu_parzen_curvature(z, i, 0));
        double line = exp(-pow((at[0] - mean) / sigma, 2) / 2) / (sigma * sqrt(2 * M_PI)) /
                      (mu_normal_cdf((1 - mean) / sigma) - mu_normal_cdf(-mean / sigma));
        double ladder = 0;
        double norm = 0;
        for (size_t level = 0; level < 6; level++) {
            double share = mu_parameter_edge(ladder_of(z->space), level + 1) -
                           mu_parameter_edge(ladder_of(z->space), level);
            double v = share * exp(-pow(z->space->centres[1][level] - z->on[1].position[i], 2) *
                                   mu_parzen_curvature(z, i, 1));
            norm += v;
            ladder = z->space->centres[1][level] == at[1] ? v : ladder;
        }
        double kind = i == 0 ? 1.0 / 3 : ((z->on[2].position[i] == at[2]) + 1 / k) / (1 + 3 / k);
        sum += w * line * ladder / norm * kind;
        total += w;
    }
    return log(sum / total);
}

static void densities_match_the_definition(void **state) {
    (void)state;
    const struct mu_parzen_space *space = space_of(MIXED, 4);
    const size_t sizes[] = {1, 5, 30, 180};
    double scratch[200];
    for (size_t s = 0; s < 4; s++) {
        struct mu_parzen *z = mixture(space, sizes[s]);
        for (size_t i = 0; i < 60; i++) {
            double at[] = {
                fmod(0.3 + 0.377 * (double)i, 1), space->centres[1][i % 6], (double)(i % 3)};
            assert_true(fabs(mu_parzen_log_density(z, at, scratch) - reference(z, at)) < 1e-5);
        }
    }
}

/* The width that was asked for, but half a cell at least (on MIXED's ladder the cells of small
 * numbers are wide); the prior's is 1. Kernels made for a point and kernels made for a level are
 * the same. */
static void kernels_are_as_wide_as_told(void **state) {
    (void)state;
    const struct mu_parzen_space *space = space_of(MIXED, 4);
    const size_t sizes[] = {5, 40};
    for (size_t s = 0; s < 2; s++) {
        struct mu_parzen *z = mixture(space, sizes[s]);
        for (size_t i = 0; i <= sizes[s]; i++) {
            uint64_t level = (uint64_t)mu_parameter_at(ladder_of(space), z->on[1].position[i]);
            double cell = mu_parameter_edge(ladder_of(space), level + 1) -
                          mu_parameter_edge(ladder_of(space), level);
            double line = i ? WIDTH : 1;
            double ladder = i ? fmax(WIDTH, cell / 2) : 1;
            assert_true(fabs(sqrt(0.5 / mu_parzen_curvature(z, i, 0)) - line) < 1e-12);
            assert_true(fabs(sqrt(0.5 / mu_parzen_curvature(z, i, 1)) - ladder) < 1e-12);
        }
    }
}

/* One point each on one axis: the ratio of two one-kernel mixtures has a closed form. */
static void a_ratio_in_closed_form(void **state) {
    (void)state;
    const struct mu_parzen_space *space = space_of(MIXED, 1);
    const struct mu_parzen_options options = {.width = 0.2, .prior_weight = 1};
    struct mu_parzen *l = mu_parzen_new(space, &options, 1, arena);
    struct mu_parzen *g = mu_parzen_new(space, &options, 1, arena);
    mu_parzen_add(l, &(double){0.3}, 1);
    mu_parzen_add(g, &(double){0.8}, 1);
    double scratch[2];
    double prior_mass = 2 * mu_normal_cdf(0.5) - 1;
    for (double x = 0.05; x < 1; x += 0.1) {
        double prior = exp(-(x - 0.5) * (x - 0.5) / 2) / prior_mass;
        double f =
            exp(-pow((x - 0.3) / 0.2, 2) / 2) / 0.2 / (mu_normal_cdf(3.5) - mu_normal_cdf(-1.5));
        double h = exp(-pow((x - 0.8) / 0.2, 2) / 2) / 0.2 / (mu_normal_cdf(1) - mu_normal_cdf(-4));
        double ratio =
            mu_parzen_log_density(l, &x, scratch) - mu_parzen_log_density(g, &x, scratch);
        assert_true(fabs(ratio - log((f + prior) / (h + prior))) < 1e-5);
    }
}

/* 20,000 draws per axis against the mixture's own probabilities: a Pearson statistic on at most 9
 * degrees of freedom stays below 40 with probability above 1 - 1e-5; the seed is fixed. */
static void draws_follow_the_density(void **state) {
    (void)state;
    enum { DRAWS = 20000, BINS = 10 };
    for (size_t a = 0; a < 3; a++) {
        const struct mu_parzen_space *space = space_of(MIXED + a, 1);
        struct mu_parzen *z = mixture(space, 5);
        double scratch[8];
        double counts[BINS] = {0};
        double expected[BINS] = {0};
        struct mu_stream stream;
        mu_stream_init(&stream, 11, a, "draws");
        size_t bins = a == 0 ? BINS : space->frame.levels[0];
        for (size_t i = 0; i < DRAWS; i++) {
            bool prior = mu_uniform(&stream) >= mu_parzen_points_share(z);
            size_t k = prior ? 0 : mu_parzen_pick_point(z, &stream);
            double at = mu_parzen_draw(z, k, 0, &stream);
            size_t bin = a == 0 ? (size_t)fmin(BINS - 1, at * BINS)
                         : a == 2
                             ? (size_t)at
                             : (size_t)mu_parameter_at(mu_frame_parameter(&space->frame, 0), at);
            counts[bin]++;
        }
        for (size_t i = 0; i < 2000; i++) {
            double at = ((double)i + 0.5) / 2000;
            expected[i / 200] += a == 0 ? exp(mu_parzen_log_density(z, &at, scratch)) / 2000 : 0;
        }
        double statistic = 0;
        for (size_t b = 0; b < bins; b++) {
            double at = a == 1 ? space->centres[0][b] : (double)b;
            double p = a == 0 ? expected[b] : exp(mu_parzen_log_density(z, &at, scratch));
            statistic += (counts[b] - DRAWS * p) * (counts[b] - DRAWS * p) / (DRAWS * p);
        }
        assert_true(statistic < 40);
    }
}

static void tails_leave_out_the_first_points(void **state) {
    (void)state;
    const struct mu_parzen_space *space = space_of(MIXED, 4);
    struct mu_parzen *z = mixture(space, 12);
    double at[] = {0.4, space->centres[1][2], 1};
    double values[13];
    double scratch[13];
    double tails[3];
    const size_t from[] = {0, 4, 9};
    mu_parzen_kernels(z, at, values);
    mu_parzen_log_tails(z, at, from, 3, scratch, tails);
    for (size_t f = 0; f < 3; f++) {
        double sum = exp(values[0]);
        double total = prior_of(12);
        for (size_t i = 0; i < 12; i++) {
            sum += i >= from[f] ? exp(values[i + 1]) : 0;
            total += weight_of(i);
        }
        assert_true(fabs(tails[f] - log(sum / total)) < 1e-9);
    }
}

static void a_full_mixture_takes_no_more(void **state) {
    (void)state;
    struct mu_parzen *z = mixture(space_of(MIXED, 4), 3);
    double at[] = {0.4, 0.5, 1};
    double scratch[4];
    double before = mu_parzen_log_density(z, at, scratch);
    mu_parzen_add(z, at, 1);
    assert_int_equal(z->n, 4);
    assert_true(mu_parzen_log_density(z, at, scratch) == before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(the_kernels_of_the_inner_loop),
        arena_test(densities_integrate_to_one),
        arena_test(densities_match_the_definition),
        arena_test(kernels_are_as_wide_as_told),
        arena_test(a_ratio_in_closed_form),
        arena_test(draws_follow_the_density),
        arena_test(tails_leave_out_the_first_points),
        arena_test(a_full_mixture_takes_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
