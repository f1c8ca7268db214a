/* A YAML document as a tree whose every node knows its line: what error texts need. */
#ifndef MUSHIR_CLIENT_EXPERIMENT_DOCUMENT_H
#define MUSHIR_CLIENT_EXPERIMENT_DOCUMENT_H

#include <stdbool.h>

#include "common/base/arena.h"

enum cl_node_kind {
    CL_NODE_NULL,
    CL_NODE_TEXT,
    CL_NODE_NUMBER,
    CL_NODE_BOOL,
    CL_NODE_LIST,
    CL_NODE_MAP
};

struct cl_node;
struct cl_node_pair {
    const struct cl_node *key, *value;
};

struct cl_node {
    enum cl_node_kind kind; /* of scalars: as Kubernetes' reader takes them; quoted: text */
    int line, column;       /* from 1 */
    const char *text;       /* scalars: as written; else NULL */
    const char *value; /* scalars: as kubectl sends it ("true" for y, "16" for 0x10); else NULL */
    size_t n;          /* elements or pairs */
    size_t weight;     /* nodes below and including this one, aliases counted each time */
    const struct cl_node **items;
    const struct cl_node_pair *pairs;
};

/* Mistakes found in a file, in the order of discovery. */
struct cl_problem {
    int line, column; /* 0: the whole file */
    const char *text;
    bool warning;
};
struct cl_problems {
    struct cl_problem *items;
    size_t n, capacity, errors;
};

/* Add a mistake at |node| (NULL: the whole file); text and list are owned by |arena|. */
void cl_problem_add(struct cl_problems *problems, struct mu_arena *arena,
    const struct cl_node *node, const char *format, ...) MU_PRINTF(4, 5);
void cl_problem_warn(struct cl_problems *problems, struct mu_arena *arena,
    const struct cl_node *node, const char *format, ...) MU_PRINTF(4, 5);

/* The value of |key| in the map |node|; NULL when absent, null, or |node| is no map. */
const struct cl_node *cl_node_get(const struct cl_node *node, const char *key);

/* Text of a scalar under |key|, or |fallback|. */
const char *cl_node_text(const struct cl_node *node, const char *key, const char *fallback);

/* What |kind| is called in error texts, with an article. */
const char *cl_node_kind_name(enum cl_node_kind kind);

#endif
