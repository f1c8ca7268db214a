#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/rpc/internal.h"

/* Core reports what a peer did wrong as errors; for a server those are notes. While a port is tried
 * they would only repeat our own text. */
static atomic_bool core_quiet;

void mu_rpc_quiet_core(bool quiet) {
    atomic_store(&core_quiet, quiet);
}

static void log_core(bool error, const char *text) {
    if (!atomic_load(&core_quiet)) {
        mu_log_text(error ? MU_LOG_WARNING : MU_LOG_DEBUG, "gRPC core", "text", text);
    }
}

/* One event of core's; false when the queue has ended. */
static bool poll_event(void *user) {
    struct mu_rpc_server *server = user;
    grpc_event event =
        grpc_completion_queue_next(server->events, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
    if (event.type == GRPC_QUEUE_SHUTDOWN) {
        if (server->options.stopped) {
            server->options.stopped(server->options.observer);
        }
        return false;
    }
    mu_rpc_taking_over(event.tag);
    struct mu_rpc_tag *tag = event.tag;
    tag->on_done(tag, event.success != 0);
    return true;
}

static void on_shutdown(struct mu_rpc_tag *tag, bool ok) {
    (void)ok;
    mu_rpc_release_live(container_of(tag, struct mu_rpc_server, on_shutdown));
}

static grpc_arg integer(const char *key, int value) {
    return (grpc_arg){
        .type = GRPC_ARG_INTEGER, .key = (char *)(uintptr_t)key, .value.integer = value};
}

enum { QUOTA_BASE = 12 << 20 }; /* docs/adr/0032-pinned-core.md */

/* Bytes that core may hold for all connections. It takes them in pieces of up to 1 MiB for each and
 * ends calls when there are no more, so there are never so few that calls within the budget end. */
static size_t quota_of(const struct mu_rpc_options *options) {
    size_t under_way = options->max_request * (options->workers + 1) + QUOTA_BASE;
    size_t most = options->clients > QUOTA_BASE ? options->clients : QUOTA_BASE;
    return under_way < most ? under_way : most;
}

/* Whoever has a call under way is asked for a sign of life; the others are let go of when idle. */
enum { KEEPALIVE_SECONDS = 60, IDLE_SECONDS = 5 * KEEPALIVE_SECONDS };

/* Core measures a message only when all of it has arrived; the quota is what ends a stream that
 * sends without end. */
static grpc_server *create_core(const struct mu_rpc_options *options) {
    grpc_resource_quota *quota = grpc_resource_quota_create("server");
    grpc_resource_quota_resize(quota, quota_of(options));
    grpc_arg list[] = {
        integer(GRPC_ARG_ALLOW_REUSEPORT,
            0), /* a second server on the port must fail instead of sharing it */
        integer(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, (int)options->max_request),
        integer(GRPC_COMPRESSION_CHANNEL_ENABLED_ALGORITHMS_BITSET,
            1 << GRPC_COMPRESS_NONE), /* core unpacks bombs whole before it measures */
        integer(GRPC_ARG_MAX_CONCURRENT_STREAMS, 32), /* docs/adr/0032 */
        {.type = GRPC_ARG_POINTER,
            .key = (char *)(uintptr_t)GRPC_ARG_RESOURCE_QUOTA,
            .value.pointer = {.p = quota, .vtable = grpc_resource_quota_arg_vtable()}},
        integer(GRPC_ARG_MAX_METADATA_SIZE, 8 * 1024),
        integer(GRPC_ARG_TCP_MAX_READ_CHUNK_SIZE, MU_RPC_TURN),
        integer(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 20 * 1000),
        integer(GRPC_ARG_KEEPALIVE_TIME_MS,
            KEEPALIVE_SECONDS * 1000), /* clients that vanished without a word */
        integer(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20 * 1000),
        integer(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10 * 1000),
    };
    grpc_server *server = grpc_server_create(
        &(grpc_channel_args){.num_args = sizeof list / sizeof *list, .args = list}, NULL);
    grpc_resource_quota_unref(quota);
    return server;
}

static const struct mu_rpc_endpoint built_in[] = {
    {.path = "/grpc.health.v1.Health/Check", .kind = &mu_rpc_health_check},
    {.path = "/grpc.health.v1.Health/Watch", .kind = &mu_rpc_health_watch},
    {.path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        .kind = &mu_rpc_reflection},
    {.path = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        .kind = &mu_rpc_reflection},
    {.path = NULL, .kind = &mu_rpc_unknown},
};
enum { BUILT_IN = sizeof built_in / sizeof *built_in };

/* The endpoints of all contracts, and those that every server has. */
static bool list_endpoints(struct mu_rpc_server *server) {
    const struct mu_contract *const *contracts = server->options.contracts;
    size_t n = 0;
    for (size_t c = 0; contracts[c]; c++) {
        n += contracts[c]->n_endpoints;
    }
    server->endpoints = calloc(n + BUILT_IN, sizeof *server->endpoints);
    if (!server->endpoints) {
        return false;
    }
    for (size_t c = 0; contracts[c]; c++) {
        for (size_t i = 0; i < contracts[c]->n_endpoints; i++) {
            const struct mu_endpoint *method = &contracts[c]->endpoints[i];
            server->endpoints[server->n_endpoints++] = (struct mu_rpc_endpoint){
                .path = method->path,
                .kind = &mu_rpc_unary,
                .method = method,
                .finishes = contracts[c]->finishes,
                .state = server->options.states[c],
            };
        }
    }
    memcpy(server->endpoints + n, built_in, sizeof built_in);
    server->n_endpoints += BUILT_IN;
    return true;
}

static bool register_endpoints(struct mu_rpc_server *server) {
    if (!list_endpoints(server)) {
        return false;
    }
    for (size_t i = 0; i < server->n_endpoints; i++) {
        struct mu_rpc_endpoint *endpoint = &server->endpoints[i];
        if (endpoint->path) {
            endpoint->registered = grpc_server_register_method(server->core, endpoint->path, NULL,
                GRPC_SRM_PAYLOAD_NONE, /* calls are counted before their messages come */
                0);
        }
    }
    return true;
}

static int listen_on(struct mu_rpc_server *server, const char *host) {
    char address[128];
    snprintf(address, sizeof address, strchr(host, ':') ? "[%s]:%d" : "%s:%d", host,
        server->options.port);
    grpc_server_credentials *credentials = mu_rpc_credentials(server->tls);
    int port = grpc_server_add_http2_port(server->core, address, credentials);
    grpc_server_credentials_release(credentials);
    return port;
}

/* Why a port cannot be had: what the system says to the same request. */
static const char *reason_for(const char *host, int port) {
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    bool is_six = !host || inet_pton(AF_INET6, host, &six.sin6_addr) == 1;
    if (!is_six && inet_pton(AF_INET, host, &four.sin_addr) != 1) {
        return "the host is no numeric address";
    }
    int probe = socket(is_six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int reuse = 1;
    setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse); /* as core does */
    const struct sockaddr *address =
        is_six ? (const struct sockaddr *)&six : (const struct sockaddr *)&four;
    bool bound = probe >= 0 && bind(probe, address, is_six ? sizeof six : sizeof four) == 0 &&
                 listen(probe, 1) == 0;
    const char *reason = bound ? "gRPC core could not listen" : strerror(errno);
    if (probe >= 0) {
        close(probe);
    }
    return reason;
}

static enum mu_status bind_port(struct mu_rpc_server *server, struct mu_error *error) {
    const struct mu_rpc_options *options = &server->options;
    bool secure = options->tls_cert || options->tls_key || options->tls_client_ca;
    if (secure && !(server->tls = mu_rpc_tls_create(options, error))) {
        return error->code;
    }
    mu_rpc_quiet_core(true);
    server->port = listen_on(server, options->host ? options->host : "::");
    if (!server->port && !options->host) {
        server->port = listen_on(server, "0.0.0.0"); /* a machine without IPv6 */
    }
    mu_rpc_quiet_core(false);
    if (!server->port) {
        return mu_fail(error, MU_UNAVAILABLE, "cannot listen on port %d of %.60s: %s",
            options->port, options->host ? options->host : "every interface",
            reason_for(options->host, options->port));
    }
    return MU_OK;
}

static enum mu_status open_server(struct mu_rpc_server *server, struct mu_error *error) {
    server->core = create_core(&server->options);
    server->events = grpc_completion_queue_create_for_next(NULL);
    grpc_server_register_completion_queue(server->core, server->events, NULL);
    if (!register_endpoints(server)) {
        return mu_fail(error, MU_INTERNAL, "out of memory");
    }
    return bind_port(server, error);
}

/* Calls of one path that core can hand over before we ask for more; those beyond wait inside it,
 * where nothing bounds them and a stop cancels them. */
enum { ARMED = 16 };

static enum mu_status start_pool(struct mu_rpc_server *server, struct mu_error *error) {
    server->pool =
        mu_pool_create(server->options.workers, server->options.queue, poll_event, server);
    if (!server->pool) {
        return mu_fail(error, MU_INTERNAL, "cannot start %zu threads", server->options.workers + 1);
    }
    atomic_store(&server->accepting, true);
    grpc_server_start(server->core);
    for (size_t i = 0; i < server->n_endpoints * ARMED; i++) {
        mu_rpc_arm(server, &server->endpoints[i % server->n_endpoints]);
    }
    mu_pool_start(server->pool);
    return MU_OK;
}

struct mu_rpc_server *mu_rpc_start(const struct mu_rpc_options *options, struct mu_error *error) {
    struct mu_rpc_server *server = calloc(1, sizeof *server);
    if (!server) {
        (void)mu_fail(error, MU_INTERNAL, "out of memory");
        return NULL;
    }
    server->options = *options;
    server->on_shutdown.on_done = on_shutdown;
    atomic_store(&server->live, 1);
    pthread_mutex_init(&server->streams_lock, NULL);
    pthread_mutex_init(&server->awaited.lock, NULL);
    mu_rpc_budget_init(&server->budget, options->clients, options->tls_cert != NULL);
    mu_rpc_connections_init(server->budget.connections);
    mu_rpc_connections_pause(
        options->resident, options->workers * options->arena_limit + options->clients);
    mu_core_log_to(log_core);
    mu_core_init();
    if (open_server(server, error) || start_pool(server, error)) {
        mu_rpc_stop(server);
        mu_rpc_destroy(server);
        return NULL;
    }
    return server;
}

int mu_rpc_port(const struct mu_rpc_server *server) {
    return server->port;
}

bool mu_rpc_outdated(const struct mu_rpc_server *server) {
    return server->tls && mu_rpc_tls_changed(server->tls);
}

enum mu_status mu_rpc_reload(struct mu_rpc_server *server, struct mu_error *error) {
    return server->tls ? mu_rpc_tls_reload(server->tls, error) : MU_OK;
}

size_t mu_rpc_queued(struct mu_rpc_server *server) {
    return mu_pool_waiting(server->pool);
}

size_t mu_rpc_running(struct mu_rpc_server *server) {
    return atomic_load(&server->running);
}

size_t mu_rpc_active(struct mu_rpc_server *server) {
    return atomic_load(&server->budget.open);
}

bool mu_rpc_serving(const struct mu_rpc_server *server) {
    return atomic_load(&server->accepting) && !atomic_load(&server->draining);
}

void mu_rpc_tend(struct mu_rpc_server *server) {
    mu_rpc_drop_late(server);
    mu_rpc_connections_drop_idle(IDLE_SECONDS);
    (void)mu_rpc_budget_trim(&server->budget, mu_rpc_connections());
    bool accepting = mu_rpc_connections_accepted(server->port);
    if (accepting != atomic_exchange(&server->accepting, accepting)) {
        mu_rpc_streams_advance(server);
    }
}

void mu_rpc_drain(struct mu_rpc_server *server) {
    atomic_store(&server->draining, true);
    mu_rpc_streams_advance(server);
}

void mu_rpc_refuse_calls(struct mu_rpc_server *server) {
    atomic_store(&server->refusing, true);
}

void mu_rpc_stop(struct mu_rpc_server *server) {
    mu_rpc_drain(server);
    mu_rpc_handing_over(&server->on_shutdown);
    grpc_server_shutdown_and_notify(server->core, server->events, &server->on_shutdown);
    mu_rpc_streams_close(server);
}

void mu_rpc_cancel(struct mu_rpc_server *server) {
    grpc_server_cancel_all_calls(server->core);
}

void mu_rpc_destroy(struct mu_rpc_server *server) {
    if (!server) {
        return;
    }
    if (!server->pool) { /* the start failed: nobody waits for the end, and no thread handles it */
        server->options.stopped = NULL;
        while (poll_event(server)) {
        }
    }
    mu_pool_destroy(server->pool);
    grpc_server_destroy(server->core);
    grpc_completion_queue_destroy(server->events);
    grpc_shutdown();
    mu_rpc_tls_destroy(server->tls);
    pthread_mutex_destroy(&server->streams_lock);
    pthread_mutex_destroy(&server->awaited.lock);
    free(server->endpoints);
    free(server);
}
