#include "client/experiment/read_trial.h"

#include <string.h>

#include "client/experiment/fields.h"
#include "client/experiment/filter.h"
#include "client/experiment/template.h"

static const struct cl_field objective_fields[] = {{"type", CL_NODE_TEXT, true},
    {"goal", CL_NODE_NUMBER, false}, {"objectiveMetricName", CL_NODE_TEXT, true},
    {"additionalMetricNames", CL_NODE_LIST, false}, {"metricStrategies", CL_NODE_LIST, false},
    {NULL, 0, false}};
static const struct cl_field strategy_fields[] = {
    {"name", CL_NODE_TEXT, true}, {"value", CL_NODE_TEXT, true}, {NULL, 0, false}};
static const struct cl_field collector_spec_fields[] = {
    {"collector", CL_NODE_MAP, false}, {"source", CL_NODE_MAP, false}, {NULL, 0, false}};
static const struct cl_field collector_fields[] = {
    {"kind", CL_NODE_TEXT, false}, {"customCollector", CL_NODE_MAP, false}, {NULL, 0, false}};
static const struct cl_field source_fields[] = {{"httpGet", CL_NODE_MAP, false},
    {"fileSystemPath", CL_NODE_MAP, false}, {"filter", CL_NODE_MAP, false}, {NULL, 0, false}};
static const struct cl_field path_fields[] = {{"path", CL_NODE_TEXT, false},
    {"kind", CL_NODE_TEXT, false}, {"format", CL_NODE_TEXT, false}, {NULL, 0, false}};
static const struct cl_field filter_fields[] = {
    {"metricsFormat", CL_NODE_LIST, false}, {NULL, 0, false}};
static const struct cl_field template_fields[] = {{"retain", CL_NODE_BOOL, false},
    {"trialSpec", CL_NODE_MAP, false}, {"configMap", CL_NODE_MAP, false},
    {"trialParameters", CL_NODE_LIST, false}, {"primaryPodLabels", CL_NODE_MAP, false},
    {"primaryContainerName", CL_NODE_TEXT, false}, {"successCondition", CL_NODE_TEXT, false},
    {"failureCondition", CL_NODE_TEXT, false}, {NULL, 0, false}};
static const struct cl_field trial_parameter_fields[] = {{"name", CL_NODE_TEXT, true},
    {"description", CL_NODE_TEXT, false}, {"reference", CL_NODE_TEXT, true}, {NULL, 0, false}};

/* ---- objective ---- */

static void read_strategy(const struct cl_checker *c, const struct cl_node *node, const char *path,
    struct cl_experiment *e) {
    const char *name = cl_node_text(node, "name", "");
    const char *value = cl_node_text(node, "value", "");
    cl_schema_check(c, node, path, strategy_fields);
    for (size_t i = 0; i < e->n_metrics; i++) {
        if (strcmp(e->metrics[i].name, name) != 0) {
            continue;
        }
        for (int s = CL_STRATEGY_MIN; s <= CL_STRATEGY_LATEST; s++) {
            if (!strcmp(value, cl_strategy_name((enum cl_strategy)s))) {
                e->metrics[i].strategy = (enum cl_strategy)s;
                return;
            }
        }
        cl_problem_add(c->problems, c->arena, node,
            "%s.value: \"%s\" is unknown; accepted are min, max, latest", path, value);
        return;
    }
    cl_problem_add(
        c->problems, c->arena, node, "%s.name: \"%s\" is no metric of the objective", path, name);
}

static void read_metrics(
    const struct cl_checker *c, const struct cl_node *node, struct cl_experiment *e) {
    size_t n;
    const char *const *others = cl_fields_texts(
        c, cl_node_get(node, "additionalMetricNames"), "spec.objective.additionalMetricNames", &n);
    enum cl_strategy usual = e->maximize ? CL_STRATEGY_MAX : CL_STRATEGY_MIN;
    e->metrics = MU_ARRAY(c->arena, n + 1, struct cl_metric_spec);
    e->metrics[e->n_metrics++] =
        (struct cl_metric_spec){cl_node_text(node, "objectiveMetricName", ""), usual};
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(others[i], e->metrics[0].name)) {
            cl_problem_add(c->problems, c->arena, cl_node_get(node, "additionalMetricNames"),
                "additionalMetricNames must not repeat the objective, \"%s\"", others[i]);
        }
        e->metrics[e->n_metrics++] = (struct cl_metric_spec){others[i], usual};
    }
}

