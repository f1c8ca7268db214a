/* A file that holds katib-config: the ConfigMap as `kubectl get` prints it, in YAML or JSON, or the
 * KatibConfig alone. */
#ifndef MUSHIR_CLIENT_KATIB_FILE_H
#define MUSHIR_CLIENT_KATIB_FILE_H

#include <stdio.h>

#include "client/katib/entries.h"

/* What cl_katib_file_change finds on its way. */
struct cl_katib_found {
    size_t n_changes;         /* of the texts within */
    struct mu_pair *accounts; /* of chosen suggestions, each with its own: algorithm, account */
    size_t n_accounts;
    bool stopping; /* it has early stopping */
};

/* Change the entries in |file|: *edited, arena-owned, has every other byte as it was. What changes
 * is written to |diff|. MU_INVALID_ARGUMENT: it is no such file, or cl_katib_change refused. */
MU_MUST_USE enum mu_status cl_katib_file_change(const struct cl_katib_change *change,
    const char *file, FILE *diff, struct mu_arena *arena, const char **edited,
    struct cl_katib_found *found, struct mu_error *error);

#endif
