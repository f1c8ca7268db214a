#include "client/experiment/experiment.h"

const char *cl_strategy_name(enum cl_strategy strategy) {
    static const char *const names[] = {"min", "max", "latest"};
    return names[strategy];
}

struct mu_experiment_text *cl_experiment_text(
    const struct cl_experiment *e, struct mu_arena *arena) {
    const char **metrics = MU_ARRAY(arena, e->n_metrics, const char *);
    for (size_t m = 0; m < e->n_metrics; m++) {
        metrics[m] = e->metrics[m].name;
    }
    struct mu_experiment_text *text = MU_NEW(arena, struct mu_experiment_text);
    *text = (struct mu_experiment_text){.name = e->name,
        .maximize = e->maximize,
        .goal = e->has_goal ? e->goal : 0,
        .metrics = metrics,
        .n_metrics = e->n_metrics,
        .algorithm = {e->algorithm, e->settings, e->n_settings},
        .early_stopping = {e->early.algorithm, e->early.settings, e->early.n_settings},
        .parallel_trials = e->parallel,
        .max_trials = e->max_trials > 0 ? e->max_trials : 0,
        .parameters = e->parameters,
        .n_parameters = e->n_parameters,
        .network = e->network};
    return text;
}

struct mu_experiment cl_experiment_metrics(const struct cl_experiment *e, struct mu_arena *arena) {
    struct mu_objective *metrics = MU_ARRAY(arena, e->n_metrics, struct mu_objective);
    for (size_t m = 0; m < e->n_metrics; m++) {
        metrics[m] = (struct mu_objective){e->metrics[m].name, e->maximize};
    }
    return (struct mu_experiment){.name = e->name,
        .metrics = metrics,
        .n_metrics = e->n_metrics,
        .settings = e->settings,
        .n_settings = e->n_settings};
}
