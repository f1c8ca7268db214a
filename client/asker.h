/* Asks the service for suggestions on a thread of its own, so that trials are looked after
 * meanwhile. */
#ifndef MUSHIR_CLIENT_ASKER_H
#define MUSHIR_CLIENT_ASKER_H

#include "client/service.h"

struct asker;

struct answer {
    enum mu_status status;
    struct mu_error error;
    struct suggestions suggestions; /* when MU_OK; in |arena|, which the taker destroys */
    struct mu_arena *arena;
};

/* |answered| is called on the asker's thread when an answer can be taken. */
struct asker *asker_create(struct service *service, void (*answered)(void *user), void *user);

/* Cancels what runs, and waits for it. */
void asker_destroy(struct asker *asker);

/* Whether a question is being answered, or its answer not yet taken. */
bool asker_busy(struct asker *asker);

/* Ask; |request| must live until the answer is taken. Not while busy. */
void asker_ask(struct asker *asker, const uint8_t *request, size_t size, size_t wanted);

/* Take the answer, when there is one. */
bool asker_take(struct asker *asker, struct answer *answer);

#endif
