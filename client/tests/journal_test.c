/* The journal: modes, order, transactions, what survives a kill, and what it refuses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/journal.h"
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
    return system(command);
}

static void collect(void *user, const struct journal_event *event) {
    char *text = user;
    snprintf(text + strlen(text), 4096 - strlen(text), "%ld %s %s %s;", event->trial, event->kind,
        event->name, event->value);
}

static void expect(struct journal *journal, const char *expected) {
    char text[4096] = "";
    journal_replay(journal, collect, text);
    assert_string_equal(text, expected);
}

static struct journal *open_it(enum journal_mode mode) {
    struct journal *journal = journal_open(path, mode, &error);
    if (!journal) {
        print_message("%s\n", error.text);
    }
    assert_non_null(journal);
    return journal;
}

static void events_come_back_in_order(void **state) {
    (void)state;
    struct journal *journal = open_it(JOURNAL_FRESH);
    journal_add(journal, -1, "t", "experiment", "e", "yaml: 'quoted'");
    journal_add(journal, 0, "t", "suggested", "e-1", NULL);
    journal_add(journal, 0, "t", "metric", "loss", "0.5");
    journal_close(journal);
    journal = open_it(JOURNAL_RESUME);
    expect(journal, "-1 experiment e yaml: 'quoted';0 suggested e-1 ;0 metric loss 0.5;");
    assert_null(journal_failed(journal));
    journal_close(journal);
}

static void modes_protect_an_earlier_run(void **state) {
    (void)state;
    journal_close(open_it(JOURNAL_FRESH));
    assert_null(journal_open(path, JOURNAL_NEW, &error));
    assert_int_equal(error.code, MU_INVALID_ARGUMENT);
    struct journal *journal = open_it(JOURNAL_RESUME);
    assert_null(journal_open(path, JOURNAL_RESUME, &error));
    assert_int_equal(error.code, MU_UNAVAILABLE);
    assert_null(journal_open(path, JOURNAL_FRESH, &error)); /* not even replaced while in use */
    assert_int_equal(error.code, MU_UNAVAILABLE);
    journal_close(journal);
    unlink(path);
    assert_null(journal_open(path, JOURNAL_RESUME, &error));
    assert_int_equal(error.code, MU_INVALID_ARGUMENT);
}

static void a_trial_ends_once(void **state) {
    (void)state;
    struct journal *journal = open_it(JOURNAL_FRESH);
    journal_add(journal, 3, "t", "ended", "Succeeded", "");
    assert_null(journal_failed(journal));
    journal_add(journal, 3, "t", "ended", "Failed", "");
    assert_non_null(journal_failed(journal));
    expect(journal, "3 ended Succeeded ;");
    journal_close(journal);
}

static void a_killed_writer_leaves_whole_transactions(void **state) {
    (void)state;
    journal_close(open_it(JOURNAL_FRESH));
    pid_t child = fork();
    if (child == 0) {
        struct journal *journal = journal_open(path, JOURNAL_RESUME, &error);
        if (!journal) {
            _exit(1);
        }
        journal_begin(journal);
        journal_add(journal, 0, "t", "suggested", "a", NULL);
        journal_add(journal, 0, "t", "assignment", "x", "1");
        journal_commit(journal);
        journal_begin(journal);
        journal_add(journal, 1, "t", "suggested", "b", NULL);
        raise(SIGKILL);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    struct journal *journal = open_it(JOURNAL_RESUME);
    expect(journal, "0 suggested a ;0 assignment x 1;");
    journal_close(journal);
}

static void another_file_is_not_touched(void **state) {
    static const char text[] = "this is no database, but something that somebody wrote";
    char back[sizeof text] = "";
    (void)state;
    FILE *file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
    assert_null(journal_open(path, JOURNAL_RESUME, &error));
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
        cmocka_unit_test(a_trial_ends_once),
        cmocka_unit_test(a_killed_writer_leaves_whole_transactions),
        cmocka_unit_test(another_file_is_not_touched),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
