#include "client/experiment/read.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "client/experiment/fields.h"
#include "client/experiment/read_space.h"
#include "client/experiment/read_trial.h"
#include "client/experiment/yaml.h"
#include "common/stopping/stopping.h"

static const struct cl_field experiment_fields[] = {{"apiVersion", CL_NODE_TEXT, true},
    {"kind", CL_NODE_TEXT, true}, {"metadata", CL_NODE_MAP, true}, {"spec", CL_NODE_MAP, true},
    {"status", CL_NODE_MAP, false}, {NULL, 0, false}};
static const struct cl_field spec_fields[] = {{"parameters", CL_NODE_LIST, false},
    {"objective", CL_NODE_MAP, true}, {"algorithm", CL_NODE_MAP, true},
    {"earlyStopping", CL_NODE_MAP, false}, {"trialTemplate", CL_NODE_MAP, false},
    {"parallelTrialCount", CL_NODE_NUMBER, false}, {"maxTrialCount", CL_NODE_NUMBER, false},
    {"maxFailedTrialCount", CL_NODE_NUMBER, false}, {"metricsCollectorSpec", CL_NODE_MAP, false},
    {"nasConfig", CL_NODE_MAP, false}, {"resumePolicy", CL_NODE_TEXT, false}, {NULL, 0, false}};
static const struct cl_field algorithm_fields[] = {{"algorithmName", CL_NODE_TEXT, true},
    {"algorithmSettings", CL_NODE_LIST, false}, {NULL, 0, false}};

/* Kubernetes API reference 1.31, meta/v1: ObjectMeta; what the server fills in is not looked at. */
static const struct cl_field metadata_fields[] = {{"name", CL_NODE_TEXT, false},
    {"generateName", CL_NODE_TEXT, false}, {"namespace", CL_NODE_TEXT, false},
    {"labels", CL_NODE_MAP, false}, {"annotations", CL_NODE_MAP, false},
    {"finalizers", CL_NODE_LIST, false}, {"ownerReferences", CL_NODE_LIST, false},
    {"creationTimestamp", CL_NODE_NULL, false}, {"deletionTimestamp", CL_NODE_NULL, false},
    {"deletionGracePeriodSeconds", CL_NODE_NULL, false}, {"generation", CL_NODE_NULL, false},
    {"managedFields", CL_NODE_NULL, false}, {"resourceVersion", CL_NODE_NULL, false},
    {"selfLink", CL_NODE_NULL, false}, {"uid", CL_NODE_NULL, false}, {NULL, 0, false}};

/* ---- metadata ---- */

/* A DNS label that begins with a letter: what Kubernetes and Katib's webhook together accept. */
static bool label(const char *text) {
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i++) {
        bool inner = i > 0 && i + 1 < n;
        bool digit = isdigit((unsigned char)text[i]);
        if (!islower((unsigned char)text[i]) && !(digit && i > 0) && !(inner && text[i] == '-')) {
            return false;
        }
    }
    return n > 0;
}

/* Kubernetes adds five characters to a generateName: here a hash of the experiment, so that the
 * same file has the same name again. */
static const char *generated(
    const struct cl_checker *c, const char *prefix, const char *bytes, size_t size) {
    static const char letters[] = "bcdfghjklmnpqrstvwxz2456789"; /* those that Kubernetes uses */
    uint64_t hash = 14695981039346656037u;                       /* FNV-1a */
    char suffix[6] = "";
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ (unsigned char)bytes[i]) * 1099511628211u;
    }
    for (size_t i = 0; i < 5; i++) {
        suffix[i] = letters[hash % (sizeof letters - 1)];
        hash /= sizeof letters - 1;
    }
    return mu_arena_format(c->arena, "%s%s", prefix, suffix);
}

