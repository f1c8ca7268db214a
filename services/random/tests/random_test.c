/* Random search draws the declared distributions: Kolmogorov-Smirnov for continuous ones,
 * chi-square for grids, each with a false-alarm rate of 10^-4 for a random seed (the seeds are
 * fixed). The expected laws are written here from their definitions, not from the code under test.
 */
#include "services/random/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/arena.h"
#include "tests/support/history.h"
#include "tests/support/statistics.h"

enum { DRAWS = 20000 };
static struct mu_error error;

static struct mu_experiment experiment(const struct mu_parameter_text *texts, size_t n) {
    struct mu_experiment e = {
        .name = "statistics", .metrics = MINIMIZED, .n_metrics = 1, .algorithm = "random"};
    if (mu_space_init(&e.space, texts, n, arena, &error)) {
        fail_msg("%s", error.text);
    }
    return e;
}

static struct mu_reply ask(const struct mu_experiment *e, const struct mu_history *history,
    size_t wanted, uint64_t first) {
    struct mu_request request = {
        .experiment = e, .history = history, .wanted = wanted, .first = first, .arena = arena};
    struct mu_reply reply;
    if (mu_algorithm_suggest(&mu_random, &request, &reply, &error)) {
        fail_msg("%s", error.text);
    }
    return reply;
}

