/* What a program serves, told without any transport: contracts of endpoints, each of which turns
 * the bytes of a message into the bytes of a reply. The rpc layer carries them; whoever answers
 * knows only this page. */
#ifndef MUSHIR_BASE_ENDPOINT_H
#define MUSHIR_BASE_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/base/arena.h"
#include "common/base/status.h"

/* What a handler tells about its call, for logs and metrics. Texts live in the call's arena; NULL
 * when unknown. */
struct mu_note {
    const char *experiment, *algorithm;
    size_t trials, asked;
    /* What the trials are good for: results, failures (finished without a finite number included),
     * what runs; and those that belong to another experiment or lie outside the space. */
    size_t observed, failed, running, dropped;
};

/* The bytes of a message to or from another server, borrowed. */
struct mu_asked {
    const uint8_t *bytes;
    size_t size;
};

/* Several messages to one method of another server. */
struct mu_questions {
    const char *address, *path; /* HOST:PORT; "/package.Service/Method" */
    const struct mu_asked *asked;
    size_t n;
    double seconds; /* for all of them */

    /* Given the answer to question |number|, valid during the call only; not called for one that
     * failed. On the asking thread, which owns things meanwhile: it may not leave by longjmp. */
    void (*answered)(void *user, size_t number, const struct mu_asked *answer);
    void *user;
};

/* One message that waits for its reply. */
struct mu_call {
    const uint8_t *bytes; /* the message, valid until the handler returns */
    size_t size;
    struct mu_arena *arena; /* freed after the reply was handed over */
    const uint8_t *reply;   /* set by the handler: arena-owned, or made by mu_call_make_reply; NULL
                               with size 0 is the empty message */
    size_t reply_size;
    struct mu_note note; /* set by the handler, as early as it knows */

    /* Set by the transport. */
    bool (*is_over)(struct mu_call *call);
    enum mu_status (*ask)(struct mu_call *call, const char *address, const char *path,
        const struct mu_asked *asked, struct mu_asked *answer, struct mu_error *error);
    enum mu_status (*ask_each)(const struct mu_questions *questions, struct mu_error *error);
    uint8_t *(*make_reply)(struct mu_call *call, size_t size, struct mu_error *error);
};

/* True when nobody waits for the reply any more: the client went away, or the time of the call is
 * up. |call| is a struct mu_call; the type fits mu_request.should_stop. Any thread. */
static inline bool mu_call_is_over(void *call) {
    struct mu_call *c = call;
    return c->is_over && c->is_over(c);
}

/* Ask the server at |address| (HOST:PORT) on behalf of |call|, such as a DBManager, and wait for
 * its |answer|, which the call's arena owns. MU_UNAVAILABLE when it stays away; the server's own
 * status and text otherwise. */
MU_MUST_USE static inline enum mu_status mu_call_ask(struct mu_call *call, const char *address,
    const char *path, const struct mu_asked *asked, struct mu_asked *answer,
    struct mu_error *error) {
    return call->ask ? call->ask(call, address, path, asked, answer, error)
                     : mu_fail(error, MU_UNIMPLEMENTED, "this transport asks nobody");
}

/* Ask several things at once, a few at a time. What failed last is returned; MU_OK when every
 * question was answered. Once the server cannot be reached, nothing more is asked. */
MU_MUST_USE static inline enum mu_status mu_call_ask_each(
    struct mu_call *call, const struct mu_questions *questions, struct mu_error *error) {
    return call->ask_each ? call->ask_each(questions, error)
                          : mu_fail(error, MU_UNIMPLEMENTED, "this transport asks nobody");
}

/* Make the reply to |call|: |size| bytes, for the handler to fill, which the transport need not
 * copy. NULL with MU_RESOURCE_EXHAUSTED: more than a reply may have, or more than there is room
 * for. */
MU_MUST_USE static inline uint8_t *mu_call_make_reply(
    struct mu_call *call, size_t size, struct mu_error *error) {
    if (call->make_reply) {
        return call->make_reply(call, size, error);
    }
    uint8_t *reply = (uint8_t *)mu_arena_alloc(call->arena, size);
    call->reply = reply;
    call->reply_size = size;
    return reply;
}

/* Answers one call, with |state| of its contract, on a thread of its own and under the guard of the
 * call's arena. */
typedef enum mu_status (*mu_handler)(void *state, struct mu_call *call, struct mu_error *error);

struct mu_endpoint {
    const char *path; /* "/package.Service/Method" */
    mu_handler handler;
};

/* What a contract's handlers may use, as the program was told. Texts are static. */
struct mu_means {
    size_t memory;          /* bytes that they may keep */
    const char *data;       /* folder that holds EXPERIMENT/TRIAL/ for every trial with a folder */
    uint64_t most_copied;   /* bytes, from one trial's folder to another's */
    const char *db_manager; /* HOST:PORT of the DBManager, until a request names one */
    const char *account;    /* folder of the Kubernetes service account */
};

/* One service of a program. Everything is borrowed and static. */
struct mu_contract {
    const char *name;                /* "package.Service", as health and reflection call it */
    const char *const *health_names; /* what health answers for besides, ended by NULL; or NULL */
    const struct mu_endpoint *endpoints;
    size_t n_endpoints;
    bool finishes;  /* what a handler does matters to others than its caller: it is also called, and
                       goes on, when the caller has left */
    int port;       /* of a program whose first contract this is, by default; 0: 6789 */
    size_t workers; /* of such a program, at least: more than processors where handlers wait for
                       other servers; 0: as many as processors */
    const void *serves; /* what the handlers work with, such as a table of algorithms; or NULL */

    /* The state of the handlers; NULL: |serves| is their state. Borrows |means| for the call. */
    void *(*open)(const struct mu_contract *contract, const struct mu_means *means);
    void (*close)(void *state);

    /* Write the names of what is served, each behind a space; the settings of each as Markdown.
     * Either may be NULL. */
    void (*print_names)(const struct mu_contract *contract, FILE *out);
    void (*print_settings)(const struct mu_contract *contract, FILE *out);
};

#endif
