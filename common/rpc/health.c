/* grpc.health.v1.Health: Check is answered on the polling thread, Watch streams every change. */
#include <string.h>

#include "common/rpc/internal.h"
#include "grpc/health/v1/health.pb-c.h"

enum { LARGEST_REQUEST = 4096 }; /* it holds a name; nobody may make the polling thread work */

#define STATUS(name) GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__##name

/* Whether |name| is served: "" is the whole server, the others are those of its contracts. */
static bool serves(const struct mu_rpc_server *server, const char *name) {
    bool found = *name == '\0';
    for (const struct mu_contract *const *c = server->options.contracts; *c && !found; c++) {
        found = strcmp((*c)->name, name) == 0;
        for (const char *const *other = (*c)->health_names; other && *other; other++) {
            found |= strcmp(*other, name) == 0;
        }
    }
    return found;
}

/* Whether the request in |call| asks for a served name; MU_INTERNAL or MU_INVALID_ARGUMENT when it
 * cannot be read. */
static enum mu_status read_service(struct mu_rpc_call *call, bool *known, struct mu_error *error) {
    grpc_slice message;
    if (!mu_rpc_message(call, &message)) {
        return mu_fail(error, MU_INTERNAL, "the call came without a readable message");
    }
    Grpc__Health__V1__HealthCheckRequest *request =
        GRPC_SLICE_LENGTH(message) > LARGEST_REQUEST
            ? NULL
            : grpc__health__v1__health_check_request__unpack(
                  NULL, GRPC_SLICE_LENGTH(message), GRPC_SLICE_START_PTR(message));
    grpc_slice_unref(message);
    if (!request) {
        return mu_fail(
            error, MU_INVALID_ARGUMENT, "the request is not a grpc.health.v1.HealthCheckRequest");
    }
    *known = serves(call->server, request->service);
    enum mu_status status =
        *known ? MU_OK : mu_fail(error, MU_NOT_FOUND, "unknown service %.100s", request->service);
    grpc__health__v1__health_check_request__free_unpacked(request, NULL);
    return status == MU_NOT_FOUND ? MU_OK : status;
}

static size_t pack_status(int status, uint8_t bytes[16]) {
    Grpc__Health__V1__HealthCheckResponse response = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
    response.status = (Grpc__Health__V1__HealthCheckResponse__ServingStatus)status;
    return grpc__health__v1__health_check_response__pack(&response, bytes);
}

static int status_now(const struct mu_rpc_server *server) {
    return mu_rpc_serving(server) ? STATUS(SERVING) : STATUS(NOT_SERVING);
}

static void check(struct mu_rpc_call *call) {
    struct mu_error error;
    uint8_t bytes[16];
    bool known = false;
    enum mu_status status = read_service(call, &known, &error);
    if (!status && !known) {
        status = MU_NOT_FOUND;
    }
    size_t size = pack_status(status_now(call->server), bytes);
    mu_rpc_reply(call, status, status ? error.text : "",
        grpc_slice_from_copied_buffer((const char *)bytes, size)); /* so few are in the slice */
}

struct watch {
    struct mu_rpc_stream stream;
    bool known;
    int sent; /* -1: nothing yet */
};

static void advance(struct mu_rpc_stream *stream) {
    struct watch *watch = container_of(stream, struct watch, stream);
    int now = watch->known ? status_now(stream->call.server) : STATUS(SERVICE_UNKNOWN);
    if (stream->writing || stream->ended) {
        return;
    }
    if (now == watch->sent) { /* a last change of status goes out before the stream's end */
        mu_rpc_stream_try_end(stream);
        return;
    }
    uint8_t bytes[16];
    watch->sent = now;
    mu_rpc_stream_send(stream, bytes, pack_status(now, bytes));
}

static void watch_arrived(struct mu_rpc_call *call) {
    struct watch *watch = container_of(call, struct watch, stream.call);
    struct mu_error error;
    watch->sent = -1;
    watch->stream.advance = advance;
    enum mu_status status = read_service(call, &watch->known, &error);
    if (status) {
        mu_rpc_reply(call, status, error.text, grpc_empty_slice());
        return;
    }
    mu_rpc_stream_open(&watch->stream);
}

const struct mu_rpc_kind mu_rpc_health_check = {
    .size = sizeof(struct mu_rpc_call), .payload = true, .arrived = check};
const struct mu_rpc_kind mu_rpc_health_watch = {.size = sizeof(struct watch),
    .payload = true,
    .arrived = watch_arrived,
    .closed = mu_rpc_stream_closed,
    .finish = mu_rpc_stream_finish};
