/* NSGA-II as a service: who is in the population, the initial design, constraints, what has no
 * value, every kind of space, and that evolution finds a front which random search does not. */
#include "services/nsga2/nsga2.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/num/pareto.h"
#include "services/nsga2/population.h"
#include "tests/support/history.h"
#include "tests/support/settings.h"

enum { MOST = 400 };
static struct mu_error error;

static const struct mu_objective METRICS[] = {{"f", false}, {"g", false}, {"size", false}};
static const struct mu_parameter_text X = {.name = "x", .type = MU_DOUBLE, .min = "0", .max = "1"};
static const struct mu_parameter_text N = {.name = "n", .type = MU_INT, .min = "0", .max = "9"};

/* An experiment under way. */
struct loop {
    struct mu_experiment e;
    struct mu_trial_record records[MOST];
    struct mu_pair settings[3];
    size_t n;
};

static struct loop *loop_of(const struct mu_parameter_text *texts, size_t n,
    const char *constraints, const char *population) {
    struct loop *l = MU_NEW(arena, struct loop);
    l->settings[0] = (struct mu_pair){"objectives", "f, g"};
    l->settings[1] = (struct mu_pair){"population_size", population};
    l->settings[2] = (struct mu_pair){"constraints", constraints};
    l->e = (struct mu_experiment){.name = "nsga2",
        .metrics = METRICS,
        .n_metrics = 3,
        .algorithm = "nsga2",
        .settings = l->settings,
        .n_settings = constraints ? 3 : 2};
    if (mu_space_init(&l->e.space, texts, n, arena, &error)) {
        fail_msg("%s", error.text);
    }
    return l;
}

static struct mu_reply ask_of(
    const struct mu_algorithm *algorithm, const struct loop *l, size_t wanted) {
    struct mu_history history;
    struct mu_reply reply;
    build_history(&history, &l->e, l->records, l->n, arena);
    struct mu_request request = {.experiment = &l->e,
        .history = &history,
        .wanted = wanted,
        .first = l->n,
        .counted = true,
        .arena = arena};
    if (mu_algorithm_suggest(algorithm, &request, &reply, &error)) {
        fail_msg("%s", error.text);
    }
    assert_int_equal(reply.n, wanted);
    return reply;
}

static struct mu_reply ask(const struct loop *l, size_t wanted) {
    return ask_of(&mu_nsga2, l, wanted);
}

static double number(const struct mu_suggestion *s, size_t i) {
    return strtod(s->assignments[i].value, NULL);
}

static const char *text_of(double value) {
    return isnan(value) ? NULL : mu_arena_format(arena, "%.17g", value);
}

static void tell(struct loop *l, const struct mu_pair *assignments, const double *values) {
    const char **additional = MU_ARRAY(arena, 2, const char *);
    const char *time = mu_arena_format(arena, "2026-01-01T%02zu:%02zu:00Z", l->n / 60, l->n % 60);
    additional[0] = text_of(values[1]);
    additional[1] = text_of(values[2]);
    l->records[l->n++] = (struct mu_trial_record){.name = time,
        .completed = time,
        .metric = text_of(values[0]),
        .additional = additional,
        .condition = isnan(values[0]) ? MU_TRIAL_FAILED : MU_TRIAL_SUCCEEDED,
        .assignments = assignments,
        .n_assignments = l->e.space.n};
}

/* ---- the population ---- */

/* Trial i stands at x = i / 100 and has the values of row i. */
static void tell_rows(struct loop *l, const double (*rows)[3], size_t n) {
    for (size_t i = 0; i < n; i++) {
        struct mu_pair *pair = MU_NEW(arena, struct mu_pair);
        *pair = (struct mu_pair){"x", mu_arena_format(arena, "%.2f", (double)i / 100)};
        tell(l, pair, rows[i]);
    }
}

/* That the population of |size| holds these rows, in this order. */
static void assert_members(
    const struct loop *l, size_t size, const size_t *expected, const size_t *ranks, size_t n) {
    struct mu_history history;
    struct mu_outcomes outcomes;
    build_history(&history, &l->e, l->records, l->n, arena);
    assert_int_equal(mu_outcomes_read(&outcomes, &l->e, arena, &error), MU_OK);
    struct mu_nsga_population p = mu_nsga_population_of(&outcomes, &history, size, arena);
    assert_int_equal(p.n, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal((size_t)round(100 * p.members[i].x[0]), expected[i]);
        assert_int_equal(p.members[i].rank, ranks[i]);
    }
}

/* By hand. Front 0 is {0, 2, 4, 5}, of which 0 and 4 are ends and 2 (sides 4/8 + 4/8) is lonelier
 * than 5 (5/8 + 2/8); 1 is dominated by 2 alone; 3 by 2 and 1. */
