#include "client/experiment/template.h"

#include <stdio.h>
#include <string.h>

#define OPEN "${trialParameters."
#define META "${trialSpec."

/* ---- meta references ---- */

bool cl_template_is_meta(const char *reference) {
    return !strncmp(reference, META, strlen(META)) && strlen(reference) > strlen(META) + 1 &&
           reference[strlen(reference) - 1] == '}';
}

/* Split ${trialSpec.WHAT[INDEX]} into |what| and |index| ("" when there is none). */
static bool split_meta(const char *reference, char what[64], char index[256]) {
    const char *start = reference + strlen(META);
    const char *end = reference + strlen(reference) - 1;
    const char *bracket = memchr(start, '[', (size_t)(end - start));
    const char *stop = bracket ? bracket : end;
    bool closed = !bracket || (end[-1] == ']' && end - 1 > bracket + 1);
    if (stop - start > 63 || (bracket && (!closed || end - bracket > 256))) {
        return false;
    }
    snprintf(what, 64, "%.*s", (int)(stop - start), start);
    snprintf(
        index, 256, "%.*s", bracket ? (int)(end - 1 - bracket - 1) : 0, bracket ? bracket + 1 : "");
    return true;
}

bool cl_template_meta_valid(const char *reference, char *why, size_t size) {
    char what[64];
    char index[256];
    snprintf(why, size,
        "\"%s\" is unknown; accepted are ${trialSpec.Name}, .Namespace, .Kind, .APIVersion, "
        ".Labels[KEY] and .Annotations[KEY]",
        reference);
    if (!split_meta(reference, what, index)) {
        return false;
    }
    bool plain = !strcmp(what, "Name") || !strcmp(what, "Namespace") || !strcmp(what, "Kind") ||
                 !strcmp(what, "APIVersion");
    bool indexed = !strcmp(what, "Labels") || !strcmp(what, "Annotations");
    return (plain && !*index) || (indexed && *index);
}

static const char *meta_value(const struct cl_trial_template *t, const char *reference,
    const struct cl_trial_identity *trial) {
    char what[64];
    char index[256];
    if (!split_meta(reference, what, index)) {
        return NULL;
    }
    const struct cl_node *metadata = cl_node_get(t->spec, "metadata");
    if (!strcmp(what, "Name")) {
        return trial->name;
    }
    if (!strcmp(what, "Namespace")) {
        return trial->space_name;
    }
    if (!strcmp(what, "Kind")) {
        return cl_node_text(t->spec, "kind", NULL);
    }
    if (!strcmp(what, "APIVersion")) {
        return cl_node_text(t->spec, "apiVersion", NULL);
    }
    return cl_node_text(
        cl_node_get(metadata, !strcmp(what, "Labels") ? "labels" : "annotations"), index, NULL);
}

/* ---- filling in ---- */

static const char *assigned(
    const struct cl_trial_identity *trial, const char *name, size_t length) {
    for (size_t i = 0; i < trial->n_assignments; i++) {
        if (strlen(trial->assignments[i].name) == length &&
            !memcmp(trial->assignments[i].name, name, length)) {
            return trial->assignments[i].value;
        }
    }
    return NULL;
}

/* The value of placeholder |name|: NULL with an error when it has none; |*known| false when the
 * template does not declare it. */
static const char *placeholder(const struct cl_trial_template *t, const char *name, size_t length,
    const struct cl_trial_identity *trial, bool *known, struct mu_error *error) {
    for (size_t i = 0; i < t->n_parameters; i++) {
        const struct cl_trial_parameter *p = &t->parameters[i];
        if (strlen(p->name) != length || memcmp(p->name, name, length)) {
            continue;
        }
        *known = true;
        const char *value = cl_template_is_meta(p->reference)
                                ? meta_value(t, p->reference, trial)
                                : assigned(trial, p->reference, strlen(p->reference));
        if (!value) {
            mu_fail(error, MU_INVALID_ARGUMENT,
                "trial parameter %s: the suggestion has no value for \"%s\"", p->name,
                p->reference);
        }
        return value;
    }
    const char *value = t->n_parameters ? NULL : assigned(trial, name, length);
    *known = value != NULL;
    return value;
}

