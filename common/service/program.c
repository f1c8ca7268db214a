/* Main thread: signals, the grace timer and the admin port on libev. Everything else happens on the
 * rpc layer's threads. */
#include "common/service/program.h"

#include <ev.h>
#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/num/normal.h"
#include "common/service/http.h"
#include "common/service/machine.h"
#include "common/service/metrics.h"
#include "common/service/options.h"
#include "common/service/probe.h"

struct program {
    const char *name;
    const struct mu_contract *const *contracts;
    void **states; /* of the contracts, in their order */
    struct mu_options options, defaults;
    struct ev_loop *loop;
    ev_signal on_term, on_int, on_hangup;
    ev_timer on_drained, on_refused, on_grace, on_quiet, on_second;
    ev_async on_stopped;
    struct mu_rpc_server *server;
    struct mu_http *admin;
    struct mu_metrics metrics;
    size_t workers;
    bool stopping;
};

static void count_request(void *observer, const struct mu_rpc_outcome *outcome) {
    struct program *program = observer;
    mu_metrics_count(&program->metrics, outcome);
}

static void log_request(void *observer, const struct mu_rpc_outcome *outcome) {
    (void)observer;
    const char *method = strrchr(outcome->method, '/') + 1;
    const struct mu_note *note = outcome->note;
    enum mu_log_level level = outcome->status == MU_OK         ? MU_LOG_INFO
                              : outcome->status == MU_INTERNAL ? MU_LOG_ERROR
                                                               : MU_LOG_WARNING;
    const struct mu_log_field fields[] = {
        {.name = "method", .text = method},
        {.name = "experiment", .text = note->experiment ? note->experiment : ""},
        {.name = "algorithm", .text = note->algorithm ? note->algorithm : ""},
        {.name = "trials", .number = (double)note->trials},
        {.name = "observed", .number = (double)note->observed},
        {.name = "failed", .number = (double)note->failed},
        {.name = "running", .number = (double)note->running},
        {.name = "dropped", .number = (double)note->dropped},
        {.name = "asked", .number = (double)note->asked},
        {.name = "status", .text = mu_status_name((int)outcome->status)},
        {.name = "milliseconds", .number = outcome->seconds * 1e3, .decimals = 3},
        {.name = "error", .text = outcome->text},
    };
    mu_log(level, "request", fields, sizeof fields / sizeof *fields - (outcome->status == MU_OK));
}

static void cancel_running(struct program *program) {
    mu_log_plain(MU_LOG_WARNING, "cancelling the requests that still run");
    mu_rpc_cancel(program->server);
}

static void on_grace(struct ev_loop *loop, ev_timer *timer, int events) {
    (void)loop, (void)events;
    cancel_running(timer->data);
}

/* While stopping: once every call is answered, clients that stay connected are not waited for. */
static void on_quiet(struct ev_loop *loop, ev_timer *timer, int events) {
    (void)events;
    struct program *program = timer->data;
    if (mu_rpc_active(program->server) == 0) {
        ev_timer_stop(loop, timer);
        mu_rpc_cancel(program->server);
    }
}

static void stop(struct program *program) {
    struct ev_loop *loop = program->loop;
    ev_timer_stop(loop, &program->on_drained);
    ev_timer_stop(loop, &program->on_refused);
    ev_timer_init(&program->on_grace, on_grace, (double)program->options.grace, 0);
    ev_timer_init(&program->on_quiet, on_quiet, 0.1, 0.1);
    program->on_grace.data = program->on_quiet.data = program;
    ev_timer_start(loop, &program->on_grace);
    ev_timer_start(loop, &program->on_quiet);
    mu_rpc_stop(program->server);
}

static void on_refused(struct ev_loop *loop, ev_timer *timer, int events) {
    (void)loop, (void)events;
    stop(timer->data);
}

static void on_drained(struct ev_loop *loop, ev_timer *timer, int events) {
    (void)events;
    struct program *program = timer->data;
    mu_rpc_refuse_calls(program->server);
    ev_timer_start(loop, &program->on_refused);
}

