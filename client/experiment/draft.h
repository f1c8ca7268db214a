/* An experiment written from a command line: the command of a trial with {NAME} where a value
 * belongs, and a range for every name. */
#ifndef MUSHIR_CLIENT_EXPERIMENT_DRAFT_H
#define MUSHIR_CLIENT_EXPERIMENT_DRAFT_H

#include <stdbool.h>

#include "common/base/arena.h"
#include "common/base/status.h"

struct cl_draft {
    const char *name;        /* NULL: after the command */
    const char *algorithm;   /* NULL: tpe */
    const char *objective;   /* NULL: loss */
    bool maximize;           /* the objective; else it is minimized */
    size_t trials, parallel; /* how many in all, and at a time; 0: 30 and 1 */
    const char **parameters; /* see cl_draft_parameter */
    size_t n_parameters;
    const char *const *words; /* of the command */
    size_t n_words;
};

/* The Katib Experiment of |draft| as YAML, owned by |arena|. The words reach the command as they
 * are, through Katib's shell and the kubelet's $(NAME); {NAME} is replaced for declared parameters
 * only, and ${NAME} is a shell's. MU_INVALID_ARGUMENT names what is wrong. */
MU_MUST_USE enum mu_status cl_draft_write(const struct cl_draft *draft, struct mu_arena *arena,
    const char **yaml, struct mu_error *error);

#endif
