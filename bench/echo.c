/* The yardstick: the least that a unary server on the gRPC C core can be. One thread takes a
 * message and sends it back. */
#include <grpc/byte_buffer.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/rpc/core.h"

struct call {
    grpc_call *call;
    gpr_timespec deadline;
    grpc_metadata_array metadata;
    grpc_byte_buffer *message;
    int cancelled, answered;
};

static grpc_server *server;
static grpc_completion_queue *events;
static void *method;

static void wait_for_call(void) {
    struct call *call = calloc(1, sizeof *call);
    grpc_metadata_array_init(&call->metadata);
    grpc_server_request_registered_call(server, method, &call->call, &call->deadline,
        &call->metadata, &call->message, events, events, call);
}

static void answer(struct call *call) {
    grpc_op ops[4] = {{.op = GRPC_OP_SEND_INITIAL_METADATA},
        {.op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = call->message},
        {.op = GRPC_OP_SEND_STATUS_FROM_SERVER},
        {.op = GRPC_OP_RECV_CLOSE_ON_SERVER,
            .data.recv_close_on_server.cancelled = &call->cancelled}};
    call->answered = 1;
    grpc_call_start_batch(call->call, ops, 4, call, NULL);
}

static void finish(struct call *call) {
    grpc_byte_buffer_destroy(call->message);
    grpc_metadata_array_destroy(&call->metadata);
    grpc_call_unref(call->call);
    free(call);
}

int main(void) {
    grpc_init();
    server = grpc_server_create(NULL, NULL);
    events = grpc_completion_queue_create_for_next(NULL);
    grpc_server_register_completion_queue(server, events, NULL);
    method = grpc_server_register_method(
        server, "/bench.Echo/Echo", NULL, GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER, 0);
    grpc_server_credentials *plain = grpc_insecure_server_credentials_create();
    int port = grpc_server_add_http2_port(server, "[::]:0", plain);
    grpc_server_start(server);
    wait_for_call();
    printf("%d\n", port);
    fflush(stdout);
    for (;;) { /* until killed */
        grpc_event event =
            grpc_completion_queue_next(events, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
        struct call *call = event.tag;
        if (call->answered) {
            finish(call);
        } else {
            wait_for_call();
            answer(call);
        }
    }
}
