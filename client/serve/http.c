#include "client/serve/http.h"

#include <libwebsockets.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/serve/connections.h"
#include "client/serve/head.h"

enum {
    LARGEST_HEAD = 8192,     /* what Apache and nginx take too */
    LARGEST_BODY = 1 << 20,  /* an experiment is some kilobytes */
    MOST_HEADERS = 8,        /* of a reply's own */
    SECONDS_FOR_HEAD = 5,    /* from the connection, or from the reply before */
    SECONDS_FOR_STEP = 15,   /* for a piece of the body to come, or of the reply to be taken */
    SECONDS_FOR_ANSWER = 120 /* for an answer that takes work */
};

/* Its own and those of connections; one that makes room has its own, and room for a head, until the
 * loop comes around. libwebsockets accepts nobody while it has no room for one more head. */
enum { MOST_DESCRIPTORS = CL_MOST_CONNECTIONS + 32 };

enum state { READING, ANSWERING, REPLYING, STREAMING, DONE };

struct header {
    const char *name, *value;
};

struct cl_http_exchange {
    struct cl_http *http;
    struct lws *wsi;
    struct mu_arena *arena;
    struct cl_http_request request;
    enum state state;
    size_t expected; /* bytes of the body */
    char *body;      /* room for them and a NUL */
    bool ended;      /* the body has come */
    int refused;     /* the status, once refused */
    const char *why; /* then */
    bool head_only;  /* HEAD */
    struct header headers[MOST_HEADERS];
    size_t n_headers;
    const char *bytes; /* of the reply, or */
    int fd;            /* the file that it is read from; -1: none */
    size_t size, sent;
};

struct cl_http {
    struct lws_context *context;
    struct lws_vhost *vhost;
    const struct cl_http_handler *handler;
    void *user;
    const char *policy;
    bool stopped;
    lws_sorted_usec_list_t tick;
    struct cl_connections connections;
    char *chunk; /* LWS_PRE + CL_HTTP_PIECE bytes */
};

/* ---- the reply ---- */

struct mu_arena *cl_http_arena(struct cl_http_exchange *exchange) {
    return exchange->arena;
}

void cl_http_header(struct cl_http_exchange *exchange, const char *name, const char *value) {
    if (exchange->n_headers < MOST_HEADERS) {
        exchange->headers[exchange->n_headers++] = (struct header){name, value};
    }
}

static bool has_header(const struct cl_http_exchange *x, const char *name) {
    for (size_t i = 0; i < x->n_headers; i++) {
        if (!strcmp(x->headers[i].name, name)) {
            return true;
        }
    }
    return false;
}

static bool add_header(
    struct cl_http_exchange *x, const char *name, const char *value, unsigned char **at) {
    unsigned char *end = (unsigned char *)x->http->chunk + LWS_PRE + CL_HTTP_PIECE;
    return !lws_add_http_header_by_name(x->wsi, (const unsigned char *)name,
        (const unsigned char *)value, (int)strlen(value), at, end);
}

/* What every reply says, whatever it is. */
static bool add_common(struct cl_http_exchange *x, const char *type, unsigned char **at) {
    static const struct header common[] = {{"cache-control:", "no-store"},
        {"x-content-type-options:", "nosniff"}, {"referrer-policy:", "no-referrer"},
        {"cross-origin-resource-policy:", "same-origin"},
        {"cross-origin-opener-policy:", "same-origin"}};
    bool good = add_header(x, "content-type:", type, at);
    for (size_t i = 0; i < sizeof common / sizeof *common && good; i++) {
        good = add_header(x, common[i].name, common[i].value, at);
    }
    if (good && !has_header(x, "content-security-policy:")) {
        good = add_header(x, "content-security-policy:", x->http->policy, at);
    }
    for (size_t i = 0; i < x->n_headers && good; i++) {
        good = add_header(x, x->headers[i].name, x->headers[i].value, at);
    }
    return good && add_header(x, "connection:", "close", at);
}

