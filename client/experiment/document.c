#include "client/experiment/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

#include "common/search/parameter.h"

enum { DEEPEST = 100, HEAVIEST = 1000000 };

/* ---- problems ---- */

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

/* ---- reading ---- */

/* One document being turned into nodes: libyaml numbers its nodes from 1, aliases share a number.
 */
struct reader {
    yaml_document_t *document;
    struct mu_arena *arena;
    struct cl_problems *problems;
    struct cl_node **made; /* by number; NULL: not yet */
    bool *open;            /* by number: being made, so that an alias to it would be a circle */
};

static bool one_of(const char *text, const char *const *words) {
    for (; *words; words++) {
        if (!strcmp(text, *words)) {
            return true;
        }
    }
    return false;
}

/* The words that Kubernetes' YAML reader resolves (YAML 1.1). */
static enum cl_node_kind plain_kind(const char *text) {
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const bools[] = {"true", "True", "TRUE", "false", "False", "FALSE", "yes",
        "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF", NULL};
    double number;
    if (one_of(text, nulls)) {
        return CL_NODE_NULL;
    }
    if (one_of(text, bools)) {
        return CL_NODE_BOOL;
    }
    return mu_read_double(text, &number) ? CL_NODE_NUMBER : CL_NODE_TEXT;
}

static const struct cl_node *read_node(struct reader *reader, int number, int depth);

static bool read_list(
    struct reader *reader, const yaml_node_t *from, struct cl_node *node, int depth) {
    const yaml_node_item_t *first = from->data.sequence.items.start;
    node->kind = CL_NODE_LIST;
    node->n = (size_t)(from->data.sequence.items.top - first);
    node->items = MU_ARRAY(reader->arena, node->n, const struct cl_node *);
    for (size_t i = 0; i < node->n; i++) {
        node->items[i] = read_node(reader, first[i], depth + 1);
        if (!node->items[i]) {
            return false;
        }
    }
    return true;
}

static bool duplicate(struct reader *reader, const struct cl_node_pair *pairs, size_t n) {
    const struct cl_node *key = pairs[n].key;
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(pairs[i].key->text, key->text)) {
            cl_problem_add(reader->problems, reader->arena, key,
                "the key \"%s\" is there twice; first on line %d", key->text, pairs[i].key->line);
            return true;
        }
    }
    return false;
}

static bool read_map(
    struct reader *reader, const yaml_node_t *from, struct cl_node *node, int depth) {
    const yaml_node_pair_t *first = from->data.mapping.pairs.start;
    node->kind = CL_NODE_MAP;
    node->n = (size_t)(from->data.mapping.pairs.top - first);
    struct cl_node_pair *pairs = MU_ARRAY(reader->arena, node->n, struct cl_node_pair);
    node->pairs = pairs;
    for (size_t i = 0; i < node->n; i++) {
        pairs[i].key = read_node(reader, first[i].key, depth + 1);
        pairs[i].value = pairs[i].key ? read_node(reader, first[i].value, depth + 1) : NULL;
        if (!pairs[i].value) {
            return false;
        }
        if (!pairs[i].key->text) {
            cl_problem_add(reader->problems, reader->arena, pairs[i].key, "a key must be a text");
            return false;
        }
        if (duplicate(reader, pairs, i)) {
            return false;
        }
    }
    return true;
}

static void read_scalar(struct reader *reader, const yaml_node_t *from, struct cl_node *node) {
    node->text = mu_arena_copy_bytes(
        reader->arena, (const char *)from->data.scalar.value, from->data.scalar.length);
    node->kind = CL_NODE_TEXT;
    bool plain = from->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (plain && from->tag &&
        !strcmp((const char *)from->tag,
            YAML_STR_TAG)) { /* what libyaml gives to every untagged scalar */
        node->kind = plain_kind(node->text);
    }
}

