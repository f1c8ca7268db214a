#include "client/experiment/template.h"

#include <stdio.h>
#include <string.h>

/* ---- meta references ---- */

bool cl_template_is_meta(const char *reference) {
    return !strncmp(reference, CL_TEMPLATE_META, strlen(CL_TEMPLATE_META)) &&
           strlen(reference) > strlen(CL_TEMPLATE_META) + 1 &&
           reference[strlen(reference) - 1] == '}';
}

/* Split ${trialSpec.WHAT[INDEX]} into |what| and |index| ("" when there is none). */
static bool split_meta(const char *reference, char what[64], char index[256]) {
    const char *start = reference + strlen(CL_TEMPLATE_META);
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

/* ---- fields of the pod ---- */

const char *cl_template_field(
    const struct cl_experiment *e, const struct cl_trial_identity *trial, const char *path) {
    const struct {
        const char *path, *value;
    } known[] = {{"metadata.name", trial->name}, {"metadata.namespace", trial->space_name},
        {"metadata.labels['katib.kubeflow.org/trial']", trial->name},
        {"metadata.labels['katib.kubeflow.org/experiment']", e->name}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!strcmp(path, known[i].path)) {
            return known[i].value;
        }
    }
    return NULL;
}

bool cl_template_knows_field(const char *path) {
    static const struct cl_experiment experiment = {.name = ""};
    static const struct cl_trial_identity trial = {"", "", NULL, 0};
    return cl_template_field(&experiment, &trial, path) != NULL;
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
        if (strlen(p->name) != length || memcmp(p->name, name, length) != 0) {
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
        const char *start = strstr(text, CL_TEMPLATE_PARAMETER);
        const char *end = start ? strchr(start, '}') : NULL;
        if (!end) {
            *filled = mu_arena_format(arena, "%s%s", done, text);
            return MU_OK;
        }
        const char *name = start + strlen(CL_TEMPLATE_PARAMETER);
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

bool cl_template_runs_shell(const char *first, const char *second) {
    return first && second && (!strcmp(first, "sh") || !strcmp(first, "bash")) &&
           !strcmp(second, "-c");
}

struct container_search {
    const char *name; /* NULL: any */
    size_t seen;
};

static const struct cl_node *take_container(
    struct container_search *search, const struct cl_node *node) {
    search->seen++;
    return !search->name || !strcmp(cl_node_text(node, "name", ""), search->name) ? node : NULL;
}

/* Depth first: a container in a list under "containers" (pods), or alone under "container" (the
 * templates of an Argo Workflow). */
static const struct cl_node *find_container(
    struct container_search *search, const struct cl_node *node) {
    const struct cl_node *found = NULL;
    for (size_t i = 0; i < node->n && !found; i++) {
        const struct cl_node *child =
            node->kind == CL_NODE_LIST ? node->items[i] : node->pairs[i].value;
        const char *key = node->kind == CL_NODE_MAP ? node->pairs[i].key->value : "";
        if (!strcmp(key, "containers") && child->kind == CL_NODE_LIST) {
            for (size_t j = 0; j < child->n && !found; j++) {
                found = take_container(search, child->items[j]);
            }
        } else if (!strcmp(key, "container") && child->kind == CL_NODE_MAP) {
            found = take_container(search, child);
        } else {
            found = find_container(search, child);
        }
    }
    return found;
}

const struct cl_node *cl_template_container(
    const struct cl_trial_template *t, char *why, size_t size) {
    struct container_search search = {t->container, 0};
    if (!t->spec) {
        snprintf(why, size, "the experiment has no trialSpec");
        return NULL;
    }
    const struct cl_node *trainer = cl_node_get(
        cl_node_get(t->spec, "spec"), "trainer"); /* a TrainJob's container has no list around it */
    const struct cl_node *found = find_container(&search, t->spec);
    if (found) {
        return found;
    }
    if (trainer && trainer->kind == CL_NODE_MAP) {
        return trainer;
    }
    snprintf(why, size,
        search.seen ? "the trialSpec has no container called \"%s\""
                    : "the trialSpec has no containers",
        t->container);
    return NULL;
}
