/* The canonical history: states, order, infeasible and foreign trials. */
#include "common/search/experiment.h"

#include <string.h>

#include "tests/support/arena.h"
#include "tests/support/history.h"

enum { UNKNOWN = MU_TRIAL_EARLY_STOPPED + 1 };

#define RECORD(n, c, m, state, pairs, n_pairs)                                            \
    {                                                                                     \
        .name = n, .completed = c, .metric = m, .condition = state, .assignments = pairs, \
        .n_assignments = n_pairs                                                          \
    }

static struct mu_experiment make(bool maximize) {
    static const struct mu_parameter_text TEXTS[] = {
        {.name = "lr", .type = MU_DOUBLE, .min = "0", .max = "1"},
        {.name = "n", .type = MU_INT, .min = "1", .max = "4"}};
    struct mu_experiment e = {
        .name = "e", .metrics = maximize ? MAXIMIZED : MINIMIZED, .n_metrics = 1};
    struct mu_error error;
    assert_int_equal(mu_space_init(&e.space, TEXTS, 2, arena, &error), MU_OK);
    return e;
}

static const struct mu_pair HALF[] = {{"lr", "0.5"}, {"n", "2"}},
                            TURNED[] = {{"n", "2"}, {"lr", "0.5"}},
                            WIDE[] = {{"lr", "7"}, {"n", "2"}},
                            OTHER[] = {{"alpha", "1"}, {"n", "2"}}, LESS[] = {{"lr", "0.5"}},
                            MORE[] = {{"lr", "0.5"}, {"n", "2"}, {"z", "1"}};

static struct mu_history build(
    const struct mu_experiment *e, const struct mu_trial_record *records, size_t n) {
    struct mu_history history;
    build_history(&history, e, records, n, arena);
    return history;
}

static void states_follow_condition_and_value(void **state) {
    (void)state;
    struct mu_experiment e = make(true);
    static const struct {
        int condition;
        const char *metric;
        enum mu_trial_state state;
    } CASES[] = {{MU_TRIAL_CREATED, NULL, MU_PENDING}, {MU_TRIAL_RUNNING, "0.5", MU_PENDING},
        {MU_TRIAL_SUCCEEDED, "0.5", MU_DONE}, {MU_TRIAL_SUCCEEDED, "", MU_FAILED},
        {MU_TRIAL_SUCCEEDED, "nan", MU_FAILED}, {MU_TRIAL_SUCCEEDED, "inf", MU_FAILED},
        {MU_TRIAL_SUCCEEDED, NULL, MU_FAILED}, {MU_TRIAL_SUCCEEDED, "text", MU_FAILED},
        {MU_TRIAL_SUCCEEDED, "1e-5", MU_DONE}, {MU_TRIAL_KILLED, NULL, MU_FAILED},
        {MU_TRIAL_FAILED, "0.5", MU_FAILED}, {MU_TRIAL_METRICS_UNAVAILABLE, NULL, MU_FAILED},
        {MU_TRIAL_EARLY_STOPPED, "0.5", MU_DONE}, {MU_TRIAL_EARLY_STOPPED, "", MU_FAILED},
        {UNKNOWN, NULL, MU_PENDING}, {99, "1", MU_PENDING}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct mu_trial_record r =
            RECORD("t", "2026-01-01T00:00:00Z", CASES[i].metric, CASES[i].condition, HALF, 2);
        struct mu_history h = build(&e, &r, 1);
        assert_int_equal(h.n, 1);
        assert_int_equal(h.trials[0].state, CASES[i].state);
        if (CASES[i].state == MU_DONE) {
            assert_true(h.trials[0].loss < 0); /* maximized: negated */
        }
        assert_int_equal(h.trials[0].early_stopped, CASES[i].condition == MU_TRIAL_EARLY_STOPPED);
    }
}

/* Katib gives early-stopped trials no completion time: they stand where they started, not behind
 * all others, and running ones have no time whatever they carry. */
