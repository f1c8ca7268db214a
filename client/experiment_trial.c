/* The objective, the metrics collector and the trial template. */
#include <string.h>

#include "client/experiment_parts.h"
#include "client/metrics.h"
#include "client/template.h"

static const struct field objective_fields[] = {{"type", NODE_TEXT, true},
    {"goal", NODE_NUMBER, false}, {"objectiveMetricName", NODE_TEXT, true},
    {"additionalMetricNames", NODE_LIST, false}, {"metricStrategies", NODE_LIST, false},
    {NULL, 0, false}};
static const struct field strategy_fields[] = {
    {"name", NODE_TEXT, true}, {"value", NODE_TEXT, true}, {NULL, 0, false}};
static const struct field collector_spec_fields[] = {
    {"collector", NODE_MAP, false}, {"source", NODE_MAP, false}, {NULL, 0, false}};
static const struct field collector_fields[] = {
    {"kind", NODE_TEXT, false}, {"customCollector", NODE_MAP, false}, {NULL, 0, false}};
static const struct field source_fields[] = {{"httpGet", NODE_MAP, false},
    {"fileSystemPath", NODE_MAP, false}, {"filter", NODE_MAP, false}, {NULL, 0, false}};
static const struct field path_fields[] = {{"path", NODE_TEXT, false}, {"kind", NODE_TEXT, false},
    {"format", NODE_TEXT, false}, {NULL, 0, false}};
static const struct field filter_fields[] = {{"metricsFormat", NODE_LIST, false}, {NULL, 0, false}};
static const struct field template_fields[] = {{"retain", NODE_BOOL, false},
    {"trialSpec", NODE_MAP, false}, {"configMap", NODE_MAP, false},
    {"trialParameters", NODE_LIST, false}, {"primaryPodLabels", NODE_MAP, false},
    {"primaryContainerName", NODE_TEXT, false}, {"successCondition", NODE_TEXT, false},
    {"failureCondition", NODE_TEXT, false}, {NULL, 0, false}};
static const struct field trial_parameter_fields[] = {{"name", NODE_TEXT, true},
    {"description", NODE_TEXT, false}, {"reference", NODE_TEXT, true}, {NULL, 0, false}};

/* ---- objective ---- */

static void read_strategy(
    const struct checker *c, const struct node *node, const char *path, struct experiment *e) {
    const char *name = node_text(node, "name", "");
    const char *value = node_text(node, "value", "");
    schema_check(c, node, path, strategy_fields);
    for (size_t i = 0; i < e->n_metrics; i++) {
        if (strcmp(e->metrics[i].name, name)) {
            continue;
        }
        for (int s = STRATEGY_MIN; s <= STRATEGY_LATEST; s++) {
            if (!strcmp(value, strategy_name((enum strategy)s))) {
                e->metrics[i].strategy = (enum strategy)s;
                return;
            }
        }
        problem_add(c->problems, c->arena, node,
            "%s.value: \"%s\" is unknown; accepted are min, max, latest", path, value);
        return;
    }
    problem_add(
        c->problems, c->arena, node, "%s.name: \"%s\" is no metric of the objective", path, name);
}

static void read_metrics(const struct checker *c, const struct node *node, struct experiment *e) {
    size_t n;
    const char *const *others = read_texts(
        c, node_get(node, "additionalMetricNames"), "spec.objective.additionalMetricNames", &n);
    enum strategy usual = e->maximize ? STRATEGY_MAX : STRATEGY_MIN;
    e->metrics = MU_ARRAY(c->arena, n + 1, struct metric_spec);
    e->metrics[e->n_metrics++] =
        (struct metric_spec){node_text(node, "objectiveMetricName", ""), usual};
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(others[i], e->metrics[0].name)) {
            problem_add(c->problems, c->arena, node_get(node, "additionalMetricNames"),
                "additionalMetricNames must not repeat the objective, \"%s\"", others[i]);
        }
        e->metrics[e->n_metrics++] = (struct metric_spec){others[i], usual};
    }
}

