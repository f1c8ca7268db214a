/* A trial's process: its exit status on disk, its lock, its group. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/run/process.h"
#include "tests/support/cmocka.h"

static char root[] = "/tmp/mushir-process-XXXXXX", folder[64];
static struct mu_error error;

static int make_root(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "%s/trial", mkdtemp(root) ? root : "");
    return 0;
}

static int remove_root(void **state) {
    char command[96];
    (void)state;
    snprintf(command, sizeof command, "rm -r %s", root);
    return system(command); /* NOLINT(cert-env33-c): the command is this file's */
}

static pid_t begin(const char *script) {
    const char *argv[] = {"sh", "-c", script, NULL};
    const char *environment[] = {"GREETING=hello"};
    struct cl_process_spec spec = {folder, root, argv, environment, 1};
    pid_t pid = 0;
    assert_int_equal(cl_process_start(&spec, &pid, &error), MU_OK);
    assert_true(pid > 1);
    return pid;
}

static int ended(pid_t pid) {
    int status;
    int known = -1;
    pid_t found;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(cl_process_find(folder, &found, &known), CL_PROCESS_ENDED);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), known);
    return known;
}

static void exit_statuses_are_kept(void **state) {
    (void)state;
    assert_int_equal(ended(begin("exit 0")), 0);
    assert_int_equal(ended(begin("exit 7")), 7);
    assert_int_equal(ended(begin("kill -KILL $$")), 128 + SIGKILL);
    assert_int_equal(ended(begin("no-such-program-anywhere")), 127);
}

static void output_goes_to_the_log(void **state) {
    char path[80];
    char line[64] = "";
    (void)state;
    ended(begin("echo $GREETING >&2; pwd"));
    snprintf(path, sizeof path, "%s/log", folder);
    FILE *log = fopen(path, "r");
    assert_non_null(fgets(line, sizeof line, log));
    assert_string_equal(line, "hello\n");
    assert_non_null(fgets(line, sizeof line, log));
    assert_memory_equal(line, root, strlen(root));
    fclose(log);
}

static void a_running_process_is_found_and_its_group_stopped(void **state) {
    pid_t pid = begin("touch up; exec sleep 60");
    pid_t found = 0;
    int status = 0;
    (void)state;
    assert_int_equal(cl_process_find(folder, &found, &status), CL_PROCESS_RUNNING);
    for (int i = 0; i < 1000 && found != pid; i++) { /* it writes its pid as its first act */
        usleep(1000);
        assert_int_equal(cl_process_find(folder, &found, &status), CL_PROCESS_RUNNING);
    }
    assert_int_equal(found, pid);
    char up[80];
    snprintf(up, sizeof up, "%s/up", root);
    for (int i = 0; i < 10000 && access(up, F_OK);
         i++) { /* a signal to a process that is not there yet is lost */
        usleep(1000);
    }
    cl_process_signal(pid, SIGTERM);
    assert_int_equal(ended(pid), 128 + SIGTERM);
}

static void a_killed_keeper_is_gone(void **state) {
    pid_t pid = begin("sleep 60");
    pid_t found;
    int status;
    (void)state;
    cl_process_signal(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    for (int i = 0; i < 10000 && cl_process_find(folder, &found, &status) != CL_PROCESS_GONE;
         i++) { /* its child may die a little later */
        usleep(1000);
    }
    assert_int_equal(cl_process_find(folder, &found, &status), CL_PROCESS_GONE);
    assert_int_equal(ended(begin("exit 4")), 4); /* and the folder can be used again */
}

static void what_a_trial_leaves_behind_does_not_hold_the_lock(void **state) {
    (void)state;
    pid_t pid = begin("sleep 60 & echo $!");
    assert_int_equal(ended(pid), 0);
    cl_process_signal(pid, SIGKILL);
}

/* An attempt made the log a pipe, which nobody reads; the next one does not wait for a reader. */
static void what_an_earlier_attempt_left_for_its_log_is_not_written_to(void **state) {
    struct stat status;
    char path[80];
    (void)state;
    snprintf(path, sizeof path, "%s/log", folder);
    assert_int_equal(ended(begin("rm trial/log && mkfifo trial/log")), 0);
    assert_true(!stat(path, &status) && S_ISFIFO(status.st_mode));
    alarm(60);
    assert_int_equal(ended(begin("echo hello")), 0);
    alarm(0);
    assert_true(!stat(path, &status) && S_ISREG(status.st_mode) && status.st_size == 6);
}

/* The code of an attempt to start a process in a process of its own, whose |resource| is used up.
 * Root's processes have no limit. */
static int code_without(int resource) {
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        static const char *const argv[] = {"true", NULL};
        const struct cl_process_spec spec = {folder, root, argv, NULL, 0};
        pid_t started;
        if (setrlimit((__rlimit_resource_t)resource, &(struct rlimit){0, 0}) ||
            (geteuid() == 0 && resource == RLIMIT_NPROC && setuid(65534))) {
            _exit(127);
        }
        _exit((int)cl_process_start(&spec, &started, &error));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WEXITSTATUS(status);
}

static void what_there_is_no_room_for_now_is_no_fault_of_the_trial(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "%s/full", root);
    assert_int_equal(chmod(root, 0777), 0);
    assert_int_equal(code_without(RLIMIT_NPROC), MU_RESOURCE_EXHAUSTED);
    assert_int_equal(code_without(RLIMIT_NOFILE), MU_RESOURCE_EXHAUSTED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exit_statuses_are_kept),
        cmocka_unit_test(output_goes_to_the_log),
        cmocka_unit_test(a_running_process_is_found_and_its_group_stopped),
        cmocka_unit_test(a_killed_keeper_is_gone),
        cmocka_unit_test(what_a_trial_leaves_behind_does_not_hold_the_lock),
        cmocka_unit_test(what_an_earlier_attempt_left_for_its_log_is_not_written_to),
        cmocka_unit_test(what_there_is_no_room_for_now_is_no_fault_of_the_trial),
    };
    return cmocka_run_group_tests(tests, make_root, remove_root);
}