static void the_population_is_the_best_by_rank_and_crowding(void **state) {
    (void)state;
    const double rows[][3] = {{1, 9, 0}, {4, 6, 0}, {4, 3, 0}, {7, 7, 0}, {9, 1, 0}, {5, 2.5, 0}};
    struct loop *l = loop_of(&X, 1, NULL, "50");
    tell_rows(l, rows, 6);
    assert_members(l, 50, (size_t[]){0, 4, 2, 5, 1, 3}, (size_t[]){0, 0, 0, 0, 1, 2}, 6);
    assert_members(l, 3, (size_t[]){0, 4, 2}, (size_t[]){0, 0, 0}, 3);
}

/* The feasible ones first, then by violation, whatever the objectives; an unknown constraint last.
 */
static void constraints_come_before_objectives(void **state) {
    (void)state;
    const double rows[][3] = {{0, 0, 9}, {5, 5, 3}, {6, 6, 4}, {1, 1, (double)NAN}, {0, 1, 5}};
    struct loop *l = loop_of(&X, 1, "size<=4", "50");
    tell_rows(l, rows, 5);
    assert_members(l, 50, (size_t[]){1, 2, 4, 0, 3}, (size_t[]){0, 1, 2, 3, 4}, 5);
}

static void trials_without_an_objective_have_no_children(void **state) {
    (void)state;
    const double nan = (double)NAN;
    const double rows[][3] = {{nan, 0, 0}, {1, nan, 0}, {2, 2, nan}, {3, 3, 0}};
    struct loop *l = loop_of(&X, 1, NULL, "50");
    tell_rows(l, rows, 4);
    assert_members(l, 50, (size_t[]){2, 3}, (size_t[]){0, 1}, 2);
}

static void one_objective_orders_by_itself(void **state) {
    (void)state;
    const double rows[][3] = {{3, 0, 0}, {1, 0, 0}, {2, 0, 0}, {1, 0, 0}};
    struct loop *l = loop_of(&X, 1, NULL, "50");
    l->settings[0].value = "f";
    tell_rows(l, rows, 4);
    assert_members(l, 3, (size_t[]){1, 3, 2}, (size_t[]){0, 0, 1}, 3);
}

/* P(the better of two of n is among the first k) = 1 - ((n - k) / n)^2. */
static void tournaments_prefer_the_better(void **state) {
    enum { DRAWS = 20000, SIZE = 10 };
    (void)state;
    struct mu_nsga_member members[SIZE] = {{0}};
    const struct mu_nsga_population population = {members, SIZE};
    struct mu_stream stream;
    double first = 0;
    mu_stream_init(&stream, 1, 0, "tournament");
    for (size_t i = 0; i < DRAWS; i++) {
        first += mu_nsga_tournament(&population, &stream) < members + 3;
    }
    assert_close(first / DRAWS, 0.51, 4 * sqrt(0.51 * 0.49 / DRAWS)); /* false alarm 6e-5 */
}

/* ---- whole requests ---- */

static void the_first_suggestions_are_the_design(void **state) {
    (void)state;
    const struct mu_parameter_text texts[] = {X, N};
    struct loop *l = loop_of(texts, 2, NULL, "20");
    struct mu_reply reply = ask(l, 20);
    uint64_t seed = mu_experiment_seed(&l->e);
    for (size_t i = 0; i < 20; i++) {
        double x[2];
        mu_space_design(&l->e.space, seed, i, x);
        assert_close(number(&reply.suggestions[i], 0), x[0], 1e-15);
        assert_true(number(&reply.suggestions[i], 1) == x[1]);
    }
}

/* Ten parents at two values of x, of which a child has one when it was not mutated (1 in 2) and not
 * blended: its parents agree (1 in 2), are not crossed (0.1) or x is copied (1 in 2), 0.39 in all.
 * Four standard deviations of 40 children: 0.31. */
static void later_ones_descend_from_the_population(void **state) {
    (void)state;
    struct mu_parameter_text texts[] = {X, X};
    texts[1].name = "y";
    struct loop *l = loop_of(texts, 2, NULL, "10");
    for (size_t i = 0; i < 10; i++) {
        struct mu_pair *pairs = MU_ARRAY(arena, 2, struct mu_pair);
        pairs[0] = (struct mu_pair){"x", i % 2 ? "0.123" : "0.877"};
        pairs[1] = (struct mu_pair){"y", mu_arena_format(arena, "0.%zu", i)};
        tell(l, pairs, (double[]){(double)i, (double)(9 - i), 0});
    }
    struct mu_reply reply = ask(l, 40);
    double inherited = 0;
    for (size_t i = 0; i < reply.n; i++) {
        double x = number(&reply.suggestions[i], 0);
        inherited += fabs(x - 0.123) < 1e-12 || fabs(x - 0.877) < 1e-12;
    }
    assert_true(fabs(inherited / 40 - 0.39) < 0.31);
}

