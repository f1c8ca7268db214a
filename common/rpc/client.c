#include "common/rpc/client.h"

#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/slice.h>
#include <grpc/support/time.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/rpc/core.h"

struct mu_rpc_client {
    grpc_channel *channel;
    grpc_completion_queue *queue;
    pthread_mutex_t lock;
    grpc_call *running; /* under the lock */
    bool cancelled;
};

struct mu_rpc_client *mu_rpc_client_create(
    const char *address, size_t max_reply, struct mu_error *error) {
    struct mu_rpc_client *client = *address ? calloc(1, sizeof *client) : NULL;
    if (!client) {
        mu_fail(error, *address ? MU_RESOURCE_EXHAUSTED : MU_INVALID_ARGUMENT,
            *address ? "no memory to connect to \"%s\""
                     : "\"%s\" is no address; HOST:PORT is wanted",
            address);
        return NULL;
    }
    mu_core_init();
    grpc_arg arguments[] = {
        {.type = GRPC_ARG_INTEGER,
            .key = (char *)(uintptr_t)GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH,
            .value.integer = max_reply && max_reply < INT_MAX ? (int)max_reply : -1},
        {.type = GRPC_ARG_INTEGER,
            .key = (char *)(uintptr_t)GRPC_ARG_MAX_SEND_MESSAGE_LENGTH,
            .value.integer = -1},
        {.type = GRPC_ARG_INTEGER,
            .key = (char *)(uintptr_t)GRPC_ARG_ENABLE_HTTP_PROXY,
            .value.integer = 0},
        {.type = GRPC_ARG_INTEGER,
            .key = (char *)(uintptr_t)GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS,
            .value.integer = 100},
        {.type = GRPC_ARG_INTEGER,
            .key = (char *)(uintptr_t)GRPC_ARG_MAX_RECONNECT_BACKOFF_MS,
            .value.integer = 2000},
    };
    grpc_channel_args list = {sizeof arguments / sizeof *arguments, arguments};
    grpc_channel_credentials *plain = grpc_insecure_credentials_create();
    client->channel = grpc_channel_create(address, plain, &list);
    grpc_channel_credentials_release(plain);
    client->queue = grpc_completion_queue_create_for_next(NULL);
    pthread_mutex_init(&client->lock, NULL);
    return client;
}

void mu_rpc_client_destroy(struct mu_rpc_client *client) {
    if (!client) {
        return;
    }
    grpc_completion_queue_shutdown(client->queue);
    while (
        grpc_completion_queue_next(client->queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL).type !=
        GRPC_QUEUE_SHUTDOWN) {
    }
    grpc_completion_queue_destroy(client->queue);
    grpc_channel_destroy(client->channel);
    pthread_mutex_destroy(&client->lock);
    free(client);
    grpc_shutdown();
}

void mu_rpc_client_cancel(struct mu_rpc_client *client) {
    pthread_mutex_lock(&client->lock);
    client->cancelled = true;
    if (client->running) {
        grpc_call_cancel(client->running, NULL);
    }
    pthread_mutex_unlock(&client->lock);
}

/* What core fills in while a call runs. */
struct answer {
    grpc_metadata_array initial, trailing;
    grpc_byte_buffer *message;
    grpc_status_code code;
    grpc_slice details;
};

static void start(grpc_call *call, grpc_byte_buffer *request, struct answer *answer) {
    grpc_op ops[6];
    memset(ops, 0, sizeof ops); /* a non-NULL |reserved| is an error */
    ops[0].op = GRPC_OP_SEND_INITIAL_METADATA;
    ops[1].op = GRPC_OP_SEND_MESSAGE;
    ops[1].data.send_message.send_message = request;
    ops[2].op = GRPC_OP_SEND_CLOSE_FROM_CLIENT;
    ops[3].op = GRPC_OP_RECV_INITIAL_METADATA;
    ops[3].data.recv_initial_metadata.recv_initial_metadata = &answer->initial;
    ops[4].op = GRPC_OP_RECV_MESSAGE;
    ops[4].data.recv_message.recv_message = &answer->message;
    ops[5].op = GRPC_OP_RECV_STATUS_ON_CLIENT;
    ops[5].data.recv_status_on_client.trailing_metadata = &answer->trailing;
    ops[5].data.recv_status_on_client.status = &answer->code;
    ops[5].data.recv_status_on_client.status_details = &answer->details;
    if (grpc_call_start_batch(call, ops, 6, answer, NULL) != GRPC_CALL_OK) {
        abort(); /* our own mistake: the batch above is constant */
    }
}

