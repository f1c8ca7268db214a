/* YAML read as kubectl reads it: merge keys, tags, YAML 1.1 scalars, several documents. */
#ifndef MUSHIR_CLIENT_EXPERIMENT_YAML_H
#define MUSHIR_CLIENT_EXPERIMENT_YAML_H

#include "client/experiment/document.h"

/* The documents of |size| bytes of YAML, arena-owned, empty ones left out; a document of kind List
 * counts as its items. False with a problem when the YAML is broken: bad syntax, a key written
 * twice, an alias to its own parent, nesting beyond 100 levels. Time n log n in the nodes. */
bool cl_yaml_read(const char *bytes, size_t size, struct mu_arena *arena,
    const struct cl_node ***documents, size_t *n, struct cl_problems *problems);

#endif
