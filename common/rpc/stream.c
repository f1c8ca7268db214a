/* Calls that answer with a stream. One operation of a kind may be in flight per call, so every
 * stream keeps what it wants to do and `advance` starts what is possible; status changes come from
 * other threads, hence the lock around it all. */
#include "common/rpc/internal.h"

static void on_sent(struct mu_rpc_tag *tag, bool ok) {
    struct mu_rpc_stream *stream = container_of(tag, struct mu_rpc_stream, call.on_sent);
    pthread_mutex_lock(&stream->call.server->streams_lock);
    stream->writing = false;
    mu_rpc_budget_release(&stream->call.server->budget, stream->held);
    stream->held = 0;
    stream->ended |= !ok; /* the client went away */
    stream->advance(stream);
    pthread_mutex_unlock(&stream->call.server->streams_lock);
    mu_rpc_call_unref(&stream->call);
}

void mu_rpc_stream_open(struct mu_rpc_stream *stream) {
    struct mu_rpc_server *server = stream->call.server;
    stream->counted = true;
    if (!mu_rpc_budget_begin_stream(&server->budget)) {
        mu_rpc_refuse(&stream->call, MU_RESOURCE_EXHAUSTED, "too many streams: try again later");
        return;
    }
    stream->call.on_sent.on_done = on_sent;
    pthread_mutex_lock(&server->streams_lock);
    stream->link = &server->streams;
    stream->next = server->streams;
    if (stream->next) {
        stream->next->link = &stream->next;
    }
    server->streams = stream;
    if (server->streams_closed) {
        mu_rpc_stream_end(stream, MU_UNAVAILABLE, "the server stops");
    }
    stream->advance(stream);
    pthread_mutex_unlock(&server->streams_lock);
}

void mu_rpc_stream_closed(struct mu_rpc_call *call) {
    struct mu_rpc_stream *stream = container_of(call, struct mu_rpc_stream, call);
    pthread_mutex_lock(&call->server->streams_lock);
    stream->ended = true;
    if (stream->link) {
        *stream->link = stream->next;
        if (stream->next) {
            stream->next->link = stream->link;
        }
        stream->link = NULL;
    }
    pthread_mutex_unlock(&call->server->streams_lock);
}

void mu_rpc_stream_finish(struct mu_rpc_call *call) {
    struct mu_rpc_stream *stream = container_of(call, struct mu_rpc_stream, call);
    if (stream->counted) {
        mu_rpc_budget_end_stream(&call->server->budget);
    }
}

void mu_rpc_stream_send(struct mu_rpc_stream *stream, const void *bytes, size_t size) {
    struct mu_rpc_budget *budget = &stream->call.server->budget;
    if (!mu_rpc_budget_hold(budget, size)) {
        mu_rpc_budget_release(budget, size);
        mu_rpc_stream_end(stream, MU_RESOURCE_EXHAUSTED, "too much is held: try again later");
        return;
    }
    stream->held = size;
    grpc_slice slice = grpc_slice_from_copied_buffer(bytes, size);
    grpc_byte_buffer *message = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_op ops[2] = {{.op = GRPC_OP_SEND_MESSAGE}, {.op = GRPC_OP_SEND_INITIAL_METADATA}};
    ops[0].data.send_message.send_message = message;
    stream->writing =
        mu_rpc_batch(&stream->call, ops, stream->begun ? 1 : 2, &stream->call.on_sent);
    stream->ended |= !stream->writing;
    stream->begun = true;
    grpc_byte_buffer_destroy(message);
    grpc_slice_unref(slice);
}

void mu_rpc_stream_end(struct mu_rpc_stream *stream, enum mu_status code, const char *text) {
    if (!stream->ending) {
        stream->ending = true;
        stream->end_code = code;
        stream->end_text = text;
    }
}

bool mu_rpc_stream_try_end(struct mu_rpc_stream *stream) {
    if (stream->writing || stream->ended) {
        return true;
    }
    if (!stream->ending) {
        return false;
    }
    grpc_slice details = grpc_slice_from_copied_string(stream->end_text);
    grpc_op ops[2] = {
        {.op = GRPC_OP_SEND_STATUS_FROM_SERVER}, {.op = GRPC_OP_SEND_INITIAL_METADATA}};
    ops[0].data.send_status_from_server.status = (grpc_status_code)stream->end_code;
    ops[0].data.send_status_from_server.status_details = &details;
    stream->writing =
        mu_rpc_batch(&stream->call, ops, stream->begun ? 1 : 2, &stream->call.on_sent);
    stream->begun = stream->ended = true;
    grpc_slice_unref(details);
    return true;
}

void mu_rpc_streams_advance(struct mu_rpc_server *server) {
    pthread_mutex_lock(&server->streams_lock);
    for (struct mu_rpc_stream *stream = server->streams; stream; stream = stream->next) {
        stream->advance(stream);
    }
    pthread_mutex_unlock(&server->streams_lock);
}

void mu_rpc_streams_close(struct mu_rpc_server *server) {
    pthread_mutex_lock(&server->streams_lock);
    server->streams_closed = true;
    for (struct mu_rpc_stream *stream = server->streams; stream; stream = stream->next) {
        mu_rpc_stream_end(stream, MU_UNAVAILABLE, "the server stops");
        stream->advance(stream);
    }
    pthread_mutex_unlock(&server->streams_lock);
}