/* A space of ten points, all asked for and half of them failing: every point once. */
static void a_finite_space_is_used_up_without_repeats(void **state) {
    (void)state;
    struct loop *l = loop_of(&N, 1, NULL, "3");
    bool seen[10] = {false};
    for (size_t i = 0; i < 10; i++) {
        struct mu_suggestion s = ask(l, 1).suggestions[0];
        size_t value = (size_t)number(&s, 0);
        assert_false(seen[value]);
        seen[value] = true;
        double f = i % 2 ? (double)NAN : (double)value;
        tell(l, s.assignments, (double[]){f, (double)(9 - value), 0});
    }
}

static void where_all_fail_the_design_goes_on(void **state) {
    (void)state;
    struct loop *l = loop_of(&X, 1, NULL, "4");
    for (size_t i = 0; i < 30; i++) {
        struct mu_suggestion s = ask(l, 1).suggestions[0];
        tell(l, s.assignments, (double[]){(double)NAN, 1, 0});
    }
    ask(l, 3);
}

/* ---- a whole search ---- */

enum { DIMENSIONS = 6 };

/* ZDT1 (Zitzler, Deb and Thiele 2000) with six variables; |size| is what the constraint regards. */
static void evaluate(const struct mu_suggestion *s, double *values) {
    double rest = 0;
    for (size_t i = 1; i < DIMENSIONS; i++) {
        rest += number(s, i);
    }
    double g = 1 + 9 * rest / (DIMENSIONS - 1);
    values[0] = number(s, 0);
    values[1] = g * (1 - sqrt(values[0] / g));
    values[2] = values[0];
}

static double volume_after(const struct mu_algorithm *algorithm, size_t trials,
    const char *constraints, double *feasible) {
    struct mu_parameter_text texts[DIMENSIONS];
    double values[MOST][2];
    size_t n = 0;
    for (size_t i = 0; i < DIMENSIONS; i++) {
        texts[i] = X;
        texts[i].name = mu_arena_format(arena, "x%zu", i);
    }
    struct loop *l = loop_of(texts, DIMENSIONS, constraints, "30");
    while (l->n < trials) {
        struct mu_reply reply = ask_of(algorithm, l, 4);
        for (size_t i = 0; i < reply.n; i++) {
            double row[3];
            evaluate(&reply.suggestions[i], row);
            tell(l, reply.suggestions[i].assignments, row);
            if (!constraints || row[2] <= 0.3) {
                memcpy(values[n++], row, sizeof values[0]);
            }
        }
    }
    *feasible = (double)n / (double)l->n;
    return mu_hypervolume(values[0], n, 2, (double[]){1, 5}, arena);
}

/* Of the area that nothing dominates yet evolution leaves less than a quarter of what random search
 * leaves. */
static void evolution_approaches_the_front(void **state) {
    (void)state;
    double share;
    static const double WHOLE = 5 - 1 / 3.0; /* the area over the front 1 - sqrt(f), up to 5 */
    double ours = WHOLE - volume_after(&mu_nsga2, 300, NULL, &share);
    struct mu_algorithm random = mu_nsga2;
    random.propose = NULL;
    double theirs = WHOLE - volume_after(&random, 300, NULL, &share);
    assert_true(ours > 0 && ours < 0.25 * theirs);
}

static void constraints_are_learnt(void **state) {
    (void)state;
    double share;
    volume_after(&mu_nsga2, 200, "size<=0.3", &share);
    assert_true(share > 0.6); /* 0.3 of the space is feasible */
}

static void settings_are_checked(void **state) {
    (void)state;
    static const struct setting_case CASES[] = {{{"population_size", "2"}, NULL},
        {{"population_size", "1"},
            "setting population_size: 1 is out of range, accepted is [2, 1000000]"},
        {{"crossover_prob", "1.5"},
            "setting crossover_prob: 1.5 is out of range, accepted is [0.0, 1.0]"},
        {{"swapping_prob", "-0.1"},
            "setting swapping_prob: -0.1 is out of range, accepted is [0.0, 1.0]"},
        {{"mutation_prob", "None"}, NULL}, {{"mutation_prob", "0"}, NULL},
        {{"crossover_eta", "-1"},
            "setting crossover_eta: -1 is out of range, accepted is [0.0, 1000.0]"},
        {{"mutation_eta", "0"}, NULL}, {{"random_state", "7"}, NULL}};
    assert_settings(&mu_nsga2, CASES, sizeof CASES / sizeof *CASES);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(the_population_is_the_best_by_rank_and_crowding),
        arena_test(constraints_come_before_objectives),
        arena_test(trials_without_an_objective_have_no_children),
        arena_test(one_objective_orders_by_itself),
        arena_test(tournaments_prefer_the_better),
        arena_test(the_first_suggestions_are_the_design),
        arena_test(later_ones_descend_from_the_population),
        arena_test(a_finite_space_is_used_up_without_repeats),
        arena_test(where_all_fail_the_design_goes_on),
        arena_test(evolution_approaches_the_front),
        arena_test(constraints_are_learnt),
        arena_test(settings_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
