#include "client/serve/answer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"

/* Six of them, twice as long where each letter is escaped, and an entry's numbers fit into the
 * piece of a stream that a watcher is told it in (CL_HTTP_PIECE). */
enum { LONGEST_TEXT = 1024 };

/* |text| as a JSON string: its beginning, what is no UTF-8 replaced. */
static json_t *string_of(const char *text) {
    char copy[LONGEST_TEXT + 1];
    if (!text) {
        return json_null();
    }
    snprintf(copy, sizeof copy, "%s", text);
    mu_text_repair(copy);
    return json_string(copy);
}

static json_t *number_of(double value) {
    return isfinite(value) ? json_real(value) : json_null();
}

void cl_answer_json(struct cl_http_exchange *exchange, int status, json_t *value) {
    char *text = json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(17));
    const char *copy =
        mu_arena_format(cl_http_arena(exchange), "%s\n", text ? text : "{\"error\": \"\"}");
    free(text);
    json_decref(value);
    cl_http_reply(exchange, status, "application/json", copy, strlen(copy));
}

void cl_answer_error(struct cl_http_exchange *exchange, int status, const char *text) {
    json_t *root = json_object();
    json_object_set_new(root, "error", string_of(text));
    cl_answer_json(exchange, status, root);
}

void cl_answer_nothing(struct cl_http_exchange *exchange) {
    cl_http_reply(exchange, 204, "application/json", "", 0);
}

static json_t *counts_of(const struct cl_standing *standing) {
    json_t *counts = json_object();
    json_object_set_new(counts, "total", json_integer((json_int_t)standing->trials));
    for (int c = MU_TRIAL_CREATED; c <= MU_TRIAL_EARLY_STOPPED; c++) {
        if (standing->conditions[c]) {
            json_object_set_new(counts, cl_condition_name((enum mu_trial_condition)c),
                json_integer((json_int_t)standing->conditions[c]));
        }
    }
    return counts;
}

static json_t *best_of(const struct cl_standing *standing) {
    json_t *best = json_null();
    if (standing->best_trial) {
        best = json_object();
        json_object_set_new(best, "trial", string_of(standing->best_trial));
        json_object_set_new(best, "value", number_of(standing->best));
    }
    return best;
}

/* What its journal tells. */
static void add_standing(json_t *root, const struct cl_standing *standing) {
    json_object_set_new(root, "algorithm", string_of(standing->algorithm));
    json_object_set_new(root, "metric", string_of(standing->metric));
    json_object_set_new(root, "goal", json_string(standing->maximize ? "maximize" : "minimize"));
    json_object_set_new(root, "maxTrialCount",
        standing->max_trials > 0 ? json_integer(standing->max_trials) : json_null());
    json_object_set_new(root, "started", string_of(standing->started));
    json_object_set_new(root, "trials", counts_of(standing));
    json_object_set_new(root, "reports", json_integer((json_int_t)standing->reports));
    json_object_set_new(root, "best", best_of(standing));
    bool valueless = standing->good && !standing->best_trial;
    json_object_set_new(root, "message",
        !standing->finished ? json_null()
        : valueless         ? json_sprintf(CL_TRIAL_NO_BEST, standing->metric)
                            : string_of(standing->message));
}

json_t *cl_answer_entry(const struct cl_queue *queue, const struct cl_entry *entry) {
    const struct cl_standing *standing = cl_follow_standing(entry->follow);
    enum cl_state state = cl_entry_state(entry);
    json_t *root = json_object();
    json_object_set_new(root, "name", string_of(entry->name));
    json_object_set_new(root, "state", json_string(cl_state_name(state)));
    json_object_set_new(root, "version", json_integer(entry->version));
    json_object_set_new(root, "elsewhere", json_boolean(entry->elsewhere != 0));
    json_object_set_new(root, "parallelTrialCount",
        json_integer(standing->experiment ? standing->parallel : entry->parallel));
    json_object_set_new(root, "before",
        state == CL_STATE_QUEUED ? json_integer((json_int_t)cl_queue_before(queue, entry))
                                 : json_null());
    json_object_set_new(root, "error", string_of(entry->error));
    add_standing(root, standing);
    return root;
}

json_t *cl_answer_values(const struct cl_entry *entry) {
    const struct cl_standing *standing = cl_follow_standing(entry->follow);
    json_t *root = json_object();
    json_t *values = json_array();
    for (size_t i = 0; i < standing->trials; i++) {
        json_array_append_new(values, number_of(cl_follow_value(entry->follow, i)));
    }
    json_object_set_new(root, "name", string_of(entry->name));
    json_object_set_new(root, "metric", string_of(standing->metric));
    json_object_set_new(root, "goal", json_string(standing->maximize ? "maximize" : "minimize"));
    json_object_set_new(root, "values", values);
    return root;
}
