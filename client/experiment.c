#include "client/experiment.h"

#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#include "client/experiment_parts.h"

static const struct field experiment_fields[] = {{"apiVersion", NODE_TEXT, true},
    {"kind", NODE_TEXT, true}, {"metadata", NODE_MAP, true}, {"spec", NODE_MAP, true},
    {"status", NODE_MAP, false}, {NULL, 0, false}};
static const struct field spec_fields[] = {{"parameters", NODE_LIST, false},
    {"objective", NODE_MAP, true}, {"algorithm", NODE_MAP, true},
    {"earlyStopping", NODE_MAP, false}, {"trialTemplate", NODE_MAP, false},
    {"parallelTrialCount", NODE_NUMBER, false}, {"maxTrialCount", NODE_NUMBER, false},
    {"maxFailedTrialCount", NODE_NUMBER, false}, {"metricsCollectorSpec", NODE_MAP, false},
    {"nasConfig", NODE_MAP, false}, {"resumePolicy", NODE_TEXT, false}, {NULL, 0, false}};
static const struct field algorithm_fields[] = {
    {"algorithmName", NODE_TEXT, true}, {"algorithmSettings", NODE_LIST, false}, {NULL, 0, false}};
static const struct field setting_fields[] = {
    {"name", NODE_TEXT, true}, {"value", NODE_TEXT, true}, {NULL, 0, false}};

const char *strategy_name(enum strategy strategy) {
    static const char *const names[] = {"min", "max", "latest"};
    return names[strategy];
}

int read_count(const struct checker *c, const struct node *map, const char *path, const char *name,
    int least, int fallback) {
    const struct node *node = node_get(map, name);
    double number;
    if (!node || node->kind != NODE_NUMBER || !mu_read_double(node->text, &number)) {
        return fallback;
    }
    if (number < least || number > INT_MAX || number != (double)(int)number) {
        problem_add(c->problems, c->arena, node, "%s.%s: %s must be a whole number from %d on",
            path, name, node->text, least);
        return fallback;
    }
    return (int)number;
}

struct mu_pair *read_settings(
    const struct checker *c, const struct node *list, const char *path, size_t *n) {
    *n = list && list->kind == NODE_LIST ? list->n : 0;
    struct mu_pair *pairs = MU_ARRAY(c->arena, *n, struct mu_pair);
    for (size_t i = 0; i < *n; i++) {
        schema_check(
            c, list->items[i], mu_arena_format(c->arena, "%s[%zu]", path, i), setting_fields);
        pairs[i] = (struct mu_pair){
            node_text(list->items[i], "name", ""), node_text(list->items[i], "value", "")};
    }
    return pairs;
}

/* ---- metadata ---- */

static bool label(const char *text) {
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i++) {
        bool inner = i > 0 && i + 1 < n;
        if (!islower((unsigned char)text[i]) && !isdigit((unsigned char)text[i]) &&
            !(inner && (text[i] == '-' || text[i] == '.'))) {
            return false;
        }
    }
    return n > 0;
}

static void read_metadata(const struct checker *c, const struct node *root, struct experiment *e) {
    const struct node *metadata = node_get(root, "metadata");
    const struct node *name = node_get(metadata, "name");
    e->space_name = node_text(metadata, "namespace", "");
    e->name = node_text(metadata, "name", "");
    if (!name) {
        problem_add(c->problems, c->arena, metadata ? metadata : root, "metadata.name is missing");
    } else if (!name->text || !label(name->text)) {
        problem_add(c->problems, c->arena, name,
            "metadata.name: \"%s\" must be of lower-case letters, digits, '-' and '.', as "
            "Kubernetes demands",
            e->name);
    } else if (strlen(name->text) > 40) {
        problem_add(c->problems, c->arena, name,
            "metadata.name: \"%s\" is longer than 40 characters, which Katib refuses", e->name);
    }
}

/* ---- algorithm and early stopping ---- */

static void read_algorithm(const struct checker *c, const struct node *spec, struct experiment *e) {
    const struct node *node = node_get(spec, "algorithm");
    if (node && schema_check(c, node, "spec.algorithm", algorithm_fields)) {
        e->settings = read_settings(c, node_get(node, "algorithmSettings"),
            "spec.algorithm.algorithmSettings", &e->n_settings);
    }
    e->algorithm = node_text(node, "algorithmName", "");
}

static void read_medianstop(
    const struct checker *c, const struct node *list, struct early_stopping *early) {
    early->min_trials = 3;
    early->start_step = 4;
    for (size_t i = 0; i < early->n_settings; i++) {
        const struct mu_pair *pair = &early->settings[i];
        bool trials = !strcmp(pair->name, "min_trials_required"),
             step = !strcmp(pair->name, "start_step");
        double number;
        if (!trials && !step) {
            problem_add(c->problems, c->arena, list->items[i],
                "unknown setting %s for algorithm medianstop; it has min_trials_required and "
                "start_step",
                pair->name);
        } else if (!mu_read_double(pair->value, &number) || fabs(number) > INT_MAX ||
                   number != floor(number)) {
            problem_add(c->problems, c->arena, list->items[i],
                "failed to validate %s(%s): must be a whole number", pair->name, pair->value);
        } else if (number < 1) {
            problem_add(c->problems, c->arena, list->items[i],
                trials ? "min_trials_required must be greater than zero (>0)"
                       : "start_step must be greater or equal than one (>=1)");
        } else {
            *(trials ? &early->min_trials : &early->start_step) = (size_t)number;
        }
    }
}

