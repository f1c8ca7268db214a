#include "client/experiment/yaml.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "client/experiment/yaml_scalar.h"

enum { DEEPEST = 100, HEAVIEST = 1000000 };

/* A node by the name that aliases use. */
struct anchor {
    const char *name;
    struct cl_node *node;
    bool open; /* being read, so that an alias to it would be a circle */
};

struct reader {
    yaml_parser_t parser;
    yaml_event_t event; /* the one that is looked at */
    const char *bytes;
    struct mu_arena *arena;
    struct cl_problems *problems;
    void *anchors; /* tree of struct anchor */
};

/* An array of the arena that doubles. */
struct growing {
    void *items;
    size_t n, room;
};

static void *push(struct growing *list, size_t size, struct mu_arena *arena) {
    if (list->n == list->room) {
        list->room = list->room ? 2 * list->room : 8;
        void *larger = mu_arena_array(arena, list->room, size);
        if (list->n) {
            memcpy(larger, list->items, list->n * size);
        }
        list->items = larger;
    }
    return (char *)list->items + size * list->n++;
}

/* ---- events ---- */

/* Where the parser stopped: of bytes that are no characters it tells the offset alone. */
static struct cl_node place(const struct reader *reader) {
    const yaml_parser_t *parser = &reader->parser;
    struct cl_node at = {
        .line = (int)parser->problem_mark.line + 1, .column = (int)parser->problem_mark.column + 1};
    if (parser->error == YAML_READER_ERROR) {
        at.line = at.column = 1;
        for (size_t i = 0; i < parser->problem_offset; i++) {
            at.column = reader->bytes[i] == '\n' ? 1 : at.column + 1;
            at.line += reader->bytes[i] == '\n';
        }
    }
    return at;
}

static void syntax_problem(struct reader *reader) {
    const yaml_parser_t *parser = &reader->parser;
    struct cl_node at = place(reader);
    const char *context = parser->context ? parser->context : "";
    cl_problem_add(reader->problems, reader->arena, &at, "not YAML: %s%s%s",
        parser->problem ? parser->problem : "unreadable", *context ? ", " : "", context);
}

/* Look at the next event. */
static bool next(struct reader *reader) {
    yaml_event_delete(&reader->event);
    if (!yaml_parser_parse(&reader->parser, &reader->event)) {
        reader->event = (yaml_event_t){0};
        syntax_problem(reader);
        return false;
    }
    return true;
}

static struct cl_node *new_node(struct reader *reader, enum cl_node_kind kind) {
    struct cl_node *node = MU_NEW(reader->arena, struct cl_node);
    *node = (struct cl_node){.kind = kind,
        .line = (int)reader->event.start_mark.line + 1,
        .column = (int)reader->event.start_mark.column + 1,
        .weight = 1};
    return node;
}

static bool refuse(struct reader *reader, const struct cl_node *node, const char *text) {
    cl_problem_add(reader->problems, reader->arena, node, "%s", text);
    return false;
}

/* Aliases let a short file denote a tree too large to walk. */
static bool weigh(struct reader *reader, struct cl_node *node, const struct cl_node *child) {
    node->weight += child->weight;
    if (node->weight > HEAVIEST) {
        cl_problem_add(reader->problems, reader->arena, node,
            "aliases expand to more than %d nodes", HEAVIEST);
    }
    return node->weight <= HEAVIEST;
}

/* ---- anchors ---- */

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct anchor *)a)->name, ((const struct anchor *)b)->name);
}

/* Remember |node| under |name|, in place of an earlier one. */
static struct anchor *name_node(
    struct reader *reader, const yaml_char_t *name, struct cl_node *node) {
    if (!name) {
        return NULL;
    }
    struct anchor *own = MU_NEW(reader->arena, struct anchor);
    own->name = mu_arena_copy(reader->arena, (const char *)name);
    void *slot = tsearch(own, &reader->anchors, by_name);
    if (!slot) {
        return NULL;
    }
    struct anchor *anchor = *(struct anchor **)slot;
    *anchor = (struct anchor){own->name, node, true};
    return anchor;
}

static void keep(void *anchor) {
    (void)anchor; /* the arena's */
}

static void forget_anchors(struct reader *reader) {
    tdestroy(reader->anchors, keep);
    reader->anchors = NULL;
}

