/* Promotions whose trials are not to be seen, told by times and numbers. All trials are of the
 * bracket that starts at 1 epoch, where one in three goes on to 3. */
#include "services/hyperband/tests/lab.h"

static const struct mu_pair SETTINGS[] = {
    {"r_l", "27"}, {"resource_name", "epochs"}, {"sampler", "random"}};
static struct lab lab;

static int set_up(void **state) {
    (void)state;
    lab_init(&lab, THREE, 4, SETTINGS, 3);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    lab_finish(&lab);
    return 0;
}

static const char *at(int second) {
    return mu_arena_format(lab.arena, "2026-01-01T00:%02d:%02dZ", second / 60, second % 60);
}

/* Configuration |lr| from second |from| to second |to|, or running when |to| is 0. */
static void add(const char *lr, const char *epochs, int from, int to, double loss) {
    const struct mu_pair pairs[] = {
        {"lr", lr}, {"epochs", epochs}, {"layers", "10"}, {"optimizer", "sgd"}};
    struct mu_suggestion s = {.assignments = lab_keep(&lab, pairs, 4), .n_assignments = 4};
    struct mu_trial_record *t = &lab.trials[lab_add(&lab, &s, to ? SUCCEEDED : RUNNING, loss)];
    t->started = at(from);
    t->completed = to ? at(to) : "";
}

/* Whether the next suggestion, after |first| others, is |lr| at |epochs|. */
static bool is_next(uint64_t first, const char *lr, const char *epochs) {
    struct mu_reply reply = lab_ask(&lab, 1, first);
    return strcmp(lab_text(&reply.suggestions[0], "lr"), lr) == 0 &&
           strcmp(lab_text(&reply.suggestions[0], "epochs"), epochs) == 0;
}

static bool is_new(uint64_t first) {
    struct mu_reply reply = lab_ask(&lab, 1, first);
    for (size_t i = 0; i < lab.n; i++) {
        if (strcmp(lab.trials[i].assignments[0].value, lab_text(&reply.suggestions[0], "lr")) ==
            0) {
            return false;
        }
    }
    return true;
}

static void what_is_missing_by_number_was_due(void **state) {
    (void)state;
    add("0.01", "1", 0, 1, 1);
    add("0.02", "1", 0, 2, 2);
    add("0.03", "1", 0, 3, 3);
    assert_true(is_next(3, "0.01", "3"));
    assert_true(is_new(4));
}

/* Nothing is missing by number: a trial that is stopped early may not be counted. */
static void what_started_later_tells(void **state) {
    (void)state;
    lab.experiment.stops_early = true;
    add("0.01", "1", 0, 1, 1);
    add("0.02", "1", 0, 2, 2);
    add("0.03", "1", 0, 3, 3);
    add("0.04", "1", 3, 6, 4);
    add("0.05", "1", 5, 0, 0); /* was suggested when the third result was on its way, perhaps */
    assert_true(is_next(5, "0.01", "3"));
    lab.trials[--lab.n].started = NULL;
    add("0.05", "1", 8, 0, 0); /* and now surely later */
    assert_true(is_new(5));
}

/* A controller may try what it asked for at once one after the other: those that started after the
 * first ones' ends were suggested before. */
static void where_all_are_shown_times_tell_nothing(void **state) {
    (void)state;
    static const char *const LR[] = {"0.01", "0.02", "0.03", "0.04"};
    for (int i = 0; i < 4; i++) {
        add(LR[i], "1", i + 1, i + 1, i);
    }
    assert_true(is_next(4, "0.01", "3"));
}

/* Whoever writes a value otherwise means the same configuration. */
static void values_tell_not_their_texts(void **state) {
    (void)state;
    add("0.010", "1", 0, 1, 1);
    add("0.02", "1", 0, 2, 2);
    add("0.03", "1", 0, 3, 3);
    assert_true(is_next(3, "0.010", "3"));
    add("0.01", "3", 4, 0, 0);
    assert_true(is_new(4));
}