static void finished_trials_without_a_time_stand_where_they_started(void **state) {
    (void)state;
    struct mu_experiment e = make(false);
    struct mu_trial_record records[] = {
        RECORD("late", "2026-01-01T00:03:00Z", "1", MU_TRIAL_SUCCEEDED, HALF, 2),
        RECORD("stopped", "0001-01-01T00:00:00Z", "1", MU_TRIAL_EARLY_STOPPED, HALF, 2),
        RECORD("early", "2026-01-01T00:01:00Z", "1", MU_TRIAL_SUCCEEDED, HALF, 2),
        RECORD("running", "", NULL, MU_TRIAL_RUNNING, HALF, 2)};
    records[0].started = "2026-01-01T00:00:00Z";
    records[1].started = "2026-01-01T00:02:00Z";
    records[3].started = "2026-01-01T00:00:00Z";
    struct mu_history h = build(&e, records, 4);
    assert_string_equal(h.trials[0].name, "early");
    assert_string_equal(h.trials[1].name, "stopped");
    assert_string_equal(h.trials[2].name, "late");
    assert_string_equal(h.trials[3].name, "running");
    assert_string_equal(h.trials[3].completed, "");
}

/* RFC 3339 lets one moment be written with any zone and any number of digits. */
static void trials_stand_by_moments_not_by_texts(void **state) {
    static const char *const TIMES[] = {"2026-01-01T01:29:59+02:00", "2025-12-31T19:00:00-05:00",
        "2026-01-01T00:00:00.05Z", "2026-01-01T02:00:00.1+02:00", "2026-01-01T00:00:00.12Z",
        "2026-01-01T00:00:01.000Z", "2026-01-01T00:00:01.0009Z", "2026-01-01T00:00:02Z"};
    enum { N = sizeof TIMES / sizeof *TIMES };
    struct mu_experiment e = make(false);
    struct mu_trial_record records[N];
    (void)state;
    for (size_t i = 0; i < N; i++) {
        records[i] = (struct mu_trial_record)RECORD(
            "t", TIMES[(3 * i) % N], "1", MU_TRIAL_SUCCEEDED, HALF, 2);
        records[i].started = TIMES[(3 * i) % N];
        records[i].name = mu_arena_format(arena, "%zu", N - (3 * i) % N);
    }
    struct mu_history h = build(&e, records, N);
    for (size_t i = 0; i < N; i++) {
        assert_string_equal(h.trials[i].name, mu_arena_format(arena, "%zu", N - i));
        assert_string_equal(h.trials[i].started, h.trials[i].completed);
    }
    assert_string_equal(h.trials[1].completed, "2026-01-01T00:00:00");
    assert_string_equal(h.trials[5].completed, "2026-01-01T00:00:01");
}

static void infeasible_and_foreign_trials_are_told_apart(void **state) {
    (void)state;
    struct mu_experiment e = make(false);
    const struct mu_trial_record records[] = {RECORD("a", "", "1", MU_TRIAL_SUCCEEDED, HALF, 2),
        RECORD("b", "", "1", MU_TRIAL_SUCCEEDED, TURNED, 2),
        RECORD("c", "", "1", MU_TRIAL_SUCCEEDED, WIDE, 2),
        RECORD("d", "", "1", MU_TRIAL_SUCCEEDED, OTHER, 2),
        RECORD("e", "", "1", MU_TRIAL_SUCCEEDED, LESS, 1),
        RECORD("f", "", "1", MU_TRIAL_SUCCEEDED, MORE, 3)};
    struct mu_history h = build(&e, records, 6);
    assert_int_equal(h.n, 2);
    assert_int_equal(h.n_infeasible, 1);
    assert_int_equal(h.foreign, 3);
    assert_memory_equal(h.trials[0].x, h.trials[1].x, 2 * sizeof(double));
    assert_true(isnan(h.infeasible[0].x[0]) && h.infeasible[0].x[1] == 1);
    assert_string_equal(mu_trial_text(&h.infeasible[0], "lr"), "7");
    assert_null(mu_trial_text(&h.infeasible[0], "alpha"));
}

/* Every permutation of four trials gives the same order: by completion, then name; unfinished last.
 */
