/* `make bench`: the random service against a bare echo server, side by side. Runs alternate, so
 * that a noisy neighbour meets both. */
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <grpc/grpc.h>

#include "api.pb-c.h"
#include "bench/load.h"

enum { ROUNDS = 7, ONE_AT_A_TIME = 3000, TOGETHER = 20000, IN_FLIGHT = 16, STARTS = 15 };
#define GET_SUGGESTIONS "/api.v1.beta1.Suggestion/GetSuggestions"
#define CHECK "/grpc.health.v1.Health/Check"

struct server {
    pid_t process;
    int port;
};

static _Noreturn void fail(const char *what) {
    perror(what);
    exit(1);
}

/* Start |program| on a free port, which it prints; its log goes to /dev/null. */
static struct server start_server(const char *program) {
    struct server server;
    char line[32] = "";
    char *arguments[] = {
        (char *)(uintptr_t)program, (char *)(uintptr_t) "--port", (char *)(uintptr_t) "0", NULL};
    int ends[2];
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    if (pipe(ends)) {
        fail("pipe");
    }
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", 1 /* O_WRONLY */, 0);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    if (posix_spawn(&server.process, program, &actions, NULL, arguments, environ)) {
        fail(program);
    }
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (read(ends[0], line, sizeof line - 1) <= 0) {
        fail("no port");
    }
    close(ends[0]);
    server.port = atoi(line);
    return server;
}

static void stop_server(struct server server, int signal) {
    kill(server.process, signal);
    waitpid(server.process, NULL, 0);
}

/* A line of /proc/PID/status in MiB. */
static double memory(struct server server, const char *key) {
    char path[64];
    char line[256];
    double kib = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)server.process);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, key, strlen(key)) == 0) {
            kib = atof(line + strlen(key) + 1);
        }
    }
    if (file) {
        fclose(file);
    }
    return kib / 1024;
}

/* ---- requests ---- */

struct request {
    uint8_t *bytes;
    size_t size;
};

__attribute__((format(printf, 1, 2))) static char *text(const char *format, ...) {
    char *made = NULL;
    va_list values;
    va_start(values, format);
    int length = vasprintf(&made, format, values);
    va_end(values);
    return length < 0 ? NULL : made;
}

static Api__V1__Beta1__ParameterSpec *make_parameter(size_t i) {
    Api__V1__Beta1__ParameterSpec *parameter = malloc(sizeof *parameter);
    api__v1__beta1__parameter_spec__init(parameter);
    parameter->feasible_space = malloc(sizeof *parameter->feasible_space);
    api__v1__beta1__feasible_space__init(parameter->feasible_space);
    parameter->name = text("parameter-%g", (double)i);
    parameter->parameter_type = API__V1__BETA1__PARAMETER_TYPE__DOUBLE;
    parameter->feasible_space->min = text("%g", 0.01);
    parameter->feasible_space->max = text("%g", 0.9);
    return parameter;
}

