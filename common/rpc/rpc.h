/* The gRPC server, on the C core: unary methods answered by workers, health, reflection, and an
 * orderly stop.
 *
 * One thread at a time moves bytes and does not compute, so that a probe is answered while every
 * worker is busy. Handlers run on worker threads, each with an arena of its own whose limit is
 * enforced: passing it answers RESOURCE_EXHAUSTED. A full queue answers the same at once. */
#ifndef MUSHIR_RPC_RPC_H
#define MUSHIR_RPC_RPC_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/endpoint.h"

/* How a request ended. Texts are valid during the call only. */
struct mu_rpc_outcome {
    const char *method; /* the method's path */
    const struct mu_note *note;
    enum mu_status status;
    const char *text;     /* what was wrong; "" when nothing was */
    double seconds;       /* from arrival to the reply, the time in the queue included */
    size_t request_bytes; /* size of the message; 0 when it never was read */
};

struct mu_rpc_options {
    const char *host; /* numeric address to listen on; NULL: every interface, IPv6 and IPv4 */
    int port;         /* 0: a free one */
    const struct mu_contract *const *contracts; /* ended by NULL */
    void *const *states;                        /* of the contracts' handlers, in their order */
    size_t workers, queue;
    size_t arena_limit; /* bytes one request may use, its message included */
    size_t max_request; /* bytes of the largest accepted message, and of the largest reply */
    size_t clients;     /* bytes that connections, calls, messages that wait and replies that are
                           not read may make the server hold */
    uint64_t (*resident)(void); /* bytes of memory that the process has; NULL: not known. Beyond
                                   what all workers' arenas and clients may take, reading slows */
    double seconds;             /* a handler may take; 0: as long as it likes */
    const char *tls_cert, *tls_key,
        *tls_client_ca; /* PEM files; NULL: plaintext, and clients need no certificate */
    /* Called on a worker (or, for refused requests, the polling thread) just before the reply is
     * sent, and just after. Either may be NULL.
     */
    void (*before_reply)(void *observer, const struct mu_rpc_outcome *outcome);
    void (*after_reply)(void *observer, const struct mu_rpc_outcome *outcome);
    /* Called once on the polling thread when a stop has come to its end: every call answered. */
    void (*stopped)(void *observer);
    void *observer;
};

struct mu_rpc_server;

/* Start serving; health answers SERVING when this returns. Strings and contracts are borrowed until
 * mu_rpc_destroy. NULL with |error|: MU_UNAVAILABLE when the port cannot be had,
 * MU_INVALID_ARGUMENT for unusable certificates, MU_INTERNAL when resources lack. */
struct mu_rpc_server *mu_rpc_start(const struct mu_rpc_options *options, struct mu_error *error);

/* The port that is listened on. */
int mu_rpc_port(const struct mu_rpc_server *server);

/* Whether a file of TLS has changed since it was read, and reading them all again: clients that
 * connect from then on see the new ones. MU_INVALID_ARGUMENT: they cannot be used, and what was
 * read before stays. One thread at a time. */
bool mu_rpc_outdated(const struct mu_rpc_server *server);
enum mu_status mu_rpc_reload(struct mu_rpc_server *server, struct mu_error *error);

/* Requests waiting for a worker, and being answered by one. Any thread. */
size_t mu_rpc_queued(struct mu_rpc_server *server);
size_t mu_rpc_running(struct mu_rpc_server *server);

/* To be called every second, by one thread. Calls that have waited long for their client, to send
 * the message or to read the reply, are cancelled, and connections that have been silent for
 * minutes are closed: what they hold is others' room. Health says NOT_SERVING when nobody has
 * accepted, for some seconds, those who connect. */
void mu_rpc_tend(struct mu_rpc_server *server);

/* What health says. Any thread. */
bool mu_rpc_serving(const struct mu_rpc_server *server);

/* Connections of the process that are open. Any thread. */
size_t mu_rpc_connections(void);

/* Calls of every kind that are not over. Any thread. */
size_t mu_rpc_active(struct mu_rpc_server *server);

/* Before a stop: health says NOT_SERVING from now on, so that clients turn to others, and all else
 * goes on. Any thread. */
void mu_rpc_drain(struct mu_rpc_server *server);

/* After that, refuse new calls with UNAVAILABLE, which clients repeat elsewhere. Core cancels those
 * that come while it stops, which clients take for the end of it. Any thread. */
void mu_rpc_refuse_calls(struct mu_rpc_server *server);

/* Begin to stop: health says NOT_SERVING, the port closes, streams end, running requests are
 * finished. Returns at once; |stopped| tells the end. Any thread, once. */
void mu_rpc_stop(struct mu_rpc_server *server);

/* After mu_rpc_stop: cancel whatever still runs and close every connection. Handlers see
 * mu_call_is_over. Without it a stop also waits for idle clients to take their leave, which
 * silent ones do not for 20 s. Any thread. */
void mu_rpc_cancel(struct mu_rpc_server *server);

/* Free a server whose stop has been begun, after waiting for its end. NULL is allowed. */
void mu_rpc_destroy(struct mu_rpc_server *server);

/* What is linked: gRPC core's own number (29 for release 1.51, 58 for 1.85), and the TLS library's
 * name and version. */
const char *mu_rpc_core_version(void);
const char *mu_rpc_tls_version(void);

#endif
