#include "client/run/metrics.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/experiment/filter.h"
#include "client/text/json.h"

struct cl_metric_parser {
    const struct cl_experiment *experiment;
    pcre2_code **filters;
    size_t n_filters;
    pcre2_match_data *match;
    bool unquoted; /* a metric was a JSON number */
};

struct cl_metric_parser *cl_metric_parser_create(const struct cl_experiment *experiment) {
    static const char *const usual[] = {CL_DEFAULT_FILTER};
    struct cl_metric_parser *parser = calloc(1, sizeof *parser);
    const struct cl_collector_spec *collector = &experiment->collector;
    const char *const *filters = collector->n_filters ? collector->filters : usual;
    parser->experiment = experiment;
    parser->n_filters = collector->n_filters ? collector->n_filters : 1;
    parser->filters = calloc(parser->n_filters, sizeof *parser->filters);
    for (size_t i = 0; i < parser->n_filters; i++) {
        parser->filters[i] = cl_filter_compile(filters[i], NULL, 0);
    }
    parser->match = pcre2_match_data_create(64, NULL);
    return parser;
}

void cl_metric_parser_destroy(struct cl_metric_parser *parser) {
    if (!parser) {
        return;
    }
    for (size_t i = 0; i < parser->n_filters; i++) {
        pcre2_code_free(parser->filters[i]);
    }
    pcre2_match_data_free(parser->match);
    free(parser->filters);
    free(parser);
}

/* ---- lines ---- */

static int metric_index(const struct cl_experiment *e, const char *name, size_t length) {
    for (size_t i = 0; i < e->n_metrics; i++) {
        if (strlen(e->metrics[i].name) == length && !memcmp(e->metrics[i].name, name, length)) {
            return (int)i;
        }
    }
    return -1;
}

/* RFC 3339, as far as it goes to tell a time from another text. */
static bool is_time(const char *text) {
    int year;
    int month;
    int day;
    int hour;
    int minute;
    int second;
    return strlen(text) >= 20 && sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d", &year, &month, &day, &hour,
                                     &minute, &second) == 6;
}

/* The time that a line begins with, when its first word is one; else "". */
static void line_time(const char *line, size_t length, char time[64]) {
    size_t n = 0;
    while (n < length && n < 63 && line[n] != ' ') {
        n++;
    }
    memcpy(time, line, n);
    time[n] = '\0';
    if (n == length || !is_time(time)) {
        *time = '\0';
    }
}

static void trim(const char **start, const char **end) {
    while (*start < *end && isspace((unsigned char)**start)) {
        ++*start;
    }
    while (*end > *start && isspace((unsigned char)(*end)[-1])) {
        --*end;
    }
}

static bool mentions_metric(const struct cl_experiment *e, const char *line, size_t length) {
    for (size_t i = 0; i < e->n_metrics; i++) {
        if (memmem(line, length, e->metrics[i].name, strlen(e->metrics[i].name))) {
            return true;
        }
    }
    return false;
}

static void report(const struct cl_metric_parser *parser, const char *line, const PCRE2_SIZE *at,
    const char *time, cl_metric_found found, void *user) {
    if (at[2] == PCRE2_UNSET || at[4] == PCRE2_UNSET) {
        return;
    }
    const char *name = line + at[2];
    const char *name_end = line + at[3];
    const char *value = line + at[4];
    const char *value_end = line + at[5];
    trim(&name, &name_end);
    trim(&value, &value_end);
    int metric = metric_index(parser->experiment, name, (size_t)(name_end - name));
    if (metric >= 0) {
        char *copy = strndup(value, (size_t)(value_end - value));
        found(user, (size_t)metric, copy, time);
        free(copy);
    }
}

static void match_filter(const struct cl_metric_parser *parser, const pcre2_code *filter,
    const char *line, size_t length, const char *time, cl_metric_found found, void *user) {
    PCRE2_SIZE from = 0;
    while (from <= length &&
           pcre2_match(filter, (PCRE2_SPTR)line, length, from, 0, parser->match, NULL) > 0) {
        const PCRE2_SIZE *at = pcre2_get_ovector_pointer(parser->match);
        report(parser, line, at, time, found, user);
        from = at[1] > from ? at[1] : from + 1; /* an empty match must not stop the walk */
    }
}

