/* Unary methods of the service: offered by the polling thread, answered by a worker. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/rpc/client.h"
#include "common/rpc/internal.h"

struct mu_rpc_unary {
    struct mu_rpc_call call;
    struct mu_job job;
    struct mu_call request;
    size_t held;               /* of the budget: the message, then the reply besides */
    gpr_timespec until;        /* our own limit, of the monotonic clock */
    grpc_slice message, reply; /* here and not on a stack: a short slice holds its bytes itself, and
                                  |request| points to them */
};

static bool is_late(const struct mu_rpc_unary *unary) {
    return gpr_time_cmp(gpr_now(GPR_CLOCK_MONOTONIC), unary->until) > 0;
}

static bool is_over(struct mu_call *request) {
    struct mu_rpc_unary *unary = container_of(request, struct mu_rpc_unary, request);
    return atomic_load_explicit(&unary->call.stopped, memory_order_relaxed) || is_late(unary);
}

/* For another server to be reached, and to answer. */
enum { SECONDS_TO_CONNECT = 2, SECONDS_TO_ANSWER = 10 };

static enum mu_status ask(struct mu_call *request, const char *address, const char *path,
    const struct mu_asked *asked, struct mu_asked *answer, struct mu_error *error) {
    const struct mu_rpc_unary *unary = container_of(request, struct mu_rpc_unary, request);
    size_t most = unary->call.server->options.arena_limit; /* a larger answer could not be kept */
    struct mu_rpc_client *client = mu_rpc_client_create(address, most, error);
    uint8_t *bytes = NULL;
    if (!client) {
        return error->code;
    }
    enum mu_status status = mu_rpc_client_call(client, path, asked->bytes, asked->size,
        SECONDS_TO_CONNECT, SECONDS_TO_ANSWER, &bytes, &answer->size, error);
    mu_rpc_client_destroy(client);
    uint8_t *kept = status ? NULL : mu_arena_try_alloc(request->arena, answer->size + 1);
    if (kept) {
        memcpy(kept, bytes, answer->size);
    } else if (!status) {
        status = mu_fail(
            error, MU_RESOURCE_EXHAUSTED, "no memory for a reply of %zu bytes", answer->size);
    }
    free(bytes); /* the arena may jump away, so nothing is owned outside it across an allocation */
    answer->bytes = kept;
    return status;
}

/* Of an answer that is one of several. */
enum { LARGEST_ANSWER = 4 << 20 };

static enum mu_status ask_each(const struct mu_questions *questions, struct mu_error *error) {
    struct mu_rpc_client *client = mu_rpc_client_create(questions->address, LARGEST_ANSWER, error);
    if (!client) {
        return error->code;
    }
    enum mu_status status = mu_rpc_client_call_each(client, questions, error);
    mu_rpc_client_destroy(client);
    return status;
}

static enum mu_status fail_memory(const struct mu_rpc_unary *unary, struct mu_error *error) {
    return mu_fail(error, MU_RESOURCE_EXHAUSTED,
        "the request needs more than the %zu MiB of memory that one request may use",
        unary->call.server->options.arena_limit >> 20);
}

/* The handler may leave by longjmp to the arena's guard, so this function keeps no local that it
 * changes. */
static enum mu_status handle(struct mu_rpc_unary *unary, struct mu_error *error) {
    const struct mu_rpc_endpoint *endpoint = unary->call.endpoint;
    struct mu_arena *arena = unary->request.arena;
    if (!mu_arena_enter(arena)) {
        return endpoint->method->handler(endpoint->state, &unary->request, error);
    }
    return fail_memory(unary, error);
}

/* Count the bytes of |unary|'s message or reply; false when there is no room for them. */
static bool hold(struct mu_rpc_unary *unary, size_t bytes) {
    unary->held += bytes;
    return mu_rpc_budget_hold(&unary->call.server->budget, bytes);
}

/* A reply is refused before it is made, and held until its client has read it. */
static uint8_t *make_reply(struct mu_call *request, size_t size, struct mu_error *error) {
    struct mu_rpc_unary *unary = container_of(request, struct mu_rpc_unary, request);
    size_t limit = unary->call.server->options.max_request;
    if (size > limit) {
        (void)mu_fail(error, MU_RESOURCE_EXHAUSTED,
            "the reply would have %zu bytes, more than %zu: ask for fewer suggestions", size,
            limit);
        return NULL;
    }
    if (!hold(unary, size)) {
        (void)mu_fail(
            error, MU_RESOURCE_EXHAUSTED, "earlier replies have not been read: try again later");
        return NULL;
    }
    grpc_slice_unref(unary->reply);
    unary->reply = grpc_slice_malloc(size);
    request->reply = GRPC_SLICE_START_PTR(unary->reply);
    request->reply_size = size;
    return GRPC_SLICE_START_PTR(unary->reply);
}

/* A reply that the handler owns is copied. */
static enum mu_status keep_reply(struct mu_call *request, struct mu_error *error) {
    const struct mu_rpc_unary *unary = container_of(request, struct mu_rpc_unary, request);
    const uint8_t *reply = request->reply;
    if (reply == GRPC_SLICE_START_PTR(unary->reply)) {
        return MU_OK;
    }
    uint8_t *copy = make_reply(request, request->reply_size, error);
    if (copy && reply) {
        memcpy(copy, reply, request->reply_size);
    }
    return copy ? MU_OK : error->code;
}

