/* What the parts of the server share. */
#ifndef MUSHIR_CLIENT_SERVE_SERVER_H
#define MUSHIR_CLIENT_SERVE_SERVER_H

#include "client/serve/guard.h"
#include "client/serve/http.h"
#include "client/serve/options.h"
#include "client/serve/queue.h"

struct cl_server;

/* A child that works for a request. */
struct cl_job {
    struct cl_child child;             /* pid 0: the place is free */
    struct cl_http_exchange *exchange; /* NULL: the client is gone */
    void (*done)(struct cl_server *server, struct cl_job *job, int exit_status);
    double deadline;             /* as cl_clock_steady tells */
    const char *text;            /* the experiment that is checked; of the exchange */
    char name[CL_NAME_MOST + 1]; /* of an experiment that is there already; "" */
    bool named;                  /* the submitter chose the name */
    const char *type;            /* of what is printed */
};

/* A client that is told what changes. */
struct cl_watcher {
    struct cl_http_exchange *exchange; /* NULL: the place is free */
    long long told;                    /* the last version */
    double spoken;                     /* when something was sent last, as cl_clock_steady tells */
};

enum { CL_MOST_JOBS = 4, CL_MOST_WATCHERS = 64 };

struct cl_server {
    const struct cl_serve_options *options;
    struct cl_http *http;
    struct cl_guard guard;
    struct cl_catalog catalog;
    struct cl_queue queue;
    struct cl_job jobs[CL_MOST_JOBS];
    struct cl_watcher watchers[CL_MOST_WATCHERS];
    size_t ticks;
    bool closing;
};

#endif