static void read_metadata(const struct cl_checker *c, const struct cl_node *root, const char *bytes,
    size_t size, struct cl_experiment *e) {
    const struct cl_node *metadata = cl_node_get(root, "metadata");
    const struct cl_node *prefix = cl_node_get(metadata, "generateName");
    const struct cl_node *name = cl_node_get(metadata, "name");
    if (metadata && cl_schema_check(c, metadata, "metadata", metadata_fields)) {
        cl_schema_texts(c, cl_node_get(metadata, "labels"), "metadata.labels");
        cl_schema_texts(c, cl_node_get(metadata, "annotations"), "metadata.annotations");
    }
    e->space_name = cl_node_text(metadata, "namespace", "");
    e->name = cl_node_text(metadata, "name", "");
    if (!name && prefix && prefix->text) {
        name = prefix;
        e->name = generated(c, prefix->text, bytes, size);
    }
    if (!name) {
        cl_problem_add(
            c->problems, c->arena, metadata ? metadata : root, "metadata.name is missing");
    } else if (!label(e->name)) {
        cl_problem_add(c->problems, c->arena, name,
            "metadata.name: \"%s\" must be of lower-case letters, digits and '-' and begin with a "
            "letter, as Kubernetes and Katib demand",
            e->name);
    } else if (strlen(e->name) > 40) {
        cl_problem_add(c->problems, c->arena, name,
            "metadata.name: \"%s\" is longer than 40 characters, which Katib refuses", e->name);
    }
}

/* ---- algorithm and early stopping ---- */

static void read_algorithm(
    const struct cl_checker *c, const struct cl_node *spec, struct cl_experiment *e) {
    const struct cl_node *node = cl_node_get(spec, "algorithm");
    if (node && cl_schema_check(c, node, "spec.algorithm", algorithm_fields)) {
        e->settings = cl_fields_settings(c, cl_node_get(node, "algorithmSettings"),
            "spec.algorithm.algorithmSettings", &e->n_settings);
    }
    e->algorithm = cl_node_text(node, "algorithmName", "");
}

static void check_stopper(
    const struct cl_checker *c, const struct cl_node *list, const struct cl_early_stopping *early) {
    const struct mu_stopper *stopper = mu_stopper_called(early->algorithm);
    for (size_t i = 0; i < early->n_settings; i++) {
        struct mu_error error;
        if (mu_stopper_validate(stopper, &early->settings[i], 1, c->arena, &error)) {
            cl_problem_add(c->problems, c->arena, list->items[i], "%s", error.text);
        }
    }
}

static void read_early_stopping(
    const struct cl_checker *c, const struct cl_node *spec, struct cl_early_stopping *early) {
    const struct cl_node *node = cl_node_get(spec, "earlyStopping");
    if (!node || !cl_schema_check(c, node, "spec.earlyStopping", algorithm_fields)) {
        return;
    }
    const struct cl_node *list = cl_node_get(node, "algorithmSettings");
    early->algorithm = cl_node_text(node, "algorithmName", "");
    early->settings =
        cl_fields_settings(c, list, "spec.earlyStopping.algorithmSettings", &early->n_settings);
    if (mu_stopper_called(early->algorithm)) {
        check_stopper(c, list, early);
    } else if (cl_node_text(node, "algorithmName", NULL)) {
        cl_problem_add(c->problems, c->arena, node,
            "unknown early stopping algorithm \"%s\"; there are medianstop, which Katib has too, "
            "percentilestop and curvestop",
            early->algorithm);
    }
}

/* ---- the whole ---- */

/* Whether |node| says |count|: what stands for a text that was refused is no mistake of its own. */
static bool says(const struct cl_node *node, int count) {
    double number;
    return node && node->kind == CL_NODE_NUMBER && mu_read_double(node->value, &number) &&
           number == count;
}

