/* Asks the service for suggestions on a thread of its own, so that trials are looked after
 * meanwhile. */
#ifndef MUSHIR_CLIENT_RUN_ASKER_H
#define MUSHIR_CLIENT_RUN_ASKER_H

#include "client/run/service.h"

struct cl_asker;

struct cl_answer {
    enum mu_status status;
    struct mu_error error;
    struct mu_reply reply; /* when MU_OK; in |arena|, which the taker destroys */
    struct mu_arena *arena;
};

/* |answered| is called on the asker's thread when an answer can be taken. */
struct cl_asker *cl_asker_create(
    struct cl_service *service, void (*answered)(void *user), void *user);

/* Cancels what runs, and waits for it. */
void cl_asker_destroy(struct cl_asker *asker);

/* Whether a question is being answered, or its answer not yet taken. */
bool cl_asker_busy(struct cl_asker *asker);

/* Ask; |request| must live until the answer is taken. Not while busy. */
void cl_asker_ask(struct cl_asker *asker, const struct mu_wire_request *request);

/* Take the answer, when there is one. */
bool cl_asker_take(struct cl_asker *asker, struct cl_answer *answer);

#endif
