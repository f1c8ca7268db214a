/* The operators of NSGA-II against the densities of their definitions, by chi-square with a
 * false-alarm rate of 10^-4 for a random seed (the seeds are fixed). */
#include "services/nsga2/variation.h"

#include "tests/support/arena.h"
#include "tests/support/statistics.h"

enum { DRAWS = 20000, BINS = 20 };
static const double FALSE_ALARM = 1e-4;

static struct mu_error error;

/* That numbers which should be uniform in [0, 1] fall into equal bins. */
static void assert_uniform(const double *values, size_t n) {
    double counts[BINS] = {0};
    double chi = 0;
    for (size_t i = 0; i < n; i++) {
        assert_true(values[i] >= 0 && values[i] <= 1);
        counts[(size_t)fmin(BINS - 1, values[i] * BINS)]++;
    }
    for (size_t k = 0; k < BINS; k++) {
        double expected = (double)n / BINS;
        chi += pow(counts[k] - expected, 2) / expected;
    }
    assert_true(chi_square_tail(chi, BINS - 1) > FALSE_ALARM);
}

/* Deb and Agrawal 1995, equation 8: the distribution function of the spread factor. */
static double spread_cdf(double beta, double eta) {
    return beta <= 1 ? pow(beta, eta + 1) / 2 : 1 - pow(beta, -eta - 1) / 2;
}

/* Children of |near| and |far|, read as spread factors and put through their distribution function,
 * cut at what the bound behind |near| allows. */
static void check_spread(double near, double far, double eta, double most) {
    double *u = MU_ARRAY(arena, DRAWS, double);
    struct mu_stream stream;
    mu_stream_init(&stream, 1, 0, "spread");
    for (size_t i = 0; i < DRAWS; i++) {
        double child = mu_nsga_crossed(near, far, eta, mu_uniform(&stream));
        double middle = (near + far) / 2;
        assert_true((child > middle) == (near > far));
        u[i] = spread_cdf(fabs(child - middle) / fabs(near - middle), eta) / spread_cdf(most, eta);
    }
    assert_uniform(u, DRAWS);
}

static void crossed_numbers_spread_as_defined(void **state) {
    (void)state;
    check_spread(0.3, 0.7, 20, 2.5);
    check_spread(0.7, 0.3, 2, 2.5);
    check_spread(0.05, 0.45, 2, 1.25);
    check_spread(0.9, 0.8, 0, 3);
    check_spread(0, 1, 5, 1);
}

static void equal_parents_have_equal_children(void **state) {
    (void)state;
    assert_true(mu_nsga_crossed(0.25, 0.25, 20, 0.9) == 0.25);
}

/* Deb and Goyal 1996, equation 8: P(step <= d) of the density (eta + 1) (1 - |d|)^eta / 2, each
 * side cut at its bound and half of the mass. */
static double step_cdf(double step, double room, double eta) {
    return (1 - pow(1 - step, eta + 1)) / (1 - pow(1 - room, eta + 1));
}

static void check_steps(double from, double eta) {
    double *u = MU_ARRAY(arena, DRAWS, double);
    struct mu_stream stream;
    mu_stream_init(&stream, 1, 0, "steps");
    for (size_t i = 0; i < DRAWS; i++) {
        double step = mu_nsga_mutated(from, eta, mu_uniform(&stream)) - from;
        bool up = step > 0;
        double side = step_cdf(fabs(step), up ? 1 - from : from, eta);
        u[i] = up ? 0.5 + side / 2 : 0.5 - side / 2;
    }
    assert_uniform(u, DRAWS);
}

static void mutants_step_as_defined(void **state) {
    (void)state;
    check_steps(0.5, 20);
    check_steps(0.1, 5);
    check_steps(0.97, 2);
}

/* At a bound one half of the mutants cannot move. */
static void mutants_stay_within_bounds(void **state) {
    (void)state;
    assert_true(mu_nsga_mutated(0, 5, 0.2) == 0);
    assert_true(mu_nsga_mutated(1, 5, 0.8) == 1);
    assert_true(mu_nsga_mutated(0, 5, 0.8) > 0);
}

/* ---- whole points ---- */

static struct mu_space space_of(const struct mu_parameter_text *texts, size_t n) {
    struct mu_space space;
    if (mu_space_init(&space, texts, n, arena, &error)) {
        fail_msg("%s", error.text);
    }
    return space;
}

