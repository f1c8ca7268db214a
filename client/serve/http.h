/* HTTP/1.1 for the pages and the interface of mushir serve, by libwebsockets, which only this
 * module knows.
 *
 * One thread, one loop. A request is handed over when it is complete; its reply may come at once or
 * later. What a client may make the server hold is bounded: connections, header bytes, body bytes,
 * and the time that each step may take. */
#ifndef MUSHIR_CLIENT_SERVE_HTTP_H
#define MUSHIR_CLIENT_SERVE_HTTP_H

#include "client/serve/request.h"
#include "common/base/arena.h"
#include "common/base/status.h"

struct cl_http;
struct cl_http_exchange; /* a request and its reply */

/* What the server asks and tells its user; every one is set. */
struct cl_http_handler {
    /* The head of a request has come: 0 to go on, or the status to refuse it with, |*why| being the
     * reason. */
    int (*check)(void *user, const struct cl_http_request *request, const char **why);
    /* A request is complete: to be answered now or later. */
    void (*arrived)(
        void *user, struct cl_http_exchange *exchange, const struct cl_http_request *request);
    /* A stream may be written to: put what is due into |room| bytes, return how many. */
    size_t (*stream)(void *user, struct cl_http_exchange *exchange, char *bytes, size_t room);
    /* The client is gone, or its reply complete: |exchange| is not to be used any more. */
    void (*gone)(void *user, struct cl_http_exchange *exchange);
    void (*ticked)(void *user); /* some time went by */
    void (*woken)(void *user);  /* cl_http_wake was called */
};

enum {
    CL_HTTP_TICK_MS = 200,
    CL_HTTP_PIECE = 16384 /* bytes written at a time: the room that |stream| has */
};

struct cl_http_options {
    const char *host;               /* an IPv4 address; "0.0.0.0": all */
    int port;                       /* 0: any free one */
    const char *tls_cert, *tls_key; /* PEM files; NULL: no TLS */
    const char *policy;             /* Content-Security-Policy of replies that have no own */
};

/* Listen. NULL with |error|: MU_UNAVAILABLE. */
struct cl_http *cl_http_create(const struct cl_http_options *options,
    const struct cl_http_handler *handler, void *user, struct mu_error *error);
void cl_http_destroy(struct cl_http *http);

/* The port that is listened on. */
int cl_http_port(const struct cl_http *http);

/* Serve until cl_http_stop. */
void cl_http_run(struct cl_http *http);
void cl_http_stop(struct cl_http *http);

/* Have |woken| called on the loop; may be called from a signal handler. */
void cl_http_wake(struct cl_http *http);

/* Memory that lives as long as the exchange. */
struct mu_arena *cl_http_arena(struct cl_http_exchange *exchange);

/* A header of the reply to come; texts must live as long as the exchange. */
void cl_http_header(struct cl_http_exchange *exchange, const char *name, const char *value);

/* Answer with |size| bytes, which must live as long as the exchange; or with the first |size| bytes
 * of the file |fd|, which is then closed. */
void cl_http_reply(struct cl_http_exchange *exchange, int status, const char *type,
    const char *bytes, size_t size);
void cl_http_reply_file(
    struct cl_http_exchange *exchange, int status, const char *type, int fd, size_t size);

/* Answer with a stream of server-sent events that ends with the connection; |stream| is called now
 * and whenever cl_http_stream_due was. */
void cl_http_stream(struct cl_http_exchange *exchange);
void cl_http_stream_due(struct cl_http_exchange *exchange);

#endif
