/* The suggestion service that a command talks to: one that is given by its address, or one started
 * for the occasion. */
#ifndef MUSHIR_CLIENT_RUN_SERVICE
#define MUSHIR_CLIENT_RUN_SERVICE

#include <sys/types.h>

#include "client/run/request.h"
#include "common/rpc/client.h"

struct cl_service {
    struct mu_rpc_client *client;
    const char *address;
    pid_t pid; /* 0: not ours */
};

/* Connect to |address|, or when NULL start the program mushir-<service> that serves |algorithm|:
 * next to this program, then in PATH. Errors name the algorithms there are, or what the service
 * said when it would not start. */
MU_MUST_USE enum mu_status cl_service_open(struct cl_service *service, const char *address,
    const char *algorithm, struct mu_arena *arena, struct mu_error *error);

/* Disconnect, and stop what was started. */
void cl_service_close(struct cl_service *service);

/* ValidateAlgorithmSettings. UNIMPLEMENTED counts as valid, as in Katib. */
MU_MUST_USE enum mu_status cl_service_validate(struct cl_service *service,
    const struct cl_experiment *e, struct mu_arena *arena, struct mu_error *error);

/* GetSuggestions with a request made by cl_request_suggestions. */
MU_MUST_USE enum mu_status cl_service_suggest(struct cl_service *service, const uint8_t *request,
    size_t size, size_t wanted, struct mu_arena *arena, struct cl_suggestions *out,
    struct mu_error *error);

#endif
