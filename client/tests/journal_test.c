/* The journal: modes, order, transactions, what survives a kill, and what it refuses. */
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/run/journal.h"
#include "tests/support/cmocka.h"

static char folder[] = "/tmp/mushir-journal-XXXXXX", path[64];
static struct mu_error error;

static int make_folder(void **state) {
    (void)state;
    if (!mkdtemp(folder)) {
        return -1;
    }
    snprintf(path, sizeof path, "%s/j", folder);
    return 0;
}

static int remove_folder(void **state) {
    char command[96];
    (void)state;
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command); /* NOLINT(cert-env33-c): the command is this file's */
}

static void collect(void *user, const struct cl_journal_event *event) {
    char *text = user;
    snprintf(text + strlen(text), 4096 - strlen(text), "%ld %s %s %s;", event->trial, event->kind,
        event->name, event->value);
}

static void expect(struct cl_journal *journal, const char *expected) {
    char text[4096] = "";
    cl_journal_replay(journal, 0, collect, text);
    assert_string_equal(text, expected);
}

static struct cl_journal *open_it(enum cl_journal_mode mode) {
    struct cl_journal *journal = cl_journal_open(path, mode, &error);
    if (!journal) {
        print_message("%s\n", error.text);
    }
    assert_non_null(journal);
    return journal;
}

static void events_come_back_in_order(void **state) {
    (void)state;
    struct cl_journal *journal = open_it(CL_JOURNAL_FRESH);
    cl_journal_add(journal, -1, "t", "experiment", "e", "yaml: 'quoted'");
    cl_journal_add(journal, 0, "t", "suggested", "e-1", NULL);
    cl_journal_add(journal, 0, "t", "metric", "loss", "0.5");
    cl_journal_close(journal);
    journal = open_it(CL_JOURNAL_RESUME);
    expect(journal, "-1 experiment e yaml: 'quoted';0 suggested e-1 ;0 metric loss 0.5;");
    assert_null(cl_journal_failed(journal));
    cl_journal_close(journal);
}

/* The code of the error that another process's attempt to open the journal has. */
static int code_elsewhere(enum cl_journal_mode mode) {
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        _exit(cl_journal_open(path, mode, &error) ? MU_OK : (int)error.code);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WEXITSTATUS(status);
}

static void modes_protect_an_earlier_run(void **state) {
    (void)state;
    cl_journal_close(open_it(CL_JOURNAL_FRESH));
    assert_null(cl_journal_open(path, CL_JOURNAL_NEW, &error));
    assert_int_equal(error.code, MU_INVALID_ARGUMENT);
    struct cl_journal *journal = open_it(CL_JOURNAL_RESUME);
    assert_int_equal(code_elsewhere(CL_JOURNAL_RESUME), MU_UNAVAILABLE);
    assert_int_equal(code_elsewhere(CL_JOURNAL_FRESH), MU_UNAVAILABLE); /* nor is it replaced */
    cl_journal_close(journal);
    assert_int_equal(code_elsewhere(CL_JOURNAL_RESUME), MU_OK);
    unlink(path);
    assert_null(cl_journal_open(path, CL_JOURNAL_RESUME, &error));
    assert_int_equal(error.code, MU_INVALID_ARGUMENT);
}

static void write_database(void) {
    sqlite3 *other;
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(other, "CREATE TABLE trials (id INTEGER)", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
}

static void write_text(void) {
    FILE *file = fopen(path, "w");
    fputs("notes", file);
    fclose(file);
}

static void start_anew(void) {
    static const char *const endings[] = {"", "-wal", "-shm"};
    char name[80];
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        snprintf(name, sizeof name, "%s%s", path, endings[i]);
        unlink(name);
    }
}

/* Neither a database of another program nor a text is opened as a journal or replaced by one; a
 * journal that was emptied is. */
