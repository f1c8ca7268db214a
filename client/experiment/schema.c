#include "client/experiment/schema.h"

#include <ctype.h>
#include <string.h>

enum { LONGEST_WORD = 40 };

/* Levenshtein's distance without regard to case, of words up to LONGEST_WORD. */
static size_t distance(const char *a, const char *b) {
    size_t n = strlen(b);
    size_t row[LONGEST_WORD + 1];
    if (n > LONGEST_WORD || strlen(a) > LONGEST_WORD) {
        return LONGEST_WORD;
    }
    for (size_t j = 0; j <= n; j++) {
        row[j] = j;
    }
    for (size_t i = 1; *a; a++, i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t change =
                diagonal + (tolower((unsigned char)*a) != tolower((unsigned char)b[j - 1]));
            size_t edit = 1 + (row[j] < row[j - 1] ? row[j] : row[j - 1]);
            diagonal = row[j];
            row[j] = change < edit ? change : edit;
        }
    }
    return row[n];
}

const char *cl_schema_nearest(const char *word, const char *const *words, size_t n) {
    const char *best = NULL;
    size_t least = strlen(word) / 3 + 1;
    for (size_t i = 0; i < n; i++) {
        size_t d = distance(word, words[i]);
        if (d <= least) {
            least = d == 0 ? 0 : d - 1;
            best = words[i];
        }
    }
    return best;
}

static void unknown_field(const struct cl_checker *checker, const struct cl_node *key,
    const char *path, const struct cl_field *fields) {
    const char *words[64];
    size_t n = 0;
    for (; fields[n].name && n < 64; n++) {
        words[n] = fields[n].name;
    }
    const char *near = cl_schema_nearest(key->text, words, n);
    cl_problem_add(checker->problems, checker->arena, key, "%s has no field \"%s\"%s%s%s", path,
        key->text, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

/* The commonest mistake: a number where Katib's Go code decodes a string. */
static void wrong_kind(const struct cl_checker *checker, const struct cl_node *value,
    const char *path, enum cl_node_kind kind) {
    if (kind == CL_NODE_TEXT && (value->kind == CL_NODE_NUMBER || value->kind == CL_NODE_BOOL)) {
        bool other = strcmp(value->text, value->value) != 0;
        cl_problem_add(checker->problems, checker->arena, value,
            "%s: %s must be in quotes (\"%s\"): Katib expects a text here%s%s", path, value->text,
            value->text, other ? ", and without them kubectl sends " : "",
            other ? value->value : "");
    } else if (kind == CL_NODE_NUMBER && value->kind == CL_NODE_TEXT) {
        cl_problem_add(checker->problems, checker->arena, value,
            "%s: \"%s\" must be a number without quotes", path, value->text);
    } else {
        cl_problem_add(checker->problems, checker->arena, value, "%s must be %s, not %s", path,
            cl_node_kind_name(kind), cl_node_kind_name(value->kind));
    }
}

static const struct cl_field *find(const struct cl_field *fields, const char *name) {
    for (; fields->name; fields++) {
        if (!strcmp(fields->name, name)) {
            return fields;
        }
    }
    return NULL;
}

bool cl_schema_check(const struct cl_checker *checker, const struct cl_node *node, const char *path,
    const struct cl_field *fields) {
    if (node->kind != CL_NODE_MAP) {
        cl_problem_add(checker->problems, checker->arena, node, "%s must be a map, not %s", path,
            cl_node_kind_name(node->kind));
        return false;
    }
    for (size_t i = 0; i < node->n; i++) {
        const struct cl_node_pair *pair = &node->pairs[i];
        const struct cl_field *field = find(fields, pair->key->text);
        if (!field) {
            unknown_field(checker, pair->key, path, fields);
        } else if (field->kind != CL_NODE_NULL && pair->value->kind != CL_NODE_NULL &&
                   pair->value->kind != field->kind) {
            wrong_kind(checker, pair->value,
                mu_arena_format(checker->arena, "%s.%s", path, field->name), field->kind);
        }
    }
    for (const struct cl_field *field = fields; field->name; field++) {
        if (field->required && !cl_node_get(node, field->name)) {
            cl_problem_add(
                checker->problems, checker->arena, node, "%s.%s is missing", path, field->name);
        }
    }
    return true;
}

bool cl_schema_items(const struct cl_checker *checker, const struct cl_node *list, const char *path,
    enum cl_node_kind kind) {
    bool good = true;
    for (size_t i = 0; list && list->kind == CL_NODE_LIST && i < list->n; i++) {
        if (list->items[i]->kind != kind) {
            wrong_kind(
                checker, list->items[i], mu_arena_format(checker->arena, "%s[%zu]", path, i), kind);
            good = false;
        }
    }
    return good;
}

void cl_schema_texts(
    const struct cl_checker *checker, const struct cl_node *map, const char *path) {
    for (size_t i = 0; map && map->kind == CL_NODE_MAP && i < map->n; i++) {
        const struct cl_node_pair *pair = &map->pairs[i];
        if (pair->value->kind != CL_NODE_TEXT) {
            wrong_kind(checker, pair->value,
                mu_arena_format(checker->arena, "%s.%s", path, pair->key->text), CL_NODE_TEXT);
        }
    }
}
