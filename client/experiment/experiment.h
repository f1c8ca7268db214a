/* A Katib Experiment, as it was read from YAML. */
#ifndef MUSHIR_CLIENT_EXPERIMENT_EXPERIMENT_H
#define MUSHIR_CLIENT_EXPERIMENT_EXPERIMENT_H

#include "client/experiment/document.h"
#include "common/search/experiment.h"

enum cl_strategy { CL_STRATEGY_MIN, CL_STRATEGY_MAX, CL_STRATEGY_LATEST };

/* A metric that is collected, and which of its values counts. */
struct cl_metric_spec {
    const char *name;
    enum cl_strategy strategy;
};

enum cl_collector { CL_COLLECT_STDOUT, CL_COLLECT_FILE, CL_COLLECT_OTHER };

struct cl_collector_spec {
    enum cl_collector kind;
    const char *kind_name;      /* as written */
    const char *path;           /* CL_COLLECT_FILE */
    bool json;                  /* one JSON object per line */
    const char *const *filters; /* regular expressions with two groups; none: the default */
    size_t n_filters;
};

struct cl_trial_parameter {
    const char *name, *reference;
    const struct cl_node *node;
};

struct cl_trial_template {
    const struct cl_node *spec; /* the job; NULL when the experiment has none */
    const char *container;      /* primaryContainerName, or NULL */
    struct cl_trial_parameter *parameters;
    size_t n_parameters;
};

struct cl_early_stopping {
    const char *algorithm; /* NULL: none */
    struct mu_pair *settings;
    size_t n_settings;
};

struct cl_experiment {
    const struct cl_node *root;    /* the document */
    bool one_of_several;           /* the file holds other experiments too */
    const char *name, *space_name; /* metadata.name, metadata.namespace ("" when absent) */
    bool maximize, has_goal;
    double goal;
    struct cl_metric_spec *metrics; /* the objective first */
    size_t n_metrics;
    const char *algorithm;
    struct mu_pair *settings;
    size_t n_settings;
    struct cl_early_stopping early;
    int parallel, max_trials, max_failed; /* -1: not set (max_*) */
    struct mu_parameter_text *parameters;
    size_t n_parameters;
    struct mu_network network;
    struct cl_collector_spec collector;
    struct cl_trial_template template;
};

/* The experiment as a controller describes it to a service, its texts borrowed; arena-owned. */
struct mu_experiment_text *cl_experiment_text(
    const struct cl_experiment *experiment, struct mu_arena *arena);

/* The experiment as far as outcomes regard it: settings, and metrics as Katib and the services see
 * them, all in the objective's direction; no parameters. Arena-owned. */
struct mu_experiment cl_experiment_metrics(
    const struct cl_experiment *experiment, struct mu_arena *arena);

/* How a metric's strategy is written in YAML. */
const char *cl_strategy_name(enum cl_strategy strategy);

#endif