void read_objective(const struct checker *c, const struct node *spec, struct experiment *e) {
    const struct node *node = node_get(spec, "objective");
    const struct node *goal = node_get(node, "goal");
    const struct node *strategies = node_get(node, "metricStrategies");
    if (!node || !schema_check(c, node, "spec.objective", objective_fields)) {
        return;
    }
    const char *type = node_text(node, "type", NULL);
    e->maximize = type && !strcmp(type, "maximize");
    if (type && !e->maximize && strcmp(type, "minimize")) {
        problem_add(c->problems, c->arena, node_get(node, "type"),
            "spec.objective.type: \"%s\" is unknown; accepted are minimize, maximize", type);
    }
    e->has_goal = goal && goal->kind == NODE_NUMBER && mu_read_double(goal->text, &e->goal);
    read_metrics(c, node, e);
    for (size_t i = 0; strategies && strategies->kind == NODE_LIST && i < strategies->n; i++) {
        read_strategy(c, strategies->items[i],
            mu_arena_format(c->arena, "spec.objective.metricStrategies[%zu]", i), e);
    }
}

/* ---- metrics collector ---- */

static void read_filters(
    const struct checker *c, const struct node *source, struct collector_spec *collector) {
    const struct node *filter = node_get(source, "filter");
    const struct node *list = node_get(filter, "metricsFormat");
    if (filter) {
        schema_check(c, filter, "spec.metricsCollectorSpec.source.filter", filter_fields);
    }
    collector->filters = read_texts(c, list, "metricsFormat", &collector->n_filters);
    for (size_t i = 0; i < collector->n_filters; i++) {
        char why[256];
        if (!metric_filter_valid(collector->filters[i], why, sizeof why)) {
            problem_add(c->problems, c->arena, list->items[i], "metricsFormat: \"%s\": %s",
                collector->filters[i], why);
        }
    }
}

static void read_path(
    const struct checker *c, const struct node *source, struct collector_spec *collector) {
    const struct node *path = node_get(source, "fileSystemPath");
    if (path) {
        schema_check(c, path, "spec.metricsCollectorSpec.source.fileSystemPath", path_fields);
    }
    const char *format = node_text(path, "format", "TEXT");
    collector->path = node_text(path, "path", "/var/log/katib/metrics.log");
    collector->json = !strcmp(format, "JSON");
    if (*collector->path != '/') {
        problem_add(c->problems, c->arena, path, "fileSystemPath.path: \"%s\" must begin with /",
            collector->path);
    }
    if (!collector->json && strcmp(format, "TEXT")) {
        problem_add(c->problems, c->arena, path,
            "fileSystemPath.format: \"%s\" is unknown; accepted are TEXT, JSON", format);
    }
    if (collector->json && collector->n_filters) {
        problem_add(
            c->problems, c->arena, path, "a metricsFormat filter does not go with the JSON format");
    }
}

void read_collector(
    const struct checker *c, const struct node *spec, struct collector_spec *collector) {
    static const char *const kinds[] = {
        "StdOut", "File", "TensorFlowEvent", "PrometheusMetric", "Custom", "None", "Push"};
    const struct node *node = node_get(spec, "metricsCollectorSpec");
    const struct node *inner = node_get(node, "collector");
    const struct node *source = node_get(node, "source");
    bool known = false;
    if (node) {
        schema_check(c, node, "spec.metricsCollectorSpec", collector_spec_fields);
    }
    if (inner) {
        schema_check(c, inner, "spec.metricsCollectorSpec.collector", collector_fields);
    }
    if (source) {
        schema_check(c, source, "spec.metricsCollectorSpec.source", source_fields);
    }
    collector->kind_name = node_text(inner, "kind", "StdOut");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        known = known || !strcmp(collector->kind_name, kinds[i]);
    }
    if (!known) {
        problem_add(c->problems, c->arena, inner,
            "spec.metricsCollectorSpec.collector.kind: \"%s\" is unknown", collector->kind_name);
    }
    collector->kind = !strcmp(collector->kind_name, "StdOut") ? COLLECT_STDOUT
                      : !strcmp(collector->kind_name, "File") ? COLLECT_FILE
                                                              : COLLECT_OTHER;
    read_filters(c, source, collector);
    if (collector->kind == COLLECT_FILE) {
        read_path(c, source, collector);
    }
}