static enum mu_status answer(struct mu_rpc_unary *unary, struct mu_error *error) {
    struct mu_call *request = &unary->request;
    size_t limit = unary->call.server->options.arena_limit;
    request->bytes = GRPC_SLICE_START_PTR(unary->message);
    request->size = GRPC_SLICE_LENGTH(unary->message);
    request->is_over = is_over;
    request->ask = ask;
    request->ask_each = ask_each;
    request->make_reply = make_reply;
    request->arena = mu_arena_create(limit > request->size ? limit - request->size : 0);
    if (!request->arena) {
        return mu_fail(error, MU_RESOURCE_EXHAUSTED, "out of memory");
    }
    double seconds = unary->call.server->options.seconds;
    unary->until = seconds > 0 ? gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                                     gpr_time_from_millis((int64_t)(1e3 * seconds), GPR_TIMESPAN))
                               : gpr_inf_future(GPR_CLOCK_MONOTONIC);
    enum mu_status status = handle(unary, error);
    mu_arena_leave(request->arena);
    if (status == MU_CANCELLED && is_late(unary)) {
        return mu_fail(error, MU_DEADLINE_EXCEEDED,
            "the answer took longer than the %g s that one request may take", seconds);
    }
    return status ? status : keep_reply(request, error);
}

static void report(struct mu_rpc_unary *unary, enum mu_status status, const char *text) {
    const struct mu_rpc_options *options = &unary->call.server->options;
    struct mu_rpc_outcome outcome = {
        .method = unary->call.endpoint->path,
        .note = &unary->request.note,
        .status = status,
        .text = text,
        .seconds = mu_rpc_seconds_since(unary->call.arrived_at),
        .request_bytes = unary->request.size,
    };
    if (options->before_reply) {
        options->before_reply(options->observer, &outcome);
    }
    mu_rpc_reply(&unary->call, status, text, unary->reply);
    if (options->after_reply) {
        options->after_reply(options->observer, &outcome);
    }
}

/* Read, answer, reply; the message lives until then because a handler may answer with parts of it.
 */
static void serve(struct mu_rpc_unary *unary) {
    struct mu_error error = {.code = MU_OK};
    if (atomic_load(&unary->call.stopped) && !unary->call.endpoint->finishes) {
        report(unary, mu_fail(&error, MU_CANCELLED, "the client was gone before its turn came"),
            error.text);
        return;
    }
    if (unary->held > unary->call.server->options.arena_limit) { /* before it is copied */
        report(unary, fail_memory(unary, &error), error.text);
        return;
    }
    if (!mu_rpc_message(&unary->call, &unary->message)) {
        report(unary, mu_fail(&error, MU_INTERNAL, "the call came without a readable message"),
            error.text);
        return;
    }
    enum mu_status status = answer(unary, &error);
    report(unary, status, status ? error.text : "");
    grpc_slice_unref(unary->message);
}

/* The allocator keeps freed memory for the next request; after a big one that would be most of the
 * process. */
enum { BIG_REQUEST = 1 << 20 };

static void run(struct mu_job *job) {
    struct mu_rpc_unary *unary = container_of(job, struct mu_rpc_unary, job);
    struct mu_rpc_server *server = unary->call.server;
    atomic_fetch_add(&server->running, 1);
    serve(unary);
    bool big = unary->request.arena && mu_arena_used(unary->request.arena) > BIG_REQUEST;
    mu_arena_destroy(unary->request.arena);
    mu_rpc_call_unref(&unary->call);
    if (big) {
        malloc_trim(0);
    }
    atomic_fetch_sub(&server->running, 1);
}

/* A number for the connection that |call| came on: FNV-1a of its peer's address. */
static uint64_t connection_of(const struct mu_rpc_call *call) {
    char *peer = grpc_call_get_peer(call->call);
    uint64_t hash = 0xcbf29ce484222325;
    for (const char *c = peer; c && *c; c++) {
        hash = (hash ^ (unsigned char)*c) * 0x100000001b3;
    }
    gpr_free(peer);
    return hash;
}

static void refuse(struct mu_rpc_unary *unary) {
    struct mu_error error;
    (void)mu_fail(&error, MU_RESOURCE_EXHAUSTED,
        "all %zu workers are busy and %zu requests wait: try again later",
        unary->call.server->options.workers, mu_pool_waiting(unary->call.server->pool));
    report(unary, MU_RESOURCE_EXHAUSTED, error.text);
    mu_rpc_call_unref(&unary->call);
}

static void arrived(struct mu_rpc_call *call) {
    struct mu_rpc_unary *unary = container_of(call, struct mu_rpc_unary, call);
    unary->job = (struct mu_job){.run = run, .owner = connection_of(call)};
    mu_rpc_call_ref(call);
    size_t size = call->payload ? grpc_byte_buffer_length(call->payload) : 0;
    struct mu_job *refused =
        hold(unary, size) ? mu_pool_offer(call->server->pool, &unary->job) : &unary->job;
    if (refused) {
        refuse(container_of(refused, struct mu_rpc_unary, job));
    }
}

static void finish(struct mu_rpc_call *call) {
    struct mu_rpc_unary *unary = container_of(call, struct mu_rpc_unary, call);
    grpc_slice_unref(unary->reply);
    mu_rpc_budget_release(&call->server->budget, unary->held);
}

const struct mu_rpc_kind mu_rpc_unary = {
    .size = sizeof(struct mu_rpc_unary), .payload = true, .arrived = arrived, .finish = finish};
