#include "client/run/service.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client/experiment/schema.h"
#include "common/wire/contract.h"

enum {
    SECONDS_TO_START = 10,
    SECONDS_TO_STOP = 5,
    SECONDS_TO_CONNECT = 2,
    SECONDS_TO_ANSWER = 60,
    NO_PROGRAM = 127
};

/* Who serves what: Katib's algorithm name, and the program without "mushir-". */
static const struct mu_pair servers[] = {
#include "client/run/servers.inc"
};
enum { N_SERVERS = sizeof servers / sizeof *servers };

const char *cl_service_program(const char *algorithm) {
    for (size_t i = 0; i < N_SERVERS; i++) {
        if (!strcmp(servers[i].name, algorithm)) {
            return servers[i].value;
        }
    }
    return NULL;
}

static const char *server_of(const char *algorithm, struct mu_error *error) {
    const char *server = cl_service_program(algorithm);
    const char *names[N_SERVERS];
    char all[1024] = "";
    size_t used = 0;
    for (size_t i = 0; !server && i < N_SERVERS; i++) {
        names[i] = servers[i].name;
        used += (size_t)snprintf(all + used, sizeof all - used, "%s%s", i ? ", " : "", names[i]);
        assert(used < sizeof all);
    }
    if (server) {
        return server;
    }
    const char *near = cl_schema_nearest(algorithm, names, N_SERVERS);
    mu_fail(error, MU_INVALID_ARGUMENT,
        "unknown algorithm name %s%s%s%s; there are %s (or give the --address of a service that "
        "has it)",
        algorithm, near ? "; did you mean " : "", near ? near : "", near ? "?" : "", all);
    return NULL;
}

