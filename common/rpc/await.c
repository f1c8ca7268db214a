/* Calls that wait for their client: for its message, or for it to read the reply. What they hold is
 * others' room, so none waits for long, and when there are too many calls the one that has waited
 * longest makes room. */
#include "common/rpc/internal.h"

/* For a client to send its message, or to read its reply. */
enum { SECONDS_FOR_CLIENT = 20 };

static void unlist(struct mu_rpc_awaited *awaited, struct mu_rpc_call *call) {
    *(call->earlier ? &call->earlier->later : &awaited->first) = call->later;
    *(call->later ? &call->later->earlier : &awaited->last) = call->earlier;
    call->awaited = false;
}

void mu_rpc_await(struct mu_rpc_call *call) {
    struct mu_rpc_awaited *awaited = &call->server->awaited;
    pthread_mutex_lock(&awaited->lock);
    call->awaited = true;
    call->awaited_since = gpr_now(GPR_CLOCK_MONOTONIC);
    call->earlier = awaited->last;
    call->later = NULL;
    *(awaited->last ? &awaited->last->later : &awaited->first) = call;
    awaited->last = call;
    pthread_mutex_unlock(&awaited->lock);
}

void mu_rpc_await_no_more(struct mu_rpc_call *call) {
    struct mu_rpc_awaited *awaited = &call->server->awaited;
    pthread_mutex_lock(&awaited->lock);
    if (call->awaited) {
        unlist(awaited, call);
    }
    pthread_mutex_unlock(&awaited->lock);
}

/* End the call that has waited longest, if it has for more than |seconds|. Its memory is freed once
 * core has let go of it. */
static bool drop_first(
    struct mu_rpc_server *server, double seconds, enum mu_status code, const char *text) {
    struct mu_rpc_awaited *awaited = &server->awaited;
    pthread_mutex_lock(&awaited->lock);
    struct mu_rpc_call *call = awaited->first;
    bool drop = call && mu_rpc_seconds_since(call->awaited_since) > seconds;
    if (drop) {
        unlist(awaited, call);
        grpc_call_cancel_with_status(call->call, (grpc_status_code)code, text, NULL);
    }
    pthread_mutex_unlock(&awaited->lock);
    return drop;
}

bool mu_rpc_make_room(struct mu_rpc_server *server) {
    return drop_first(server, -1, MU_RESOURCE_EXHAUSTED, "too many calls: try again later");
}

void mu_rpc_drop_late(struct mu_rpc_server *server) {
    while (drop_first(server, SECONDS_FOR_CLIENT, MU_DEADLINE_EXCEEDED,
        "the client neither sent its message nor read its reply")) {
    }
}