/* Aliases let a short file denote a tree too large to walk. */
static bool weigh(struct reader *reader, struct cl_node *node) {
    node->weight = 1;
    for (size_t i = 0; i < node->n; i++) {
        node->weight +=
            node->kind == CL_NODE_LIST ? node->items[i]->weight : node->pairs[i].value->weight;
    }
    if (node->weight > HEAVIEST) {
        cl_problem_add(reader->problems, reader->arena, node,
            "aliases expand to more than %d nodes", HEAVIEST);
    }
    return node->weight <= HEAVIEST;
}

/* The node with |number|, or NULL with a problem. */
static const struct cl_node *read_node(struct reader *reader, int number, int depth) {
    if (reader->made[number] && !reader->open[number]) {
        return reader->made[number];
    }
    const yaml_node_t *from = yaml_document_get_node(reader->document, number);
    struct cl_node *node = MU_NEW(reader->arena, struct cl_node);
    node->line = (int)from->start_mark.line + 1;
    node->column = (int)from->start_mark.column + 1;
    if (reader->open[number] || depth > DEEPEST) {
        cl_problem_add(reader->problems, reader->arena, node,
            depth > DEEPEST ? "nested too deeply" : "an alias points to what contains it");
        return NULL;
    }
    reader->made[number] = node;
    reader->open[number] = true;
    bool good = true;
    if (from->type == YAML_SEQUENCE_NODE) {
        good = read_list(reader, from, node, depth);
    } else if (from->type == YAML_MAPPING_NODE) {
        good = read_map(reader, from, node, depth);
    } else {
        read_scalar(reader, from, node);
    }
    reader->open[number] = false;
    return good && weigh(reader, node) ? node : NULL;
}

static const struct cl_node *read_document(
    yaml_document_t *document, struct mu_arena *arena, struct cl_problems *problems) {
    size_t n = (size_t)(document->nodes.top - document->nodes.start) + 1;
    struct reader reader = {
        document, arena, problems, MU_ARRAY(arena, n, struct cl_node *), MU_ARRAY(arena, n, bool)};
    return read_node(&reader, 1, 0);
}

static void syntax_problem(
    const yaml_parser_t *parser, struct mu_arena *arena, struct cl_problems *problems) {
    struct cl_node at = {
        .line = (int)parser->problem_mark.line + 1, .column = (int)parser->problem_mark.column + 1};
    const char *context = parser->context ? parser->context : "";
    cl_problem_add(problems, arena, &at, "not YAML: %s%s%s",
        parser->problem ? parser->problem : "unreadable", *context ? ", " : "", context);
}

bool cl_documents_read(const char *bytes, size_t size, struct mu_arena *arena,
    const struct cl_node ***documents, size_t *n, struct cl_problems *problems) {
    yaml_parser_t parser;
    yaml_document_t document;
    const struct cl_node **list = NULL;
    size_t capacity = 0;
    bool good = yaml_parser_initialize(&parser);
    yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, size);
    *n = 0;
    while (good) {
        if (!yaml_parser_load(&parser, &document)) {
            syntax_problem(&parser, arena, problems);
            good = false;
            break;
        }
        bool end = !yaml_document_get_root_node(&document);
        const struct cl_node *root = end ? NULL : read_document(&document, arena, problems);
        yaml_document_delete(&document);
        if (end) {
            break;
        }
        good = root != NULL;
        if (root && root->kind != CL_NODE_NULL) {
            if (*n == capacity) {
                capacity = capacity ? 2 * capacity : 4;
                const struct cl_node **larger = MU_ARRAY(arena, capacity, const struct cl_node *);
                if (*n) {
                    memcpy(larger, list, *n * sizeof *larger);
                }
                list = larger;
            }
            list[(*n)++] = root;
        }
    }
    yaml_parser_delete(&parser);
    *documents = list;
    return good;
}

/* ---- access ---- */

const struct cl_node *cl_node_get(const struct cl_node *node, const char *key) {
    if (!node || node->kind != CL_NODE_MAP) {
        return NULL;
    }
    for (size_t i = 0; i < node->n; i++) {
        if (!strcmp(node->pairs[i].key->text, key)) {
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
