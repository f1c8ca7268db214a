/* Messages of the contract's EarlyStopping service, each written and read. Texts that are read are
 * owned by the arena. Errors of readers: MU_INVALID_ARGUMENT names the field; MU_RESOURCE_EXHAUSTED
 * when the arena's limit is passed. */
#ifndef MUSHIR_WIRE_STOPPING_H
#define MUSHIR_WIRE_STOPPING_H

#include "common/base/slice.h"
#include "common/search/experiment.h"

/* The contract's numbers. */
enum mu_comparison { MU_EQUAL = 1, MU_LESS, MU_GREATER };

/* Stop a trial whose |metric| compares so with |value| from report |start_step| on. */
struct mu_stopping_rule {
    const char *metric, *value;
    enum mu_comparison comparison;
    int start_step;
};

/* GetEarlyStoppingRules, as a controller knows it. */
struct mu_stopping_request {
    const struct mu_experiment_text *experiment;
    const struct mu_trial_report *trials;
    size_t n_trials;
    const char *db_manager; /* HOST:PORT of the service that has the trials' reports */
};

/* The same in domain form. */
struct mu_stopping_question {
    struct mu_experiment experiment;
    struct mu_algorithm_text algorithm; /* the early-stopping one; name "" when there is none */
    const struct mu_trial_record *trials;
    size_t n_trials;
    const char *db_manager;
};

struct mu_slice mu_wire_write_stopping(
    const struct mu_stopping_request *request, struct mu_arena *arena);
MU_MUST_USE enum mu_status mu_wire_read_stopping(struct mu_slice bytes, struct mu_arena *arena,
    struct mu_stopping_question *question, struct mu_error *error);

/* Its reply. */
struct mu_slice mu_wire_write_rules(
    const struct mu_stopping_rule *rules, size_t n, struct mu_arena *arena);
MU_MUST_USE enum mu_status mu_wire_read_rules(struct mu_slice bytes, struct mu_arena *arena,
    const struct mu_stopping_rule **rules, size_t *n, struct mu_error *error);

/* ValidateEarlyStoppingSettings: the algorithm. Its reply is empty. */
struct mu_slice mu_wire_write_validate_stopping(
    const struct mu_algorithm_text *algorithm, struct mu_arena *arena);
MU_MUST_USE enum mu_status mu_wire_read_validate_stopping(struct mu_slice bytes,
    struct mu_arena *arena, struct mu_algorithm_text *algorithm, struct mu_error *error);

/* SetTrialStatus: the name of the trial that was stopped. Its reply is empty. */
struct mu_slice mu_wire_write_stopped(const char *trial, struct mu_arena *arena);
MU_MUST_USE enum mu_status mu_wire_read_stopped(
    struct mu_slice bytes, struct mu_arena *arena, const char **trial, struct mu_error *error);

#endif
