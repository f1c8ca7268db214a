/* What clients submit: experiments in their short form, and larger budgets. */
#ifndef MUSHIR_CLIENT_SERVE_SUBMISSION_H
#define MUSHIR_CLIENT_SERVE_SUBMISSION_H

#include "common/base/arena.h"
#include "common/base/status.h"

/* The Katib Experiment, as YAML owned by |arena|, that this JSON object describes:
 *   model_training_code  the command that trains: a text for a shell, or a list of words
 *   hyperparameters      NAME: {"type": float, int, or categorical; "min", "max", "step", "scale":
 *                        "log"; or "values": a list}
 *   hpo_algorithm        Katib's name, or random_search, grid_search, bayesian_optimization
 *   name, objective (the metric's name), goal: "minimize" or "maximize", trials, parallel
 * {NAME} in the command stands for a value; one that it does not name is appended as --NAME=VALUE.
 * MU_INVALID_ARGUMENT names the member that is wrong. */
MU_MUST_USE enum mu_status cl_submission_read(const char *json, size_t size, struct mu_arena *arena,
    const char **yaml, struct mu_error *error);

/* The experiment |yaml| with |trials| as its maxTrialCount, all else byte for byte.
 * MU_INVALID_ARGUMENT when there is no such count to replace. */
MU_MUST_USE enum mu_status cl_submission_raise(const char *yaml, int trials, struct mu_arena *arena,
    const char **raised, struct mu_error *error);

#endif
