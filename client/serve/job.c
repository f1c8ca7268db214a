#include "client/serve/job.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "client/run/clock.h"
#include "client/serve/answer.h"

/* A report of ten thousand trials with 500 values each takes some seconds. */
enum { SECONDS_OF_WORK = 60, SECONDS_OF_PROCESSOR = 30 };

struct cl_job *cl_job_start(struct cl_server *server, struct cl_http_exchange *exchange,
    const char *const *words, const char *input,
    void (*done)(struct cl_server *server, struct cl_job *job, int exit_status)) {
    struct mu_error error;
    struct cl_job *job = server->jobs;
    while (job < server->jobs + CL_MOST_JOBS && job->child.pid) {
        job++;
    }
    if (job == server->jobs + CL_MOST_JOBS) {
        cl_http_header(exchange, "retry-after:", "1");
        cl_answer_error(exchange, 503, "too much is being worked on; try again");
        return NULL;
    }
    *job = (struct cl_job){.exchange = exchange,
        .done = done,
        .deadline = cl_clock_steady() + SECONDS_OF_WORK,
        .text = input};
    if (cl_child_start(&job->child, words, input, input ? strlen(input) : 0, SECONDS_OF_PROCESSOR,
            &error) != MU_OK) {
        cl_answer_error(exchange, 503, error.text);
        return NULL;
    }
    return job;
}

void cl_job_print(struct cl_server *server, struct cl_job *job, int exit_status) {
    enum { LAST_WORDS = 1000 };
    struct stat file;
    (void)server;
    if (exit_status == 0 && !fstat(job->child.out, &file)) {
        cl_http_reply_file(job->exchange, 200, job->type, job->child.out, (size_t)file.st_size);
        job->child.out = -1; /* it is the reply's */
        return;
    }
    const char *why = cl_child_text(job->child.err, LAST_WORDS, cl_http_arena(job->exchange));
    cl_answer_error(
        job->exchange, exit_status == 2 ? 404 : 500, *why ? why : "it took too long, or broke");
}

bool cl_job_ended(struct cl_server *server, pid_t pid, int status) {
    for (size_t i = 0; i < CL_MOST_JOBS; i++) {
        struct cl_job *job = &server->jobs[i];
        if (job->child.pid == pid) {
            if (job->exchange) {
                job->done(
                    server, job, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
            }
            cl_child_finish(&job->child);
            return true;
        }
    }
    return false;
}

void cl_job_forget(struct cl_server *server, const struct cl_http_exchange *exchange) {
    for (size_t i = 0; i < CL_MOST_JOBS; i++) {
        struct cl_job *job = &server->jobs[i];
        if (job->child.pid && job->exchange == exchange) {
            job->exchange = NULL;
            kill(-job->child.pid, SIGKILL);
        }
    }
}

void cl_job_tick(struct cl_server *server) {
    double now = cl_clock_steady();
    for (size_t i = 0; i < CL_MOST_JOBS; i++) {
        if (server->jobs[i].child.pid && server->jobs[i].deadline < now) {
            kill(-server->jobs[i].child.pid, SIGKILL);
        }
    }
}

void cl_job_kill_all(struct cl_server *server) {
    for (size_t i = 0; i < CL_MOST_JOBS; i++) {
        if (server->jobs[i].child.pid) {
            kill(-server->jobs[i].child.pid, SIGKILL);
        }
    }
}