enum mu_status cl_template_fill(const struct cl_trial_template *t, const char *text,
    const struct cl_trial_identity *trial, struct mu_arena *arena, const char **filled,
    struct mu_error *error) {
    const char *done = "";
    for (;;) {
        const char *start = strstr(text, OPEN);
        const char *end = start ? strchr(start, '}') : NULL;
        if (!end) {
            *filled = mu_arena_format(arena, "%s%s", done, text);
            return MU_OK;
        }
        const char *name = start + strlen(OPEN);
        bool known;
        const char *value = placeholder(t, name, (size_t)(end - name), trial, &known, error);
        if (known && !value) {
            return error->code;
        }
        if (known) {
            done = mu_arena_format(arena, "%s%.*s%s", done, (int)(start - text), text, value);
        } else { /* as Katib: an unknown placeholder stays */
            done = mu_arena_format(arena, "%s%.*s", done, (int)(end + 1 - text), text);
        }
        text = end + 1;
    }
}

/* ---- the container ---- */

/* Depth first: the container called |name| (NULL: any) in a list under "containers". |*seen| counts
 * containers. */
static const struct cl_node *find_container(
    const struct cl_node *node, const char *name, size_t *seen) {
    const struct cl_node *found = NULL;
    for (size_t i = 0; i < node->n && !found; i++) {
        const struct cl_node *child =
            node->kind == CL_NODE_LIST ? node->items[i] : node->pairs[i].value;
        if (node->kind == CL_NODE_MAP && !strcmp(node->pairs[i].key->value, "containers") &&
            child->kind == CL_NODE_LIST) {
            for (size_t j = 0; j < child->n && !found; j++) {
                ++*seen;
                found = !name || !strcmp(cl_node_text(child->items[j], "name", ""), name)
                            ? child->items[j]
                            : NULL;
            }
        } else {
            found = find_container(child, name, seen);
        }
    }
    return found;
}

const struct cl_node *cl_template_container(
    const struct cl_trial_template *t, char *why, size_t size) {
    size_t seen = 0;
    if (!t->spec) {
        snprintf(why, size, "the experiment has no trialSpec");
        return NULL;
    }
    const struct cl_node *trainer = cl_node_get(
        cl_node_get(t->spec, "spec"), "trainer"); /* a TrainJob's container has no list around it */
    const struct cl_node *found = find_container(t->spec, t->container, &seen);
    if (!found && trainer && trainer->kind == CL_NODE_MAP) {
        return trainer;
    }
    if (!found) {
        snprintf(why, size,
            seen ? "the trialSpec has no container called \"%s\""
                 : "the trialSpec has no containers",
            t->container);
    }
    return found;
}

/* ---- checks ---- */

struct check {
    const struct cl_trial_template *t;
    struct mu_arena *arena;
    struct cl_problems *problems;
    bool *used; /* per trial parameter */
};

static void check_text(const struct check *check, const struct cl_node *node) {
    for (const char *at = node->text; (at = strstr(at, OPEN)); at++) {
        const char *name = at + strlen(OPEN);
        const char *end = strchr(name, '}');
        bool found = false;
        for (size_t i = 0; end && i < check->t->n_parameters; i++) {
            const char *own = check->t->parameters[i].name;
            if (strlen(own) == (size_t)(end - name) && !memcmp(own, name, strlen(own))) {
                check->used[i] = found = true;
            }
        }
        if (end && !found) {
            cl_problem_add(check->problems, check->arena, node,
                "${trialParameters.%.*s} is not in trialParameters", (int)(end - name), name);
        }
    }
    if (strstr(node->text, META)) {
        cl_problem_warn(check->problems, check->arena, node,
            "Katib replaces ${trialSpec...} only as the reference of a trialParameter, not here: "
            "\"%s\" stays as it is",
            node->text);
    }
}

static void check_node(const struct check *check, const struct cl_node *node) {
    if (node->text) {
        check_text(check, node);
    }
    for (size_t i = 0; i < node->n; i++) {
        check_node(check, node->kind == CL_NODE_LIST ? node->items[i] : node->pairs[i].value);
    }
}

void cl_template_check(
    const struct cl_trial_template *t, struct mu_arena *arena, struct cl_problems *problems) {
    struct check check = {t, arena, problems, MU_ARRAY(arena, t->n_parameters, bool)};
    check_node(&check, t->spec);
    for (size_t i = 0; i < t->n_parameters; i++) {
        if (!check.used[i]) {
            cl_problem_add(problems, arena, t->parameters[i].node,
                "trialParameters: %s is not used in the trialSpec; Katib refuses that",
                t->parameters[i].name);
        }
    }
    char why[256];
    if (!cl_template_container(t, why, sizeof why)) {
        cl_problem_warn(
            problems, arena, t->spec, "%s; mushir run needs one, or a command after --", why);
    }
}