static void read_counts(
    const struct cl_checker *c, const struct cl_node *spec, struct cl_experiment *e) {
    const struct cl_node *parallel = cl_node_get(spec, "parallelTrialCount");
    e->parallel = cl_fields_count(c, spec, "spec", "parallelTrialCount", 1, 3);
    e->max_trials = cl_fields_count(c, spec, "spec", "maxTrialCount", 1, -1);
    e->max_failed = cl_fields_count(c, spec, "spec", "maxFailedTrialCount", 0, -1);
    if (e->max_trials > 0 && e->parallel > e->max_trials && says(parallel, e->parallel)) {
        cl_problem_add(c->problems, c->arena, parallel,
            "spec.parallelTrialCount: %d is more than maxTrialCount (%d)", e->parallel,
            e->max_trials);
    }
    if (e->max_trials > 0 && e->max_failed > e->max_trials) {
        cl_problem_add(c->problems, c->arena, cl_node_get(spec, "maxFailedTrialCount"),
            "spec.maxFailedTrialCount: %d is more than maxTrialCount (%d)", e->max_failed,
            e->max_trials);
    }
}

static struct cl_experiment *read_experiment(
    const struct cl_checker *c, const struct cl_node *root, const char *bytes, size_t size) {
    struct cl_experiment *e = MU_NEW(c->arena, struct cl_experiment);
    e->root = root;
    e->algorithm = "";
    e->collector.kind_name = "StdOut";
    cl_schema_check(c, root, "the experiment", experiment_fields);
    const char *version = cl_node_text(root, "apiVersion", "kubeflow.org/v1beta1");
    if (strcmp(version, "kubeflow.org/v1beta1") != 0) {
        cl_problem_add(c->problems, c->arena, cl_node_get(root, "apiVersion"),
            "apiVersion: \"%s\" is not kubeflow.org/v1beta1", version);
    }
    read_metadata(c, root, bytes, size, e);
    const struct cl_node *spec = cl_node_get(root, "spec");
    if (!spec || !cl_schema_check(c, spec, "spec", spec_fields)) {
        return e;
    }
    cl_read_objective(c, spec, e);
    read_algorithm(c, spec, e);
    read_early_stopping(c, spec, &e->early);
    read_counts(c, spec, e);
    cl_read_parameters(c, spec, e);
    cl_read_network(c, spec, e);
    cl_read_collector(c, spec, &e->collector);
    cl_read_template(c, spec, e);
    return e;
}

/* The one document of kind Experiment that is meant, or NULL with a problem. */
static const struct cl_node *choose(const struct cl_checker *c, const struct cl_node **documents,
    size_t n, const char *name, size_t *all) {
    const struct cl_node *found = NULL;
    size_t experiments = 0;
    *all = 0;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(cl_node_text(documents[i], "kind", ""), "Experiment") != 0) {
            continue;
        }
        const char *own = cl_node_text(cl_node_get(documents[i], "metadata"), "name", "");
        ++*all;
        if (!name || !strcmp(own, name)) {
            experiments++;
            if (found) {
                cl_problem_add(c->problems, c->arena, documents[i],
                    "a second experiment, \"%s\"; choose one with --name", own);
            } else {
                found = documents[i];
            }
        }
    }
    if (!found && name) {
        cl_problem_add(
            c->problems, c->arena, NULL, "no document of kind Experiment is called \"%s\"", name);
    } else if (!found) {
        cl_problem_add(c->problems, c->arena, n ? documents[0] : NULL,
            "no document of kind Experiment%s", n ? "" : ": the file is empty");
    }
    return experiments == 1 ? found : NULL;
}

struct cl_experiment *cl_experiment_read_all(const char *bytes, size_t size, const char *name,
    struct mu_arena *arena, struct cl_problems *problems) {
    struct cl_checker checker = {arena, problems};
    const struct cl_node **documents;
    size_t n;
    if (!cl_yaml_read(bytes, size, arena, &documents, &n, problems)) {
        return NULL;
    }
    size_t all;
    const struct cl_node *root = choose(&checker, documents, n, name, &all);
    struct cl_experiment *experiment = root ? read_experiment(&checker, root, bytes, size) : NULL;
    if (experiment) {
        experiment->one_of_several = all > 1;
    }
    return experiment;
}

struct cl_experiment *cl_experiment_read(const char *bytes, size_t size, const char *name,
    struct mu_arena *arena, struct cl_problems *problems) {
    struct cl_experiment *e = cl_experiment_read_all(bytes, size, name, arena, problems);
    return problems->errors ? NULL : e;
}
