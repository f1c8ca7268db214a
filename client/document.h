/* A YAML document as a tree whose every node knows its line: what error texts need. */
#ifndef MUSHIR_CLIENT_DOCUMENT_H
#define MUSHIR_CLIENT_DOCUMENT_H

#include <stdbool.h>

#include "common/base/arena.h"

enum node_kind { NODE_NULL, NODE_TEXT, NODE_NUMBER, NODE_BOOL, NODE_LIST, NODE_MAP };

struct node;
struct node_pair {
    const struct node *key, *value;
};

struct node {
    enum node_kind
        kind; /* of scalars: what Kubernetes' YAML reader takes them for; quoted ones are texts */
    int line, column; /* from 1 */
    const char *text; /* scalars: as written; else NULL */
    size_t n;         /* elements or pairs */
    size_t weight;    /* nodes below and including this one, aliases counted each time */
    const struct node **items;
    const struct node_pair *pairs;
};

/* Mistakes found in a file, in the order of discovery. */
struct problem {
    int line, column; /* 0: the whole file */
    const char *text;
    bool warning;
};
struct problems {
    struct problem *items;
    size_t n, capacity, errors;
};

/* Add a mistake at |node| (NULL: the whole file); text and list are owned by |arena|. */
void problem_add(struct problems *problems, struct mu_arena *arena, const struct node *node,
    const char *format, ...) MU_PRINTF(4, 5);
void problem_warn(struct problems *problems, struct mu_arena *arena, const struct node *node,
    const char *format, ...) MU_PRINTF(4, 5);

/* The documents of |size| bytes of YAML, arena-owned, empty ones left out. False with a problem
 * when the YAML is broken: bad syntax, a duplicate key, an alias to its own parent, nesting beyond
 * 100 levels. */
bool documents_read(const char *bytes, size_t size, struct mu_arena *arena,
    const struct node ***documents, size_t *n, struct problems *problems);

/* The value of |key| in the map |node|; NULL when absent, null, or |node| is no map. */
const struct node *node_get(const struct node *node, const char *key);

/* Text of a scalar under |key|, or |fallback|. */
const char *node_text(const struct node *node, const char *key, const char *fallback);

/* What |kind| is called in error texts, with an article. */
const char *node_kind_name(enum node_kind kind);

#endif
