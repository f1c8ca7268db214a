/* tpe with several objectives and constraints: whole searches, and trials that lack metrics. */
#include <stdlib.h>
#include <string.h>

#include "common/num/pareto.h"
#include "services/tpe/tpe.h"
#include "tests/support/arena.h"
#include "tests/support/history.h"

enum { MOST = 64 };
static struct mu_error error;

static const struct mu_objective METRICS[] = {{"f", false}, {"g", false}, {"size", false}};
static const struct mu_parameter_text SQUARE[] = {
    {.name = "x", .type = MU_DOUBLE, .min = "-2", .max = "2"},
    {.name = "y", .type = MU_DOUBLE, .min = "-2", .max = "2"}};

struct loop {
    struct mu_experiment e;
    struct mu_pair settings[3];
    struct mu_trial_record records[MOST];
    double values[MOST][3];
    size_t n;
};

static struct loop *loop_of(const char *objectives, const char *constraints) {
    struct loop *l = MU_NEW(arena, struct loop);
    l->settings[0] = (struct mu_pair){"objectives", objectives};
    l->settings[1] = (struct mu_pair){"constraints", constraints};
    l->settings[2] = (struct mu_pair){"random_state", "1"};
    l->e = (struct mu_experiment){.name = "tpe",
        .metrics = METRICS,
        .n_metrics = 3,
        .settings = l->settings,
        .n_settings = 3};
    assert_int_equal(mu_space_init(&l->e.space, SQUARE, 2, arena, &error), MU_OK);
    return l;
}

static struct mu_reply ask(const struct mu_algorithm *algorithm, const struct loop *l, size_t n) {
    struct mu_history *history = MU_NEW(arena, struct mu_history);
    struct mu_reply reply;
    build_history(history, &l->e, l->records, l->n, arena);
    struct mu_request request = {.experiment = &l->e,
        .history = history,
        .wanted = n,
        .first = l->n,
        .counted = true,
        .arena = arena};
    if (mu_algorithm_suggest(algorithm, &request, &reply, &error)) {
        fail_msg("%s", error.text);
    }
    assert_int_equal(reply.n, n);
    return reply;
}

static const char *text_of(double value) {
    return isnan(value) ? NULL : mu_arena_format(arena, "%.17g", value);
}

static void tell(struct loop *l, const struct mu_suggestion *s, const double *values) {
    const char **additional = MU_ARRAY(arena, 2, const char *);
    additional[0] = text_of(values[1]);
    additional[1] = text_of(values[2]);
    memcpy(l->values[l->n], values, sizeof l->values[0]);
    l->records[l->n] = (struct mu_trial_record){.name = mu_arena_format(arena, "t%zu", l->n),
        .completed = mu_arena_format(arena, "2026-01-01T00:%02zu:00Z", l->n),
        .metric = text_of(values[0]),
        .additional = additional,
        .condition = isnan(values[0]) ? MU_TRIAL_FAILED : MU_TRIAL_SUCCEEDED,
        .assignments = s->assignments,
        .n_assignments = 2};
    l->n++;
}

typedef void outcome(const double *x, double *values);

static void run(
    struct loop *l, const struct mu_algorithm *algorithm, outcome *f, size_t trials, size_t batch) {
    while (l->n < trials) {
        struct mu_reply reply = ask(algorithm, l, batch);
        for (size_t i = 0; i < reply.n; i++) {
            const struct mu_suggestion *s = &reply.suggestions[i];
            const double x[] = {
                strtod(s->assignments[0].value, NULL), strtod(s->assignments[1].value, NULL)};
            double values[3];
            f(x, values);
            tell(l, s, values);
        }
    }
}

/* VLMOP2 (Van Veldhuizen and Lamont 1999); |size| is the distance from the middle. */
static void vlmop2(const double *x, double *values) {
    double at = 1 / sqrt(2);
    values[0] = 1 - exp(-pow(x[0] - at, 2) - pow(x[1] - at, 2));
    values[1] = 1 - exp(-pow(x[0] + at, 2) - pow(x[1] + at, 2));
    values[2] = sqrt(x[0] * x[0] + x[1] * x[1]);
}

