#include "client/run/trial.h"

#include <string.h>

static const char *const names[] = {
    "Created", "Running", "Succeeded", "Killed", "Failed", "MetricsUnavailable", "EarlyStopped"};
enum { N_CONDITIONS = sizeof names / sizeof *names };

bool cl_trial_over(const struct cl_trial *trial) {
    return trial->condition > MU_TRIAL_RUNNING;
}

const char *cl_condition_name(enum mu_trial_condition condition) {
    return names[condition];
}

enum mu_trial_condition cl_condition_of(const char *name) {
    for (int i = 0; i < N_CONDITIONS; i++) {
        if (!strcmp(names[i], name)) {
            return (enum mu_trial_condition)i;
        }
    }
    return MU_TRIAL_CREATED;
}

static const char *const causes[] = {"none", "early", "timeout", "finished", "interrupted"};

const char *cl_stop_cause_name(enum cl_stop_cause cause) {
    return causes[cause];
}

enum cl_stop_cause cl_stop_cause_of(const char *name) {
    for (int i = CL_STOP_NONE; i <= CL_STOP_INTERRUPTED; i++) {
        if (!strcmp(causes[i], name)) {
            return (enum cl_stop_cause)i;
        }
    }
    return CL_STOP_NONE;
}

/* Room for one more element: the array doubles. */
static void *grown(void *items, size_t n, size_t *room, size_t size, struct mu_arena *arena) {
    if (n < *room) {
        return items;
    }
    *room = *room ? 2 * *room : 8;
    void *larger = mu_arena_array(arena, *room, size);
    if (n) {
        memcpy(larger, items, n * size);
    }
    return larger;
}

void cl_trial_assign(
    struct cl_trial *trial, const char *name, const char *value, struct mu_arena *arena) {
    trial->assignments = grown(trial->assignments, trial->n_assignments, &trial->assignment_room,
        sizeof *trial->assignments, arena);
    trial->assignments[trial->n_assignments++] = (struct mu_pair){name, value};
}

static void observe_objective(struct cl_trial *trial, const struct cl_experiment *e,
    const char *value, struct mu_arena *arena) {
    double number;
    if (!mu_read_double(value, &number)) {
        return;
    }
    trial->objective = grown(trial->objective, trial->n_objective, &trial->objective_room,
        sizeof *trial->objective, arena);
    trial->objective[trial->n_objective++] = number;
    bool better = e->maximize ? number > trial->best : number < trial->best;
    trial->best = trial->n_objective == 1 || better ? number : trial->best;
}

void cl_trial_observe(struct cl_trial *trial, const struct cl_experiment *e, size_t metric,
    const char *value, const char *time, struct mu_arena *arena) {
    trial->observations = grown(trial->observations, trial->n_observations,
        &trial->observation_room, sizeof *trial->observations, arena);
    trial->observations[trial->n_observations++] = (struct cl_observation){metric, value, time};
    cl_metric_summary_add(&trial->summaries[metric], value);
    if (metric == 0) {
        observe_objective(trial, e, value, arena);
    }
}

void cl_trial_restart(
    struct cl_trial *trial, const struct cl_experiment *e, struct mu_arena *arena) {
    trial->n_observations = trial->n_objective = 0;
    trial->summaries = MU_ARRAY(arena, e->n_metrics, struct cl_metric_summary);
    trial->read_to = trial->to_skip = 0;
    trial->in_long_line = false;
    trial->stopping = CL_STOP_NONE;
    trial->reminded = false;
}

const char *cl_trial_value(
    const struct cl_trial *trial, const struct cl_experiment *e, size_t metric) {
    return cl_metric_summary_value(&trial->summaries[metric], e->metrics[metric].strategy);
}

bool cl_trial_objective(
    const struct cl_trial *trial, const struct cl_experiment *e, double *value) {
    const char *text = cl_trial_value(trial, e, 0);
    bool counts =
        trial->condition == MU_TRIAL_SUCCEEDED || trial->condition == MU_TRIAL_EARLY_STOPPED;
    return counts && text && mu_read_double(text, value);
}

const struct cl_trial *cl_trial_best(
    struct cl_trial *const *trials, size_t n, const struct cl_experiment *e) {
    const struct cl_trial *best = NULL;
    bool numeric = false;
    double least = 0;
    for (size_t i = 0; i < n; i++) {
        double value;
        if (!cl_trial_objective(trials[i], e, &value)) {
            bool text =
                trials[i]->condition == MU_TRIAL_SUCCEEDED && cl_trial_value(trials[i], e, 0);
            best = text && !numeric ? trials[i] : best; /* a text, such as a genotype */
            continue;
        }
        double loss = e->maximize ? -value : value;
        if (!numeric || loss < least) {
            best = trials[i];
            least = loss;
            numeric = true;
        }
    }
    return best;
}

struct cl_trial_counts cl_trial_count(struct cl_trial *const *trials, size_t n) {
    struct cl_trial_counts counts = {.total = n};
    size_t *const of[N_CONDITIONS] = {&counts.pending, &counts.running, &counts.succeeded,
        &counts.killed, &counts.failed, &counts.unavailable, &counts.early_stopped};
    for (size_t i = 0; i < n; i++) {
        ++*of[trials[i]->condition];
    }
    return counts;
}