/* ---- trial template ---- */

static bool is_parameter(const struct experiment *e, const char *name) {
    for (size_t i = 0; i < e->n_parameters; i++) {
        if (!strcmp(e->parameters[i].name, name)) {
            return true;
        }
    }
    return e->network
        .present; /* an architecture search's assignments are known only to its algorithm */
}

static void check_reference(
    const struct checker *c, const struct experiment *e, const struct trial_parameter *p) {
    if (template_is_meta(p->reference)) {
        char why[256];
        if (!template_meta_valid(p->reference, why, sizeof why)) {
            problem_add(c->problems, c->arena, p->node, "trialParameters: %s: %s", p->name, why);
        }
    } else if (!is_parameter(e, p->reference)) {
        const char **names = MU_ARRAY(c->arena, e->n_parameters, const char *);
        for (size_t i = 0; i < e->n_parameters; i++) {
            names[i] = e->parameters[i].name;
        }
        const char *near = schema_nearest(p->reference, names, e->n_parameters);
        problem_add(c->problems, c->arena, p->node,
            "trialParameters: %s refers to \"%s\", which is no parameter of the experiment%s%s%s",
            p->name, p->reference, near ? "; did you mean \"" : "", near ? near : "",
            near ? "\"?" : "");
    }
}

/* Katib refuses to create a trial unless template and suggestion have exactly the same parameters.
 */
static void check_covered(
    const struct checker *c, const struct node *node, const struct experiment *e) {
    const struct trial_template *t = &e->template;
    for (size_t i = 0; i < e->n_parameters; i++) {
        bool used = false;
        for (size_t j = 0; j < t->n_parameters; j++) {
            used = used || !strcmp(t->parameters[j].reference, e->parameters[i].name);
        }
        if (!used) {
            problem_add(c->problems, c->arena, node,
                "parameter %s is not in trialParameters; Katib could not create a trial",
                e->parameters[i].name);
        }
    }
}

static void read_trial_parameters(
    const struct checker *c, const struct node *list, struct experiment *e) {
    struct trial_template *t = &e->template;
    t->n_parameters = list && list->kind == NODE_LIST ? list->n : 0;
    t->parameters = MU_ARRAY(c->arena, t->n_parameters, struct trial_parameter);
    for (size_t i = 0; i < t->n_parameters; i++) {
        const struct node *node = list->items[i];
        schema_check(c, node,
            mu_arena_format(c->arena, "spec.trialTemplate.trialParameters[%zu]", i),
            trial_parameter_fields);
        t->parameters[i] = (struct trial_parameter){
            node_text(node, "name", ""), node_text(node, "reference", ""), node};
        check_reference(c, e, &t->parameters[i]);
        for (size_t j = 0; j < i; j++) {
            if (!strcmp(t->parameters[i].name, t->parameters[j].name)) {
                problem_add(c->problems, c->arena, node, "trialParameters: %s is there twice",
                    t->parameters[i].name);
            }
        }
    }
}

void read_template(const struct checker *c, const struct node *spec, struct experiment *e) {
    const struct node *node = node_get(spec, "trialTemplate");
    struct trial_template *t = &e->template;
    if (!node || !schema_check(c, node, "spec.trialTemplate", template_fields)) {
        return;
    }
    read_trial_parameters(c, node_get(node, "trialParameters"), e);
    check_covered(c, node, e);
    t->spec = node_get(node, "trialSpec");
    t->container = node_text(node, "primaryContainerName", NULL);
    if (!t->spec && !node_get(node, "configMap")) {
        problem_add(
            c->problems, c->arena, node, "spec.trialTemplate needs a trialSpec (or a configMap)");
    }
    if (t->spec && t->spec->kind == NODE_MAP) {
        template_check(t, c->arena, c->problems);
    }
}