/* The path of the program for |server|: beside this one, else the bare name for PATH. */
static const char *program_of(const char *server, struct mu_arena *arena) {
    char own[4096];
    ssize_t n = readlink("/proc/self/exe", own, sizeof own - 1);
    own[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(own, '/');
    if (slash) {
        *slash = '\0';
        const char *path = mu_arena_format(arena, "%s/mushir-%s", own, server);
        if (!access(path, X_OK)) {
            return path;
        }
    }
    return mu_arena_format(arena, "mushir-%s", server);
}

/* ---- starting ---- */

/* The first line that the service prints, within SECONDS_TO_START: its port. -1 when none comes. */
static int read_port(int fd) {
    char line[256];
    size_t used = 0;
    struct pollfd readable = {fd, POLLIN, 0};
    line[0] = '\0';
    while (used < sizeof line - 1 && poll(&readable, 1, SECONDS_TO_START * 1000) > 0) {
        ssize_t n = read(fd, line + used, sizeof line - 1 - used);
        if (n <= 0) {
            return -1;
        }
        used += (size_t)n;
        line[used] = '\0';
        if (strchr(line, '\n')) {
            const char *colon = strrchr(line, ':');
            int port = atoi(colon ? colon + 1 : line);
            return port > 0 ? port : -1;
        }
    }
    return -1;
}

/* The child of |client|: dies with it even when that is killed, also before this is asked for, so
 * that no service is left behind. */
static _Noreturn void become(
    const char *program, const char *data, int out, int log, pid_t client) {
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    setpgid(0, 0); /* Ctrl-C in the terminal is for mushir */
    dup2(null, 0);
    dup2(out, 1);
    dup2(log, 2);
    if (getppid() == client) {
        execlp(program, program, "--host", "127.0.0.1", "--port", "0", "--data",
            data ? data : "none", (char *)NULL);
    }
    _exit(NO_PROGRAM);
}

/* What the service wrote to its log, for an error text. */
static const char *said(int log, char *text, size_t size) {
    ssize_t n = pread(log, text, size - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    return n > 0 ? text : "it said nothing";
}

/* The last line of |log|, or the end of it, without the newline. */
static const char *last_said(int log, char *text, size_t size) {
    struct stat status;
    off_t most = (off_t)size - 1;
    off_t from = fstat(log, &status) == 0 && status.st_size > most ? status.st_size - most : 0;
    ssize_t n = pread(log, text, size - 1, from);
    while (n > 0 && text[n - 1] == '\n') {
        n--;
    }
    text[n > 0 ? n : 0] = '\0';
    const char *newline = strrchr(text, '\n');
    return newline ? newline + 1 : text;
}

/* The exit status of |pid|, as a shell has it, if it has ended or does so within 0.1 s; else -1.
 * Leaves it to be waited for. */
static int exit_status_of(pid_t pid) {
    for (int tick = 0; tick < 100; tick++) {
        siginfo_t info = {0};
        if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid) {
            return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
        }
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
    return -1;
}

/* Start |program|, and tell the port that it listens at; -1 when there is none. False, with errno,
 * when no process can be started. */
static bool launch(struct cl_service *service, const char *program, const char *data, int *port) {
    int out[2];
    pid_t client = getpid();
    service->log = memfd_create("mushir", MFD_CLOEXEC);
    service->logs = service->log >= 0;
    if (!service->logs || pipe2(out, O_CLOEXEC)) {
        return false;
    }
    pid_t pid = fork(); /* before gRPC's threads are started */
    if (pid == 0) {
        become(program, data, out[1], service->log, client);
    }
    int why = errno;
    close(out[1]);
    if (pid > 0) {
        service->pid = pid;
        *port = read_port(out[0]);
    }
    close(out[0]);
    errno = why;
    return pid > 0;
}

/* Why it tells no port. */
static enum mu_status explain_start(
    struct cl_service *service, const char *program, const char *server, struct mu_error *error) {
    char text[512];
    if (exit_status_of(service->pid) == NO_PROGRAM) {
        return mu_fail(error, MU_NOT_FOUND,
            "the program mushir-%s is neither beside mushir nor in PATH; build it, or give "
            "--address HOST:PORT",
            server);
    }
    return mu_fail(error, MU_UNAVAILABLE, "%s did not start: %s", program,
        said(service->log, text, sizeof text));
}

static enum mu_status start(struct cl_service *service, const char *server, const char *data,
    struct mu_arena *arena, struct mu_error *error) {
    const char *program = program_of(server, arena);
    int port = -1;
    if (!launch(service, program, data, &port)) {
        return mu_fail(
            error, MU_RESOURCE_EXHAUSTED, "cannot start %s: %s", program, strerror(errno));
    }
    if (port < 0) {
        return explain_start(service, program, server, error);
    }
    service->address = mu_arena_format(arena, "127.0.0.1:%d", port);
    return MU_OK;
}

enum mu_status cl_service_open(struct cl_service *service, const char *address,
    const char *algorithm, const char *data, struct mu_arena *arena, struct mu_error *error) {
    *service = (struct cl_service){.address = address};
    const char *server = address ? NULL : server_of(algorithm, error);
    if (!address && (!server || start(service, server, data, arena, error) != MU_OK)) {
        cl_service_close(service);
        return error->code;
    }
    service->client = mu_rpc_client_create(service->address, 0, error);
    if (!service->client) {
        cl_service_close(service);
        return error->code;
    }
    return MU_OK;
}

enum mu_status cl_service_ended(
    const struct cl_service *service, int exit_status, struct mu_error *error) {
    char how[32];
    char text[512];
    const char *name = exit_status > 128 ? sigabbrev_np(exit_status - 128) : NULL;
    if (name) {
        snprintf(how, sizeof how, "SIG%s", name);
    } else {
        snprintf(how, sizeof how, "exit status %d", exit_status);
    }
    return mu_fail(error, MU_UNAVAILABLE, "the service ended (%s); the last line of its log: %s",
        how, last_said(service->log, text, sizeof text));
}

/* Ask what was started to end, and wait for that. */
static void stop(pid_t pid) {
    kill(pid, SIGTERM);
    for (int tick = 0; waitpid(pid, NULL, WNOHANG) == 0; tick++) {
        if (tick == SECONDS_TO_STOP * 1000) {
            kill(pid, SIGKILL);
        }
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
}

void cl_service_close(struct cl_service *service) {
    mu_rpc_client_destroy(service->client);
    service->client = NULL;
    if (service->pid) {
        stop(service->pid);
        service->pid = 0;
    }
    if (service->logs) {
        close(service->log);
        service->logs = false;
    }
}

/* ---- calling ---- */

/* Say whom we failed to reach, or how it ended; a refusal's text stands for itself. */
static enum mu_status explain(
    const struct cl_service *service, enum mu_status status, struct mu_error *error) {
    pid_t pid = service->pid;
    int exit_status = status == MU_UNAVAILABLE && pid ? exit_status_of(pid) : -1;
    if (exit_status >= 0) {
        return cl_service_ended(service, exit_status, error);
    }
    if (status == MU_UNAVAILABLE || status == MU_DEADLINE_EXCEEDED) {
        struct mu_error cause = *error;
        return mu_fail(error, status, "the service at %s %s: %.600s", service->address,
            status == MU_UNAVAILABLE ? "cannot be reached" : "did not answer in time", cause.text);
    }
    return status;
}

/* Call |path|; the reply is copied into |arena|. */
static enum mu_status call(struct cl_service *service, const char *path, struct mu_slice request,
    struct mu_arena *arena, struct mu_slice *reply, struct mu_error *error) {
    uint8_t *bytes = NULL;
    enum mu_status status = mu_rpc_client_call(service->client, path, request.bytes, request.size,
        SECONDS_TO_CONNECT, SECONDS_TO_ANSWER, &bytes, &reply->size, error);
    if (status == MU_OK) {
        uint8_t *copy = mu_arena_array(arena, reply->size, 1);
        memcpy(copy, bytes, reply->size);
        reply->bytes = copy;
    }
    free(bytes);
    return status;
}

enum mu_status cl_service_validate(struct cl_service *service,
    const struct mu_experiment_text *experiment, struct mu_arena *arena, struct mu_error *error) {
    struct mu_slice reply;
    enum mu_status status = call(service, MU_CONTRACT_VALIDATE_ALGORITHM,
        mu_wire_write_validate(experiment, arena), arena, &reply, error);
    return status == MU_UNIMPLEMENTED ? MU_OK : explain(service, status, error);
}

/* What the service did wrong is no mistake in the experiment. */
static enum mu_status read_reply(
    struct mu_slice bytes, struct mu_arena *arena, struct mu_reply *reply, struct mu_error *error) {
    struct mu_error cause;
    if (mu_wire_read_reply(bytes, arena, reply, &cause) != MU_OK) {
        return mu_fail(
            error, MU_INTERNAL, "the reply of the service cannot be read: %.600s", cause.text);
    }
    return MU_OK;
}

enum mu_status cl_service_suggest(struct cl_service *service, const struct mu_wire_request *request,
    struct mu_arena *arena, struct mu_reply *reply, struct mu_error *error) {
    struct mu_slice bytes;
    enum mu_status status = call(service, MU_CONTRACT_GET_SUGGESTIONS,
        mu_wire_write_request(request, arena), arena, &bytes, error);
    return status ? explain(service, status, error) : read_reply(bytes, arena, reply, error);
}
