#include "client/serve/serve.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/serve/api.h"
#include "client/serve/job.h"
#include "client/serve/watch.h"

enum { SHORTEST_TOKEN = 16, LONGEST_TOKEN = 512, TICKS_PER_SCAN = 2000 / CL_HTTP_TICK_MS };

/* ---- signals: they only wake the loop ---- */

static struct cl_http *volatile woken_by_signals; /* NULL when there is no loop */
static volatile sig_atomic_t stops;

static void on_signal(int number) {
    int kept = errno;
    stops += number != SIGCHLD;
    if (woken_by_signals) {
        cl_http_wake(woken_by_signals);
    }
    errno = kept;
}

static void watch_signals(struct cl_http *http) {
    static const int numbers[] = {SIGCHLD, SIGINT, SIGTERM};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigset_t watched;
    woken_by_signals = http;
    sigemptyset(&watched);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        sigaction(numbers[i], &action, NULL);
        sigaddset(&watched, numbers[i]);
    }
    sigprocmask(SIG_UNBLOCK, &watched, NULL); /* who started us may have had them blocked */
    signal(SIGPIPE, SIG_IGN);
}

/* ---- the loop's events ---- */

static int check(void *user, const struct cl_http_request *request, const char **why) {
    return cl_guard_check(&((struct cl_server *)user)->guard, request, why);
}

static void arrived(
    void *user, struct cl_http_exchange *exchange, const struct cl_http_request *request) {
    cl_api_answer(user, exchange, request);
}

static size_t stream(void *user, struct cl_http_exchange *exchange, char *bytes, size_t room) {
    return cl_watch_next(user, exchange, bytes, room);
}

static void gone(void *user, struct cl_http_exchange *exchange) {
    cl_job_forget(user, exchange);
    cl_watch_end(user, exchange);
}

static void ticked(void *user) {
    struct cl_server *server = user;
    cl_job_tick(server);
    if (++server->ticks % TICKS_PER_SCAN == 0) {
        cl_catalog_scan(&server->catalog);
        if (server->catalog.unsaved && !server->options->read_only) {
            cl_catalog_save(&server->catalog);
        }
    }
    cl_queue_tick(&server->queue);
    cl_watch_tick(server);
}

/* End the trials; once more when it is asked for once more. */
static void stop(struct cl_server *server) {
    cl_job_kill_all(server);
    server->closing = true;
    stops = 0;
    if (cl_queue_close(&server->queue) == 0) {
        cl_http_stop(server->http);
    }
}

static bool runs(const struct cl_server *server) {
    for (size_t i = 0; i < server->catalog.n; i++) {
        if (server->catalog.entries[i]->run.pid) {
            return true;
        }
    }
    return false;
}

static void woken(void *user) {
    struct cl_server *server = user;
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (!cl_queue_ended(&server->queue, pid, status)) {
            cl_job_ended(server, pid, status);
        }
    }
    if (stops) {
        stop(server);
    } else if (server->closing && !runs(server)) {
        cl_http_stop(server->http);
    }
}

static const struct cl_http_handler handler = {check, arrived, stream, gone, ticked, woken};

/* ---- the start ---- */

/* The token in the file: its first line. */
static enum mu_status read_token(
    const char *path, char token[LONGEST_TOKEN], struct mu_error *error) {
    FILE *file = fopen(path, "r");
    bool good = file && fgets(token, LONGEST_TOKEN, file);
    bool whole = good && (strpbrk(token, "\r\n") || feof(file));
    if (file) {
        fclose(file);
    }
    if (!good) {
        return mu_fail(
            error, MU_INVALID_ARGUMENT, "%s: %s", path, file ? "it is empty" : strerror(errno));
    }
    token[strcspn(token, "\r\n")] = '\0';
    return !whole || strlen(token) < SHORTEST_TOKEN
               ? mu_fail(error, MU_INVALID_ARGUMENT,
                     "%s: a token has %d letters at least, %d at most", path, SHORTEST_TOKEN,
                     LONGEST_TOKEN - 2)
               : MU_OK;
}

static enum mu_status check_options(const struct cl_serve_options *o, struct mu_error *error) {
    if (!cl_guard_loopback(o->host) && !o->token_file) {
        return mu_fail(error, MU_INVALID_ARGUMENT,
            "--host %s lets other machines in: that needs a --token-file", o->host);
    }
    if (!o->tls_cert != !o->tls_key) {
        return mu_fail(error, MU_INVALID_ARGUMENT, "--tls-cert and --tls-key go together");
    }
    return MU_OK;
}

static void say_where(const struct cl_server *server, void (*listening)(const char *url)) {
    char url[128];
    bool all = !strcmp(server->options->host, "0.0.0.0");
    snprintf(url, sizeof url, "%s://%s:%d/", server->guard.tls ? "https" : "http",
        all ? "localhost" : server->options->host, cl_http_port(server->http));
    listening(url);
}

static enum mu_status run(
    struct cl_server *server, void (*listening)(const char *url), struct mu_error *error) {
    const struct cl_serve_options *o = server->options;
    struct cl_http_options http = {.host = o->host,
        .port = o->port,
        .tls_cert = o->tls_cert,
        .tls_key = o->tls_key,
        .policy = "default-src 'none'; frame-ancestors 'none'"};
    server->http = cl_http_create(&http, &handler, server, error);
    if (!server->http) {
        return error->code;
    }
    cl_guard_open(&server->guard, cl_http_port(server->http));
    watch_signals(server->http);
    cl_catalog_look(&server->catalog);
    server->queue.closed = o->read_only;
    cl_queue_advance(&server->queue);
    say_where(server, listening);
    cl_http_run(server->http);
    woken_by_signals = NULL;
    cl_http_destroy(server->http);
    return MU_OK;
}

enum mu_status cl_serve(const struct cl_serve_options *options, void (*listening)(const char *url),
    struct mu_error *error) {
    char token[LONGEST_TOKEN] = "";
    struct cl_server *server = calloc(1, sizeof *server);
    if (!server) {
        abort();
    }
    server->options = options;
    server->guard.tls = options->tls_cert != NULL;
    server->guard.read_only = options->read_only;
    server->guard.names = options->names;
    server->catalog.lock = -1;
    server->queue = (struct cl_queue){.catalog = &server->catalog,
        .limit = options->trials_at_a_time,
        .address = options->address};
    enum mu_status status = check_options(options, error);
    if (status == MU_OK && options->token_file) {
        status = read_token(options->token_file, token, error);
        server->guard.token = token;
    }
    status = status
                 ? status
                 : cl_catalog_open(&server->catalog, options->folder, !options->read_only, error);
    status = status ? status : run(server, listening, error);
    cl_catalog_close(&server->catalog);
    free(server);
    return status;
}