/* Serve and say NOT_SERVING, then refuse, then stop; at once if nobody is connected. */
static void begin_stop(struct program *program) {
    program->stopping = true;
    mu_rpc_drain(program->server);
    ev_timer_init(&program->on_drained, on_drained, (double)program->options.drain, 0);
    ev_timer_init(&program->on_refused, on_refused, 0.1, 0);
    program->on_drained.data = program->on_refused.data = program;
    if (mu_rpc_connections() > 0) {
        ev_timer_start(program->loop, &program->on_drained);
    } else {
        stop(program);
    }
}

/* The first signal begins a stop, a second cuts its patience short. */
static void on_signal(struct ev_loop *loop, ev_signal *signal, int events) {
    (void)loop, (void)events;
    struct program *program = signal->data;
    if (!program->stopping) {
        mu_log_text(
            MU_LOG_INFO, "stopping", "signal", signal->signum == SIGTERM ? "SIGTERM" : "SIGINT");
        begin_stop(program);
        return;
    }
    if (ev_is_active(&program->on_drained) || ev_is_active(&program->on_refused)) {
        stop(program);
    }
    cancel_running(program);
}

static void on_stopped(struct ev_loop *loop, ev_async *async, int events) {
    (void)async, (void)events;
    ev_break(loop, EVBREAK_ALL);
}

/* New connections get the certificates that the files hold now; there may be none to read. */
static void reload(const struct program *program) {
    struct mu_error error;
    if (!program->options.tls_cert) {
        return;
    }
    if (mu_rpc_reload(program->server, &error)) {
        mu_log_text(
            MU_LOG_WARNING, "certificates not reloaded: the former stay", "error", error.text);
    } else {
        mu_log_plain(MU_LOG_INFO, "certificates reloaded");
    }
}

static void on_hangup(struct ev_loop *loop, ev_signal *signal, int events) {
    (void)loop, (void)events;
    reload(signal->data);
}

static void on_second(struct ev_loop *loop, ev_timer *timer, int events) {
    (void)loop, (void)events;
    struct program *program = timer->data;
    mu_rpc_tend(program->server);
    if (mu_rpc_outdated(program->server)) {
        reload(program);
    }
}

static void tell_stopped(void *observer) {
    struct program *program = observer;
    ev_async_send(program->loop, &program->on_stopped);
}

/* Watch for signals before anything else runs, so that an early SIGTERM is not lost (as process 1
 * of a container it would be ignored). */
static void start_watching(struct program *program) {
    program->loop = ev_default_loop(EVFLAG_AUTO);
    ev_signal_init(&program->on_term, on_signal, SIGTERM);
    ev_signal_init(&program->on_int, on_signal, SIGINT);
    ev_signal_init(&program->on_hangup, on_hangup, SIGHUP);
    ev_async_init(&program->on_stopped, on_stopped);
    program->on_term.data = program->on_int.data = program->on_hangup.data = program;
    program->on_stopped.data = program;
    ev_signal_start(program->loop, &program->on_term);
    ev_signal_start(program->loop, &program->on_int);
    ev_signal_start(program->loop, &program->on_hangup);
    ev_async_start(program->loop, &program->on_stopped);
}

/* Defaults keep all that requests may hold below the container's limit: half of it for what workers
 * compute, an eighth for a message, of which several may be under way. */
static size_t arena_limit(const struct mu_options *options, size_t workers) {
    uint64_t limit = mu_machine_memory_limit();
    if (options->memory_mib > 0) {
        return (size_t)options->memory_mib << 20;
    }
    return limit ? (size_t)(limit / 2 / workers) : (size_t)512 << 20;
}

static size_t largest_request(const struct mu_options *options) {
    uint64_t limit = mu_machine_memory_limit();
    if (options->max_request_mib > 0) {
        return (size_t)options->max_request_mib << 20;
    }
    return limit && limit / 8 < 64 << 20 ? (size_t)limit / 8 : (size_t)64 << 20;
}

/* Three eighths for what clients hold; what is left is the program, and its caches. */
static size_t clients_limit(const struct mu_options *options) {
    uint64_t limit = mu_machine_memory_limit();
    if (options->clients_mib > 0) {
        return (size_t)options->clients_mib << 20;
    }
    return limit ? (size_t)(limit / 8 * 3) : (size_t)384 << 20;
}

