/* The life of a call: armed, arrived, answered, closed, freed when the last event and the last
 * owner let go. */
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/rpc/internal.h"

void mu_rpc_release_live(struct mu_rpc_server *server) {
    if (atomic_fetch_sub(&server->live, 1) == 1) {
        grpc_completion_queue_shutdown(server->events);
    }
}

void mu_rpc_call_ref(struct mu_rpc_call *call) {
    atomic_fetch_add(&call->references, 1);
}

void mu_rpc_call_unref(struct mu_rpc_call *call) {
    if (atomic_fetch_sub(&call->references, 1) != 1) {
        return;
    }
    struct mu_rpc_server *server = call->server;
    mu_rpc_await_no_more(call);
    if (call->call && call->endpoint->kind->finish) {
        call->endpoint->kind->finish(call);
    }
    grpc_byte_buffer_destroy(call->payload);
    grpc_metadata_array_destroy(&call->metadata);
    grpc_call_details_destroy(&call->details);
    if (call->call) {
        grpc_call_unref(call->call);
        mu_rpc_budget_leave(&server->budget);
    }
    free(call);
    mu_rpc_release_live(server);
}

bool mu_rpc_batch(struct mu_rpc_call *call, const grpc_op *ops, size_t n, struct mu_rpc_tag *tag) {
    mu_rpc_call_ref(call);
    mu_rpc_handing_over(tag);
    grpc_call_error refused = grpc_call_start_batch(call->call, ops, n, tag, NULL);
    if (refused != GRPC_CALL_OK) {
        mu_log_text(MU_LOG_ERROR, "gRPC core refused an operation", "reason",
            grpc_call_error_to_string(refused));
        atomic_fetch_sub(&call->references, 1); /* not the last: the caller has one */
    }
    return refused == GRPC_CALL_OK;
}

static void on_sent(struct mu_rpc_tag *tag, bool ok) {
    (void)ok; /* not ok: the client went away; there is nobody left to tell */
    mu_rpc_call_unref(container_of(tag, struct mu_rpc_call, on_sent));
}

static void on_close(struct mu_rpc_tag *tag, bool ok) {
    (void)ok;
    struct mu_rpc_call *call = container_of(tag, struct mu_rpc_call, on_close);
    atomic_store(&call->stopped, true);
    if (call->endpoint->kind->closed) {
        call->endpoint->kind->closed(call);
    }
    mu_rpc_call_unref(call);
}

static void on_message(struct mu_rpc_tag *tag, bool ok) {
    struct mu_rpc_call *call = container_of(tag, struct mu_rpc_call, on_read);
    mu_rpc_await_no_more(call);
    if (ok && call->payload) {
        call->endpoint->kind->arrived(call);
    } else {
        mu_rpc_refuse(call, MU_INTERNAL, "the call came without a message");
    }
    mu_rpc_call_unref(call);
}

/* Be told when the call is over, and wait for its first message if its kind needs it. */
static void accept_call(struct mu_rpc_call *call) {
    const struct mu_rpc_kind *kind = call->endpoint->kind;
    grpc_op close = {.op = GRPC_OP_RECV_CLOSE_ON_SERVER,
        .data.recv_close_on_server.cancelled = &call->core_cancelled};
    grpc_op read = {.op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &call->payload};
    mu_rpc_batch(call, &close, 1, &call->on_close);
    if (kind->payload) {
        mu_rpc_await(call);
        call->on_read.on_done = on_message;
        mu_rpc_batch(call, &read, 1, &call->on_read);
    } else {
        kind->arrived(call);
    }
}

static void on_new(struct mu_rpc_tag *tag, bool ok) {
    struct mu_rpc_call *call = container_of(tag, struct mu_rpc_call, on_new);
    if (!ok) { /* the server stops */
        mu_rpc_call_unref(call);
        return;
    }
    call->arrived_at = gpr_now(GPR_CLOCK_MONOTONIC);
    mu_rpc_arm(call->server, call->endpoint);
    if (!mu_rpc_budget_enter(&call->server->budget) && !mu_rpc_make_room(call->server)) {
        mu_rpc_refuse(call, MU_RESOURCE_EXHAUSTED, "too many calls: try again later");
    } else if (atomic_load(&call->server->refusing)) {
        mu_rpc_refuse(call, MU_UNAVAILABLE, "the server stops");
    } else {
        accept_call(call);
    }
    mu_rpc_call_unref(call);
}

