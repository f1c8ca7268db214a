/* A trial's local process, made so that a mushir that was killed can find it again.
 *
 * Each trial has a folder: "log" takes its output, "metrics.log" is the file of the File collector,
 * "pid" the process group, "exit" the exit status, written when it ends, and "lock" is locked for
 * as long as it runs. A small shell stands between us and the command and writes them. */
#ifndef MUSHIR_CLIENT_RUN_PROCESS_H
#define MUSHIR_CLIENT_RUN_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/base/status.h"

enum cl_process_state {
    CL_PROCESS_RUNNING, /* begun by an earlier mushir, and running still */
    CL_PROCESS_ENDED,   /* it ended by itself; its exit status is known */
    CL_PROCESS_GONE,    /* never begun, or killed before it could tell */
};

struct cl_process_spec {
    const char *folder;             /* the trial's own; made when missing */
    const char *directory;          /* where the command runs */
    const char *const *argv;        /* ended by NULL */
    const char *const *environment; /* more "NAME=value" beside our own */
    size_t n_environment;
};

/* Start the command in a process group of its own. Its pid, which is also the group's, in |*pid|.
 * MU_RESOURCE_EXHAUSTED where the machine has no process, descriptor, memory or space for it now.
 */
MU_MUST_USE enum mu_status cl_process_start(
    const struct cl_process_spec *spec, pid_t *pid, struct mu_error *error);

/* What became of the process in |folder|: its pid when running, its exit status when ended. */
enum cl_process_state cl_process_find(const char *folder, pid_t *pid, int *exit_status);

/* Signal the whole group. */
void cl_process_signal(pid_t pid, int signal);

#endif
