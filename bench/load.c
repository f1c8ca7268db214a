#include "bench/load.h"

#include <grpc/byte_buffer.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/rpc/core.h"

struct load {
    grpc_channel *channel;
    grpc_completion_queue *events;
};

struct call {
    grpc_call *call;
    grpc_metadata_array initial, trailing;
    grpc_byte_buffer *request, *reply;
    grpc_status_code status;
    grpc_slice details;
    double started;
};

double load_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

struct load *load_open(int port) {
    struct load *load = calloc(1, sizeof *load);
    char address[32];
    snprintf(address, sizeof address, "127.0.0.1:%d", port);
    grpc_channel_credentials *plain = grpc_insecure_credentials_create();
    grpc_arg own = {.type = GRPC_ARG_INTEGER,
        .key = (char *)(uintptr_t)GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL,
        .value.integer = 1};
    load->channel = grpc_channel_create(address, plain, &(grpc_channel_args){1, &own});
    grpc_channel_credentials_release(plain);
    load->events = grpc_completion_queue_create_for_next(NULL);
    return load;
}

void load_close(struct load *load) {
    grpc_completion_queue_shutdown(load->events);
    while (
        grpc_completion_queue_next(load->events, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL).type !=
        GRPC_QUEUE_SHUTDOWN) {
    }
    grpc_completion_queue_destroy(load->events);
    grpc_channel_destroy(load->channel);
    free(load);
}

static void start(
    struct load *load, struct call *call, const char *method, const uint8_t *bytes, size_t size) {
    gpr_timespec deadline =
        gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_seconds(30, GPR_TIMESPAN));
    grpc_slice path = grpc_slice_from_static_string(method);
    grpc_slice message = grpc_slice_from_static_buffer(bytes, size);
    *call = (struct call){.started = load_now()};
    call->call = grpc_channel_create_call(
        load->channel, NULL, GRPC_PROPAGATE_DEFAULTS, load->events, path, NULL, deadline, NULL);
    call->request = grpc_raw_byte_buffer_create(&message, 1);
    grpc_op ops[6] = {
        {.op = GRPC_OP_SEND_INITIAL_METADATA, .flags = GRPC_INITIAL_METADATA_WAIT_FOR_READY},
        {.op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = call->request},
        {.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT},
        {.op = GRPC_OP_RECV_INITIAL_METADATA,
            .data.recv_initial_metadata.recv_initial_metadata = &call->initial},
        {.op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &call->reply},
        {.op = GRPC_OP_RECV_STATUS_ON_CLIENT}};
    ops[5].data.recv_status_on_client.trailing_metadata = &call->trailing;
    ops[5].data.recv_status_on_client.status = &call->status;
    ops[5].data.recv_status_on_client.status_details = &call->details;
    grpc_call_start_batch(call->call, ops, 6, call, NULL);
}

static void finish(struct call *call) {
    if (call->status != GRPC_STATUS_OK) {
        fprintf(stderr, "bench: a call failed with status %d: %.*s\n", (int)call->status,
            (int)GRPC_SLICE_LENGTH(call->details),
            (const char *)GRPC_SLICE_START_PTR(call->details));
        exit(1);
    }
    grpc_byte_buffer_destroy(call->request);
    grpc_byte_buffer_destroy(call->reply);
    grpc_metadata_array_destroy(&call->initial);
    grpc_metadata_array_destroy(&call->trailing);
    grpc_slice_unref(call->details);
    grpc_call_unref(call->call);
}

static int by_size(const void *a, const void *b) {
    const double *x = a;
    const double *y = b;
    return (*x > *y) - (*x < *y);
}

double load_run(struct load *load, const char *method, const uint8_t *bytes, size_t size,
    size_t calls, size_t in_flight, double *latency) {
    struct call *slots = calloc(in_flight, sizeof *slots);
    double *seconds = calloc(calls, sizeof *seconds);
    double begun = load_now();
    size_t started = 0;
    while (started < calls && started < in_flight) {
        start(load, &slots[started++], method, bytes, size);
    }
    for (size_t done = 0; done < calls; done++) {
        grpc_event event =
            grpc_completion_queue_next(load->events, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
        struct call *call = event.tag;
        seconds[done] = load_now() - call->started;
        finish(call);
        if (started < calls) {
            started++;
            start(load, call, method, bytes, size);
        }
    }
    double took = load_now() - begun;
    qsort(seconds, calls, sizeof *seconds, by_size);
    if (latency) {
        *latency = seconds[calls / 2];
    }
    free(seconds);
    free(slots);
    return took;
}
