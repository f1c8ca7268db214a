#include "client/experiment/document.h"

#include <stdio.h>
#include <string.h>

static void add(struct cl_problems *problems, struct mu_arena *arena, const struct cl_node *node,
    bool warning, const char *text) {
    if (problems->n == problems->capacity) {
        size_t capacity = problems->capacity ? 2 * problems->capacity : 16;
        struct cl_problem *items = MU_ARRAY(arena, capacity, struct cl_problem);
        if (problems->n) {
            memcpy(items, problems->items, problems->n * sizeof *items);
        }
        problems->items = items;
        problems->capacity = capacity;
    }
    problems->items[problems->n++] = (struct cl_problem){.line = node ? node->line : 0,
        .column = node ? node->column : 0,
        .text = text,
        .warning = warning};
    problems->errors += !warning;
}

static const char *formatted(struct mu_arena *arena, const char *format, va_list arguments) {
    char text[2048];
    vsnprintf(text, sizeof text, format, arguments);
    return mu_arena_copy(arena, text);
}

void cl_problem_add(struct cl_problems *problems, struct mu_arena *arena,
    const struct cl_node *node, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    add(problems, arena, node, false, formatted(arena, format, arguments));
    va_end(arguments);
}

void cl_problem_warn(struct cl_problems *problems, struct mu_arena *arena,
    const struct cl_node *node, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    add(problems, arena, node, true, formatted(arena, format, arguments));
    va_end(arguments);
}

const struct cl_node *cl_node_get(const struct cl_node *node, const char *key) {
    if (!node || node->kind != CL_NODE_MAP) {
        return NULL;
    }
    for (size_t i = 0; i < node->n; i++) {
        if (!strcmp(node->pairs[i].key->value, key)) {
            return node->pairs[i].value->kind == CL_NODE_NULL ? NULL : node->pairs[i].value;
        }
    }
    return NULL;
}

const char *cl_node_text(const struct cl_node *node, const char *key, const char *fallback) {
    const struct cl_node *value = cl_node_get(node, key);
    return value && value->text ? value->text : fallback;
}

const char *cl_node_kind_name(enum cl_node_kind kind) {
    static const char *const names[] = {
        "nothing", "a text", "a number", "a truth value", "a list", "a map"};
    return names[kind];
}
