#include "client/katib/file.h"

#include <string.h>

#include "client/experiment/yaml.h"
#include "client/katib/embedded.h"

enum { MOST_ACCOUNTS = 256 };

struct changer {
    const struct cl_katib_change *change;
    const char *file; /* as changed so far */
    FILE *diff;
    struct mu_arena *arena;
    struct cl_katib_found *found;
    struct mu_error *error;
};

/* Where Katib looks, in this order: in a release's ConfigMap stands one or the other. */
struct part {
    const char *key; /* below data */
    enum cl_katib_form form;
};
static const struct part parts[] = {{"katib-config.yaml", CL_KATIB_CONFIG},
    {"suggestion", CL_KATIB_SUGGESTIONS}, {"early-stopping", CL_KATIB_STOPPINGS}};

static bool refuse(struct changer *c, int line, const char *why) {
    if (line) {
        mu_fail(c->error, MU_INVALID_ARGUMENT, "line %d: %s", line, why);
    } else {
        mu_fail(c->error, MU_INVALID_ARGUMENT, "%s", why);
    }
    return false;
}

static bool read_root(struct changer *c, const struct cl_node **root) {
    const struct cl_node **documents;
    struct cl_problems problems = {0};
    size_t n;
    if (!cl_yaml_read(c->file, strlen(c->file), c->arena, &documents, &n, &problems)) {
        return refuse(c, problems.items[0].line, problems.items[0].text);
    }
    if (n != 1) {
        return refuse(c, 0, mu_arena_format(c->arena, "one object is expected, there are %zu", n));
    }
    *root = documents[0];
    return true;
}

static void note_accounts(struct changer *c, const struct part *part, const char *text) {
    size_t n;
    const struct mu_pair *pairs = cl_katib_accounts(c->change, part->form, text, c->arena, &n);
    for (size_t i = 0; i < n && c->found->n_accounts < MOST_ACCOUNTS; i++) {
        c->found->accounts[c->found->n_accounts++] = pairs[i];
    }
    c->found->stopping =
        c->found->stopping || part->form == CL_KATIB_STOPPINGS || strstr(text, "earlyStoppings");
}

/* Change the text of |part|, which stands in the file as |text|, to *edited. */
static bool change_text(struct changer *c, const struct part *part, const struct cl_embedded *text,
    const char **edited) {
    if (cl_katib_change(c->change, part->form, text->text, c->arena, edited, c->error) != MU_OK) {
        return refuse(c, 0, mu_arena_format(c->arena, "%s, %s", part->key, c->error->text));
    }
    note_accounts(c, part, text->text);
    if (!strcmp(*edited, text->text)) {
        return true;
    }
    struct cl_lines before = cl_lines_split(text->text, c->arena);
    struct cl_lines now = cl_lines_split(*edited, c->arena);
    const size_t *match = cl_lines_match(&before, &now, c->arena);
    if (!match) {
        return refuse(c, 0, mu_arena_format(c->arena, "%s is too long", part->key));
    }
    cl_lines_diff(c->diff, part->key, &before, &now, match);
    c->file = cl_embedded_replace(text, &now, match, c->arena);
    c->found->n_changes++;
    return true;
}

/* The text of |part| in the ConfigMap |root|; NULL: it has none. */
static const struct cl_node *text_of(const struct cl_node *root, const struct part *part) {
    const struct cl_node *node = cl_node_get(cl_node_get(root, "data"), part->key);
    return node && node->kind == CL_NODE_TEXT ? node : NULL;
}

/* Change the part at |node|, then see whether the file, read again, has it. */
static bool change_part(struct changer *c, const struct part *part, const struct cl_node *node) {
    struct cl_embedded text;
    const struct cl_node *root = NULL;
    const char *edited;
    if (!cl_embedded_find(c->file, node, c->arena, &text)) {
        return refuse(c, node->line,
            mu_arena_format(
                c->arena, "%s is neither a literal block (|) nor in double quotes", part->key));
    }
    if (!change_text(c, part, &text, &edited) || !read_root(c, &root)) {
        return false;
    }
    const struct cl_node *now = text_of(root, part);
    return (now && !strcmp(now->text, edited)) ||
           refuse(c, node->line,
               mu_arena_format(
                   c->arena, "%s is not written in a way that is understood", part->key));
}

static bool change_map(struct changer *c) {
    const struct cl_node *root;
    size_t n = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!read_root(c, &root)) {
            return false;
        }
        const struct cl_node *node = text_of(root, &parts[i]);
        if (node && !change_part(c, &parts[i], node)) {
            return false;
        }
        n += node != NULL;
        if (node && parts[i].form == CL_KATIB_CONFIG) {
            break; /* Katib looks no further */
        }
    }
    return n || refuse(c, 0, "the ConfigMap has neither katib-config.yaml nor suggestion");
}

static bool change_file(struct changer *c, const struct cl_node *root) {
    const char *kind = cl_node_text(root, "kind", "");
    const char *name = cl_node_text(cl_node_get(root, "metadata"), "name", "");
    if (!strcmp(kind, "KatibConfig")) {
        struct cl_embedded whole = cl_embedded_whole(c->file, c->arena);
        const char *edited;
        return change_text(c, &parts[0], &whole, &edited);
    }
    return !strcmp(kind, "ConfigMap") && !strcmp(name, "katib-config")
               ? change_map(c)
               : refuse(c, 0, "it is neither the ConfigMap katib-config nor a KatibConfig");
}

enum mu_status cl_katib_file_change(const struct cl_katib_change *change, const char *file,
    FILE *diff, struct mu_arena *arena, const char **edited, struct cl_katib_found *found,
    struct mu_error *error) {
    struct changer c = {.change = change,
        .file = file,
        .diff = diff,
        .arena = arena,
        .found = found,
        .error = error};
    const struct cl_node *root;
    *found = (struct cl_katib_found){.accounts = MU_ARRAY(arena, MOST_ACCOUNTS, struct mu_pair)};
    bool good = read_root(&c, &root) && change_file(&c, root);
    *edited = c.file;
    return good ? MU_OK : MU_INVALID_ARGUMENT;
}