static void take_reply(grpc_byte_buffer *message, uint8_t **reply, size_t *size) {
    grpc_byte_buffer_reader reader;
    *reply = NULL;
    *size = 0;
    if (message && grpc_byte_buffer_reader_init(&reader, message)) {
        grpc_slice bytes = grpc_byte_buffer_reader_readall(&reader);
        *size = GRPC_SLICE_LENGTH(bytes);
        *reply = malloc(*size + 1);
        if (*reply) {
            memcpy(*reply, GRPC_SLICE_START_PTR(bytes), *size);
        }
        grpc_slice_unref(bytes);
        grpc_byte_buffer_reader_destroy(&reader);
    }
}

static enum mu_status conclude(
    struct answer *answer, uint8_t **reply, size_t *size, struct mu_error *error) {
    enum mu_status status = MU_OK;
    take_reply(answer->message, reply, size);
    if (answer->code != GRPC_STATUS_OK || !*reply) {
        free(*reply);
        *reply = NULL;
        status = answer->code == GRPC_STATUS_OK ? MU_INTERNAL : (enum mu_status)answer->code;
        mu_fail(error, status, "%.*s", (int)GRPC_SLICE_LENGTH(answer->details),
            (const char *)GRPC_SLICE_START_PTR(answer->details));
    }
    grpc_slice_unref(answer->details);
    grpc_metadata_array_destroy(&answer->initial);
    grpc_metadata_array_destroy(&answer->trailing);
    grpc_byte_buffer_destroy(answer->message);
    return status;
}

/* Remember the running call, so that it can be cancelled; NULL at its end. */
static void set_running(struct mu_rpc_client *client, grpc_call *call) {
    pthread_mutex_lock(&client->lock);
    client->running = call;
    if (call && client->cancelled) {
        grpc_call_cancel(call, NULL);
    }
    pthread_mutex_unlock(&client->lock);
}

static gpr_timespec in(double seconds) {
    return gpr_time_add(
        gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis((int64_t)(seconds * 1e3), GPR_TIMESPAN));
}

static bool is_cancelled(struct mu_rpc_client *client) {
    pthread_mutex_lock(&client->lock);
    bool cancelled = client->cancelled;
    pthread_mutex_unlock(&client->lock);
    return cancelled;
}

/* Wait for the channel to connect, however often it must try. One that does not in time says why
 * when it is called. */
