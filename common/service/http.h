/* A small HTTP/1.1 responder on the main loop, for the admin port: GET and HEAD, one request per
 * connection.
 *
 * Our own and not a library's, for three pages without bodies: docs/adr/0035. What a client can
 * make it hold is bounded: connections, of which the oldest makes room for another, bytes of a
 * request's head, seconds. */
#ifndef MUSHIR_SERVICE_HTTP_H
#define MUSHIR_SERVICE_HTTP_H

#include <ev.h>
#include <stddef.h>
#include <stdio.h>

#include "common/base/status.h"

/* Answers a GET of |path|: writes the body (plain text) and returns the HTTP status. Main thread.
 */
typedef int (*mu_http_page)(void *user, const char *path, FILE *body);

struct mu_http;

/* Listen on |port| (0: a free one) of |host| (NULL: every interface). NULL with |error|. */
struct mu_http *mu_http_open(struct ev_loop *loop, const char *host, int port, mu_http_page page,
    void *user, struct mu_error *error);

/* The port that is listened on. */
int mu_http_port(const struct mu_http *http);

/* Close the port and every connection. NULL is allowed. */
void mu_http_close(struct mu_http *http);

enum { MU_HTTP_PATH = 128 };

/* The head of a request, read so far. */
struct mu_http_head {
    int status; /* 0: incomplete; 200: a request for |path|; else the error to answer with */
    int head_only;
    char path[MU_HTTP_PATH]; /* without the query */
};

/* The head that the first |size| bytes of a connection make. */
struct mu_http_head mu_http_parse(const char *text, size_t size);

#endif