static Api__V1__Beta1__Trial *make_trial(
    size_t number, Api__V1__Beta1__ParameterSpec **parameters, size_t n) {
    Api__V1__Beta1__Trial *trial = malloc(sizeof *trial);
    api__v1__beta1__trial__init(trial);
    trial->name = text("experiment-%08g", (double)number);
    trial->spec = malloc(sizeof *trial->spec);
    api__v1__beta1__trial_spec__init(trial->spec);
    trial->spec->parameter_assignments = malloc(sizeof *trial->spec->parameter_assignments);
    api__v1__beta1__trial_spec__parameter_assignments__init(trial->spec->parameter_assignments);
    trial->spec->parameter_assignments->n_assignments = n;
    trial->spec->parameter_assignments->assignments =
        malloc(n * sizeof *trial->spec->parameter_assignments->assignments);
    for (size_t i = 0; i < n; i++) {
        Api__V1__Beta1__ParameterAssignment *assignment = malloc(sizeof *assignment);
        api__v1__beta1__parameter_assignment__init(assignment);
        assignment->name = parameters[i]->name;
        assignment->value = text(
            "%.17g", 0.01 + 0.89 * (double)((number * 2654435761u + i * 40503u) % 65536) / 65536);
        trial->spec->parameter_assignments->assignments[i] = assignment;
    }
    trial->status = malloc(sizeof *trial->status);
    api__v1__beta1__trial_status__init(trial->status);
    trial->status->condition = API__V1__BETA1__TRIAL_STATUS__TRIAL_CONDITION_TYPE__SUCCEEDED;
    trial->status->completion_time = text("2026-01-01T00:00:00Z");
    trial->status->observation = malloc(sizeof *trial->status->observation);
    api__v1__beta1__observation__init(trial->status->observation);
    Api__V1__Beta1__Metric *metric = malloc(sizeof *metric);
    api__v1__beta1__metric__init(metric);
    metric->name = text("loss");
    metric->value = text("%.6f", (double)(number % 1000) / 1000);
    trial->status->observation->n_metrics = 1;
    trial->status->observation->metrics = malloc(sizeof metric);
    trial->status->observation->metrics[0] = metric;
    return trial;
}

/* A GetSuggestions request for one suggestion after |trials| trials of |parameters| doubles.
 * Nothing is freed: the bench is short. */
static struct request make_request(size_t parameters, size_t trials) {
    Api__V1__Beta1__GetSuggestionsRequest message = API__V1__BETA1__GET_SUGGESTIONS_REQUEST__INIT;
    Api__V1__Beta1__Experiment experiment = API__V1__BETA1__EXPERIMENT__INIT;
    Api__V1__Beta1__ExperimentSpec spec = API__V1__BETA1__EXPERIMENT_SPEC__INIT;
    Api__V1__Beta1__ExperimentSpec__ParameterSpecs specs =
        API__V1__BETA1__EXPERIMENT_SPEC__PARAMETER_SPECS__INIT;
    Api__V1__Beta1__AlgorithmSpec algorithm = API__V1__BETA1__ALGORITHM_SPEC__INIT;
    Api__V1__Beta1__ObjectiveSpec objective = API__V1__BETA1__OBJECTIVE_SPEC__INIT;
    specs.n_parameters = parameters;
    specs.parameters = malloc(parameters * sizeof *specs.parameters);
    for (size_t i = 0; i < parameters; i++) {
        specs.parameters[i] = make_parameter(i);
    }
    algorithm.algorithm_name = (char *)(uintptr_t) "random";
    objective.type = API__V1__BETA1__OBJECTIVE_TYPE__MINIMIZE;
    objective.objective_metric_name = (char *)(uintptr_t) "loss";
    spec.parameter_specs = &specs;
    spec.algorithm = &algorithm;
    spec.objective = &objective;
    experiment.name = (char *)(uintptr_t) "experiment";
    experiment.spec = &spec;
    message.experiment = &experiment;
    message.current_request_number = 1;
    message.total_request_number = (int)trials + 1;
    message.n_trials = trials;
    message.trials = malloc(trials * sizeof *message.trials + 1);
    for (size_t i = 0; i < trials; i++) {
        message.trials[i] = make_trial(i, specs.parameters, parameters);
    }
    struct request request = {
        .size = api__v1__beta1__get_suggestions_request__get_packed_size(&message)};
    request.bytes = malloc(request.size);
    api__v1__beta1__get_suggestions_request__pack(&message, request.bytes);
    return request;
}

/* ---- measurements ---- */

static int by_size(const void *a, const void *b) {
    const double *x = a;
    const double *y = b;
    return (*x > *y) - (*x < *y);
}

static double median(double *values, size_t n) {
    qsort(values, n, sizeof *values, by_size);
    return values[n / 2];
}