static void the_order_of_arrival_does_not_matter(void **state) {
    (void)state;
    struct mu_experiment e = make(false);
    const struct mu_trial_record records[] = {
        RECORD("z", "2026-01-01T00:00:01Z", "1", MU_TRIAL_SUCCEEDED, HALF, 2),
        RECORD("b", "2026-01-01T00:00:02Z", NULL, MU_TRIAL_FAILED, HALF, 2),
        RECORD("c", "2026-01-01T00:00:02Z", "1", MU_TRIAL_SUCCEEDED, HALF, 2),
        RECORD("a", "0001-01-01T00:00:00Z", NULL, MU_TRIAL_RUNNING, HALF, 2)};
    for (int p = 0; p < 24; p++) {
        int left[4] = {0, 1, 2, 3};
        int code = p;
        struct mu_trial_record shuffled[4];
        for (int i = 4; i > 0; i--) {
            int at = code % i;
            code /= i;
            shuffled[i - 1] = records[left[at]];
            left[at] = left[i - 1];
        }
        struct mu_history h = build(&e, shuffled, 4);
        char names[5] = {
            h.trials[0].name[0], h.trials[1].name[0], h.trials[2].name[0], h.trials[3].name[0], 0};
        assert_string_equal(names, "zbca");
    }
}

/* Names and times that are the same leave assignments, whatever the losses. */
static void trials_without_names_stand_by_their_assignments(void **state) {
    (void)state;
    static const struct mu_pair QUARTER[] = {{"lr", "0.25"}, {"n", "2"}};
    struct mu_experiment e = make(false);
    const struct mu_trial_record low = RECORD("", "", "2", MU_TRIAL_SUCCEEDED, QUARTER, 2);
    const struct mu_trial_record high = RECORD("", "", "1", MU_TRIAL_SUCCEEDED, HALF, 2);
    for (int turned = 0; turned < 2; turned++) {
        struct mu_history h =
            build(&e, (struct mu_trial_record[]){turned ? high : low, turned ? low : high}, 2);
        assert_true(h.trials[0].x[0] == 0.25 && h.trials[1].x[0] == 0.5);
    }
}

/* A client may list the assignments of a trial in any order too: what infeasible ones and those of
 * a space without parameters assign is told apart by text. */
static void the_order_of_assignments_does_not_matter(void **state) {
    (void)state;
    static const struct mu_pair WIDE_TURNED[] = {{"n", "2"}, {"lr", "7"}};
    struct mu_experiment with = make(false);
    struct mu_experiment without = with;
    without.space.n = 0;
    const struct mu_experiment *experiments[] = {&with, &without};
    for (int k = 0; k < 4; k++) {
        const struct mu_experiment *e = experiments[k / 2];
        const struct mu_trial_record straight =
            RECORD("a", "", "1", MU_TRIAL_SUCCEEDED, k % 2 ? WIDE : HALF, 2);
        const struct mu_trial_record turned =
            RECORD("a", "", "1", MU_TRIAL_SUCCEEDED, k % 2 ? WIDE_TURNED : TURNED, 2);
        struct mu_history a = build(e, &straight, 1);
        struct mu_history b = build(e, &turned, 1);
        assert_true(mu_history_digest(&a) == mu_history_digest(&b));
        const struct mu_trial *t = k == 1 ? b.infeasible : b.trials;
        assert_string_equal(t->assignments[0].name, "lr");
        assert_string_equal(mu_trial_text(t, "lr"), k % 2 ? "7" : "0.5");
    }
}

/* The digest is that of the set: any order gives the same, and whatever tells two sets of trials
 * apart tells their digests apart. */
static void the_digest_stands_for_the_set_of_trials(void **state) {
    (void)state;
    struct mu_experiment e = make(false);
    const struct mu_trial_record running = RECORD("a", "", NULL, MU_TRIAL_RUNNING, HALF, 2);
    const struct mu_trial_record done = RECORD("a", "", "1", MU_TRIAL_SUCCEEDED, HALF, 2);
    const struct mu_trial_record better = RECORD("a", "", "2", MU_TRIAL_SUCCEEDED, HALF, 2);
    const struct mu_trial_record failed = RECORD("a", "", NULL, MU_TRIAL_FAILED, HALF, 2);
    const struct mu_trial_record renamed = RECORD("b", "", NULL, MU_TRIAL_RUNNING, HALF, 2);
    const struct mu_trial_record infeasible = RECORD("a", "", NULL, MU_TRIAL_RUNNING, WIDE, 2);
    const struct mu_trial_record foreign = RECORD("a", "", NULL, MU_TRIAL_RUNNING, OTHER, 2);
    const struct mu_trial_record sets[][2] = {{running, renamed}, {done, renamed},
        {better, renamed}, {failed, renamed}, {running, infeasible}, {renamed, infeasible},
        {running, foreign}};
    uint64_t digests[7];
    struct mu_history none = build(&e, NULL, 0);
    assert_int_equal(mu_history_digest(&none), 0);
    for (size_t i = 0; i < 7; i++) {
        struct mu_history h = build(&e, sets[i], 2);
        digests[i] = mu_history_digest(&h);
        h = build(&e, (struct mu_trial_record[]){sets[i][1], sets[i][0]}, 2);
        assert_true(mu_history_digest(&h) == digests[i]);
        for (size_t k = 0; k < i; k++) {
            assert_true(digests[k] != digests[i]);
        }
    }
}