/* The better one of two was promoted, and the other still waits. */
static void a_promotion_that_came_first_says_nothing(void **state) {
    (void)state;
    static const char *const LR[] = {"0.01", "0.02", "0.03", "0.04", "0.05", "0.06", "0.07"};
    for (int i = 0; i < 7; i++) {
        add(LR[i], "1", 0, i + 1, i);
    }
    add("0.01", "3", 9, 0, 0);
    assert_true(is_next(8, "0.02", "3"));
}

/* With one worker, 0.004 had no turn while others were promoted; 0.001 at 9 is missing. */
static void busy_workers_had_no_place(void **state) {
    (void)state;
    lab.experiment.parallel_trials = 1;
    for (int i = 0; i < 12; i++) {
        add(mu_arena_format(lab.arena, "0.0%02d", i + 1), "1", i, i + 1, i);
    }
    add("0.002", "3", 12, 13, 20);
    add("0.003", "3", 13, 14, 30);
    add("0.001", "3", 14, 15, 10);
    assert_true(is_next(15, "0.001", "9"));
    assert_true(is_next(16, "0.004", "3"));
}

/* Nothing that runs is shown. A result as new as the request has places brings a promotion; an
 * older one brought it to an earlier request. 0.01 was lost before. */
static void what_runs_unseen_had_fewer_results(void **state) {
    (void)state;
    lab.experiment.parallel_trials = 2;
    add("0.01", "1", 0, 1, 0);
    add("0.03", "1", 0, 2, 3);
    add("0.04", "1", 1, 3, 4);
    add("0.05", "1", 2, 4, 5);
    add("0.06", "1", 3, 5, 6);
    add("0.02", "1", 4, 6, 1);
    assert_true(is_next(7, "0.02", "3"));
    add("0.07", "1", 5, 7, 7);
    assert_true(is_new(8));
}

/* On two workers, nothing that runs is shown: 0.01 was promoted at second 3 and runs. Better ones
 * came and went on, and with the latest result it is among the best again. */
static void what_was_due_once_runs_unseen(void **state) {
    (void)state;
    lab.experiment.parallel_trials = 2;
    add("0.05", "1", 0, 1, 5);
    add("0.06", "1", 0, 2, 6);
    add("0.01", "1", 1, 3, 1);
    add("0.04", "1", 2, 4, 0);
    add("0.04", "3", 4, 5, 0);
    add("0.07", "1", 5, 6, 7);
    add("0.08", "1", 6, 7, 8);
    assert_true(is_new(8));
}

/* On two workers: 0.01 is the best of three at second 3, until 0.04 ends, and again among the best
 * two of six. One suggestion is missing, and 0.04 was not promoted. */
static void add_one_that_leaves_and_returns(void) {
    lab.experiment.parallel_trials = 2;
    add("0.05", "1", 0, 1, 5);
    add("0.06", "1", 0, 2, 6);
    add("0.01", "1", 1, 3, 1);
    add("0.04", "1", 2, 8, 0);
    add("0.07", "1", 8, 10, 7);
    add("0.08", "1", 10, 11, 8);
    add("0.09", "1", 10, 0, 0);
}

static void an_idle_worker_did_what_was_due(void **state) {
    (void)state;
    add_one_that_leaves_and_returns();
    assert_true(is_new(8));
}

static void without_an_idle_worker_nothing_was_done(void **state) {
    (void)state;
    add_one_that_leaves_and_returns();
    lab.experiment.parallel_trials = 1;
    assert_true(is_next(8, "0.01", "3"));
}

#define missing_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        missing_test(what_is_missing_by_number_was_due),
        missing_test(what_started_later_tells),
        missing_test(where_all_are_shown_times_tell_nothing),
        missing_test(values_tell_not_their_texts),
        missing_test(a_promotion_that_came_first_says_nothing),
        missing_test(busy_workers_had_no_place),
        missing_test(what_runs_unseen_had_fewer_results),
        missing_test(what_was_due_once_runs_unseen),
        missing_test(an_idle_worker_did_what_was_due),
        missing_test(without_an_idle_worker_nothing_was_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
