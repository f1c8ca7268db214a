/* Requests that a child process answers. */
#ifndef MUSHIR_CLIENT_SERVE_JOB_H
#define MUSHIR_CLIENT_SERVE_JOB_H

#include "client/serve/server.h"

/* Have `mushir |words|` (ended by NULL, |input| being its standard input or NULL) work for
 * |exchange|; |done| answers. NULL after an answer of 503 when too much is being worked on. */
struct cl_job *cl_job_start(struct cl_server *server, struct cl_http_exchange *exchange,
    const char *const *words, const char *input,
    void (*done)(struct cl_server *server, struct cl_job *job, int exit_status));

/* A |done|: answer with what it printed, of job->type; or 500 with its last words. */
void cl_job_print(struct cl_server *server, struct cl_job *job, int exit_status);

/* A process has ended; false when it is no job's. */
bool cl_job_ended(struct cl_server *server, pid_t pid, int status);

/* The client of |exchange| is gone. */
void cl_job_forget(struct cl_server *server, const struct cl_http_exchange *exchange);

/* Kill those that take too long, or all. */
void cl_job_tick(struct cl_server *server);
void cl_job_kill_all(struct cl_server *server);

#endif