static void the_zero_time_is_no_time(void **state) {
    (void)state;
    struct mu_experiment e = make(false);
    const struct mu_trial_record records[] = {
        RECORD("b", "0001-01-01T00:00:00Z", "1", MU_TRIAL_SUCCEEDED, HALF, 2),
        RECORD("a", "", "1", MU_TRIAL_SUCCEEDED, HALF, 2),
        RECORD("c", "2026-01-01T00:00:00Z", "1", MU_TRIAL_SUCCEEDED, HALF, 2)};
    struct mu_history h = build(&e, records, 3);
    assert_string_equal(h.trials[0].name, "c");
    assert_string_equal(h.trials[1].name, "a");
    assert_string_equal(h.trials[2].name, "b");
}

static void the_seed_depends_on_name_and_space(void **state) {
    (void)state;
    struct mu_experiment a = make(false);
    struct mu_experiment b = make(false);
    struct mu_experiment c = make(false);
    struct mu_experiment d = make(false);
    struct mu_parameter wider[] = {a.space.parameters[0], a.space.parameters[1]};
    b.name = "f";
    c.space.n = 1;
    wider[1].max = 5;
    d.space.parameters = wider;
    assert_true(mu_experiment_seed(&a) == mu_experiment_seed(&a));
    assert_true(mu_experiment_seed(&a) != mu_experiment_seed(&b));
    assert_true(mu_experiment_seed(&a) != mu_experiment_seed(&c));
    assert_true(mu_experiment_seed(&a) != mu_experiment_seed(&d));
}

static void a_trial_takes_from_its_start_to_its_end(void **state) {
    static const struct {
        const char *started, *completed;
        double seconds; /* 0: unknown */
    } CASES[] = {
        {"2026-01-31T23:59:00Z", "2026-02-01T00:01:30Z", 150},
        {"2026-01-01T00:00:00Z", "2026-01-01T00:00:00.25Z", 0.25},
        {"2026-01-01T00:00:00Z", "2026-01-01T02:00:00+01:00", 3600},
        {"2026-01-01T00:00:00Z", "2025-12-31T23:00:00-01:30", 1800},
        {"2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", 0},
        {"2026-01-01T00:00:01Z", "2026-01-01T00:00:00Z", 0},
        {"", "2026-01-01T00:00:00Z", 0},
        {"2026-01-01T00:00:00Z", "", 0},
        {"2026-01-01T00:00:00", "2026-01-01T01:00:00", 3600},
        {"2026-01-01T00:00:00Z", "2026-01-01T01:00:00+x", 0},
        {"yesterday", "today", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        const struct mu_trial trial = {
            .started = CASES[i].started, .completed = CASES[i].completed};
        double seconds = mu_trial_seconds(&trial);
        assert_true(CASES[i].seconds > 0 ? seconds == CASES[i].seconds : isnan(seconds));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trial_takes_from_its_start_to_its_end),
        arena_test(states_follow_condition_and_value),
        arena_test(finished_trials_without_a_time_stand_where_they_started),
        arena_test(trials_stand_by_moments_not_by_texts),
        arena_test(infeasible_and_foreign_trials_are_told_apart),
        arena_test(the_order_of_arrival_does_not_matter),
        arena_test(trials_without_names_stand_by_their_assignments),
        arena_test(the_order_of_assignments_does_not_matter),
        arena_test(the_digest_stands_for_the_set_of_trials),
        arena_test(the_zero_time_is_no_time),
        arena_test(the_seed_depends_on_name_and_space),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