static void files_of_others_stay(void **state) {
    static const enum cl_journal_mode modes[] = {
        CL_JOURNAL_NEW, CL_JOURNAL_RESUME, CL_JOURNAL_FRESH, CL_JOURNAL_READ, CL_JOURNAL_FOLLOW};
    static void (*const writers[])(void) = {write_database, write_text};
    (void)state;
    for (size_t k = 0; k < sizeof writers / sizeof *writers; k++) {
        struct stat before;
        struct stat after;
        start_anew();
        writers[k]();
        assert_int_equal(stat(path, &before), 0);
        for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
            assert_null(cl_journal_open(path, modes[i], &error));
            assert_int_equal(error.code, MU_INVALID_ARGUMENT);
            assert_non_null(strstr(error.text, "no journal of a run"));
            assert_int_equal(stat(path, &after), 0);
            assert_true(after.st_ino == before.st_ino && after.st_size == before.st_size);
        }
    }
    assert_int_equal(truncate(path, 0), 0);
    cl_journal_close(open_it(CL_JOURNAL_FRESH));
    start_anew();
}

/* Somebody who may write neither the journal nor beside it, as on a disk that is mounted so. */
static void who_may_only_read_can_look(void **state) {
    char text[4096] = "";
    int status;
    (void)state;
    start_anew();
    struct cl_journal *journal = open_it(CL_JOURNAL_FRESH);
    cl_journal_add(journal, -1, "t", "finished", "a", "b");
    cl_journal_close(journal);
    assert_int_equal(chmod(folder, 0555), 0);
    assert_int_equal(chmod(path, 0444), 0);
    pid_t pid = fork();
    if (pid == 0) {
        bool plain = geteuid() || !setuid(65534);
        struct cl_journal *view = plain ? cl_journal_open(path, CL_JOURNAL_READ, &error) : NULL;
        bool whole = view && cl_journal_replay(view, 0, collect, text);
        _exit(whole && strstr(text, "finished") ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(chmod(folder, 0755), 0);
    assert_int_equal(status, 0);
    start_anew();
}

static pid_t runner_seen_elsewhere(void) {
    int ends[2];
    pid_t seen = -1;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        seen = cl_journal_runner(path);
        _exit(write(ends[1], &seen, sizeof seen) != sizeof seen);
    }
    assert_int_equal(read(ends[0], &seen, sizeof seen), sizeof seen);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    close(ends[0]);
    close(ends[1]);
    return seen;
}

static void who_looks_sees_who_runs_and_disturbs_nobody(void **state) {
    char text[4096] = "";
    (void)state;
    struct cl_journal *journal = open_it(CL_JOURNAL_FRESH);
    assert_int_equal(runner_seen_elsewhere(), getpid());
    cl_journal_add(journal, -1, "t", "finished", "a", "b");
    struct cl_journal *view = open_it(CL_JOURNAL_READ);
    cl_journal_replay(view, 0, collect, text);
    assert_non_null(strstr(text, "finished"));
    cl_journal_add(view, -1, "t", "finished", "a", "b");
    assert_non_null(cl_journal_failed(view)); /* nothing can be added */
    cl_journal_close(view);
    assert_int_equal(runner_seen_elsewhere(), getpid());
    cl_journal_close(journal);
    assert_int_equal(runner_seen_elsewhere(), 0);
}

/* Its child is as one that was forked and has not come to its exec yet. */
static void a_killed_run_leaves_no_lock(void **state) {
    int ends[2];
    pid_t child;
    (void)state;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        (void)!cl_journal_open(path, CL_JOURNAL_FRESH, &error);
        child = fork();
        if (child != 0 && write(ends[1], &child, sizeof child) == sizeof child) {
            raise(SIGKILL);
        }
        pause();
    }
    assert_int_equal(read(ends[0], &child, sizeof child), sizeof child);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    struct cl_journal *journal = cl_journal_open(path, CL_JOURNAL_RESUME, &error);
    kill(child, SIGKILL);
    assert_non_null(journal);
    cl_journal_close(journal);
    close(ends[0]);
    close(ends[1]);
}

static void a_trial_ends_once(void **state) {
    (void)state;
    struct cl_journal *journal = open_it(CL_JOURNAL_FRESH);
    cl_journal_add(journal, 3, "t", "ended", "Succeeded", "");
    assert_null(cl_journal_failed(journal));
    cl_journal_add(journal, 3, "t", "ended", "Failed", "");
    assert_non_null(cl_journal_failed(journal));
    expect(journal, "3 ended Succeeded ;");
    cl_journal_close(journal);
}

