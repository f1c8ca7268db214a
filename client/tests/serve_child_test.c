/* Children of the server: this program is its own child, called with a word that says what to do.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/run/options.h"
#include "client/serve/child.h"
#include "tests/support/arena.h"
#include "tests/support/cmocka.h"

enum { NOT_TOLD = 7, TRIES = 20, PATIENCE = 60 };

/* ---- what the children do ---- */

static int hear(int number) {
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, number);
    sigprocmask(SIG_UNBLOCK, &one, NULL);
    sleep(PATIENCE);
    return NOT_TOLD;
}

static int write_much(void) {
    for (int i = 0; i < 3000; i++) {
        printf("line %d\n", i);
    }
    return 0;
}

static int copy(void) {
    int c;
    while ((c = getchar()) != EOF) {
        putchar(c);
    }
    return 0;
}

static int act(const char *word) {
    return !strcmp(word, "term")    ? hear(SIGTERM)
           : !strcmp(word, "pause") ? hear(CL_RUN_PAUSE_SIGNAL)
           : !strcmp(word, "much")  ? write_much()
           : !strcmp(word, "copy")  ? copy()
                                    : (int)pause();
}

/* ---- the tests ---- */

static struct cl_child start(const char *word, const char *input) {
    struct cl_child child;
    struct mu_error error;
    const char *const words[] = {word, NULL};
    assert_int_equal(
        cl_child_start(&child, words, input, input ? strlen(input) : 0, 60, &error), MU_OK);
    assert_true(child.pid > 0);
    return child;
}

static int end(struct cl_child *child) {
    int status;
    assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
    return status;
}

static void ignore(int number) {
    (void)number;
}

/* This process has handlers, as the server has; they must not take what is the child's. */
static void expect_told(const char *word, int number) {
    signal(number, ignore);
    for (int i = 0; i < TRIES; i++) {
        struct cl_child child = start(word, NULL);
        assert_int_equal(kill(child.pid, number), 0);
        int status = end(&child);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), number);
        cl_child_finish(&child);
    }
    signal(number, SIG_DFL);
}

static void a_signal_sent_at_once_is_heard(void **state) {
    (void)state;
    expect_told("term", SIGTERM);
    expect_told("pause", CL_RUN_PAUSE_SIGNAL);
}

static void its_group_can_be_killed_at_once(void **state) {
    (void)state;
    for (int i = 0; i < TRIES; i++) {
        struct cl_child child = start("wait", NULL);
        assert_int_equal(kill(-child.pid, SIGKILL), 0);
        assert_int_equal(WTERMSIG(end(&child)), SIGKILL);
        cl_child_finish(&child);
    }
}

static void input_goes_in_and_output_comes_out(void **state) {
    struct cl_child child = start("copy", "some\nlines\n");
    (void)state;
    assert_int_equal(end(&child), 0);
    assert_string_equal(cl_child_text(child.out, 100, arena), "some\nlines\n");
    assert_string_equal(cl_child_text(child.out, 6, arena), "lines\n");
    assert_string_equal(cl_child_text(child.err, 100, arena), "");
    cl_child_finish(&child);
    assert_int_equal(child.pid, 0);
}

static void last_words_are_the_last(void **state) {
    struct cl_child child = start("much", NULL);
    (void)state;
    assert_int_equal(end(&child), 0);
    assert_string_equal(cl_child_text(child.out, 10, arena), "line 2999\n");
    cl_child_finish(&child);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signal_sent_at_once_is_heard),
        cmocka_unit_test(its_group_can_be_killed_at_once),
        arena_test(input_goes_in_and_output_comes_out),
        arena_test(last_words_are_the_last),
    };
    return argc > 1 ? act(argv[1]) : cmocka_run_group_tests(tests, NULL, NULL);
}
