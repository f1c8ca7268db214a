#include "client/run/request.h"

#include <string.h>

/* Katib's times have no fractions. */
static const char *seconds_only(const char *time, struct mu_arena *arena) {
    return *time ? mu_arena_format(arena, "%.19sZ", time) : "";
}

/* The values of the metrics that |trial| is known by; their number is returned. */
static size_t observed(
    const struct cl_run *run, const struct cl_trial *trial, struct mu_pair *metrics) {
    size_t n = 0;
    bool counts =
        trial->condition == MU_TRIAL_SUCCEEDED || trial->condition == MU_TRIAL_EARLY_STOPPED;
    for (size_t m = 0; m < run->e->n_metrics && counts; m++) {
        const char *value = cl_trial_value(trial, run->e, m);
        metrics[n] = (struct mu_pair){run->e->metrics[m].name, value};
        n += value != NULL;
    }
    return n;
}

/* What Katib sends: every trial but those without metrics, and early-stopped ones without a value.
 */
static struct mu_trial_report *describe_trials(
    const struct cl_run *run, struct mu_arena *arena, size_t *n) {
    struct mu_trial_report *texts = MU_ARRAY(arena, run->n_trials, struct mu_trial_report);
    *n = 0;
    for (size_t i = 0; i < run->n_trials; i++) {
        const struct cl_trial *t = run->trials[i];
        if (t->condition == MU_TRIAL_METRICS_UNAVAILABLE) {
            continue;
        }
        struct mu_pair *metrics = MU_ARRAY(arena, run->e->n_metrics, struct mu_pair);
        texts[(*n)++] = (struct mu_trial_report){.name = t->name,
            .started = seconds_only(t->started, arena),
            .completed = seconds_only(t->completed, arena),
            .condition = t->condition,
            .assignments = t->assignments,
            .n_assignments = t->n_assignments,
            .metrics = metrics,
            .n_metrics = observed(run, t, metrics)};
    }
    return texts;
}

/* The user's settings, overwritten and extended by those that replies asked for: what Katib's
 * controller sends. */
static void merge_settings(
    const struct cl_run *run, struct mu_algorithm_text *algorithm, struct mu_arena *arena) {
    struct mu_pair *all = MU_ARRAY(arena, algorithm->n_settings + run->n_settings, struct mu_pair);
    size_t n = 0;
    for (size_t i = 0; i < algorithm->n_settings; i++) {
        all[n++] = algorithm->settings[i];
    }
    for (size_t i = 0; i < run->n_settings; i++) {
        size_t at = 0;
        while (at < n && strcmp(all[at].name, run->settings[i].name) != 0) {
            at++;
        }
        all[at] = run->settings[i];
        n += at == n;
    }
    algorithm->settings = all;
    algorithm->n_settings = n;
}

struct mu_wire_request *cl_run_request(
    const struct cl_run *run, size_t wanted, struct mu_arena *arena) {
    struct mu_wire_request *request = MU_NEW(arena, struct mu_wire_request);
    struct mu_experiment_text *experiment = cl_experiment_text(run->e, arena);
    merge_settings(run, &experiment->algorithm, arena);
    *request = (struct mu_wire_request){
        .experiment = experiment, .wanted = wanted, .first = run->n_trials};
    request->trials = describe_trials(run, arena, &request->n_trials);
    return request;
}
