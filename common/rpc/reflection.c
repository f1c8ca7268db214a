/* grpc.reflection.v1 and v1alpha (the same messages under two names): what this server serves, so
 * that clients need no .proto files. */
#include <stdlib.h>
#include <string.h>

#include "common/rpc/descriptors.h"
#include "common/rpc/internal.h"
#include "grpc/reflection/v1/reflection.pb-c.h"

typedef Grpc__Reflection__V1__ServerReflectionRequest Request;
typedef Grpc__Reflection__V1__ServerReflectionResponse Response;
#define ASKED(name) GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_##name
#define ANSWER(name) GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_##name

extern const uint8_t mu_descriptors[], mu_descriptors_end[]; /* proto/ embeds the descriptor set */

enum { MOST_SERVICES = 16, NAME_SIZE = 80, LARGEST_REQUEST = 16 * 1024 };

/* Everything that a response points to. */
struct answer {
    Response response;
    Grpc__Reflection__V1__ErrorResponse failure;
    Grpc__Reflection__V1__FileDescriptorResponse file;
    ProtobufCBinaryData descriptor;
    Grpc__Reflection__V1__ListServiceResponse list;
    Grpc__Reflection__V1__ServiceResponse services[MOST_SERVICES], *service_list[MOST_SERVICES];
    char names[MOST_SERVICES][NAME_SIZE];
};

static void fail(struct answer *answer, enum mu_status code, const char *text) {
    grpc__reflection__v1__error_response__init(&answer->failure);
    answer->failure.error_code = (int)code;
    answer->failure.error_message = (char *)(uintptr_t)text;
    answer->response.message_response_case = ANSWER(ERROR_RESPONSE);
    answer->response.error_response = &answer->failure;
}

static void give_file(struct answer *answer, bool found, struct mu_slice file) {
    if (!found) {
        fail(answer, MU_NOT_FOUND, "this server does not know it");
        return;
    }
    answer->descriptor = (ProtobufCBinaryData){file.size, (uint8_t *)(uintptr_t)file.bytes};
    grpc__reflection__v1__file_descriptor_response__init(&answer->file);
    answer->file.n_file_descriptor_proto = 1;
    answer->file.file_descriptor_proto = &answer->descriptor;
    answer->response.message_response_case = ANSWER(FILE_DESCRIPTOR_RESPONSE);
    answer->response.file_descriptor_response = &answer->file;
}

/* Add the service of |path| ("/service/method") unless it is there already. */
static void add_service(struct answer *answer, const char *path) {
    size_t n = answer->list.n_service;
    size_t length = strcspn(path + 1, "/");
    for (size_t i = 0; i < n; i++) {
        if (strlen(answer->names[i]) == length && memcmp(answer->names[i], path + 1, length) == 0) {
            return;
        }
    }
    if (n < MOST_SERVICES && length < NAME_SIZE) {
        memcpy(answer->names[n], path + 1, length);
        answer->names[n][length] = '\0';
        grpc__reflection__v1__service_response__init(&answer->services[n]);
        answer->services[n].name = answer->names[n];
        answer->service_list[n] = &answer->services[n];
        answer->list.n_service++;
    }
}

static void give_services(struct answer *answer, const struct mu_rpc_server *server) {
    grpc__reflection__v1__list_service_response__init(&answer->list);
    answer->list.service = answer->service_list;
    for (size_t i = 0; i < server->n_endpoints; i++) {
        if (server->endpoints[i].path) {
            add_service(answer, server->endpoints[i].path);
        }
    }
    answer->response.message_response_case = ANSWER(LIST_SERVICES_RESPONSE);
    answer->response.list_services_response = &answer->list;
}

static void fill(struct answer *answer, Request *request, const struct mu_rpc_server *server) {
    struct mu_slice set = {mu_descriptors, (size_t)(mu_descriptors_end - mu_descriptors)};
    struct mu_slice file = {NULL, 0};
    grpc__reflection__v1__server_reflection_response__init(&answer->response);
    answer->response.valid_host = request->host;
    answer->response.original_request = request;
    if (request->message_request_case == ASKED(LIST_SERVICES)) {
        give_services(answer, server);
    } else if (request->message_request_case == ASKED(FILE_BY_FILENAME)) {
        bool found = mu_descriptor_file(set, request->file_by_filename, &file);
        give_file(answer, found, file);
    } else if (request->message_request_case == ASKED(FILE_CONTAINING_SYMBOL)) {
        bool found = mu_descriptor_symbol(set, request->file_containing_symbol, &file);
        give_file(answer, found, file);
    } else {
        fail(answer, MU_UNIMPLEMENTED, "proto3 files have no extensions");
    }
}