static void await_connection(struct mu_rpc_client *client, double seconds) {
    const double glance = 0.1; /* between two looks at |cancelled|: a watch cannot be called off */
    gpr_timespec deadline = in(seconds);
    grpc_connectivity_state state;
    while (
        (state = grpc_channel_check_connectivity_state(client->channel, 1)) != GRPC_CHANNEL_READY &&
        !is_cancelled(client) && gpr_time_cmp(gpr_now(GPR_CLOCK_MONOTONIC), deadline) < 0) {
        grpc_channel_watch_connectivity_state(
            client->channel, state, gpr_time_min(in(glance), deadline), client->queue, NULL);
        grpc_completion_queue_next(client->queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
    }
}

enum mu_status mu_rpc_client_call(struct mu_rpc_client *client, const char *method,
    const uint8_t *request, size_t size, double seconds_to_connect, double seconds, uint8_t **reply,
    size_t *reply_size, struct mu_error *error) {
    await_connection(client, seconds_to_connect);
    if (is_cancelled(client)) { /* core would say that there is no connection */
        *reply = NULL;
        return mu_fail(error, MU_CANCELLED, "cancelled");
    }
    struct answer answer = {.code = GRPC_STATUS_UNKNOWN};
    grpc_slice path = grpc_slice_from_copied_string(method);
    grpc_call *call = grpc_channel_create_call(client->channel, NULL, GRPC_PROPAGATE_DEFAULTS,
        client->queue, path, NULL, in(seconds), NULL);
    grpc_slice bytes = grpc_slice_from_copied_buffer((const char *)request, size);
    grpc_byte_buffer *message = grpc_raw_byte_buffer_create(&bytes, 1);
    grpc_metadata_array_init(&answer.initial);
    grpc_metadata_array_init(&answer.trailing);
    start(call, message, &answer);
    set_running(client, call);
    grpc_completion_queue_next(client->queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
    set_running(client, NULL);
    grpc_byte_buffer_destroy(message);
    grpc_slice_unref(bytes);
    grpc_slice_unref(path);
    enum mu_status status = conclude(&answer, reply, reply_size, error);
    grpc_call_unref(call);
    return status;
}

/* ---- several calls at once ---- */

/* Replies that are held at the same time are the memory that questions cost. */
enum { AT_ONCE = 8 };

struct running_call {
    struct answer answer; /* what its event points to */
    grpc_call *call;
    size_t number; /* of its question */
};

static void begin_call(struct mu_rpc_client *client, const struct mu_questions *questions,
    size_t number, gpr_timespec deadline, struct running_call *running) {
    const struct mu_asked *asked = &questions->asked[number];
    grpc_slice path = grpc_slice_from_copied_string(questions->path);
    grpc_slice bytes = grpc_slice_from_copied_buffer((const char *)asked->bytes, asked->size);
    grpc_byte_buffer *message = grpc_raw_byte_buffer_create(&bytes, 1);
    *running = (struct running_call){.answer.code = GRPC_STATUS_UNKNOWN, .number = number};
    running->call = grpc_channel_create_call(
        client->channel, NULL, GRPC_PROPAGATE_DEFAULTS, client->queue, path, NULL, deadline, NULL);
    grpc_metadata_array_init(&running->answer.initial);
    grpc_metadata_array_init(&running->answer.trailing);
    start(running->call, message, &running->answer);
    grpc_byte_buffer_destroy(message);
    grpc_slice_unref(bytes);
    grpc_slice_unref(path);
}

static enum mu_status end_call(
    const struct mu_questions *questions, struct running_call *running, struct mu_error *error) {
    uint8_t *reply;
    size_t size;
    enum mu_status status = conclude(&running->answer, &reply, &size, error);
    if (status == MU_OK) {
        questions->answered(
            questions->user, running->number, &(const struct mu_asked){reply, size});
    }
    free(reply);
    grpc_call_unref(running->call);
    return status;
}

enum mu_status mu_rpc_client_call_each(
    struct mu_rpc_client *client, const struct mu_questions *questions, struct mu_error *error) {
    struct running_call calls[AT_ONCE];
    struct running_call *idle[AT_ONCE];
    enum mu_status last = MU_OK;
    size_t n_idle = AT_ONCE;
    size_t next = 0;
    gpr_timespec deadline = in(questions->seconds);
    for (size_t i = 0; i < AT_ONCE; i++) {
        idle[i] = &calls[i];
    }
    while (next < questions->n || n_idle < AT_ONCE) {
        if (n_idle > 0 && next < questions->n) {
            begin_call(client, questions, next++, deadline, idle[--n_idle]);
            continue;
        }
        grpc_event event =
            grpc_completion_queue_next(client->queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
        enum mu_status status = end_call(questions, event.tag, error);
        idle[n_idle++] = event.tag;
        last = status ? status : last;
        if (status == MU_UNAVAILABLE || status == MU_DEADLINE_EXCEEDED) {
            next = questions->n;
        }
    }
    return last;
}