static void close_contracts(struct program *program) {
    for (size_t i = 0; program->states && program->contracts[i]; i++) {
        if (program->contracts[i]->close) {
            program->contracts[i]->close(program->states[i]);
        }
    }
    free(program->states);
}

/* Each contract may keep an eighth of what a request may use. */
static bool open_contracts(struct program *program, size_t arena) {
    const struct mu_means means = {.memory = arena / 8,
        .data = program->options.data,
        .most_copied = (uint64_t)program->options.folder_mib << 20,
        .db_manager = program->options.db_manager,
        .account = program->options.service_account};
    size_t n = 0;
    while (program->contracts[n]) {
        n++;
    }
    program->states = calloc(n + 1, sizeof *program->states);
    for (size_t i = 0; program->states && i < n; i++) {
        const struct mu_contract *contract = program->contracts[i];
        if (contract->open) {
            program->states[i] = contract->open(contract, &means);
        }
    }
    return program->states != NULL;
}

static size_t default_workers(const struct program *program) {
    size_t least = program->contracts[0]->workers;
    size_t cpus = mu_machine_cpus();
    return cpus > least ? cpus : least;
}

static bool start_server(struct program *program) {
    const struct mu_options *options = &program->options;
    struct mu_error error;
    program->workers = options->workers > 0 ? (size_t)options->workers : default_workers(program);
    size_t arena = arena_limit(options, program->workers);
    if (!open_contracts(program, arena)) {
        mu_log_text(MU_LOG_ERROR, "cannot start", "error", "out of memory");
        return false;
    }
    mu_metrics_init(&program->metrics, program->contracts);
    program->server = mu_rpc_start(
        &(const struct mu_rpc_options){
            .host = options->host,
            .port = (int)options->port,
            .contracts = program->contracts,
            .states = program->states,
            .workers = program->workers,
            .queue = (size_t)options->queue,
            .arena_limit = arena,
            .max_request = largest_request(options),
            .clients = clients_limit(options),
            .resident = mu_machine_resident,
            .seconds = (double)options->request_seconds,
            .tls_cert = options->tls_cert,
            .tls_key = options->tls_key,
            .tls_client_ca = options->tls_client_ca,
            .before_reply = count_request,
            .after_reply = log_request,
            .stopped = tell_stopped,
            .observer = program,
        },
        &error);
    if (!program->server) {
        mu_log_text(MU_LOG_ERROR, "cannot start", "error", error.text);
        close_contracts(program);
        return false;
    }
    return true;
}

static int admin_page(void *user, const char *path, FILE *body) {
    struct program *program = user;
    if (strcmp(path, "/metrics") == 0) {
        mu_metrics_print(&program->metrics,
            &(const struct mu_metrics_now){.service = program->name,
                .version = MUSHIR_VERSION,
                .queued = mu_rpc_queued(program->server),
                .running = mu_rpc_running(program->server),
                .workers = program->workers,
                .resident = mu_machine_resident(),
                .log_lost = mu_log_lost()},
            body);
        return 200;
    }
    bool ready = strcmp(path, "/readyz") == 0;
    if (ready || strcmp(path, "/healthz") == 0) {
        bool ok = mu_rpc_serving(program->server) || (program->stopping && !ready);
        fputs(ok                  ? "ok\n"
              : program->stopping ? "stopping\n"
                                  : "connections are not accepted\n",
            body);
        return ok ? 200 : 503;
    }
    fputs("pages: /metrics /healthz /readyz\n", body);
    return 404;
}

/* The server is up before its pages say so. */
static bool start_admin(struct program *program) {
    struct mu_error error;
    if (program->options.admin_port < 0) {
        return true;
    }
    program->admin = mu_http_open(program->loop, program->options.host,
        (int)program->options.admin_port, admin_page, program, &error);
    if (!program->admin) {
        mu_log_text(MU_LOG_ERROR, "cannot start", "error", error.text);
    }
    return program->admin != NULL;
}

static void announce(const struct program *program) {
    int port = mu_rpc_port(program->server);
    if (program->options.port == 0) {
        printf("%d\n", port);
        fflush(stdout);
    }
    const struct mu_log_field fields[] = {
        {.name = "service", .text = program->name},
        {.name = "version", .text = MUSHIR_VERSION},
        {.name = "port", .number = port},
        {.name = "workers", .number = (double)program->workers},
        {.name = "admin_port", .number = program->admin ? mu_http_port(program->admin) : 0},
    };
    mu_log(MU_LOG_INFO, "serving", fields, sizeof fields / sizeof *fields - !program->admin);
}

