/* An experiment and its trials as they travel: texts and numbers as somebody wrote them, nothing
 * checked. Every pointer is borrowed. */
#ifndef MUSHIR_SEARCH_RECORD_H
#define MUSHIR_SEARCH_RECORD_H

#include "common/search/parameter.h"
#include "common/search/settings.h"

/* The contract's numbers of a trial's condition. */
enum mu_trial_condition {
    MU_TRIAL_CREATED,
    MU_TRIAL_RUNNING,
    MU_TRIAL_SUCCEEDED,
    MU_TRIAL_KILLED,
    MU_TRIAL_FAILED,
    MU_TRIAL_METRICS_UNAVAILABLE,
    MU_TRIAL_EARLY_STOPPED,
};

/* One operation of an architecture search, its parameters as the client wrote them (services read
 * them by their own rules). */
struct mu_operation {
    const char *type;
    const struct mu_parameter_text *parameters;
    size_t n_parameters;
};

struct mu_network {
    bool present; /* the experiment has a nas_config */
    int layers;
    const int32_t *input_sizes, *output_sizes;
    size_t n_input_sizes, n_output_sizes;
    const struct mu_operation *operations;
    size_t n_operations;
};

/* An algorithm by its name, with settings. */
struct mu_algorithm_text {
    const char *name; /* NULL: none */
    const struct mu_pair *settings;
    size_t n_settings;
};

/* An experiment as a controller describes it. */
struct mu_experiment_text {
    const char *name;
    bool maximize;
    double goal;                /* 0: none */
    const char *const *metrics; /* names, the objective first */
    size_t n_metrics;
    struct mu_algorithm_text algorithm, early_stopping;
    int parallel_trials, max_trials; /* 0: unset */
    const struct mu_parameter_text *parameters;
    size_t n_parameters;
    struct mu_network network;
};

/* A trial as a controller reports it. */
struct mu_trial_report {
    const char *name, *started, *completed; /* times in RFC 3339, "" while there is none */
    enum mu_trial_condition condition;
    const struct mu_pair *assignments, *metrics, *labels;
    size_t n_assignments, n_metrics, n_labels;
};

#endif
