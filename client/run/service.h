/* The suggestion service that a command talks to: one that is given by its address, or one started
 * for the occasion. */
#ifndef MUSHIR_CLIENT_RUN_SERVICE_H
#define MUSHIR_CLIENT_RUN_SERVICE_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/rpc/client.h"
#include "common/wire/wire.h"

struct cl_service {
    struct mu_rpc_client *client;
    const char *address;
    _Atomic pid_t pid; /* 0: not ours, or gone, which one thread sees while another asks */
    bool logs;         /* |log| is open: the file that ours writes its log to */
    int log;
};

/* The SERVICE of the program mushir-SERVICE that serves |algorithm|; NULL: none does. */
const char *cl_service_program(const char *algorithm);

/* Connect to |address|, or when NULL start the program mushir-<service> that serves |algorithm|:
 * next to this program, then in PATH; trials' folders are made in |data| (NULL: none
 * are made). Errors name the algorithms there are, or what the service said when it would not
 * start. */
MU_MUST_USE enum mu_status cl_service_open(struct cl_service *service, const char *address,
    const char *algorithm, const char *data, struct mu_arena *arena, struct mu_error *error);

/* The service that was started is gone, with this exit status (of a shell: 128 + signal).
 * MU_UNAVAILABLE with that and the last line of its log. */
enum mu_status cl_service_ended(
    const struct cl_service *service, int exit_status, struct mu_error *error);

/* Disconnect, and stop what was started. A zeroed one may be closed. */
void cl_service_close(struct cl_service *service);

/* ValidateAlgorithmSettings. UNIMPLEMENTED counts as valid, as in Katib. */
MU_MUST_USE enum mu_status cl_service_validate(struct cl_service *service,
    const struct mu_experiment_text *experiment, struct mu_arena *arena, struct mu_error *error);

/* GetSuggestions; |reply| is owned by |arena|, and only to be used after cl_reply_check. */
MU_MUST_USE enum mu_status cl_service_suggest(struct cl_service *service,
    const struct mu_wire_request *request, struct mu_arena *arena, struct mu_reply *reply,
    struct mu_error *error);

#endif
