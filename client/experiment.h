/* A Katib Experiment read from YAML, checked strictly: every mistake is found and named with its
 * line before anything runs. */
#ifndef MUSHIR_CLIENT_EXPERIMENT_H
#define MUSHIR_CLIENT_EXPERIMENT_H

#include "client/document.h"
#include "common/search/experiment.h"

enum strategy { STRATEGY_MIN, STRATEGY_MAX, STRATEGY_LATEST };

/* A metric that is collected, and which of its values counts. */
struct metric_spec {
    const char *name;
    enum strategy strategy;
};

enum collector { COLLECT_STDOUT, COLLECT_FILE, COLLECT_OTHER };

struct collector_spec {
    enum collector kind;
    const char *kind_name;      /* as written */
    const char *path;           /* COLLECT_FILE */
    bool json;                  /* one JSON object per line */
    const char *const *filters; /* regular expressions with two groups; none: the default */
    size_t n_filters;
};

struct trial_parameter {
    const char *name, *reference;
    const struct node *node;
};

struct trial_template {
    const struct node *spec; /* the job; NULL when the experiment has none */
    const char *container;   /* primaryContainerName, or NULL */
    struct trial_parameter *parameters;
    size_t n_parameters;
};

struct early_stopping {
    const char *algorithm; /* NULL: none */
    struct mu_pair *settings;
    size_t n_settings;
    size_t min_trials, start_step; /* medianstop's, with defaults */
};

struct experiment {
    const char *name, *space_name; /* metadata.name, metadata.namespace ("" when absent) */
    bool maximize, has_goal;
    double goal;
    struct metric_spec *metrics; /* the objective first */
    size_t n_metrics;
    const char *algorithm;
    struct mu_pair *settings;
    size_t n_settings;
    struct early_stopping early;
    int parallel, max_trials, max_failed; /* -1: not set (max_*) */
    struct mu_parameter_text *parameters;
    size_t n_parameters;
    struct mu_network network;
    struct collector_spec collector;
    struct trial_template template;
};

/* Read the Experiment in |bytes|, the one called |name| when there are several (NULL: there must be
 * just one). All from |arena|. NULL with problems when anything is wrong; warnings alone do not
 * fail. */
struct experiment *experiment_read(const char *bytes, size_t size, const char *name,
    struct mu_arena *arena, struct problems *problems);

/* How a metric's strategy is written in YAML. */
const char *strategy_name(enum strategy strategy);

#endif