/* What is not dominated yet of the front's volume, 0.3459 (the front in 10^5 steps). */
static double volume_left(const struct loop *l) {
    double rows[MOST][2];
    for (size_t i = 0; i < l->n; i++) {
        memcpy(rows[i], l->values[i], sizeof rows[i]);
    }
    return 0.3459 - mu_hypervolume(rows[0], l->n, 2, (double[]){1, 1}, arena);
}

static struct mu_algorithm random_search(void) {
    struct mu_algorithm random = mu_tpe;
    random.begin = NULL;
    random.propose = NULL;
    random.pending = NULL;
    return random;
}

static void two_objectives_approach_the_front(void **state) {
    (void)state;
    const struct mu_algorithm random = random_search();
    for (size_t batch = 1; batch <= 4; batch += 3) {
        struct loop *ours = loop_of("f, g", "");
        struct loop *theirs = loop_of("f, g", "");
        run(ours, &mu_tpe, vlmop2, 60, batch);
        run(theirs, &random, vlmop2, 60, batch);
        assert_true(volume_left(ours) > 0 && volume_left(ours) < 0.5 * volume_left(theirs));
    }
}

static size_t count_met(const struct loop *l, size_t from, double bound) {
    size_t n = 0;
    for (size_t i = from; i < l->n; i++) {
        n += l->values[i][2] <= bound;
    }
    return n;
}

/* The constraint holds in 5 % of the space, away from the objective's optimum. */
static void far(const double *x, double *values) {
    vlmop2(x, values);
    values[2] = sqrt(pow(x[0] + 1, 2) + pow(x[1] + 1, 2));
}

static void a_constraint_is_met_by_most(void **state) {
    (void)state;
    struct loop *l = loop_of("", "size<=0.5");
    run(l, &mu_tpe, far, 60, 1);
    assert_true(count_met(l, 30, 0.5) > 10); /* of 30; random trials: 1.5 */
}

/* Nothing can be feasible: what misses least is sought. */
static void hopeless(const double *x, double *values) {
    far(x, values);
    values[2] += 1;
}

static void where_nothing_is_feasible_violation_shrinks(void **state) {
    (void)state;
    struct loop *l = loop_of("", "size<=0.5");
    run(l, &mu_tpe, hopeless, 60, 1);
    assert_true(count_met(l, 20, 1.75) > 12); /* of 40; random trials: 4.4 */
}

/* A third has no f, a third no g, a third no size: f and g are ranked where both are there. */
static void patchy(const double *x, double *values) {
    static size_t turn = 0;
    vlmop2(x, values);
    values[turn++ % 3] = (double)NAN;
}

static void trials_may_lack_metrics(void **state) {
    (void)state;
    struct loop *l = loop_of("f, g", "size<=1");
    run(l, &mu_tpe, patchy, 60, 4);
    for (size_t i = 0; i < l->n; i++) {
        assert_non_null(l->records[i].assignments[0].value);
    }
    struct loop *none = loop_of("f, g", "size<=1");
    for (size_t i = 0; i < 10; i++) {
        tell(none, ask(&mu_tpe, none, 1).suggestions, (double[]){(double)i, 1, (double)NAN});
    }
    ask(&mu_tpe, none, 2);
}

static bool same(const struct mu_reply *a, const struct mu_reply *b) {
    return strcmp(a->suggestions[0].assignments[0].value, b->suggestions[0].assignments[0].value) ==
               0 &&
           strcmp(a->suggestions[0].assignments[1].value, b->suggestions[0].assignments[1].value) ==
               0;
}

static void the_objective_alone_is_what_it_was(void **state) {
    (void)state;
    struct loop *l = loop_of("", "");
    run(l, &mu_tpe, vlmop2, 20, 1);
    struct mu_reply unset = ask(&mu_tpe, l, 1);
    l->settings[0].value = "f:min";
    struct mu_reply named = ask(&mu_tpe, l, 1);
    l->settings[0].value = "f:min, g:max";
    struct mu_reply more = ask(&mu_tpe, l, 1);
    assert_true(same(&unset, &named));
    assert_false(same(&unset, &more));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(two_objectives_approach_the_front),
        arena_test(a_constraint_is_met_by_most),
        arena_test(where_nothing_is_feasible_violation_shrinks),
        arena_test(trials_may_lack_metrics),
        arena_test(the_objective_alone_is_what_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