static void write_head(struct cl_http_exchange *x, int status, const char *type, bool sized) {
    unsigned char *start = (unsigned char *)x->http->chunk + LWS_PRE;
    unsigned char *at = start;
    unsigned char *end = start + CL_HTTP_PIECE;
    bool good = !lws_add_http_header_status(x->wsi, (unsigned)status, &at, end) &&
                add_common(x, type, &at) &&
                (!sized || !lws_add_http_header_content_length(x->wsi, x->size, &at, end)) &&
                !lws_finalize_write_http_header(x->wsi, start, &at, end);
    if (!good) {
        lws_set_timeout(x->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
        return;
    }
    lws_set_timeout(x->wsi, PENDING_TIMEOUT_HTTP_CONTENT, SECONDS_FOR_STEP);
    lws_callback_on_writable(x->wsi);
}

void cl_http_reply(struct cl_http_exchange *exchange, int status, const char *type,
    const char *bytes, size_t size) {
    exchange->state = REPLYING;
    exchange->bytes = bytes;
    exchange->size = size;
    write_head(exchange, status, type, true);
}

void cl_http_reply_file(
    struct cl_http_exchange *exchange, int status, const char *type, int fd, size_t size) {
    exchange->state = REPLYING;
    exchange->fd = fd;
    exchange->size = size;
    write_head(exchange, status, type, true);
}

void cl_http_stream(struct cl_http_exchange *exchange) {
    exchange->state = exchange->head_only ? DONE : STREAMING;
    write_head(exchange, 200, "text/event-stream", false);
}

void cl_http_stream_due(struct cl_http_exchange *exchange) {
    lws_callback_on_writable(exchange->wsi);
}

static void reply_refusal(struct cl_http_exchange *x) {
    const char *text = mu_arena_format(x->arena, "{\"error\": \"%s\"}\n", x->why);
    cl_http_reply(x, x->refused, "application/json", text, strlen(text));
}

/* ---- the exchange ---- */

static struct cl_http_exchange *begin_exchange(struct cl_http *http, struct lws *wsi) {
    struct mu_arena *arena = mu_arena_create(SIZE_MAX / 4);
    struct cl_http_exchange *x = MU_NEW(arena, struct cl_http_exchange);
    *x = (struct cl_http_exchange){.http = http, .wsi = wsi, .arena = arena, .fd = -1};
    return x;
}

static void end_exchange(struct cl_http_exchange *x) {
    x->http->handler->gone(x->http->user, x);
    if (x->fd >= 0) {
        close(x->fd);
    }
    mu_arena_destroy(x->arena);
}

/* All of it has come. */
static void complete(struct cl_http_exchange *x) {
    x->state = ANSWERING;
    x->request.body = x->body ? x->body : "";
    cl_connections_set_busy(&x->http->connections, x->wsi);
    lws_set_timeout(x->wsi, PENDING_TIMEOUT_HTTP_CONTENT, SECONDS_FOR_ANSWER);
    if (x->refused) {
        reply_refusal(x);
    } else {
        x->http->handler->arrived(x->http->user, x, &x->request);
    }
}

/* The next piece of the reply into |at|; 0 at its end. */
static size_t next_piece(struct cl_http_exchange *x, char *at) {
    size_t left = x->head_only ? 0 : x->size - x->sent;
    size_t n = left < CL_HTTP_PIECE ? left : CL_HTTP_PIECE;
    if (x->fd < 0) {
        memcpy(at, n ? x->bytes + x->sent : at, n);
        return n;
    }
    ssize_t got = n ? pread(x->fd, at, n, (off_t)x->sent) : 0;
    return got > 0 ? (size_t)got : 0;
}

/* -1 closes the connection, here and below. */
static int write_reply(struct cl_http_exchange *x) {
    char *at = x->http->chunk + LWS_PRE;
    size_t n = next_piece(x, at);
    bool last = x->head_only || x->sent + n >= x->size;
    if (!n && !last) {
        return -1; /* the file has become shorter */
    }
    if ((n || !x->head_only) && lws_write(x->wsi, (unsigned char *)at, n,
                                    last ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) < 0) {
        return -1;
    }
    x->sent += n;
    x->state = last ? DONE : REPLYING;
    lws_set_timeout(x->wsi, PENDING_TIMEOUT_HTTP_CONTENT, SECONDS_FOR_STEP);
    lws_callback_on_writable(x->wsi);
    return 0;
}

static int write_stream(struct cl_http_exchange *x) {
    char *at = x->http->chunk + LWS_PRE;
    size_t n = x->http->handler->stream(x->http->user, x, at, CL_HTTP_PIECE);
    if (n == 0) {
        lws_set_timeout(x->wsi, NO_PENDING_TIMEOUT, 0);
        return 0;
    }
    lws_set_timeout(x->wsi, PENDING_TIMEOUT_HTTP_CONTENT, SECONDS_FOR_STEP);
    if (lws_write(x->wsi, (unsigned char *)at, n, LWS_WRITE_HTTP) < 0) {
        return -1;
    }
    lws_callback_on_writable(x->wsi); /* perhaps there is more */
    return 0;
}

/* ---- events ---- */

static int on_request(struct cl_http *http, struct lws *wsi, struct cl_http_exchange **slot,
    const char *path, size_t size) {
    if (*slot) {
        return 0; /* a connection has one request */
    }
    struct cl_http_exchange *x = *slot = begin_exchange(http, wsi);
    cl_head_read(wsi, path, size, x->arena, &x->request);
    x->head_only = !strcmp(x->request.method, "HEAD");
    x->refused = cl_head_body(wsi, LARGEST_BODY, x->arena, &x->expected, &x->why);
    if (!x->refused) {
        x->refused = http->handler->check(http->user, &x->request, &x->why);
    }
    if (x->refused || x->expected == 0) {
        complete(x);
    } else {
        cl_connections_set_sending(&http->connections, wsi);
        lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, SECONDS_FOR_STEP);
    }
    return 0;
}