static struct cl_node *read_alias(struct reader *reader) {
    struct cl_node *at = new_node(reader, CL_NODE_NULL);
    const char *name = (const char *)reader->event.data.alias.anchor;
    void *slot = tfind(&(struct anchor){.name = name}, &reader->anchors, by_name);
    struct anchor *anchor = slot ? *(struct anchor **)slot : NULL;
    if (!anchor) {
        cl_problem_add(reader->problems, reader->arena, at, "not YAML: unknown alias *%s", name);
        return NULL;
    }
    if (anchor->open) {
        refuse(reader, at, "an alias points to what contains it");
        return NULL;
    }
    return anchor->node;
}

/* ---- nodes ---- */

static struct cl_node *read_node(struct reader *reader, int depth);

static struct cl_node *read_scalar(struct reader *reader) {
    struct cl_node *node = new_node(reader, CL_NODE_TEXT);
    const char *tag = (const char *)reader->event.data.scalar.tag;
    node->text = mu_arena_copy_bytes(reader->arena, (const char *)reader->event.data.scalar.value,
        reader->event.data.scalar.length);
    if (strlen(node->text) < reader->event.data.scalar.length) {
        refuse(reader, node, "a text may not hold a NUL: no command or variable can");
    }
    if (!cl_yaml_resolve(node, tag, reader->event.data.scalar.plain_implicit, reader->arena)) {
        cl_problem_add(reader->problems, reader->arena, node, "\"%s\" is no %s", node->text, tag);
        return NULL;
    }
    if (node->kind == CL_NODE_NUMBER && strpbrk(node->value, "ni")) { /* nan, inf */
        cl_problem_add(reader->problems, reader->arena, node,
            "\"%s\": Kubernetes sends JSON, which has no such number; write a text in quotes",
            node->text);
    }
    return node;
}

static bool read_list(struct reader *reader, struct cl_node *node, int depth) {
    struct growing items = {0};
    while (next(reader) && reader->event.type != YAML_SEQUENCE_END_EVENT) {
        struct cl_node *item = read_node(reader, depth + 1);
        if (!item || !weigh(reader, node, item)) {
            return false;
        }
        *(const struct cl_node **)push(&items, sizeof(struct cl_node *), reader->arena) = item;
    }
    node->items = items.items;
    node->n = items.n;
    return reader->event.type == YAML_SEQUENCE_END_EVENT;
}

/* A pair on its way into a map; of those with one key the latest stays. */
struct map_entry {
    struct cl_node_pair pair;
    size_t order;
    bool merged; /* came by "<<" */
};

static int by_key(const void *a, const void *b) {
    const struct map_entry *p = a;
    const struct map_entry *q = b;
    int order = strcmp(p->pair.key->value, q->pair.key->value);
    return order ? order : (p->order > q->order) - (p->order < q->order);
}

static int by_order(const void *a, const void *b) {
    const struct map_entry *p = a;
    const struct map_entry *q = b;
    return (p->order > q->order) - (p->order < q->order);
}

static void add_entry(
    struct reader *reader, struct growing *entries, struct cl_node_pair pair, bool merged) {
    size_t order = entries->n;
    struct map_entry *entry = push(entries, sizeof *entry, reader->arena);
    *entry = (struct map_entry){pair, order, merged};
}

static bool merge_map(struct reader *reader, struct growing *entries, const struct cl_node *from) {
    if (from->kind != CL_NODE_MAP) {
        return refuse(reader, from, "\"<<\" merges a map or a list of maps");
    }
    for (size_t i = 0; i < from->n; i++) {
        add_entry(reader, entries, from->pairs[i], true);
    }
    return true;
}

/* "<<": of a list the earlier maps win. */
static bool merge(struct reader *reader, struct growing *entries, const struct cl_node *from) {
    if (from->kind != CL_NODE_LIST) {
        return merge_map(reader, entries, from);
    }
    for (size_t i = from->n; i-- > 0;) {
        if (!merge_map(reader, entries, from->items[i])) {
            return false;
        }
    }
    return true;
}

/* One pair for each key, in the order of the file. False where a key is written twice. */
static bool settle(struct reader *reader, struct cl_node *node, struct growing *entries) {
    struct map_entry *list = entries->items;
    const struct cl_node *own = NULL; /* the latest key that was written out */
    size_t n = 0;
    if (entries->n) {
        qsort(list, entries->n, sizeof *list, by_key);
    }
    for (size_t i = 0; i < entries->n; i++) {
        bool same = n && !strcmp(list[n - 1].pair.key->value, list[i].pair.key->value);
        own = same ? own : NULL;
        if (own && !list[i].merged) {
            cl_problem_add(reader->problems, reader->arena, list[i].pair.key,
                "the key \"%s\" is there twice; first on line %d", own->text, own->line);
            return false;
        }
        own = list[i].merged ? own : list[i].pair.key;
        n -= same;
        list[n++] = list[i];
    }
    if (n) {
        qsort(list, n, sizeof *list, by_order);
    }
    struct cl_node_pair *pairs = MU_ARRAY(reader->arena, n, struct cl_node_pair);
    for (size_t i = 0; i < n; i++) {
        pairs[i] = list[i].pair;
    }
    node->pairs = pairs;
    node->n = n;
    return true;
}

