#include "client/run/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/text/file.h"

/* Descriptor 9 carries the lock; the command must not hold it, or a daemon that it leaves behind
 * would look like the trial. The traps let the command handle a signal to the group first, and
 * reset themselves in it. */
static const char keeper[] =
    "f=$1; shift; trap : TERM INT HUP; echo $$ >\"$f/pid\"; \"$@\" 9>&-; s=$?; "
    "echo $s >\"$f/exit.new\" && mv \"$f/exit.new\" \"$f/exit\"; exit $s";

enum { LOCK_DESCRIPTOR = 9 };

static int open_in(const char *folder, const char *name, int flags) {
    char path[CL_LONGEST_PATH];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return open(path, flags | O_CLOEXEC, 0644);
}

static void remove_in(const char *folder, const char *name) {
    char path[CL_LONGEST_PATH];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    unlink(path);
}

/* Empty log and metrics file, no trace of an earlier attempt, and the lock. -1 when that cannot be.
 */
static int prepare(const char *folder, int *log) {
    static const char *const left[] = {"exit", "pid", "log", "metrics.log"};
    if (mkdir(folder, 0755) && errno != EEXIST) {
        return -1;
    }
    for (size_t i = 0; i < sizeof left / sizeof *left; i++) {
        remove_in(folder, left[i]);
    }
    int metrics = open_in(folder, "metrics.log", O_WRONLY | O_CREAT | O_TRUNC);
    *log = open_in(folder, "log", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND);
    int lock = open_in(folder, "lock", O_RDWR | O_CREAT);
    if (metrics >= 0) {
        close(metrics);
    }
    if (*log >= 0 && lock >= 0 && !flock(lock, LOCK_EX | LOCK_NB)) {
        return lock;
    }
    if (*log >= 0) {
        close(*log);
    }
    if (lock >= 0) {
        close(lock);
    }
    return -1;
}

static char **join_environment(const struct cl_process_spec *spec) {
    size_t n = 0;
    while (environ[n]) {
        n++;
    }
    char **all = calloc(n + spec->n_environment + 1, sizeof *all);
    size_t used = 0;
    for (size_t i = 0; all && i < n; i++) {
        bool replaced = false;
        for (size_t j = 0; j < spec->n_environment; j++) {
            size_t name = strcspn(spec->environment[j], "=") + 1;
            replaced = replaced || !strncmp(environ[i], spec->environment[j], name);
        }
        if (!replaced) {
            all[used++] = environ[i];
        }
    }
    for (size_t j = 0; all && j < spec->n_environment; j++) {
        all[used++] = (char *)(uintptr_t)spec->environment[j];
    }
    return all;
}

static char **keeper_argv(const struct cl_process_spec *spec) {
    size_t n = 0;
    while (spec->argv[n]) {
        n++;
    }
    char **argv = calloc(n + 6, sizeof *argv);
    const char *const first[] = {"sh", "-c", keeper, "mushir-trial", spec->folder};
    for (size_t i = 0; argv && i < 5; i++) {
        argv[i] = (char *)(uintptr_t)first[i];
    }
    for (size_t i = 0; argv && i < n; i++) {
        argv[5 + i] = (char *)(uintptr_t)spec->argv[i];
    }
    return argv;
}

static int spawn(const struct cl_process_spec *spec, int log, int lock, pid_t *pid) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigset_t all;
    char **argv = keeper_argv(spec);
    char **environment = join_environment(spec);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, log, 1);
    posix_spawn_file_actions_adddup2(&actions, log, 2);
    posix_spawn_file_actions_adddup2(&actions, lock, LOCK_DESCRIPTOR);
    posix_spawn_file_actions_addchdir_np(&actions, spec->directory);
    posix_spawnattr_init(&attributes);
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int failed = argv && environment
                     ? posix_spawn(pid, "/bin/sh", &actions, &attributes, argv, environment)
                     : ENOMEM;
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    free(argv);
    free(environment);
    return failed;
}

static enum mu_status code_of(int failure) {
    static const int shortages[] = {EAGAIN, ENOMEM, EMFILE, ENFILE, ENOSPC, EDQUOT};
    for (size_t i = 0; i < sizeof shortages / sizeof *shortages; i++) {
        if (failure == shortages[i]) {
            return MU_RESOURCE_EXHAUSTED;
        }
    }
    return MU_INTERNAL;
}

enum mu_status cl_process_start(
    const struct cl_process_spec *spec, pid_t *pid, struct mu_error *error) {
    int log;
    int lock = prepare(spec->folder, &log);
    if (lock < 0) {
        return mu_fail(error, code_of(errno), "%s: %s", spec->folder, strerror(errno));
    }
    int failed = spawn(spec, log, lock, pid);
    close(log);
    close(lock);
    return failed ? mu_fail(error, code_of(failed), "cannot start a process in %s: %s",
                        spec->directory, strerror(failed))
                  : MU_OK;
}

/* The number in folder/name, or -1. */
static int read_number(const char *folder, const char *name) {
    char text[32];
    int fd = open_in(folder, name, O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0) {
        close(fd);
    }
    if (n <= 0) {
        return -1;
    }
    text[n] = '\0';
    return atoi(text);
}

enum cl_process_state cl_process_find(const char *folder, pid_t *pid, int *exit_status) {
    int lock = open_in(folder, "lock", O_RDWR);
    bool held = lock >= 0 && flock(lock, LOCK_EX | LOCK_NB);
    if (lock >= 0) {
        close(lock);
    }
    if (held) {
        *pid = read_number(folder, "pid"); /* -1 for an instant after its birth */
        return CL_PROCESS_RUNNING;
    }
    *exit_status = read_number(folder, "exit");
    return *exit_status >= 0 ? CL_PROCESS_ENDED : CL_PROCESS_GONE;
}

void cl_process_signal(pid_t pid, int signal) {
    if (pid > 1) {
        kill(-pid, signal);
    }
}
