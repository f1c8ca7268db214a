/* A journal that is followed: one that replaces it in its inode, and without free descriptors. */
#include "client/serve/follow.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "client/run/journal.h"
#include "client/run/replay.h"
#include "client/run/setup.h"
#include "tests/support/arena.h"
#include "tests/support/cmocka.h"

static const char experiment[] =
    "{apiVersion: kubeflow.org/v1beta1, kind: Experiment, metadata: {name: e}, spec: {objective: "
    "{type: minimize, objectiveMetricName: loss}, algorithm: {algorithmName: random}, "
    "parallelTrialCount: 1, maxTrialCount: 9, parameters: [{name: x, parameterType: double, "
    "feasibleSpace: {min: '0', max: '1'}}]}}";

static const char latest_counts[] =
    "{apiVersion: kubeflow.org/v1beta1, kind: Experiment, metadata: {name: e}, spec: {objective: "
    "{type: minimize, objectiveMetricName: loss, metricStrategies: [{name: loss, value: latest}]}, "
    "algorithm: {algorithmName: random}, parallelTrialCount: 1, maxTrialCount: 9, parameters: "
    "[{name: x, parameterType: double, feasibleSpace: {min: '0', max: '1'}}]}}";

static char path[] = "/tmp/mushir-follow-XXXXXX";

static void add_trial(
    struct cl_journal *journal, long number, const char *time, const char *value) {
    cl_journal_add(journal, number, time, "suggested", "trial", NULL);
    cl_journal_add(journal, number, time, "started", NULL, "1");
    cl_journal_add(journal, number, time, "metric", "loss", value);
    cl_journal_add(journal, number, time, "ended", "Succeeded", "");
}

/* A run of |trials| trials that all have |value|, begun at |time|, at |name|. */
static void write_journal(const char *name, const char *time, size_t trials, const char *value) {
    struct mu_error error;
    struct cl_journal *journal = cl_journal_open(name, CL_JOURNAL_FRESH, &error);
    assert_non_null(journal);
    cl_journal_add(journal, -1, time, "experiment", "e", experiment);
    cl_journal_add(journal, -1, time, "run", NULL, "abcd");
    for (size_t i = 0; i < trials; i++) {
        add_trial(journal, (long)i, time, value);
    }
    cl_journal_close(journal);
}

/* The bytes of |from| into the file that is there. */
static void overwrite(const char *from, const char *to) {
    char bytes[1 << 16];
    int in = open(from, O_RDONLY);
    int out = open(to, O_WRONLY | O_TRUNC);
    ssize_t n = read(in, bytes, sizeof bytes);
    assert_in_range(n, 1, sizeof bytes - 1);
    assert_int_equal(write(out, bytes, (size_t)n), n);
    close(in);
    close(out);
}

static const char *file(const char *ending) {
    return mu_arena_format(arena, "%s/e.%s", path, ending);
}

/* Systems give the inode of a file that was removed to the next one. */
static void a_journal_that_was_begun_anew_is_read_anew(void **state) {
    (void)state;
    struct cl_follow *follow = cl_follow_create(file("journal"));
    const struct cl_standing *standing = cl_follow_standing(follow);
    write_journal(file("journal"), "2026-01-01T00:00:00Z", 3, "0.5");
    cl_follow_look(follow, false);
    assert_int_equal(standing->trials, 3);
    for (size_t trials = 2; trials <= 5; trials++) { /* fewer and more than before */
        const char *time = mu_arena_format(arena, "2026-01-02T00:00:0%zuZ", trials);
        const char *value = mu_arena_format(arena, "%zu.5", trials);
        write_journal(file("other"), time, trials, value);
        overwrite(file("other"), file("journal"));
        cl_follow_look(follow, false);
        assert_int_equal(standing->trials, trials);
        assert_int_equal(standing->reports, trials);
        assert_close(standing->best, (double)trials + 0.5, 1e-12);
        assert_string_equal(standing->started, time);
    }
    cl_follow_destroy(follow);
}

static struct rlimit allow(rlim_t descriptors) {
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit now = {descriptors, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
    return before;
}

/* However many are free, it is read to its end, or it is said that none is. */
static void without_a_free_descriptor_the_end_is_to_be_read_again(void **state) {
    enum { MOST = 64 };
    size_t refused = 0;
    size_t read = 0;
    (void)state;
    write_journal(file("journal"), "2026-01-01T00:00:00Z", 3, "0.5");
    for (rlim_t limit = 0; limit < MOST; limit++) {
        struct cl_follow *follow = cl_follow_create(file("journal"));
        const struct rlimit before = allow(limit);
        enum mu_status status = cl_follow_end(follow);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_true(status == MU_OK || status == MU_RESOURCE_EXHAUSTED);
        assert_int_equal(cl_follow_standing(follow)->trials, status == MU_OK ? 3 : 0);
        refused += status != MU_OK;
        read += status == MU_OK;
        assert_int_equal(cl_follow_end(follow), MU_OK);
        assert_int_equal(cl_follow_standing(follow)->trials, 3);
        cl_follow_destroy(follow);
    }
    assert_true(refused > 0 && read > 0);
}

/* What is there and no journal is no matter of descriptors. */
static void what_is_no_journal_is_not_asked_for_again(void **state) {
    (void)state;
    FILE *out = fopen(file("journal"), "w");
    assert_non_null(out);
    assert_true(
        fprintf(out, "this is no database, and it is long enough to be none: %200s", "") > 0);
    assert_int_equal(fclose(out), 0);
    struct cl_follow *follow = cl_follow_create(file("journal"));
    enum mu_status status = cl_follow_end(follow);
    assert_true(status != MU_OK && status != MU_RESOURCE_EXHAUSTED);
    cl_follow_destroy(follow);
}

/* A run that was killed right after it was to go on has not finished: nothing but the raised count
 * stands behind its result. */
static void a_raised_count_reopens_what_had_reached_it(void **state) {
    static const struct {
        const char *reason;
        size_t trials;
        bool finished;
    } CASES[] = {{"ExperimentMaxTrialsReached", 3, false}, {"ExperimentMaxTrialsReached", 9, true},
        {"ExperimentGoalReached", 3, true}};
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct mu_error error;
        struct cl_follow *follow = cl_follow_create(file("journal"));
        unlink(file("journal"));
        write_journal(file("journal"), "2026-01-01T00:00:00Z", CASES[i].trials, "0.5");
        struct cl_journal *journal = cl_journal_open(file("journal"), CL_JOURNAL_RESUME, &error);
        assert_non_null(journal);
        cl_journal_add(journal, -1, "t", "finished", CASES[i].reason, "");
        cl_journal_close(journal);
        cl_follow_look(follow, false);
        assert_true(cl_follow_standing(follow)->finished);
        journal = cl_journal_open(file("journal"), CL_JOURNAL_RESUME, &error);
        cl_journal_add(journal, -1, "t", "experiment", "e", experiment);
        cl_journal_close(journal);
        cl_follow_look(follow, false);
        assert_true(cl_follow_standing(follow)->finished == CASES[i].finished);
        cl_follow_destroy(follow);
    }
}