static bool merges(const struct cl_node *key, bool plain) {
    return plain && key->text && !strcmp(key->text, "<<");
}

static bool read_map(struct reader *reader, struct cl_node *node, int depth) {
    struct growing entries = {0};
    while (next(reader) && reader->event.type != YAML_MAPPING_END_EVENT) {
        bool plain =
            reader->event.type == YAML_SCALAR_EVENT && reader->event.data.scalar.plain_implicit;
        struct cl_node *key = read_node(reader, depth + 1);
        if (!key) {
            return false;
        }
        if (!key->text || key->kind == CL_NODE_NULL) {
            return refuse(reader, key, "a key must be a text");
        }
        struct cl_node *value = next(reader) ? read_node(reader, depth + 1) : NULL;
        if (!value || !weigh(reader, node, value)) {
            return false;
        }
        if (!merges(key, plain)) {
            add_entry(reader, &entries, (struct cl_node_pair){key, value}, false);
        } else if (!merge(reader, &entries, value)) {
            return false;
        }
    }
    return reader->event.type == YAML_MAPPING_END_EVENT && settle(reader, node, &entries);
}

/* The node that begins with the event looked at, which is its last one afterwards; NULL with a
 * problem. */
static struct cl_node *read_node(struct reader *reader, int depth) {
    const yaml_event_t *event = &reader->event;
    if (event->type == YAML_ALIAS_EVENT) {
        return read_alias(reader);
    }
    if (event->type == YAML_SCALAR_EVENT) {
        const yaml_char_t *name = event->data.scalar.anchor;
        struct cl_node *scalar = read_scalar(reader);
        struct anchor *anchor = scalar ? name_node(reader, name, scalar) : NULL;
        if (anchor) {
            anchor->open = false;
        }
        return scalar;
    }
    bool list = event->type == YAML_SEQUENCE_START_EVENT;
    struct cl_node *node = new_node(reader, list ? CL_NODE_LIST : CL_NODE_MAP);
    if (depth > DEEPEST) {
        refuse(reader, node, "nested too deeply");
        return NULL;
    }
    struct anchor *anchor = name_node(
        reader, list ? event->data.sequence_start.anchor : event->data.mapping_start.anchor, node);
    if (!(list ? read_list(reader, node, depth) : read_map(reader, node, depth))) {
        return NULL;
    }
    if (anchor) {
        anchor->open = false;
    }
    return node;
}

/* ---- documents ---- */

static bool is_list(const struct cl_node *root) {
    const struct cl_node *items = cl_node_get(root, "items");
    return items && items->kind == CL_NODE_LIST && !strcmp(cl_node_text(root, "kind", ""), "List");
}

static void take(struct reader *reader, struct growing *documents, const struct cl_node *root) {
    if (is_list(root)) {
        const struct cl_node *items = cl_node_get(root, "items");
        for (size_t i = 0; i < items->n; i++) {
            take(reader, documents, items->items[i]);
        }
    } else if (root->kind != CL_NODE_NULL) {
        *(const struct cl_node **)push(documents, sizeof root, reader->arena) = root;
    }
}

static bool read_documents(struct reader *reader, struct growing *documents) {
    while (next(reader)) {
        if (reader->event.type == YAML_STREAM_END_EVENT) {
            return true;
        }
        if (reader->event.type == YAML_DOCUMENT_START_EVENT) {
            const struct cl_node *root = next(reader) ? read_node(reader, 0) : NULL;
            forget_anchors(reader);
            if (!root) {
                return false;
            }
            take(reader, documents, root);
        }
    }
    return false;
}

bool cl_yaml_read(const char *bytes, size_t size, struct mu_arena *arena,
    const struct cl_node ***documents, size_t *n, struct cl_problems *problems) {
    struct reader reader = {.arena = arena, .problems = problems, .bytes = bytes};
    struct growing list = {0};
    if (!yaml_parser_initialize(&reader.parser)) {
        return refuse(&reader, NULL, "not enough memory");
    }
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)bytes, size);
    bool good = read_documents(&reader, &list);
    yaml_event_delete(&reader.event);
    yaml_parser_delete(&reader.parser);
    *documents = list.items;
    *n = list.n;
    return good;
}
