/* Commands of mushir as child processes of the server: what takes time or reads what others wrote
 * does so there, bounded in time, and cannot end the server. */
#ifndef MUSHIR_CLIENT_SERVE_CHILD_H
#define MUSHIR_CLIENT_SERVE_CHILD_H

#include <sys/types.h>

#include "common/base/arena.h"
#include "common/base/status.h"

struct cl_child {
    pid_t pid;    /* the leader of its process group; 0: none */
    int out, err; /* files without a name that its standard output and error go to; -1 */
};

/* Start `mushir |words|`, ended by NULL, with |input| (size bytes) as its standard input. It is
 * killed when this process dies, and after |seconds| of processor time (0: no limit). SIGTERM and
 * CL_RUN_PAUSE_SIGNAL reach it when it watches them, however early they were sent. */
MU_MUST_USE enum mu_status cl_child_start(struct cl_child *child, const char *const *words,
    const char *input, size_t size, int seconds, struct mu_error *error);

/* The last |most| bytes of what it wrote to |fd| so far, ended by NUL and owned by |arena|. */
const char *cl_child_text(int fd, size_t most, struct mu_arena *arena);

/* Close its files. */
void cl_child_finish(struct cl_child *child);

#endif
