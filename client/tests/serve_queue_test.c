/* The queue where no process can be started, and spans of time. This program is its own child. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/run/clock.h"
#include "client/run/journal.h"
#include "client/serve/job.h"
#include "tests/support/arena.h"
#include "tests/support/cmocka.h"

enum { LONG = 60 }; /* seconds, that do not go by */

/* Nothing can be opened any more, and so no process be started, until it is undone. */
static struct rlimit forbid_files(void) {
    struct rlimit before;
    struct rlimit none;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){0, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    return before;
}

/* With what a queue keeps in it. */
static void remove_folder(const char *folder) {
    char path[64];
    snprintf(path, sizeof path, "%s/.mushir-serve.json", folder);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void what_cannot_be_started_now_is_started_later(void **state) {
    char folder[] = "/tmp/mushir-queue-XXXXXX";
    struct cl_catalog catalog;
    struct mu_error error;
    struct cl_queue queue = {.catalog = &catalog, .limit = 1};
    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(cl_catalog_open(&catalog, folder, false, &error), MU_OK);
    struct cl_entry *entry = cl_catalog_add(&catalog, "first");
    struct rlimit before = forbid_files();
    cl_queue_run(&queue, entry);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(cl_entry_state(entry), CL_STATE_QUEUED);
    assert_non_null(strstr(entry->error, "no process can be started"));
    cl_queue_tick(&queue);
    assert_int_equal(cl_entry_state(entry), CL_STATE_RUNNING);
    assert_null(entry->error);
    assert_int_equal(kill(entry->run.pid, SIGKILL), 0);
    assert_int_equal(waitpid(entry->run.pid, NULL, 0), entry->run.pid);
    cl_catalog_close(&catalog);
    remove_folder(folder);
}

/* Why it waits is told, and is no fault of one that is not to run any more. */
static void why_it_waits_is_told_and_forgotten_with_the_wait(void **state) {
    char folder[] = "/tmp/mushir-queue-XXXXXX";
    struct cl_catalog catalog;
    struct mu_error error;
    struct cl_queue queue = {.catalog = &catalog, .limit = 1, .closed = true};
    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(cl_catalog_open(&catalog, folder, false, &error), MU_OK);
    struct cl_entry *entry = cl_catalog_add(&catalog, "first");
    cl_queue_run(&queue, entry);
    cl_catalog_look(&catalog);
    long long told = entry->version;
    queue.closed = false;
    struct rlimit before = forbid_files();
    cl_queue_tick(&queue);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_non_null(entry->error);
    cl_catalog_look(&catalog);
    assert_true(entry->version > told);
    told = entry->version;
    cl_catalog_look(&catalog);
    assert_true(entry->version == told); /* once */
    queue.closed = true;
    cl_queue_pause(&queue, entry);
    assert_int_equal(cl_entry_state(entry), CL_STATE_PAUSED);
    cl_catalog_close(&catalog);
    remove_folder(folder);
}

static const char experiment[] =
    "{apiVersion: kubeflow.org/v1beta1, kind: Experiment, metadata: {name: first}, spec: "
    "{objective: {type: minimize, objectiveMetricName: loss}, algorithm: {algorithmName: random}, "
    "parallelTrialCount: 1, maxTrialCount: 9, parameters: [{name: x, parameterType: double, "
    "feasibleSpace: {min: '0', max: '1'}}]}}";

/* A run that came to its end. */
static const char *write_journal(const char *folder) {
    const char *path = mu_arena_format(arena, "%s/first.journal", folder);
    struct mu_error error;
    struct cl_journal *journal = cl_journal_open(path, CL_JOURNAL_NEW, &error);
    assert_non_null(journal);
    cl_journal_add(journal, -1, "2026-01-01T00:00:00Z", "experiment", "first", experiment);
    cl_journal_add(journal, 0, "2026-01-01T00:00:00Z", "suggested", "first-0001", NULL);
    cl_journal_add(journal, 0, "2026-01-01T00:00:00Z", "metric", "loss", "0.5");
    cl_journal_add(journal, 0, "2026-01-01T00:00:00Z", "ended", "Succeeded", "");
    cl_journal_add(journal, -1, "2026-01-01T00:00:00Z", "finished", "Told", "all done");
    cl_journal_close(journal);
    return path;
}

/* Where its journal cannot be opened for want of a descriptor, a run that ended well is not broken,
 * and is no run that a signal may be sent to. */
static void a_run_whose_journal_cannot_be_opened_now_is_concluded_later(void **state) {
    char folder[] = "/tmp/mushir-queue-XXXXXX";
    struct cl_catalog catalog;
    struct mu_error error;
    struct cl_queue queue = {.catalog = &catalog, .limit = 1};
    int status;
    (void)state;
    assert_non_null(mkdtemp(folder));
    const char *journal = write_journal(folder);
    assert_int_equal(cl_catalog_open(&catalog, folder, false, &error), MU_OK);
    struct cl_entry *entry = cl_catalog_find(&catalog, "first");
    assert_non_null(entry);
    cl_queue_run(&queue, entry);
    pid_t pid = entry->run.pid;
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    struct rlimit before = forbid_files();
    assert_true(cl_queue_ended(&queue, pid, status));
    cl_queue_tick(&queue);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(cl_entry_state(entry), CL_STATE_RUNNING);
    assert_int_equal(entry->run.pid, 0);
    assert_null(entry->error);
    cl_queue_tick(&queue);
    assert_int_equal(cl_entry_state(entry), CL_STATE_SUCCEEDED);
    cl_catalog_close(&catalog);
    assert_int_equal(unlink(journal), 0);
    assert_int_equal(unlink(mu_arena_format(arena, "%s.lock", journal)), 0);
    remove_folder(folder);
}

static pid_t sleeper(void) {
    pid_t pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        pause();
        _exit(0);
    }
    setpgid(pid, pid);
    return pid;
}

/* The clock of the day may be set while a job is at work; it is far from the steady one. */
static void a_job_is_ended_by_the_steady_clock(void **state) {
    struct cl_server *server = calloc(1, sizeof *server);
    int status;
    (void)state;
    assert_non_null(server);
    server->jobs[0].child.pid = sleeper();
    server->jobs[0].deadline = cl_clock_steady() + LONG;
    cl_job_tick(server);
    usleep(100000);
    assert_int_equal(waitpid(server->jobs[0].child.pid, &status, WNOHANG), 0);
    server->jobs[0].deadline = cl_clock_steady() - LONG;
    cl_job_tick(server);
    assert_int_equal(waitpid(server->jobs[0].child.pid, &status, 0), server->jobs[0].child.pid);
    assert_true(WIFSIGNALED(status));
    free(server);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        arena_test(what_cannot_be_started_now_is_started_later),
        arena_test(why_it_waits_is_told_and_forgotten_with_the_wait),
        arena_test(a_run_whose_journal_cannot_be_opened_now_is_concluded_later),
        arena_test(a_job_is_ended_by_the_steady_clock),
    };
    (void)argv;
    return argc > 1 ? pause() : cmocka_run_group_tests(tests, NULL, NULL);
}