void cl_read_objective(
    const struct cl_checker *c, const struct cl_node *spec, struct cl_experiment *e) {
    const struct cl_node *node = cl_node_get(spec, "objective");
    const struct cl_node *goal = cl_node_get(node, "goal");
    const struct cl_node *strategies = cl_node_get(node, "metricStrategies");
    if (!node || !cl_schema_check(c, node, "spec.objective", objective_fields)) {
        return;
    }
    const char *type = cl_node_text(node, "type", NULL);
    e->maximize = type && !strcmp(type, "maximize");
    if (type && !e->maximize && strcmp(type, "minimize") != 0) {
        cl_problem_add(c->problems, c->arena, cl_node_get(node, "type"),
            "spec.objective.type: \"%s\" is unknown; accepted are minimize, maximize", type);
    }
    e->has_goal = goal && goal->kind == CL_NODE_NUMBER && mu_read_double(goal->value, &e->goal);
    read_metrics(c, node, e);
    for (size_t i = 0; strategies && strategies->kind == CL_NODE_LIST && i < strategies->n; i++) {
        read_strategy(c, strategies->items[i],
            mu_arena_format(c->arena, "spec.objective.metricStrategies[%zu]", i), e);
    }
}

/* ---- metrics collector ---- */

static void read_filters(
    const struct cl_checker *c, const struct cl_node *source, struct cl_collector_spec *collector) {
    const struct cl_node *filter = cl_node_get(source, "filter");
    const struct cl_node *list = cl_node_get(filter, "metricsFormat");
    if (filter) {
        cl_schema_check(c, filter, "spec.metricsCollectorSpec.source.filter", filter_fields);
    }
    collector->filters = cl_fields_texts(c, list, "metricsFormat", &collector->n_filters);
    for (size_t i = 0; i < collector->n_filters; i++) {
        char why[256];
        if (!cl_filter_valid(collector->filters[i], why, sizeof why)) {
            cl_problem_add(c->problems, c->arena, list->items[i], "metricsFormat: \"%s\": %s",
                collector->filters[i], why);
        }
    }
}

static void read_path(
    const struct cl_checker *c, const struct cl_node *source, struct cl_collector_spec *collector) {
    const struct cl_node *path = cl_node_get(source, "fileSystemPath");
    if (path) {
        cl_schema_check(c, path, "spec.metricsCollectorSpec.source.fileSystemPath", path_fields);
    }
    const char *format = cl_node_text(path, "format", "TEXT");
    collector->path = cl_node_text(path, "path", "/var/log/katib/metrics.log");
    collector->json = !strcmp(format, "JSON");
    if (*collector->path != '/') {
        cl_problem_add(c->problems, c->arena, path, "fileSystemPath.path: \"%s\" must begin with /",
            collector->path);
    }
    if (!collector->json && strcmp(format, "TEXT") != 0) {
        cl_problem_add(c->problems, c->arena, path,
            "fileSystemPath.format: \"%s\" is unknown; accepted are TEXT, JSON", format);
    }
}

void cl_read_collector(
    const struct cl_checker *c, const struct cl_node *spec, struct cl_collector_spec *collector) {
    static const char *const kinds[] = {
        "StdOut", "File", "TensorFlowEvent", "PrometheusMetric", "Custom", "None", "Push"};
    const struct cl_node *node = cl_node_get(spec, "metricsCollectorSpec");
    const struct cl_node *inner = cl_node_get(node, "collector");
    const struct cl_node *source = cl_node_get(node, "source");
    bool known = false;
    if (node) {
        cl_schema_check(c, node, "spec.metricsCollectorSpec", collector_spec_fields);
    }
    if (inner) {
        cl_schema_check(c, inner, "spec.metricsCollectorSpec.collector", collector_fields);
    }
    if (source) {
        cl_schema_check(c, source, "spec.metricsCollectorSpec.source", source_fields);
    }
    collector->kind_name = cl_node_text(inner, "kind", "StdOut");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        known = known || !strcmp(collector->kind_name, kinds[i]);
    }
    if (!known) {
        cl_problem_add(c->problems, c->arena, inner,
            "spec.metricsCollectorSpec.collector.kind: \"%s\" is unknown", collector->kind_name);
    }
    collector->kind = !strcmp(collector->kind_name, "StdOut") ? CL_COLLECT_STDOUT
                      : !strcmp(collector->kind_name, "File") ? CL_COLLECT_FILE
                                                              : CL_COLLECT_OTHER;
    read_filters(c, source, collector);
    if (collector->kind == CL_COLLECT_FILE) {
        read_path(c, source, collector);
    }
}

