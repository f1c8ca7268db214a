/* From a trial template and a suggestion to the command of a local process, as Katib makes its
 * jobs. */
#ifndef MUSHIR_CLIENT_EXPERIMENT_TEMPLATE_COMMAND_H
#define MUSHIR_CLIENT_EXPERIMENT_TEMPLATE_COMMAND_H

#include "client/experiment/template.h"

/* The command of a trial: argv ended by NULL, and its container's environment as "NAME=value". */
struct cl_trial_command {
    const char **argv;
    const char **environment;
    size_t n_environment;
};

/* The primary container's command and arguments, filled in. When the experiment's collector reads
 * the log or a file they are joined and given to a shell, as Katib's collectors do.
 * MU_INVALID_ARGUMENT names what is missing. */
MU_MUST_USE enum mu_status cl_template_command(const struct cl_experiment *e,
    const struct cl_trial_identity *trial, struct mu_arena *arena, struct cl_trial_command *command,
    struct mu_error *error);

#endif