static int run(struct program *program) {
    start_watching(program);
    if (!start_server(program)) {
        return 1;
    }
    bool started = start_admin(program);
    if (started) {
        announce(program);
        ev_timer_init(&program->on_second, on_second, 1, 1);
        program->on_second.data = program;
        ev_timer_start(program->loop, &program->on_second);
        ev_run(program->loop, 0);
    } else {
        mu_rpc_stop(program->server);
    }
    mu_http_close(program->admin);
    mu_rpc_destroy(program->server);
    close_contracts(program);
    ev_loop_destroy(program->loop); /* after the last thread that may wake it */
    if (started) {
        mu_log_plain(MU_LOG_INFO, "stopped");
    }
    return started ? 0 : 1;
}

/* The names that are asked for; of a program without any its contracts. */
static void print_names(const struct program *program) {
    bool any = false;
    for (const struct mu_contract *const *c = program->contracts; *c; c++) {
        if ((*c)->print_names) {
            (*c)->print_names(*c, stdout);
            any = true;
        }
    }
    for (const struct mu_contract *const *c = program->contracts; !any && *c; c++) {
        printf(" %s", (*c)->name);
    }
}

static void print_help(const struct program *program) {
    printf("mushir-%s: a service for Katib, serving", program->name);
    print_names(program);
    printf(
        "\n\nOptions, each also as an environment variable (--log-level as MUSHIR_LOG_LEVEL):\n");
    mu_flags_help(mu_option_flags, mu_n_option_flags, &program->defaults, stdout);
}

static void print_settings(const struct program *program) {
    for (const struct mu_contract *const *c = program->contracts; *c; c++) {
        if ((*c)->print_settings) {
            (*c)->print_settings(*c, stdout);
        }
    }
}

static enum mu_log_level level_of(const char *name) {
    static const char *const names[] = {"debug", "info", "warning", "error", "off"};
    int level = MU_LOG_DEBUG;
    while (level < MU_LOG_OFF && strcmp(names[level], name) != 0) {
        level++;
    }
    return (enum mu_log_level)level;
}

/* Descriptors 0 to 2 are what they are called, whoever closed them before, so that nothing of ours
 * is taken for the log. Before every other constructor: gRPC core's opens an eventfd. */
__attribute__((constructor(101))) static void open_standard_descriptors(void) {
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    while (fd >= 0 && fd <= STDERR_FILENO) {
        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    }
    if (fd >= 0) {
        close(fd);
    }
}

/* A log whose reader left is no reason to end, and connections get all the descriptors that we may
 * have. */
static void settle(void) {
    struct rlimit files;
    signal(SIGPIPE, SIG_IGN);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

int mu_program_main(
    int argc, char **argv, const char *name, const struct mu_contract *const *contracts) {
    struct program program = {.name = name, .contracts = contracts, .defaults = mu_default_options};
    struct mu_error error;
    if (argc > 0 && mu_probe_is(argv[0])) {
        return mu_probe_main(argc, argv);
    }
    if (contracts[0]->port) {
        program.defaults.port = contracts[0]->port;
    }
    program.options = program.defaults;
    if (mu_flags_read(mu_option_flags, mu_n_option_flags, &program.options, argc, argv, &error)) {
        fprintf(stderr, "mushir-%s: %s\n", name, error.text);
        return 2;
    }
    mu_log_setup(
        strcmp(program.options.log_format, "json") == 0, level_of(program.options.log_level));
    if (program.options.help) {
        print_help(&program);
    } else if (program.options.version) {
        printf("mushir-%s %s (gRPC core %s, %s)\n", name, MUSHIR_VERSION, mu_rpc_core_version(),
            mu_rpc_tls_version());
    } else if (program.options.settings) {
        print_settings(&program);
    } else {
        settle();
        mu_num_never_abort();
        mallopt(M_ARENA_MAX, 1); /* threads that share the heap keep the process small */
        return run(&program);
    }
    return 0;
}
