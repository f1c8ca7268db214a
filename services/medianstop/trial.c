#include "services/medianstop/trial.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char STOPPED[] = "EarlyStopped";
static const char UNAVAILABLE[] = "unavailable"; /* how Katib writes a value that is missing */

/* The text of the member |name|, or "". */
static const char *text_of(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

/* ---- the observation: getMetrics of Katib's trial controller ---- */

/* A number as Go's ParseFloat reads it; "nan" and "inf" are numbers, what overflows is none. */
static bool read_number(const char *text, double *number) {
    char *end;
    bool begins = *text && strchr("+-.0123456789nNiI", *text);
    errno = 0;
    *number = begins ? strtod(text, &end) : 0;
    return begins && !*end && end != text && !strchr(text, '(') &&
           !(errno == ERANGE && isinf(*number));
}

struct summary {
    const char *min, *max, *latest;
    double least, most;
};

static void add_value(struct summary *s, const char *value) {
    double number;
    s->latest = value;
    if (!read_number(value, &number)) {
        return;
    }
    if (s->min == UNAVAILABLE) {
        s->min = s->max = value;
        s->least = s->most = number;
    } else if (number < s->least) {
        s->min = value;
        s->least = number;
    } else if (number > s->most) {
        s->max = value;
        s->most = number;
    }
}

static json_t *observe(const char *metric, const struct mu_pair *reports, size_t n) {
    struct summary s = {UNAVAILABLE, UNAVAILABLE, UNAVAILABLE, 0, 0};
    for (size_t i = 0; i < n; i++) {
        if (strcmp(reports[i].name, metric) == 0) {
            add_value(&s, reports[i].value);
        }
    }
    return json_pack(
        "{s:s, s:s, s:s, s:s}", "name", metric, "min", s.min, "max", s.max, "latest", s.latest);
}

/* Of each metric that has a strategy: the webhook gives one to every metric. */
static json_t *observation_of(const json_t *object, const struct mu_pair *reports, size_t n) {
    const json_t *objective = json_object_get(json_object_get(object, "spec"), "objective");
    const json_t *strategies = json_object_get(objective, "metricStrategies");
    json_t *metrics = json_array();
    size_t i;
    const json_t *strategy;
    json_array_foreach(strategies, i, strategy) {
        json_array_append_new(metrics, observe(text_of(strategy, "name"), reports, n));
    }
    if (json_array_size(metrics) == 0) {
        json_array_append_new(
            metrics, observe(text_of(objective, "objectiveMetricName"), reports, n));
    }
    return json_pack("{s:o}", "metrics", metrics);
}

/* Whether the objective has been observed. */
static bool is_observed(const json_t *object, const json_t *status) {
    const json_t *objective = json_object_get(json_object_get(object, "spec"), "objective");
    const char *name = text_of(objective, "objectiveMetricName");
    const json_t *metrics = json_object_get(json_object_get(status, "observation"), "metrics");
    size_t i;
    const json_t *metric;
    json_array_foreach(metrics, i, metric) {
        if (strcmp(text_of(metric, "name"), name) == 0) {
            return strcmp(text_of(metric, "latest"), UNAVAILABLE) != 0;
        }
    }
    return false;
}

/* ---- the condition ---- */

static json_t *new_condition(const char *now) {
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "type", STOPPED, "status", "True", "reason",
        "TrialEarlyStopped", "message", "Trial is early stopped", "lastUpdateTime", now,
        "lastTransitionTime", now);
}

/* The conditions with the new one at their end, or NULL when the trial has it. A merge patch
 * replaces lists as a whole. */
static json_t *conditions_of(const json_t *status, const char *now) {
    json_t *conditions = json_array();
    size_t i;
    json_t *condition;
    json_array_foreach(json_object_get(status, "conditions"), i, condition) {
        if (strcmp(text_of(condition, "type"), STOPPED) != 0) {
            json_array_append(conditions, condition);
        } else if (strcmp(text_of(condition, "status"), "True") == 0) {
            json_decref(conditions);
            return NULL;
        }
    }
    json_array_append_new(conditions, new_condition(now));
    return conditions;
}

/* ---- the patch ---- */

static char *write_patch(const json_t *object, const struct mu_pair *reports, size_t n,
    const char *now, const char *version) {
    const json_t *status = json_object_get(object, "status");
    json_t *changes = json_object();
    json_t *conditions = conditions_of(status, now);
    char *text = NULL;
    if (conditions) {
        json_object_set_new(changes, "conditions", conditions);
    }
    if (n > 0 && !is_observed(object, status)) {
        json_object_set_new(changes, "observation", observation_of(object, reports, n));
    }
    if (!*text_of(status, "completionTime")) {
        json_object_set_new(changes, "completionTime", json_string(now));
    }
    if (json_object_size(changes) > 0) {
        json_t *patch =
            json_pack("{s:{s:s}, s:O}", "metadata", "resourceVersion", version, "status", changes);
        text = json_dumps(patch, JSON_COMPACT);
        json_decref(patch);
    }
    json_decref(changes);
    return text;
}

enum mu_status mu_trial_stop_patch(const char *object, size_t size, const struct mu_pair *reports,
    size_t n, const char *now, char **patch, struct mu_error *error) {
    json_error_t fault;
    json_t *trial = json_loadb(object, size, 0, &fault);
    const char *version = text_of(json_object_get(trial, "metadata"), "resourceVersion");
    enum mu_status status = MU_OK;
    *patch = NULL;
    if (!trial || !*version) {
        status = mu_fail(error, MU_INTERNAL, "the Kubernetes API gave no trial: %.200s",
            trial ? "it has no resourceVersion" : fault.text);
    } else {
        *patch = write_patch(trial, reports, n, now, version);
    }
    json_decref(trial);
    return status;
}

void mu_trial_api_message(const char *answer, size_t length, char *message, size_t size) {
    json_t *status = json_loadb(answer, length, 0, NULL);
    snprintf(message, size, "%s", text_of(status, "message"));
    json_decref(status);
}
