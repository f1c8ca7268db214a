/* What a map of the experiment may contain: a table of fields, from which unknown, missing and
 * mistyped ones are found. */
#ifndef MUSHIR_CLIENT_SCHEMA_H
#define MUSHIR_CLIENT_SCHEMA_H

#include "client/document.h"

struct field {
    const char *name;
    enum node_kind kind; /* NODE_NULL: anything */
    bool required;
};

struct checker {
    struct mu_arena *arena;
    struct problems *problems;
};

/* Check the map |node|, called |path| in texts, against |fields| (ended by a NULL name). False when
 * |node| is no map. */
bool schema_check(const struct checker *checker, const struct node *node, const char *path,
    const struct field *fields);

/* Check that every item of |list| is of |kind|. */
bool schema_items(
    const struct checker *checker, const struct node *list, const char *path, enum node_kind kind);

/* The nearest of |n| words to |word| when it looks like a slip of the pen, else NULL. */
const char *schema_nearest(const char *word, const char *const *words, size_t n);

#endif
