/* What the readers of an experiment share: values that occur in many of its maps. */
#ifndef MUSHIR_CLIENT_EXPERIMENT_FIELDS_H
#define MUSHIR_CLIENT_EXPERIMENT_FIELDS_H

#include "client/experiment/schema.h"
#include "common/search/settings.h"

/* The whole number under |name|, at least |least|; |fallback| when absent or wrong. */
int cl_fields_count(const struct cl_checker *c, const struct cl_node *map, const char *path,
    const char *name, int least, int fallback);

/* A list of {name, value}. */
struct mu_pair *cl_fields_settings(
    const struct cl_checker *c, const struct cl_node *list, const char *path, size_t *n);

/* The texts of |list|; those of another kind are problems. */
const char *const *cl_fields_texts(
    const struct cl_checker *c, const struct cl_node *list, const char *path, size_t *n);

#endif
