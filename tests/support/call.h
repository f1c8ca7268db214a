/* A client for tests of the server: calls that are started, awaited and cancelled separately. One
 * completion queue per call. */
#ifndef MUSHIR_TESTS_CALL_H
#define MUSHIR_TESTS_CALL_H

#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/rpc/core.h"

struct call {
    grpc_completion_queue *events;
    grpc_call *call;
    grpc_metadata_array initial, trailing;
    grpc_status_code status;
    grpc_slice details;
    char text[512];       /* the status's text, once awaited */
    unsigned char *reply; /* the last message; NULL when none */
    size_t size;
};

static inline grpc_channel *channel_to(int port) {
    char address[32];
    snprintf(address, sizeof address, "127.0.0.1:%d", port);
    grpc_channel_credentials *plain = grpc_insecure_credentials_create();
    grpc_arg own = {.type = GRPC_ARG_INTEGER,
        .key = (char *)(uintptr_t)GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL,
        .value.integer = 1};
    grpc_channel *channel = grpc_channel_create(address, plain, &(grpc_channel_args){1, &own});
    grpc_channel_credentials_release(plain);
    return channel;
}

static inline void call_batch(struct call *call, grpc_op *ops, size_t n, void *tag) {
    if (grpc_call_start_batch(call->call, ops, n, tag, NULL) != GRPC_CALL_OK) {
        abort();
    }
}

/* Start a call; |bytes| NULL sends no message, |close| ends what the client has to say. */
static inline void call_start(struct call *call, grpc_channel *channel, const char *path,
    const void *bytes, size_t size, double seconds, int close) {
    grpc_op ops[4] = {{.op = GRPC_OP_SEND_INITIAL_METADATA}, {.op = GRPC_OP_RECV_INITIAL_METADATA}};
    size_t n = 2;
    memset(call, 0, sizeof *call);
    call->events = grpc_completion_queue_create_for_pluck(NULL);
    gpr_timespec deadline = gpr_time_add(
        gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_micros((int64_t)(seconds * 1e6), GPR_TIMESPAN));
    grpc_slice method = grpc_slice_from_static_string(path);
    call->call = grpc_channel_create_call(
        channel, NULL, GRPC_PROPAGATE_DEFAULTS, call->events, method, NULL, deadline, NULL);
    ops[0].flags = GRPC_INITIAL_METADATA_WAIT_FOR_READY;
    ops[1].data.recv_initial_metadata.recv_initial_metadata = &call->initial;
    grpc_byte_buffer *message = NULL;
    if (bytes) {
        grpc_slice slice = grpc_slice_from_copied_buffer(bytes, size);
        message = grpc_raw_byte_buffer_create(&slice, 1);
        grpc_slice_unref(slice);
        ops[n].op = GRPC_OP_SEND_MESSAGE;
        ops[n++].data.send_message.send_message = message;
    }
    if (close) {
        ops[n++].op = GRPC_OP_SEND_CLOSE_FROM_CLIENT;
    }
    call_batch(call, ops, n, &call->initial);
    grpc_byte_buffer_destroy(message);
}

/* Wait for the next message; 0 when the stream has ended. */
static inline int call_read(struct call *call) {
    grpc_byte_buffer *message = NULL;
    grpc_op op = {.op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &message};
    call_batch(call, &op, 1, &call->reply);
    grpc_completion_queue_pluck(
        call->events, &call->reply, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
    free(call->reply);
    call->reply = NULL;
    if (!message) {
        return 0;
    }
    grpc_byte_buffer_reader reader;
    grpc_byte_buffer_reader_init(&reader, message);
    grpc_slice all = grpc_byte_buffer_reader_readall(&reader);
    call->size = GRPC_SLICE_LENGTH(all);
    call->reply = calloc(1, call->size + 1);
    memcpy(call->reply, GRPC_SLICE_START_PTR(all), call->size);
    grpc_slice_unref(all);
    grpc_byte_buffer_reader_destroy(&reader);
    grpc_byte_buffer_destroy(message);
    return 1;
}

/* Whether |text| is in the message that was read last. */
static inline int call_says(const struct call *call, const char *text) {
    return call->reply && memmem(call->reply, call->size, text, strlen(text));
}

/* Wait for the status. */
static inline int call_status(struct call *call) {
    grpc_op op = {.op = GRPC_OP_RECV_STATUS_ON_CLIENT};
    op.data.recv_status_on_client.trailing_metadata = &call->trailing;
    op.data.recv_status_on_client.status = &call->status;
    op.data.recv_status_on_client.status_details = &call->details;
    call_batch(call, &op, 1, &call->status);
    grpc_completion_queue_pluck(
        call->events, &call->status, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
    grpc_completion_queue_pluck(
        call->events, &call->initial, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
    snprintf(call->text, sizeof call->text, "%.*s", (int)GRPC_SLICE_LENGTH(call->details),
        (char *)GRPC_SLICE_START_PTR(call->details));
    return (int)call->status;
}

static inline void call_finish(struct call *call) {
    free(call->reply);
    grpc_slice_unref(call->details);
    grpc_metadata_array_destroy(&call->initial);
    grpc_metadata_array_destroy(&call->trailing);
    grpc_call_unref(call->call);
    grpc_completion_queue_shutdown(call->events);
    grpc_completion_queue_destroy(call->events);
}

/* A whole unary call; only |text|, |reply| and the returned status are left. Free |reply|. */
static inline int call_unary(struct call *call, grpc_channel *channel, const char *path,
    const void *bytes, size_t size, double seconds) {
    call_start(call, channel, path, bytes, size, seconds, 1);
    call_read(call);
    int status = call_status(call);
    unsigned char *reply = call->reply;
    call->reply = NULL;
    call_finish(call);
    call->reply = reply;
    return status;
}

#endif