/* What cl_trial_best says of the journal: whether there is a best, and whether its value is 2. */
static void check_best(bool any, bool is_two) {
    static const struct cl_run_options options = {0};
    struct cl_run run = {
        .journal_path = file("journal"), .options = &options, .arena = arena, .inotify = -1};
    struct mu_error error;
    assert_int_equal(cl_run_view(&run, &error), MU_OK);
    const struct cl_trial *best = cl_trial_best(run.trials, run.n_trials, run.e);
    assert_true(!best == !any);
    assert_true(!best || !strcmp(cl_trial_value(best, run.e, 0), "2") == is_two);
    cl_setup_close(&run);
}

/* As cl_trial_best has it: texts where no trial has a number, the latest. */
static void a_text_is_a_value_where_there_is_no_number(void **state) {
    static const struct {
        const char *values[2];
        bool best, text;
    } CASES[] = {{{"Genotype(a)", "Genotype(b)"}, true, true}, {{"Genotype(a)", "2"}, true, false},
        {{"2", "Genotype(a)"}, true, false}, {{"", "-"}, false, false}};
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct cl_follow *follow = cl_follow_create(file("journal"));
        const struct cl_standing *standing = cl_follow_standing(follow);
        struct mu_error error;
        unlink(file("journal"));
        write_journal(file("journal"), "2026-01-01T00:00:00Z", 1, CASES[i].values[0]);
        struct cl_journal *journal = cl_journal_open(file("journal"), CL_JOURNAL_RESUME, &error);
        add_trial(journal, 1, "t", CASES[i].values[1]);
        cl_journal_add(journal, -1, "t", "finished", "ExperimentMaxTrialsReached", "");
        cl_journal_close(journal);
        cl_follow_look(follow, false);
        assert_true(cl_standing_succeeded(standing) == CASES[i].best);
        assert_true(!CASES[i].best || (standing->best != 2) == CASES[i].text);
        check_best(CASES[i].best, !CASES[i].text);
        cl_follow_destroy(follow);
    }
}

static int remove_all(void **state) {
    static const char *const endings[] = {"journal", "journal.lock", "other", "other.lock"};
    (void)state;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        char name[128];
        snprintf(name, sizeof name, "%s/e.%s", path, endings[i]);
        unlink(name);
    }
    return rmdir(path);
}

/* The latest value counts: a number before a text does not, as cl_trial_best has it. */
static void a_text_hides_the_number_before_it_where_the_latest_counts(void **state) {
    (void)state;
    struct mu_error error;
    struct cl_follow *follow = cl_follow_create(file("journal"));
    unlink(file("journal"));
    struct cl_journal *journal = cl_journal_open(file("journal"), CL_JOURNAL_FRESH, &error);
    assert_non_null(journal);
    cl_journal_add(journal, -1, "t", "experiment", "e", latest_counts);
    cl_journal_add(journal, -1, "t", "run", NULL, "abcd");
    cl_journal_add(journal, 0, "t", "suggested", "trial", NULL);
    cl_journal_add(journal, 0, "t", "started", NULL, "1");
    cl_journal_add(journal, 0, "t", "metric", "loss", "1");
    cl_journal_add(journal, 0, "t", "metric", "loss", "diverged");
    cl_journal_add(journal, 0, "t", "ended", "Succeeded", "");
    add_trial(journal, 1, "t", "2");
    cl_journal_close(journal);
    cl_follow_look(follow, false);
    assert_true(cl_follow_standing(follow)->best == 2);
    cl_follow_destroy(follow);
    check_best(true, true);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(a_journal_that_was_begun_anew_is_read_anew),
        arena_test(without_a_free_descriptor_the_end_is_to_be_read_again),
        arena_test(what_is_no_journal_is_not_asked_for_again),
        arena_test(a_raised_count_reopens_what_had_reached_it),
        arena_test(a_text_is_a_value_where_there_is_no_number),
        arena_test(a_text_hides_the_number_before_it_where_the_latest_counts),
    };
    return mkdtemp(path) ? cmocka_run_group_tests(tests, NULL, remove_all) : 1;
}