/* ---- trial template ---- */

static bool is_parameter(const struct cl_experiment *e, const char *name) {
    for (size_t i = 0; i < e->n_parameters; i++) {
        if (!strcmp(e->parameters[i].name, name)) {
            return true;
        }
    }
    return e->network
        .present; /* an architecture search's assignments are known only to its algorithm */
}

static void check_reference(
    const struct cl_checker *c, const struct cl_experiment *e, const struct cl_trial_parameter *p) {
    if (cl_template_is_meta(p->reference)) {
        char why[256];
        if (!cl_template_meta_valid(p->reference, why, sizeof why)) {
            cl_problem_add(c->problems, c->arena, p->node, "trialParameters: %s: %s", p->name, why);
        }
    } else if (!is_parameter(e, p->reference)) {
        const char **names = MU_ARRAY(c->arena, e->n_parameters, const char *);
        for (size_t i = 0; i < e->n_parameters; i++) {
            names[i] = e->parameters[i].name;
        }
        const char *near = cl_schema_nearest(p->reference, names, e->n_parameters);
        cl_problem_add(c->problems, c->arena, p->node,
            "trialParameters: %s refers to \"%s\", which is no parameter of the experiment%s%s%s",
            p->name, p->reference, near ? "; did you mean \"" : "", near ? near : "",
            near ? "\"?" : "");
    }
}

/* Katib refuses to create a trial unless template and suggestion have exactly the same parameters.
 */
static void check_covered(
    const struct cl_checker *c, const struct cl_node *node, const struct cl_experiment *e) {
    const struct cl_trial_template *t = &e->template;
    for (size_t i = 0; i < e->n_parameters; i++) {
        bool used = false;
        for (size_t j = 0; j < t->n_parameters; j++) {
            used = used || !strcmp(t->parameters[j].reference, e->parameters[i].name);
        }
        if (!used) {
            cl_problem_add(c->problems, c->arena, node,
                "parameter %s is not in trialParameters; Katib could not create a trial",
                e->parameters[i].name);
        }
    }
}

static void read_trial_parameters(
    const struct cl_checker *c, const struct cl_node *list, struct cl_experiment *e) {
    struct cl_trial_template *t = &e->template;
    t->n_parameters = list && list->kind == CL_NODE_LIST ? list->n : 0;
    t->parameters = MU_ARRAY(c->arena, t->n_parameters, struct cl_trial_parameter);
    for (size_t i = 0; i < t->n_parameters; i++) {
        const struct cl_node *node = list->items[i];
        cl_schema_check(c, node,
            mu_arena_format(c->arena, "spec.trialTemplate.trialParameters[%zu]", i),
            trial_parameter_fields);
        t->parameters[i] = (struct cl_trial_parameter){
            cl_node_text(node, "name", ""), cl_node_text(node, "reference", ""), node};
        check_reference(c, e, &t->parameters[i]);
        for (size_t j = 0; j < i; j++) {
            if (!strcmp(t->parameters[i].name, t->parameters[j].name)) {
                cl_problem_add(c->problems, c->arena, node, "trialParameters: %s is there twice",
                    t->parameters[i].name);
            }
        }
    }
}

void cl_read_template(
    const struct cl_checker *c, const struct cl_node *spec, struct cl_experiment *e) {
    const struct cl_node *node = cl_node_get(spec, "trialTemplate");
    struct cl_trial_template *t = &e->template;
    if (!node || !cl_schema_check(c, node, "spec.trialTemplate", template_fields)) {
        return;
    }
    read_trial_parameters(c, cl_node_get(node, "trialParameters"), e);
    check_covered(c, node, e);
    t->spec = cl_node_get(node, "trialSpec");
    t->container = cl_node_text(node, "primaryContainerName", NULL);
    if (!t->spec && !cl_node_get(node, "configMap")) {
        cl_problem_add(
            c->problems, c->arena, node, "spec.trialTemplate needs a trialSpec (or a configMap)");
    }
    if (t->spec && t->spec->kind == CL_NODE_MAP) {
        cl_template_check(e, c->arena, c->problems);
    }
}