static int on_body(struct cl_http_exchange *x, const char *bytes, size_t size) {
    if (!x || x->state != READING) {
        return 0; /* what comes behind a refusal is passed over */
    }
    if (size > x->expected - x->request.size) {
        return -1;
    }
    if (!x->body) {
        x->body = mu_arena_alloc(x->arena, x->expected + 1);
    }
    memcpy(x->body + x->request.size, bytes, size);
    x->request.size += size;
    x->body[x->request.size] = '\0';
    return 0;
}

/* It comes once more for bytes behind the body, which libwebsockets would collect. */
static int on_body_end(struct cl_http_exchange *x) {
    if (!x || x->ended) {
        return -1;
    }
    x->ended = true;
    if (x->state == READING) {
        complete(x);
    }
    return 0;
}

/* What is left when all was written, libwebsockets may still hold. */
static int close_when_sent(struct cl_http_exchange *x) {
    if (!lws_partial_buffered(x->wsi)) {
        return -1;
    }
    lws_callback_on_writable(x->wsi);
    return 0;
}

static int on_writable(struct cl_http_exchange *x) {
    if (!x) {
        return 0;
    }
    return x->state == REPLYING    ? write_reply(x)
           : x->state == STREAMING ? write_stream(x)
           : x->state == DONE      ? close_when_sent(x)
                                   : 0;
}

static void on_gone(struct cl_http_exchange **slot) {
    if (slot && *slot) {
        end_exchange(*slot);
        *slot = NULL;
    }
}

/* -1 refuses the next connection. Of those that are there, the one that has asked for nothing for
 * the longest time makes room, before those that send a request's body. */