/* DRAWS values of one parameter, each asked for alone so that finite spaces do not run out. */
static double *draws(struct mu_parameter_text text) {
    text.name = "p";
    struct mu_experiment e = experiment(&text, 1);
    struct mu_history none = {0};
    double *values = MU_ARRAY(arena, DRAWS, double);
    for (size_t i = 0; i < DRAWS; i++) {
        struct mu_reply reply = ask(&e, &none, 1, i);
        values[i] = strtod(reply.suggestions[0].assignments[0].value, NULL);
    }
    return values;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double phi(double z) {
    return erfc(-z / sqrt(2)) / 2;
}

static double uniform_law(double t) {
    return t;
}

/* Normal with its centre in the middle and sigma a sixth of the range, truncated to it. */
static double normal_law(double t) {
    return (phi(6 * t - 3) - phi(-3)) / (phi(3) - phi(-3));
}

static void check_continuous(struct mu_parameter_text text, bool log_scale, double (*law)(double)) {
    double *v = draws(text);
    double low = strtod(text.min, NULL);
    double high = strtod(text.max, NULL);
    double distance = 0;
    qsort(v, DRAWS, sizeof *v, ascending);
    for (int i = 0; i < DRAWS; i++) {
        double t = log_scale ? log(v[i] / low) / log(high / low) : (v[i] - low) / (high - low);
        double u = law(t);
        assert_true(t >= 0 && t <= 1);
        distance = fmax(distance, fmax(fabs(u - (double)i / DRAWS), fabs((i + 1.0) / DRAWS - u)));
    }
    assert_true(
        distance * sqrt(DRAWS) < sqrt(-0.5 * log(1e-4 / 2))); /* Kolmogorov's asymptotic quantile */
}

static void continuous_distributions(void **state) {
    (void)state;
    check_continuous(
        (struct mu_parameter_text){.type = MU_DOUBLE, .min = "-2", .max = "5"}, false, uniform_law);
    check_continuous(
        (struct mu_parameter_text){
            .type = MU_DOUBLE, .min = "1e-6", .max = "0.1", .distribution = MU_LOG_UNIFORM},
        true, uniform_law);
    check_continuous(
        (struct mu_parameter_text){
            .type = MU_DOUBLE, .min = "-2", .max = "5", .distribution = MU_NORMAL},
        false, normal_law);
    check_continuous(
        (struct mu_parameter_text){
            .type = MU_DOUBLE, .min = "0.1", .max = "1000", .distribution = MU_LOG_NORMAL},
        true, normal_law);
}

/* Expected share of the level at |value|: the mass of [value - step/2, value + step/2] under the
 * law, on a log scale with ln of the edges (the lowest edge no lower than half of min),
 * renormalized over all levels. */
static double mass(
    double value, double step, double low, double high, bool log_scale, bool normal) {
    double a = value - step / 2;
    double b = value + step / 2;
    double from = low;
    double to = high;
    if (log_scale) {
        a = log(fmax(a, low / 2));
        b = log(b);
        from = log(low);
        to = log(high);
    }
    return normal ? phi((b - (from + to) / 2) / ((to - from) / 6)) -
                        phi((a - (from + to) / 2) / ((to - from) / 6))
                  : b - a;
}

static void check_grid(struct mu_parameter_text text, double step) {
    bool log_scale = text.distribution == MU_LOG_UNIFORM || text.distribution == MU_LOG_NORMAL;
    bool normal = text.distribution == MU_NORMAL || text.distribution == MU_LOG_NORMAL;
    double *v = draws(text);
    double low = strtod(text.min, NULL);
    double high = strtod(text.max, NULL);
    size_t levels = (size_t)floor((high - low) / step + 1e-6) + 1;
    double count[200] = {0};
    double share[200];
    double total = 0;
    double chi = 0;
    double pooled = 0;
    double expected_pool = 0;
    for (int i = 0; i < DRAWS; i++) {
        double k = (v[i] - low) / step;
        assert_true(fabs(k - round(k)) < 1e-6 && k > -0.5 && k < (double)levels - 0.5);
        count[(size_t)round(k)]++;
    }
    for (size_t k = 0; k < levels; k++) {
        share[k] = mass(low + (double)k * step, step, low, high, log_scale, normal);
        total += share[k];
    }
    int cells = 0;
    for (size_t k = 0; k < levels; k++) {
        double expected = DRAWS * share[k] / total;
        if (expected < 10) { /* thin cells are pooled, as the chi-square approximation wants */
            pooled += count[k];
            expected_pool += expected;
            continue;
        }
        chi += (count[k] - expected) * (count[k] - expected) / expected;
        cells++;
    }
    if (expected_pool > 0) {
        chi += (pooled - expected_pool) * (pooled - expected_pool) / expected_pool;
        cells++;
    }
    assert_true(chi_square_tail(chi, cells - 1) > 1e-4);
}

static void grids_of_every_distribution(void **state) {
    (void)state;
    for (int distribution = 0; distribution <= MU_LOG_NORMAL; distribution++) {
        check_grid(
            (struct mu_parameter_text){
                .type = MU_INT, .min = "1", .max = "3", .distribution = distribution},
            1);
        check_grid(
            (struct mu_parameter_text){
                .type = MU_INT, .min = "32", .max = "64", .distribution = distribution},
            1);
        check_grid(
            (struct mu_parameter_text){
                .type = MU_INT, .min = "1", .max = "10", .step = "4", .distribution = distribution},
            4);
        check_grid((struct mu_parameter_text){.type = MU_DOUBLE,
                       .min = "0.01",
                       .max = "0.05",
                       .step = "0.01",
                       .distribution = distribution},
            0.01);
        check_grid((struct mu_parameter_text){.type = MU_DOUBLE,
                       .min = "0.5",
                       .max = "20",
                       .step = "0.25",
                       .distribution = distribution},
            0.25);
    }
}

static void lists_are_drawn_evenly(void **state) {
    (void)state;
    const char *const list[] = {"0", "1", "2", "3", "4", "5", "6"};
    for (int type = MU_DISCRETE; type <= MU_CATEGORICAL; type++) {
        double *v = draws((struct mu_parameter_text){.type = type, .list = list, .n_list = 7});
        double count[7] = {0};
        double chi = 0;
        for (int i = 0; i < DRAWS; i++) {
            count[(int)v[i]]++;
        }
        for (int k = 0; k < 7; k++) {
            chi += (count[k] - DRAWS / 7.0) * (count[k] - DRAWS / 7.0) / (DRAWS / 7.0);
        }
        assert_true(chi_square_tail(chi, 6) > 1e-4);
    }
}

static const char *const LETTERS[] = {"a", "b", "c"};
static const struct mu_parameter_text TWELVE[] = {
    {.name = "n", .type = MU_INT, .min = "1", .max = "4"},
    {.name = "c", .type = MU_CATEGORICAL, .list = LETTERS, .n_list = 3}};

static const char *joined(const struct mu_suggestion *s) {
    return mu_arena_format(arena, "%s/%s", s->assignments[0].value, s->assignments[1].value);
}

static void a_finite_space_is_used_up_without_repeats(void **state) {
    (void)state;
    struct mu_experiment e = experiment(TWELVE, 2);
    struct mu_trial_record records[12];
    struct mu_history history = {0};
    for (size_t i = 0; i < 12; i += 3) {
        struct mu_reply reply = ask(&e, &history, 3, i);
        for (size_t k = 0; k < 3; k++) {
            for (size_t j = 0; j < i + k; j++) {
                const struct mu_suggestion earlier = {.assignments = records[j].assignments};
                assert_string_not_equal(joined(&earlier), joined(&reply.suggestions[k]));
            }
            int condition = (int)(i + k) % 7; /* tried in any state counts as tried */
            records[i + k] = (struct mu_trial_record){.name = "t",
                .completed = "",
                .condition = condition,
                .assignments = reply.suggestions[k].assignments,
                .n_assignments = 2};
        }
        build_history(&history, &e, records, i + 3, arena);
    }
    assert_int_equal(ask(&e, &history, 5, 12).n, 5); /* exhausted: keeps answering */
}

/* A batch of four is four single requests, so two replicas and a restarted one agree. */
static void a_batch_is_a_row_of_single_requests(void **state) {
    (void)state;
    const struct mu_parameter_text wide[] = {
        {.name = "x", .type = MU_DOUBLE, .min = "0", .max = "1"},
        {.name = "c", .type = MU_CATEGORICAL, .list = LETTERS, .n_list = 3}};
    struct mu_experiment e = experiment(wide, 2);
    struct mu_history none = {0};
    struct mu_reply batch = ask(&e, &none, 4, 10);
    for (size_t i = 0; i < 4; i++) {
        struct mu_reply one = ask(&e, &none, 1, 10 + i);
        assert_string_equal(joined(&one.suggestions[0]), joined(&batch.suggestions[i]));
    }
    e.settings = (const struct mu_pair[]){{"random_state", "5"}};
    e.n_settings = 1;
    struct mu_reply seeded = ask(&e, &none, 4, 10);
    assert_string_not_equal(joined(&seeded.suggestions[0]), joined(&batch.suggestions[0]));
}

static void no_parameters_and_no_wish_are_answered(void **state) {
    (void)state;
    struct mu_experiment e = experiment(NULL, 0);
    struct mu_history none = {0};
    assert_int_equal(ask(&e, &none, 3, 0).n, 3);
    assert_int_equal(ask(&e, &none, 0, 0).n, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(continuous_distributions),
        arena_test(grids_of_every_distribution),
        arena_test(lists_are_drawn_evenly),
        arena_test(a_finite_space_is_used_up_without_repeats),
        arena_test(a_batch_is_a_row_of_single_requests),
        arena_test(no_parameters_and_no_wish_are_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
