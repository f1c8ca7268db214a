#include "client/trial.h"

#include <string.h>

static const char *const names[] = {
    "Created", "Running", "Succeeded", "Killed", "Failed", "MetricsUnavailable", "EarlyStopped"};
enum { N_CONDITIONS = sizeof names / sizeof *names };

bool trial_over(const struct trial *trial) {
    return trial->condition > TRIAL_RUNNING;
}

const char *condition_name(enum condition condition) {
    return names[condition];
}

enum condition condition_of(const char *name) {
    for (int i = 0; i < N_CONDITIONS; i++) {
        if (!strcmp(names[i], name)) {
            return (enum condition)i;
        }
    }
    return TRIAL_CREATED;
}

static const char *const causes[] = {"none", "early", "timeout", "finished", "interrupted"};

const char *stop_cause_name(enum stop_cause cause) {
    return causes[cause];
}

enum stop_cause stop_cause_of(const char *name) {
    for (int i = STOP_NONE; i <= STOP_INTERRUPTED; i++) {
        if (!strcmp(causes[i], name)) {
            return (enum stop_cause)i;
        }
    }
    return STOP_NONE;
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

void trial_assign(
    struct trial *trial, const char *name, const char *value, struct mu_arena *arena) {
    trial->assignments = grown(trial->assignments, trial->n_assignments, &trial->assignment_room,
        sizeof *trial->assignments, arena);
    trial->assignments[trial->n_assignments++] = (struct mu_pair){name, value};
}

static void observe_objective(
    struct trial *trial, const struct experiment *e, const char *value, struct mu_arena *arena) {
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

void trial_observe(struct trial *trial, const struct experiment *e, size_t metric,
    const char *value, const char *time, struct mu_arena *arena) {
    trial->observations = grown(trial->observations, trial->n_observations,
        &trial->observation_room, sizeof *trial->observations, arena);
    trial->observations[trial->n_observations++] = (struct observation){metric, value, time};
    metric_summary_add(&trial->summaries[metric], value);
    if (metric == 0) {
        observe_objective(trial, e, value, arena);
    }
}

void trial_restart(struct trial *trial, const struct experiment *e, struct mu_arena *arena) {
    trial->n_observations = trial->n_objective = 0;
    trial->summaries = MU_ARRAY(arena, e->n_metrics, struct metric_summary);
    trial->read_to = trial->to_skip = 0;
    trial->stopping = STOP_NONE;
    trial->reminded = false;
}

const char *trial_value(const struct trial *trial, const struct experiment *e, size_t metric) {
    return metric_summary_value(&trial->summaries[metric], e->metrics[metric].strategy);
}

bool trial_objective(const struct trial *trial, const struct experiment *e, double *value) {
    const char *text = trial_value(trial, e, 0);
    bool counts = trial->condition == TRIAL_SUCCEEDED || trial->condition == TRIAL_EARLY_STOPPED;
    return counts && text && mu_read_double(text, value);
}

const struct trial *trial_best(struct trial *const *trials, size_t n, const struct experiment *e) {
    const struct trial *best = NULL;
    double value;
    double least = 0;
    for (size_t i = 0; i < n; i++) {
        if (!trial_objective(trials[i], e, &value)) {
            bool text = trials[i]->condition == TRIAL_SUCCEEDED && trial_value(trials[i], e, 0);
            best = text ? trials[i] : best; /* a text, such as a genotype */
            continue;
        }
        double loss = e->maximize ? -value : value;
        double dummy;
        if (!best || !trial_objective(best, e, &dummy) || loss < least) {
            best = trials[i];
            least = loss;
        }
    }
    return best;
}

struct trial_counts trial_count(struct trial *const *trials, size_t n) {
    struct trial_counts counts = {.total = n};
    size_t *const of[N_CONDITIONS] = {&counts.pending, &counts.running, &counts.succeeded,
        &counts.killed, &counts.failed, &counts.unavailable, &counts.early_stopped};
    for (size_t i = 0; i < n; i++) {
        ++*of[trials[i]->condition];
    }
    return counts;
}