static void a_killed_writer_leaves_whole_transactions(void **state) {
    (void)state;
    cl_journal_close(open_it(CL_JOURNAL_FRESH));
    pid_t child = fork();
    if (child == 0) {
        struct cl_journal *journal = cl_journal_open(path, CL_JOURNAL_RESUME, &error);
        if (!journal) {
            _exit(1);
        }
        cl_journal_begin(journal);
        cl_journal_add(journal, 0, "t", "suggested", "a", NULL);
        cl_journal_add(journal, 0, "t", "assignment", "x", "1");
        cl_journal_commit(journal);
        cl_journal_begin(journal);
        cl_journal_add(journal, 1, "t", "suggested", "b", NULL);
        raise(SIGKILL);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    struct cl_journal *journal = open_it(CL_JOURNAL_RESUME);
    expect(journal, "0 suggested a ;0 assignment x 1;");
    cl_journal_close(journal);
}

/* Who removes the journal of a killed run alone begins anew all the same. */
static void what_lay_beside_a_removed_journal_is_not_taken_in(void **state) {
    static const enum cl_journal_mode modes[] = {CL_JOURNAL_NEW, CL_JOURNAL_FRESH};
    (void)state;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        cl_journal_close(open_it(CL_JOURNAL_FRESH));
        pid_t child = fork();
        if (child == 0) {
            struct cl_journal *journal = cl_journal_open(path, CL_JOURNAL_RESUME, &error);
            cl_journal_add(journal, 0, "t", "suggested", "a", NULL);
            raise(SIGKILL);
        }
        assert_int_equal(waitpid(child, NULL, 0), child);
        unlink(path);
        struct cl_journal *journal = open_it(modes[i]);
        expect(journal, "");
        assert_null(cl_journal_failed(journal));
        cl_journal_close(journal);
        unlink(path);
    }
}

/* What is written to a file that was removed or replaced is lost, that of a renamed one is not. */
static void a_journal_that_left_its_place_has_failed(void **state) {
    char mine[80];
    (void)state;
    snprintf(mine, sizeof mine, "%s.mine", path);
    struct cl_journal *journal = open_it(CL_JOURNAL_FRESH);
    cl_journal_add(journal, 0, "t", "suggested", "a", NULL);
    assert_null(cl_journal_failed(journal));
    assert_int_equal(rename(path, mine), 0);
    assert_non_null(cl_journal_failed(journal));
    assert_true(cl_journal_damaged(journal));
    cl_journal_close(journal);
    start_anew();
    assert_int_equal(rename(mine, path), 0);
    journal = open_it(CL_JOURNAL_RESUME);
    expect(journal, "0 suggested a ;");
    cl_journal_close(journal);
}

static void a_killed_creator_leaves_a_journal_or_none(void **state) {
    enum { KILLS = 60, LATEST = 6000 }; /* microseconds: about what it takes */
    (void)state;
    for (int i = 0; i < KILLS; i++) {
        struct stat there;
        unlink(path);
        pid_t child = fork();
        if (child == 0) {
            cl_journal_close(cl_journal_open(path, CL_JOURNAL_FRESH, &error));
            _exit(0);
        }
        usleep((useconds_t)(i * LATEST / KILLS));
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
        if (!stat(path, &there)) {
            cl_journal_close(open_it(CL_JOURNAL_RESUME));
        }
    }
}

static void another_file_is_not_touched(void **state) {
    static const char text[] = "this is no database, but something that somebody wrote";
    char back[sizeof text] = "";
    (void)state;
    FILE *file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
    assert_null(cl_journal_open(path, CL_JOURNAL_RESUME, &error));
    assert_int_equal(error.code, MU_INVALID_ARGUMENT);
    file = fopen(path, "r");
    assert_non_null(fgets(back, sizeof back, file));
    fclose(file);
    assert_string_equal(back, text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_come_back_in_order),
        cmocka_unit_test(modes_protect_an_earlier_run),
        cmocka_unit_test(files_of_others_stay),
        cmocka_unit_test(who_may_only_read_can_look),
        cmocka_unit_test(who_looks_sees_who_runs_and_disturbs_nobody),
        cmocka_unit_test(a_killed_run_leaves_no_lock),
        cmocka_unit_test(a_trial_ends_once),
        cmocka_unit_test(a_killed_writer_leaves_whole_transactions),
        cmocka_unit_test(what_lay_beside_a_removed_journal_is_not_taken_in),
        cmocka_unit_test(a_journal_that_left_its_place_has_failed),
        cmocka_unit_test(a_killed_creator_leaves_a_journal_or_none),
        cmocka_unit_test(another_file_is_not_touched),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