static grpc_call_error request_call(struct mu_rpc_server *server, struct mu_rpc_call *call) {
    const struct mu_rpc_endpoint *endpoint = call->endpoint;
    if (!endpoint->path) {
        return grpc_server_request_call(server->core, &call->call, &call->details, &call->metadata,
            server->events, server->events, &call->on_new);
    }
    return grpc_server_request_registered_call(server->core, endpoint->registered, &call->call,
        &call->deadline, &call->metadata, NULL, server->events, server->events, &call->on_new);
}

/* Ask core for the next call to |endpoint|. Out of memory leaves the endpoint unarmed, which is all
 * that can be done about it. */
void mu_rpc_arm(struct mu_rpc_server *server, const struct mu_rpc_endpoint *endpoint) {
    struct mu_rpc_call *call = calloc(1, endpoint->kind->size);
    if (!call) {
        mu_log_text(MU_LOG_ERROR, "out of memory for the next call", "method",
            endpoint->path ? endpoint->path : "*");
        return;
    }
    call->server = server;
    call->endpoint = endpoint;
    call->on_new.on_done = on_new;
    call->on_close.on_done = on_close;
    call->on_sent.on_done = on_sent;
    atomic_store(&call->references, 1);
    grpc_metadata_array_init(&call->metadata);
    grpc_call_details_init(&call->details);
    atomic_fetch_add(&server->live, 1);
    mu_rpc_handing_over(&call->on_new);
    grpc_call_error refused = request_call(server, call);
    if (refused != GRPC_CALL_OK) {
        mu_log_text(MU_LOG_ERROR, "gRPC core refused to wait for a call", "reason",
            grpc_call_error_to_string(refused));
        mu_rpc_call_unref(call);
    }
}

bool mu_rpc_message(struct mu_rpc_call *call, grpc_slice *message) {
    grpc_byte_buffer_reader reader;
    if (!call->payload || !grpc_byte_buffer_reader_init(&reader, call->payload)) {
        return false;
    }
    *message = grpc_byte_buffer_reader_readall(&reader);
    grpc_byte_buffer_reader_destroy(&reader);
    grpc_byte_buffer_destroy(call->payload);
    call->payload = NULL;
    return true;
}

void mu_rpc_reply(
    struct mu_rpc_call *call, enum mu_status code, const char *text, grpc_slice message) {
    grpc_slice details = grpc_slice_from_copied_string(text);
    grpc_byte_buffer *buffer = code == MU_OK ? grpc_raw_byte_buffer_create(&message, 1) : NULL;
    grpc_op ops[3] = {{.op = GRPC_OP_SEND_INITIAL_METADATA},
        {.op = GRPC_OP_SEND_STATUS_FROM_SERVER}, {.op = GRPC_OP_SEND_MESSAGE}};
    ops[1].data.send_status_from_server.status = (grpc_status_code)code;
    ops[1].data.send_status_from_server.status_details = &details;
    ops[2].data.send_message.send_message = buffer;
    mu_rpc_await(call); /* it may not want to read */
    mu_rpc_batch(call, ops, buffer ? 3 : 2, &call->on_sent);
    grpc_byte_buffer_destroy(buffer); /* core moved or referenced the slices inside start_batch */
    grpc_slice_unref(details);
}

double mu_rpc_seconds_since(gpr_timespec since) {
    gpr_timespec passed = gpr_time_sub(gpr_now(GPR_CLOCK_MONOTONIC), since);
    return (double)passed.tv_sec + 1e-9 * passed.tv_nsec;
}

void mu_rpc_refuse(struct mu_rpc_call *call, enum mu_status code, const char *text) {
    grpc_call_cancel_with_status(call->call, (grpc_status_code)code, text, NULL);
}

static void refuse_unknown(struct mu_rpc_call *call) {
    grpc_slice method = call->details.method;
    int length = (int)(GRPC_SLICE_LENGTH(method) > 150 ? 150 : GRPC_SLICE_LENGTH(method));
    struct mu_error error;
    (void)mu_fail(&error, MU_UNIMPLEMENTED, "unknown method %.*s", length,
        (const char *)GRPC_SLICE_START_PTR(method));
    mu_rpc_refuse(call, MU_UNIMPLEMENTED, error.text);
}

const struct mu_rpc_kind mu_rpc_unknown = {
    .size = sizeof(struct mu_rpc_call), .arrived = refuse_unknown};