static void compare_calls(
    const char *echo_program, const char *service_program, struct request request) {
    struct server echo = start_server(echo_program);
    struct server service = start_server(service_program);
    struct load *to_echo = load_open(echo.port);
    struct load *to_service = load_open(service.port);
    double latency[2][ROUNDS];
    double rate[2][ROUNDS];
    load_run(to_echo, "/bench.Echo/Echo", request.bytes, request.size, 500, 1, NULL); /* warm */
    load_run(to_service, GET_SUGGESTIONS, request.bytes, request.size, 500, 1, NULL);
    for (size_t round = 0; round < ROUNDS; round++) {
        load_run(to_echo, "/bench.Echo/Echo", request.bytes, request.size, ONE_AT_A_TIME, 1,
            &latency[0][round]);
        load_run(to_service, GET_SUGGESTIONS, request.bytes, request.size, ONE_AT_A_TIME, 1,
            &latency[1][round]);
        rate[0][round] = TOGETHER / load_run(to_echo, "/bench.Echo/Echo", request.bytes,
                                        request.size, TOGETHER, IN_FLIGHT, NULL);
        rate[1][round] = TOGETHER / load_run(to_service, GET_SUGGESTIONS, request.bytes,
                                        request.size, TOGETHER, IN_FLIGHT, NULL);
    }
    double l[2] = {median(latency[0], ROUNDS), median(latency[1], ROUNDS)};
    double r[2] = {median(rate[0], ROUNDS), median(rate[1], ROUNDS)};
    printf("%-44s %12s %12s %8s\n", "", "echo", "service", "ratio");
    printf("%-44s %9.1f us %9.1f us %7.2fx\n", "latency, one call at a time", 1e6 * l[0],
        1e6 * l[1], l[1] / l[0]);
    printf("%-44s %10.0f/s %10.0f/s %7.2fx\n", "throughput, 16 in flight", r[0], r[1], r[0] / r[1]);
    load_close(to_echo);
    load_close(to_service);
    stop_server(echo, SIGKILL);
    stop_server(service, SIGTERM);
}

/* From starting the process to the answer of a health check (for echo: of an echo). */
static double time_start(const char *program, const char *method) {
    double begun = load_now();
    struct server server = start_server(program);
    struct load *load = load_open(server.port);
    load_run(load, method, (const uint8_t *)"", 0, 1, 1, NULL);
    double took = load_now() - begun;
    load_close(load);
    stop_server(server, SIGKILL);
    return took;
}

static void compare_starts(const char *echo_program, const char *service_program) {
    double seconds[2][STARTS];
    for (size_t i = 0; i < STARTS; i++) {
        seconds[0][i] = time_start(echo_program, "/bench.Echo/Echo");
        seconds[1][i] = time_start(service_program, CHECK);
    }
    double s[2] = {median(seconds[0], STARTS), median(seconds[1], STARTS)};
    printf("%-44s %9.1f ms %9.1f ms %7.2fx\n", "start to first answer (client included)",
        1e3 * s[0], 1e3 * s[1], s[1] / s[0]);
}

static void show_memory(const char *program) {
    static const size_t TRIALS[] = {0, 1000, 10000};
    printf("\n%-44s %12s %12s %12s\n", "the service, 10 parameters", "per call", "resident",
        "at most");
    for (size_t i = 0; i < sizeof TRIALS / sizeof *TRIALS; i++) {
        struct server server = start_server(program);
        struct load *load = load_open(server.port);
        struct request request = make_request(10, TRIALS[i]);
        double latency;
        load_run(load, GET_SUGGESTIONS, request.bytes, request.size, 10, 1, &latency);
        printf("%6zu trials, request of %8.1f KiB %12s %9.2f ms %8.1f MiB %8.1f MiB\n", TRIALS[i],
            (double)request.size / 1024, "", 1e3 * latency, memory(server, "VmRSS:"),
            memory(server, "VmHWM:"));
        load_close(load);
        stop_server(server, SIGTERM);
    }
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: %s ECHO-SERVER MUSHIR-RANDOM\n", argv[0]);
        return 2;
    }
    grpc_init();
    compare_calls(argv[1], argv[2], make_request(2, 0));
    compare_starts(argv[1], argv[2]);
    show_memory(argv[2]);
    return 0;
}