/* A "timestamp" as RFC 3339: such a text as it is, a number as seconds since 1970; "" when it is
 * neither. */
static void json_time(const struct cl_json_member *member, char time[64]) {
    double seconds;
    if (member->quoted && is_time(member->value)) {
        snprintf(time, 64, "%s", member->value);
    } else if (!member->quoted && mu_read_double(member->value, &seconds) &&
               fabs(seconds) < 253402300800.0) {
        time_t whole = (time_t)floor(seconds);
        struct tm parts;
        size_t n = strftime(time, 64, "%Y-%m-%dT%H:%M:%S", gmtime_r(&whole, &parts));
        snprintf(time + n, 64 - n, ".%03dZ", (int)((seconds - floor(seconds)) * 1000));
    }
}

/* Whether a member can be a metric's value: a text or a number, not true, false, null, a list or an
 * object. */
static bool is_value(const struct cl_json_member *member) {
    return member->quoted || isdigit((unsigned char)member->value[member->value[0] == '-']);
}

/* A line in the JSON format: an object whose members are metrics, texts or numbers, and perhaps a
 * "timestamp". */
static void parse_json(struct cl_metric_parser *parser, const char *line, size_t length,
    cl_metric_found found, void *user) {
    size_t n;
    struct cl_json_member *members = cl_json_flat_object(line, length, &n);
    const struct cl_experiment *e = parser->experiment;
    const struct cl_json_member *stamp = cl_json_find(members, n, "timestamp");
    char time[64] = "";
    if (stamp) {
        json_time(stamp, time);
    }
    for (size_t i = 0; i < e->n_metrics; i++) {
        const struct cl_json_member *member = cl_json_find(members, n, e->metrics[i].name);
        if (member && is_value(member)) {
            parser->unquoted = parser->unquoted || !member->quoted;
            found(user, i, member->value, time);
        }
    }
    cl_json_members_free(members, n);
}

bool cl_metric_parser_unquoted(const struct cl_metric_parser *parser) {
    return parser->unquoted;
}

void cl_metric_parse_line(struct cl_metric_parser *parser, const char *line, size_t length,
    cl_metric_found found, void *user) {
    char time[64];
    if (length > 0 && line[length - 1] == '\r') {
        length--;
    }
    if (parser->experiment->collector.json) {
        parse_json(parser, line, length, found, user);
        return;
    }
    if (!mentions_metric(parser->experiment, line, length)) {
        return;
    }
    line_time(line, length, time);
    for (size_t i = 0; i < parser->n_filters; i++) {
        if (parser->filters[i]) {
            match_filter(parser, parser->filters[i], line, length, time, found, user);
        }
    }
}

/* ---- summaries ---- */

void cl_metric_summary_add(struct cl_metric_summary *summary, const char *value) {
    double number;
    if (summary->n++ == 0) {
        summary->min = summary->max = "unavailable";
    }
    summary->latest = value;
    if (!mu_read_double(value, &number)) {
        return;
    }
    if (!summary->numeric || number < summary->min_value) {
        summary->min = value;
        summary->min_value = number;
    }
    if (!summary->numeric || number > summary->max_value) {
        summary->max = value;
        summary->max_value = number;
    }
    summary->numeric = true;
}

bool cl_metric_tells(const char *value) {
    double number;
    char *end;
    (void)strtod(value, &end);
    return mu_read_double(value, &number) || end[strspn(end, " +-")];
}

const char *cl_metric_summary_value(
    const struct cl_metric_summary *summary, enum cl_strategy strategy) {
    if (summary->n == 0) {
        return NULL;
    }
    const char *value = strategy == CL_STRATEGY_LATEST || !summary->numeric ? summary->latest
                        : strategy == CL_STRATEGY_MIN                       ? summary->min
                                                                            : summary->max;
    return cl_metric_tells(value) ? value : NULL;
}
