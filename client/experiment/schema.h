/* What a map of the experiment may contain: a table of fields, from which unknown, missing and
 * mistyped ones are found. */
#ifndef MUSHIR_CLIENT_EXPERIMENT_SCHEMA_H
#define MUSHIR_CLIENT_EXPERIMENT_SCHEMA_H

#include "client/experiment/document.h"

struct cl_field {
    const char *name;
    enum cl_node_kind kind; /* CL_NODE_NULL: anything */
    bool required;
};

struct cl_checker {
    struct mu_arena *arena;
    struct cl_problems *problems;
};

/* Check the map |node|, called |path| in texts, against |fields| (ended by a NULL name). False when
 * |node| is no map. */
bool cl_schema_check(const struct cl_checker *checker, const struct cl_node *node, const char *path,
    const struct cl_field *fields);

/* Check that every item of |list| is of |kind|. */
bool cl_schema_items(const struct cl_checker *checker, const struct cl_node *list, const char *path,
    enum cl_node_kind kind);

/* Check that every value of |map| is a text. */
void cl_schema_texts(const struct cl_checker *checker, const struct cl_node *map, const char *path);

/* The nearest of |n| words to |word| when it looks like a slip of the pen, else NULL. */
const char *cl_schema_nearest(const char *word, const char *const *words, size_t n);

#endif