static int make_room(struct cl_http *http) {
    struct lws *oldest;
    bool full = cl_connections_full(&http->connections, &oldest);
    if (oldest) {
        lws_set_timeout(oldest, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
    }
    return full && !oldest ? -1 : 0;
}

/* Events of a connection, before and behind its requests. */
static int on_connection(struct cl_http *http, struct lws *wsi, enum lws_callback_reasons reason) {
    switch ((int)reason) {
    case LWS_CALLBACK_FILTER_NETWORK_CONNECTION:
        return make_room(http);
    case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
        cl_connections_add(&http->connections, wsi);
        return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        cl_connections_remove(&http->connections, wsi);
        return 0;
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE: /* neither WebSocket nor HTTP/2 */
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
    case LWS_CALLBACK_RAW_ADOPT:
        return -1;
    case LWS_CALLBACK_EVENT_WAIT_CANCELLED:
        http->handler->woken(http->user);
        return 0;
    default:
        return 0;
    }
}

static int on_event(
    struct lws *wsi, enum lws_callback_reasons reason, void *session, void *in, size_t size) {
    struct lws_context *context = lws_get_context(wsi);
    struct cl_http *http = context ? lws_context_user(context) : NULL;
    struct cl_http_exchange **slot = session;
    if (!http || !http->vhost) {
        return 0; /* it is being made or taken down */
    }
    switch ((int)reason) {
    case LWS_CALLBACK_HTTP:
        return on_request(http, wsi, slot, in, size);
    case LWS_CALLBACK_HTTP_BODY:
        return on_body(*slot, in, size);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        return on_body_end(*slot);
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return on_writable(*slot);
    case LWS_CALLBACK_CLOSED_HTTP:
    case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
        on_gone(slot);
        return 0;
    default:
        return on_connection(http, wsi, reason);
    }
}

/* ---- the server ---- */

static void on_tick(lws_sorted_usec_list_t *tick) {
    struct cl_http *http = lws_container_of(tick, struct cl_http, tick);
    http->handler->ticked(http->user);
    lws_sul_schedule(http->context, 0, tick, on_tick, CL_HTTP_TICK_MS * LWS_US_PER_MS);
}

static const struct lws_protocols protocols[] = {
    {"http", on_event, sizeof(struct cl_http_exchange *), 0, 0, NULL, 0},
    {NULL, NULL, 0, 0, 0, NULL, 0}};

static struct lws_context *create_context(struct cl_http *http) {
    struct lws_context_creation_info info = {.port = CONTEXT_PORT_NO_LISTEN,
        .protocols = protocols,
        .user = http,
        .gid = -1,
        .uid = -1,
        .max_http_header_data = LARGEST_HEAD,
        .max_http_header_pool = MOST_DESCRIPTORS,
        .fd_limit_per_thread = MOST_DESCRIPTORS,
        .options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_DISABLE_IPV6 |
                   LWS_SERVER_OPTION_NO_LWS_SYSTEM_STATES | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT};
    return lws_create_context(&info);
}

static struct lws_vhost *create_vhost(struct cl_http *http, const struct cl_http_options *options) {
    struct lws_context_creation_info info = {.port = options->port,
        .iface = strcmp(options->host, "0.0.0.0") ? options->host : NULL,
        .protocols = protocols,
        .server_string = "mushir",
        .timeout_secs = SECONDS_FOR_HEAD,
        .timeout_secs_ah_idle = SECONDS_FOR_HEAD,
        .keepalive_timeout = SECONDS_FOR_STEP,
        .alpn = "http/1.1",
        .ssl_cert_filepath = options->tls_cert,
        .ssl_private_key_filepath = options->tls_key,
        .ssl_options_set = SSL_OP_NO_SSLv3 | SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1,
        .options = LWS_SERVER_OPTION_DISABLE_IPV6 | LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND};
    if (options->tls_cert) {
        info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    }
    return lws_create_vhost(http->context, &info);
}

struct cl_http *cl_http_create(const struct cl_http_options *options,
    const struct cl_http_handler *handler, void *user, struct mu_error *error) {
    struct cl_http *http = calloc(1, sizeof *http);
    if (!http || !(http->chunk = malloc(LWS_PRE + CL_HTTP_PIECE))) {
        abort();
    }
    http->handler = handler;
    http->user = user;
    http->policy = options->policy;
    lws_set_log_level(0, NULL); /* a client must not write into our log */
    http->context = create_context(http);
    http->vhost = http->context ? create_vhost(http, options) : NULL;
    if (!http->vhost) {
        mu_fail(error, MU_UNAVAILABLE,
            "cannot listen on %s:%d: the port is taken, the address is not of this machine%s",
            options->host, options->port,
            options->tls_cert ? ", or certificate and key are not usable" : "");
        cl_http_destroy(http);
        return NULL;
    }
    lws_sul_schedule(http->context, 0, &http->tick, on_tick, CL_HTTP_TICK_MS * LWS_US_PER_MS);
    return http;
}

void cl_http_destroy(struct cl_http *http) {
    if (!http) {
        return;
    }
    if (http->context) {
        lws_sul_cancel(&http->tick);
        lws_context_destroy(http->context);
    }
    free(http->chunk);
    free(http);
}

int cl_http_port(const struct cl_http *http) {
    return lws_get_vhost_listen_port(http->vhost);
}

void cl_http_run(struct cl_http *http) {
    while (!http->stopped && lws_service(http->context, 0) >= 0) {
    }
}

void cl_http_stop(struct cl_http *http) {
    http->stopped = true;
    lws_cancel_service(http->context);
}

void cl_http_wake(struct cl_http *http) {
    lws_cancel_service(http->context);
}