static void read_early_stopping(
    const struct checker *c, const struct node *spec, struct early_stopping *early) {
    const struct node *node = node_get(spec, "earlyStopping");
    if (!node || !schema_check(c, node, "spec.earlyStopping", algorithm_fields)) {
        return;
    }
    const struct node *list = node_get(node, "algorithmSettings");
    early->algorithm = node_text(node, "algorithmName", "");
    early->settings =
        read_settings(c, list, "spec.earlyStopping.algorithmSettings", &early->n_settings);
    if (strcmp(early->algorithm, "medianstop")) {
        problem_add(c->problems, c->arena, node,
            "unknown early stopping algorithm \"%s\"; Katib has medianstop", early->algorithm);
    } else {
        read_medianstop(c, list, early);
    }
}

/* ---- the whole ---- */

static void read_counts(const struct checker *c, const struct node *spec, struct experiment *e) {
    e->parallel = read_count(c, spec, "spec", "parallelTrialCount", 1, 3);
    e->max_trials = read_count(c, spec, "spec", "maxTrialCount", 1, -1);
    e->max_failed = read_count(c, spec, "spec", "maxFailedTrialCount", 0, -1);
    if (e->max_trials > 0 && e->parallel > e->max_trials && node_get(spec, "parallelTrialCount")) {
        problem_add(c->problems, c->arena, node_get(spec, "parallelTrialCount"),
            "spec.parallelTrialCount: %d is more than maxTrialCount (%d)", e->parallel,
            e->max_trials);
    }
    if (e->max_trials > 0 && e->max_failed > e->max_trials) {
        problem_add(c->problems, c->arena, node_get(spec, "maxFailedTrialCount"),
            "spec.maxFailedTrialCount: %d is more than maxTrialCount (%d)", e->max_failed,
            e->max_trials);
    }
}

static struct experiment *read_experiment(const struct checker *c, const struct node *root) {
    struct experiment *e = MU_NEW(c->arena, struct experiment);
    schema_check(c, root, "the experiment", experiment_fields);
    const char *version = node_text(root, "apiVersion", "kubeflow.org/v1beta1");
    if (strcmp(version, "kubeflow.org/v1beta1")) {
        problem_add(c->problems, c->arena, node_get(root, "apiVersion"),
            "apiVersion: \"%s\" is not kubeflow.org/v1beta1", version);
    }
    read_metadata(c, root, e);
    const struct node *spec = node_get(root, "spec");
    if (!spec || !schema_check(c, spec, "spec", spec_fields)) {
        return e;
    }
    read_objective(c, spec, e);
    read_algorithm(c, spec, e);
    read_early_stopping(c, spec, &e->early);
    read_counts(c, spec, e);
    read_parameters(c, spec, e);
    read_network(c, spec, e);
    read_collector(c, spec, &e->collector);
    read_template(c, spec, e);
    return e;
}

/* The one document of kind Experiment that is meant, or NULL with a problem. */
static const struct node *choose(
    const struct checker *c, const struct node **documents, size_t n, const char *name) {
    const struct node *found = NULL;
    size_t experiments = 0;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(node_text(documents[i], "kind", ""), "Experiment")) {
            continue;
        }
        const char *own = node_text(node_get(documents[i], "metadata"), "name", "");
        if (!name || !strcmp(own, name)) {
            experiments++;
            if (found) {
                problem_add(c->problems, c->arena, documents[i],
                    "a second experiment, \"%s\"; choose one with --name", own);
            } else {
                found = documents[i];
            }
        }
    }
    if (!found && name) {
        problem_add(
            c->problems, c->arena, NULL, "no document of kind Experiment is called \"%s\"", name);
    } else if (!found) {
        problem_add(c->problems, c->arena, n ? documents[0] : NULL,
            "no document of kind Experiment%s", n ? "" : ": the file is empty");
    }
    return experiments == 1 ? found : NULL;
}

struct experiment *experiment_read(const char *bytes, size_t size, const char *name,
    struct mu_arena *arena, struct problems *problems) {
    struct checker checker = {arena, problems};
    const struct node **documents;
    size_t n;
    if (!documents_read(bytes, size, arena, &documents, &n, problems)) {
        return NULL;
    }
    const struct node *root = choose(&checker, documents, n, name);
    struct experiment *experiment = root ? read_experiment(&checker, root) : NULL;
    return problems->errors ? NULL : experiment;
}
