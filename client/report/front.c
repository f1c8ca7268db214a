#include "client/report/front.h"

static void read_trial(const struct cl_run *run, const struct mu_experiment *experiment,
    const struct cl_trial *trial, struct mu_trial *result) {
    const char **additional = MU_ARRAY(run->arena, experiment->n_metrics, const char *);
    for (size_t m = 1; m < experiment->n_metrics; m++) {
        additional[m - 1] = cl_trial_value(trial, run->e, m);
    }
    const struct mu_trial_record record = {.name = trial->name,
        .metric = cl_trial_value(trial, run->e, 0),
        .additional = additional,
        .condition = trial->condition};
    mu_trial_read(result, experiment, &record, run->arena);
}

bool cl_front_of(const struct cl_run *run, struct cl_front *front) {
    struct mu_experiment experiment = cl_experiment_metrics(run->e, run->arena);
    struct mu_error ignored;
    if (mu_outcomes_read(&front->outcomes, &experiment, run->arena, &ignored) != MU_OK ||
        !mu_outcomes_several(&front->outcomes)) {
        return false;
    }
    struct mu_trial *trials = MU_ARRAY(run->arena, run->n_trials, struct mu_trial);
    const struct mu_trial *const *best;
    for (size_t i = 0; i < run->n_trials; i++) {
        read_trial(run, &experiment, run->trials[i], &trials[i]);
    }
    const struct mu_history history = {.trials = trials, .n = run->n_trials};
    front->n = mu_front_of(&front->outcomes, &history, &best, run->arena);
    front->trials = MU_ARRAY(run->arena, front->n, const struct cl_trial *);
    for (size_t i = 0; i < front->n; i++) {
        front->trials[i] = run->trials[best[i] - trials];
    }
    return true;
}
