#include "client/experiment/webhook.h"

#include <string.h>

#include "client/experiment/filter.h"
#include "client/experiment/job.h"
#include "client/experiment/template.h"
#include "common/search/outcomes.h"

struct webhook {
    const struct cl_experiment *e;
    struct cl_checker c;
    const struct cl_node *spec;
};

static void refuse(const struct webhook *w, const struct cl_node *at, const char *text) {
    cl_problem_add(w->c.problems, w->c.arena, at, "%s", text);
}

static void warn(const struct webhook *w, const struct cl_node *at, const char *text) {
    cl_problem_warn(w->c.problems, w->c.arena, at, "%s", text);
}

static bool among(const char *text, const char *const *words) {
    for (; *words; words++) {
        if (!strcmp(text, *words)) {
            return true;
        }
    }
    return false;
}

static bool given(const struct cl_node *map, const char *key) {
    return *cl_node_text(map, key, "") != '\0';
}

/* ---- names, counts and policies ---- */

/* Of names that must be there, empty ones. */
static void check_names(const struct webhook *w) {
    static const char *const names[][2] = {
        {"objective", "objectiveMetricName"}, {"algorithm", "algorithmName"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct cl_node *name = cl_node_get(cl_node_get(w->spec, names[i][0]), names[i][1]);
        if (name && name->text && !*name->text) {
            cl_problem_add(
                w->c.problems, w->c.arena, name, "spec.%s.%s is empty", names[i][0], names[i][1]);
        }
    }
}

static void check_counts(const struct webhook *w) {
    static const char *const policies[] = {"", "Never", "LongRunning", "FromVolume", NULL};
    const struct cl_node *policy = cl_node_get(w->spec, "resumePolicy");
    const struct cl_experiment *e = w->e;
    if (!cl_node_get(w->spec, "parallelTrialCount") && e->max_trials > 0 &&
        e->parallel > e->max_trials) {
        cl_problem_add(w->c.problems, w->c.arena, cl_node_get(w->spec, "maxTrialCount"),
            "spec.maxTrialCount: %d is less than parallelTrialCount, which is %d when it is not "
            "set",
            e->max_trials, e->parallel);
    }
    if (policy && policy->text && !among(policy->text, policies)) {
        cl_problem_add(w->c.problems, w->c.arena, policy,
            "spec.resumePolicy: \"%s\" is unknown; accepted are Never, LongRunning, FromVolume",
            policy->text);
    }
}

/* ---- parameters ---- */

/* Katib puts a value into the template's JSON text as it is. */
static bool breaks_json(const char *value) {
    for (; *value; value++) {
        if (*value == '"' || *value == '\\' || (unsigned char)*value < 0x20) {
            return true;
        }
    }
    return false;
}

static void check_parameter(const struct webhook *w, const struct cl_node *node) {
    static const char *const numeric[] = {"double", "int", NULL};
    static const char *const listed[] = {"discrete", "categorical", NULL};
    const struct cl_node *space = cl_node_get(node, "feasibleSpace");
    const struct cl_node *list = cl_node_get(space, "list");
    const char *type = cl_node_text(node, "parameterType", "");
    if (among(type, numeric) && list && list->kind == CL_NODE_LIST && list->n) {
        refuse(w, list, "feasibleSpace.list does not go with parameterType double or int");
    }
    if (among(type, listed) &&
        (given(space, "min") || given(space, "max") || given(space, "step"))) {
        refuse(w, space, "feasibleSpace min, max and step go with double and int only");
    }
    for (size_t i = 0; list && list->kind == CL_NODE_LIST && i < list->n; i++) {
        if (list->items[i]->text && breaks_json(list->items[i]->text)) {
            refuse(w, list->items[i],
                "a quote, a backslash or a control character in a value breaks the JSON text that "
                "Katib makes its jobs from");
        }
    }
}

static void check_parameters(const struct webhook *w) {
    const struct cl_node *list = cl_node_get(w->spec, "parameters");
    for (size_t i = 0; list && list->kind == CL_NODE_LIST && i < list->n; i++) {
        check_parameter(w, list->items[i]);
    }
}

/* ---- trial template ---- */

static void check_source(const struct webhook *w, const struct cl_node *template) {
    const struct cl_node *map = cl_node_get(template, "configMap");
    if (map && cl_node_get(template, "trialSpec")) {
        refuse(w, map, "spec.trialTemplate cannot have both a trialSpec and a configMap");
    } else if (map && !(given(map, "configMapName") && given(map, "configMapNamespace") &&
                          given(map, "templatePath"))) {
        refuse(w, map, "configMap needs configMapName, configMapNamespace and templatePath");
    }
}

static void check_trial_parameters(const struct webhook *w, const struct cl_node *template) {
    const struct cl_trial_template *t = &w->e->template;
    if (!cl_node_get(template, "trialParameters")) {
        refuse(w, template, "spec.trialTemplate.trialParameters is missing");
    }
    for (size_t i = 0; i < t->n_parameters; i++) {
        if (strpbrk(t->parameters[i].name, "{}")) {
            refuse(w, t->parameters[i].node, "the name of a trial parameter cannot have braces");
        }
        for (size_t j = 0; j < i; j++) {
            if (!strcmp(t->parameters[i].reference, t->parameters[j].reference)) {
                cl_problem_add(w->c.problems, w->c.arena, t->parameters[i].node,
                    "trialParameters: the reference %s is there twice; first on line %d",
                    t->parameters[i].reference, t->parameters[j].node->line);
            }
        }
    }
}

/* Of jobs whose fields are not known here. A TrainJob may leave the image to its runtime. */
static void check_image(const struct webhook *w) {
    char why[256];
    const struct cl_node *container = cl_template_container(&w->e->template, why, sizeof why);
    if (container && !given(container, "image")) {
        refuse(w, container, "the container has no image; Kubernetes refuses its pod");
    }
}

static void check_job(const struct webhook *w, const struct cl_node *template) {
    static const char *const known[] = {
        "Job", "TFJob", "PyTorchJob", "XGBoostJob", "MPIJob", "TrainJob", NULL};
    const struct cl_node *job = cl_node_get(template, "trialSpec");
    const struct cl_node *metadata = cl_node_get(job, "metadata");
    const char *kind = cl_node_text(job, "kind", "");
    bool conditions = given(template, "successCondition") && given(template, "failureCondition");
    if (!job) {
        return;
    }
    if (!*kind || !given(job, "apiVersion")) {
        refuse(w, job, "trialSpec needs apiVersion and kind");
    }
    if (given(metadata, "name") || given(metadata, "namespace")) {
        refuse(w, metadata, "trialSpec cannot have metadata.name or metadata.namespace");
    }
    if (*kind && !among(kind, known) && !conditions) {
        cl_problem_add(w->c.problems, w->c.arena, template,
            "spec.trialTemplate needs a successCondition and a failureCondition for kind %s", kind);
    }
    if (!strcmp(kind, "Job") && !strcmp(cl_node_text(job, "apiVersion", ""), "batch/v1")) {
        cl_job_check(&w->c, job);
    } else if (strcmp(kind, "TrainJob") != 0) {
        check_image(w);
    }
}

static void check_template(const struct webhook *w) {
    const struct cl_node *template = cl_node_get(w->spec, "trialTemplate");
    if (!template) {
        refuse(w, w->spec, "spec.trialTemplate is missing");
        return;
    }
    if (!given(template, "primaryContainerName")) {
        refuse(w, template, "spec.trialTemplate.primaryContainerName is missing");
    }
    check_source(w, template);
    check_trial_parameters(w, template);
    check_job(w, template);
}

/* ---- metrics ---- */

static void check_filters(const struct webhook *w, const struct cl_node *source) {
    const struct cl_node *list = cl_node_get(cl_node_get(source, "filter"), "metricsFormat");
    for (size_t i = 0; list && list->kind == CL_NODE_LIST && i < list->n; i++) {
        const char *why = list->items[i]->text ? cl_filter_go_refuses(list->items[i]->text) : NULL;
        if (why) {
            cl_problem_add(w->c.problems, w->c.arena, list->items[i],
                "metricsFormat: \"%s\": Go's regular expressions have no %s", list->items[i]->text,
                why);
        }
    }
}

static void check_path(const struct webhook *w, const struct cl_node *at,
    const struct cl_node *path, const char *kind) {
    const char *own = cl_node_text(path, "kind", kind);
    if (strcmp(own, kind) != 0) {
        cl_problem_add(w->c.problems, w->c.arena, path,
            "fileSystemPath.kind: this collector needs %s, not \"%s\"", kind, own);
    }
    if (path && *cl_node_text(path, "path", "/") != '/') {
        refuse(w, at, "fileSystemPath.path must begin with /");
    }
}

static void check_custom(
    const struct webhook *w, const struct cl_node *collector, const struct cl_node *path) {
    static const char *const kinds[] = {"File", "Directory", NULL};
    if (!cl_node_get(collector, "customCollector")) {
        refuse(w, collector, "a Custom collector needs a customCollector");
    }
    if (path &&
        (*cl_node_text(path, "path", "") != '/' || !among(cl_node_text(path, "kind", ""), kinds))) {
        refuse(
            w, path, "fileSystemPath needs a path that begins with / and kind File or Directory");
    }
}

static void check_prometheus(const struct webhook *w, const struct cl_node *get) {
    double port;
    const char *text = cl_node_text(get, "port", "0"); /* 0 and no path: Katib's defaults */
    if (!mu_read_double(text, &port) || port < 0 || port != (int)port) {
        refuse(w, get, "httpGet.port must be a positive whole number");
    }
    if (given(get, "path") && *cl_node_text(get, "path", "") != '/') {
        refuse(w, get, "httpGet.path must begin with /");
    }
}

static void check_collector(const struct webhook *w) {
    const struct cl_node *node = cl_node_get(w->spec, "metricsCollectorSpec");
    const struct cl_node *inner = cl_node_get(node, "collector");
    const struct cl_node *source = cl_node_get(node, "source");
    const struct cl_node *path = cl_node_get(source, "fileSystemPath");
    const char *kind = w->e->collector.kind_name;
    if (!strcmp(kind, "None")) {
        refuse(w, inner, "Katib refuses collectors of kind None; Push is what collects nothing");
    } else if (!strcmp(kind, "File")) {
        check_path(w, node, path, "File");
    } else if (!strcmp(kind, "TensorFlowEvent")) {
        check_path(w, node, path, "Directory");
        if (given(path, "format")) {
            refuse(w, path, "a TensorFlowEvent collector has no format");
        }
    } else if (!strcmp(kind, "Custom")) {
        check_custom(w, inner, path);
    } else if (!strcmp(kind, "PrometheusMetric")) {
        warn(w, inner,
            "the katib-config that Katib installs has no PrometheusMetric collector, and without "
            "an entry there its webhook refuses the experiment");
        check_prometheus(w, cl_node_get(source, "httpGet"));
    }
    if (w->e->collector.json && cl_node_get(source, "filter")) {
        refuse(w, source, "a filter, even an empty one, does not go with the JSON format");
    }
    check_filters(w, source);
}

/* The default filter's names: what "[\w|-]+" matches. */
static bool filterable(const char *name) {
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_|-";
    return name[strspn(name, letters)] == '\0';
}

static void check_metrics(const struct webhook *w) {
    const struct cl_node *objective = cl_node_get(w->spec, "objective");
    const struct cl_collector_spec *collector = &w->e->collector;
    bool by_default = collector->n_filters == 0 && !collector->json &&
                      (collector->kind == CL_COLLECT_STDOUT || collector->kind == CL_COLLECT_FILE);
    for (size_t i = 0; i < w->e->n_metrics && by_default; i++) {
        if (!filterable(w->e->metrics[i].name)) {
            cl_problem_warn(w->c.problems, w->c.arena, objective,
                "the default filter cannot give the metric \"%s\": it reads letters, digits, '_', "
                "'-' and '|' only; set source.filter.metricsFormat",
                w->e->metrics[i].name);
        }
    }
    if (w->e->n_metrics > 1 && !cl_node_get(objective, "metricStrategies")) {
        warn(w, objective,
            "without metricStrategies Katib takes the objective's direction for every additional "
            "metric: the least or the largest of its values, not the latest");
    }
}

/* Of an objective against the experiment's direction Katib sends the worst of a trial's values,
 * unless a strategy says otherwise. */
static void check_outcomes(const struct webhook *w) {
    const struct cl_experiment *e = w->e;
    struct mu_experiment experiment = cl_experiment_metrics(e, w->c.arena);
    struct mu_outcomes outcomes;
    struct mu_error error;
    if (mu_outcomes_read(&outcomes, &experiment, w->c.arena, &error)) {
        refuse(w, cl_node_get(w->spec, "algorithm"), error.text);
        return;
    }
    for (size_t k = 0; k < outcomes.n_objectives; k++) {
        const struct cl_metric_spec *metric = &e->metrics[outcomes.list[k].metric];
        bool maximize = (outcomes.list[k].sign > 0) == e->maximize;
        enum cl_strategy worst = maximize ? CL_STRATEGY_MIN : CL_STRATEGY_MAX;
        if (e->n_metrics > 0 && metric->strategy == worst) {
            cl_problem_warn(w->c.problems, w->c.arena, cl_node_get(w->spec, "objective"),
                "the objective \"%s\" is to be %s, but what arrives is the %s of a trial's values: "
                "Katib's strategy for it is %s, by default the objective's direction; add {name: "
                "%s, value: %s} or latest to metricStrategies",
                metric->name, maximize ? "maximized" : "minimized", maximize ? "least" : "largest",
                cl_strategy_name(worst), metric->name,
                cl_strategy_name(maximize ? CL_STRATEGY_MAX : CL_STRATEGY_MIN));
        }
    }
}

static void check_early_stopping(const struct webhook *w) {
    static const char *const blind[] = {
        "TensorFlowEvent", "PrometheusMetric", "Custom", "Push", NULL};
    const struct cl_node *node = cl_node_get(w->spec, "earlyStopping");
    const struct cl_node *retain = cl_node_get(cl_node_get(w->spec, "trialTemplate"), "retain");
    if (!node) {
        return;
    }
    if (!retain || strcmp(retain->value, "true") != 0) {
        warn(w, node,
            "without trialTemplate.retain: true Katib's own early stopping loses the result of "
            "every trial that it stops, and one place among the parallel trials; "
            "mushir-medianstop keeps both");
    }
    if (w->e->n_metrics > 0 && strchr(w->e->metrics[0].name, ';')) {
        warn(w, node,
            "Katib's collector gets a rule as NAME;VALUE;COMPARISON;STEP, so the ';' in the "
            "objective's name breaks it");
    }
    if (among(w->e->collector.kind_name, blind)) {
        warn(w, node, "this metrics collector never stops a trial early");
    }
}

void cl_webhook_check(
    const struct cl_experiment *e, struct mu_arena *arena, struct cl_problems *problems) {
    const struct webhook w = {e, {arena, problems}, cl_node_get(e->root, "spec")};
    if (!w.spec || w.spec->kind != CL_NODE_MAP) {
        return;
    }
    check_names(&w);
    check_counts(&w);
    check_parameters(&w);
    check_template(&w);
    check_collector(&w);
    check_metrics(&w);
    check_outcomes(&w);
    check_early_stopping(&w);
}
