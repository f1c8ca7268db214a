/* The suggestion service that a command talks to: one that is given by its address, or one started
 * for the occasion. */
#ifndef MUSHIR_CLIENT_SERVICE_H
#define MUSHIR_CLIENT_SERVICE_H

#include <sys/types.h>

#include "client/request.h"
#include "common/rpc/client.h"

struct service {
    struct mu_rpc_client *client;
    const char *address;
    pid_t pid; /* 0: not ours */
};

/* Connect to |address|, or when NULL start the program mushir-<service> that serves |algorithm|:
 * next to this program, then in PATH. Errors name the algorithms there are, or what the service
 * said when it would not start. */
MU_MUST_USE enum mu_status service_open(struct service *service, const char *address,
    const char *algorithm, struct mu_arena *arena, struct mu_error *error);

/* Disconnect, and stop what was started. */
void service_close(struct service *service);

/* ValidateAlgorithmSettings. UNIMPLEMENTED counts as valid, as in Katib. */
MU_MUST_USE enum mu_status service_validate(struct service *service, const struct experiment *e,
    struct mu_arena *arena, struct mu_error *error);

/* GetSuggestions with a request made by request_suggestions. */
MU_MUST_USE enum mu_status service_suggest(struct service *service, const uint8_t *request,
    size_t size, size_t wanted, struct mu_arena *arena, struct suggestions *out,
    struct mu_error *error);

#endif