struct reflection {
    struct mu_rpc_stream stream;
    bool reading;
};

/* A field that is numbered 0, which nobody could read in an answer that repeats the question;
 * protobuf-c takes it when its tag is padded. */
static bool has_field_zero(const ProtobufCMessage *message) {
    for (unsigned i = 0; i < message->n_unknown_fields; i++) {
        if (message->unknown_fields[i].tag == 0) {
            return true;
        }
    }
    return false;
}

static Request *read_question(const uint8_t *question, size_t size) {
    Request *request =
        size > LARGEST_REQUEST
            ? NULL
            : grpc__reflection__v1__server_reflection_request__unpack(NULL, size, question);
    if (request && (has_field_zero(&request->base) ||
                       (request->message_request_case == ASKED(FILE_CONTAINING_EXTENSION) &&
                           has_field_zero(&request->file_containing_extension->base)))) {
        grpc__reflection__v1__server_reflection_request__free_unpacked(request, NULL);
        return NULL;
    }
    return request;
}

enum mu_status mu_rpc_reflect(const struct mu_rpc_server *server, const uint8_t *question,
    size_t size, uint8_t **reply, size_t *reply_size) {
    Request *request = read_question(question, size);
    struct answer *answer = calloc(1, sizeof *answer);
    *reply = NULL;
    if (request && answer) {
        fill(answer, request, server);
        *reply_size =
            grpc__reflection__v1__server_reflection_response__get_packed_size(&answer->response);
        *reply = malloc(*reply_size);
    }
    if (*reply) {
        grpc__reflection__v1__server_reflection_response__pack(&answer->response, *reply);
    }
    enum mu_status status = !request ? MU_INVALID_ARGUMENT : *reply ? MU_OK : MU_RESOURCE_EXHAUSTED;
    grpc__reflection__v1__server_reflection_request__free_unpacked(request, NULL);
    free(answer);
    return status;
}

static void answer_message(struct mu_rpc_stream *stream) {
    grpc_slice message;
    uint8_t *reply;
    size_t size;
    if (!mu_rpc_message(&stream->call, &message)) {
        mu_rpc_stream_end(stream, MU_OK, ""); /* the client has asked all it wanted */
        return;
    }
    enum mu_status status = mu_rpc_reflect(stream->call.server, GRPC_SLICE_START_PTR(message),
        GRPC_SLICE_LENGTH(message), &reply, &size);
    grpc_slice_unref(message);
    if (!status) {
        mu_rpc_stream_send(stream, reply, size);
    } else if (status == MU_INVALID_ARGUMENT) {
        mu_rpc_stream_end(stream, status, "the message is not a ServerReflectionRequest");
    } else {
        mu_rpc_stream_end(stream, status, "out of memory");
    }
    free(reply);
}

static void on_read(struct mu_rpc_tag *tag, bool ok) {
    struct reflection *reflection = container_of(tag, struct reflection, stream.call.on_read);
    struct mu_rpc_stream *stream = &reflection->stream;
    pthread_mutex_lock(&stream->call.server->streams_lock);
    reflection->reading = false;
    if (ok && !stream->ended && !stream->ending) {
        answer_message(stream);
    }
    stream->advance(stream);
    pthread_mutex_unlock(&stream->call.server->streams_lock);
    mu_rpc_call_unref(&stream->call);
}

static void advance(struct mu_rpc_stream *stream) {
    struct reflection *reflection = container_of(stream, struct reflection, stream);
    if (mu_rpc_stream_try_end(stream) || reflection->reading) {
        return;
    }
    grpc_op op = {
        .op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &stream->call.payload};
    reflection->reading = mu_rpc_batch(&stream->call, &op, 1, &stream->call.on_read);
}

static void arrived(struct mu_rpc_call *call) {
    struct reflection *reflection = container_of(call, struct reflection, stream.call);
    reflection->stream.advance = advance;
    call->on_read.on_done = on_read;
    mu_rpc_stream_open(&reflection->stream);
}

const struct mu_rpc_kind mu_rpc_reflection = {.size = sizeof(struct reflection),
    .arrived = arrived,
    .closed = mu_rpc_stream_closed,
    .finish = mu_rpc_stream_finish};
