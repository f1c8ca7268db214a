#include "client/experiment/fields.h"

#include <limits.h>

#include "common/search/number.h"

static const struct cl_field setting_fields[] = {
    {"name", CL_NODE_TEXT, true}, {"value", CL_NODE_TEXT, true}, {NULL, 0, false}};

int cl_fields_count(const struct cl_checker *c, const struct cl_node *map, const char *path,
    const char *name, int least, int fallback) {
    const struct cl_node *node = cl_node_get(map, name);
    double number;
    if (!node || node->kind != CL_NODE_NUMBER || !mu_read_double(node->value, &number)) {
        return fallback;
    }
    if (number < least || number > INT_MAX || number != (double)(int)number) {
        cl_problem_add(c->problems, c->arena, node, "%s.%s: %s must be a whole number from %d on",
            path, name, node->text, least);
        return fallback;
    }
    return (int)number;
}

struct mu_pair *cl_fields_settings(
    const struct cl_checker *c, const struct cl_node *list, const char *path, size_t *n) {
    *n = list && list->kind == CL_NODE_LIST ? list->n : 0;
    struct mu_pair *pairs = MU_ARRAY(c->arena, *n, struct mu_pair);
    for (size_t i = 0; i < *n; i++) {
        cl_schema_check(
            c, list->items[i], mu_arena_format(c->arena, "%s[%zu]", path, i), setting_fields);
        pairs[i] = (struct mu_pair){
            cl_node_text(list->items[i], "name", ""), cl_node_text(list->items[i], "value", "")};
    }
    return pairs;
}

const char *const *cl_fields_texts(
    const struct cl_checker *c, const struct cl_node *list, const char *path, size_t *n) {
    *n = list && list->kind == CL_NODE_LIST ? list->n : 0;
    const char **texts = MU_ARRAY(c->arena, *n, const char *);
    cl_schema_items(c, list, path, CL_NODE_TEXT);
    for (size_t i = 0; i < *n; i++) {
        texts[i] = list->items[i]->text ? list->items[i]->text : "";
    }
    return texts;
}