static const char *const LETTERS[] = {"a", "b", "c", "d"};
static const struct mu_parameter_text MIXED[] = {
    {.name = "x", .type = MU_DOUBLE, .min = "-1", .max = "1"},
    {.name = "n", .type = MU_INT, .min = "1", .max = "9"},
    {.name = "c", .type = MU_CATEGORICAL, .list = LETTERS, .n_list = 4},
    {.name = "one", .type = MU_INT, .min = "3", .max = "3"}};
enum { N_MIXED = sizeof MIXED / sizeof *MIXED };

static void without_operators_a_child_is_its_first_parent(void **state) {
    (void)state;
    const double a[N_MIXED] = {0.25, 2, 1, 0};
    const double b[N_MIXED] = {0.75, 7, 3, 0};
    const struct mu_nsga_variation none = {.crossover_eta = 20, .mutation_eta = 5};
    struct mu_space space = space_of(MIXED, N_MIXED);
    struct mu_stream stream;
    mu_stream_init(&stream, 1, 0, "child");
    double x[N_MIXED];
    mu_nsga_child(&none, &space, a, b, &stream, x);
    for (size_t i = 0; i < N_MIXED; i++) {
        assert_true(x[i] == a[i]);
    }
}

/* Crossing alone: a category is one parent's or the other's, by the swapping probability; numbers
 * are a parent's half the time, and else near one. */
static void crossing_mixes_two_parents(void **state) {
    (void)state;
    const double a[N_MIXED] = {0.25, 2, 1, 0};
    const double b[N_MIXED] = {0.75, 7, 3, 0};
    const struct mu_nsga_variation v = {
        .crossover = 1, .swapping = 0.3, .crossover_eta = 20, .mutation_eta = 5};
    struct mu_space space = space_of(MIXED, N_MIXED);
    struct mu_stream stream;
    mu_stream_init(&stream, 1, 0, "child");
    double second = 0;
    double copied = 0;
    for (size_t i = 0; i < DRAWS; i++) {
        double x[N_MIXED];
        mu_nsga_child(&v, &space, a, b, &stream, x);
        assert_true(x[2] == 1 || x[2] == 3);
        assert_true(x[1] >= 0 && x[1] <= 8 && floor(x[1]) == x[1] && x[3] == 0);
        second += x[2] == 3;
        copied += x[0] == a[0] || x[0] == b[0];
    }
    /* four standard deviations: 6e-5 */
    assert_close(second / DRAWS, 0.3, 4 * sqrt(0.3 * 0.7 / DRAWS));
    assert_close(copied / DRAWS, 0.5, 4 * sqrt(0.5 * 0.5 / DRAWS));
}

/* Mutating alone: nothing with a choice stays, grids move to neighbours at least, and another
 * category is any of the others. */
static void mutation_changes_every_kind(void **state) {
    (void)state;
    const struct mu_nsga_variation v = {.mutation = 1, .crossover_eta = 20, .mutation_eta = 1000};
    const double ends[][N_MIXED] = {{0.5, 0, 1, 0}, {0.5, 8, 1, 0}, {0.5, 4, 1, 0}};
    struct mu_space space = space_of(MIXED, N_MIXED);
    struct mu_stream stream;
    mu_stream_init(&stream, 1, 0, "child");
    double counts[4] = {0};
    double up = 0;
    for (size_t i = 0; i < DRAWS; i++) {
        double x[N_MIXED];
        const double *a = ends[i % 3];
        mu_nsga_child(&v, &space, a, a, &stream, x);
        assert_true(x[0] != a[0] && fabs(x[1] - a[1]) == 1 && x[3] == 0);
        counts[(size_t)x[2]]++;
        up += i % 3 == 2 && x[1] > a[1];
    }
    double chi = 0;
    for (size_t k = 0; k < 4; k++) {
        chi += k == 1 ? 0 : pow(counts[k] - DRAWS / 3.0, 2) / (DRAWS / 3.0);
    }
    assert_true(counts[1] == 0 && chi_square_tail(chi, 2) > FALSE_ALARM);
    assert_close(up / (DRAWS / 3.0), 0.5, 4 * sqrt(0.25 / (DRAWS / 3.0)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(crossed_numbers_spread_as_defined),
        arena_test(equal_parents_have_equal_children),
        arena_test(mutants_step_as_defined),
        arena_test(mutants_stay_within_bounds),
        arena_test(without_operators_a_child_is_its_first_parent),
        arena_test(crossing_mixes_two_parents),
        arena_test(mutation_changes_every_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
