/* Metrics from the lines that a trial prints, by Katib's rules. */
#ifndef MUSHIR_CLIENT_RUN_METRICS_H
#define MUSHIR_CLIENT_RUN_METRICS_H

#include "client/experiment/experiment.h"

struct cl_metric_parser;

/* A parser for the experiment's metrics and filters. Filters were checked when the experiment was
 * read. */
struct cl_metric_parser *cl_metric_parser_create(const struct cl_experiment *experiment);
void cl_metric_parser_destroy(struct cl_metric_parser *parser);

/* Called for each value found: the metric's index in experiment->metrics, its text, and the line's
 * own RFC 3339 time or "". */
typedef void (*cl_metric_found)(void *user, size_t metric, const char *value, const char *time);

/* Find the metrics in one line (no newline at its end). */
void cl_metric_parse_line(struct cl_metric_parser *parser, const char *line, size_t length,
    cl_metric_found found, void *user);

/* Whether a metric was a JSON number so far: Katib's collector reads JSON texts only. */
bool cl_metric_parser_unquoted(const struct cl_metric_parser *parser);

/* Whether a value says something: a finite number or a text, such as a genotype; not a number that
 * is none, such as "nan" or "1e400", nor the sign that the default filter finds of "-inf". */
bool cl_metric_tells(const char *value);

/* What a metric came to: Katib's observation. */
struct cl_metric_summary {
    size_t n;     /* values seen */
    bool numeric; /* min and max are there */
    double min_value, max_value;
    const char *min, *max,
        *latest; /* texts; "unavailable" for min and max when no value was a finite number */
};

/* Take one more value into |summary|; |value| must outlive it. */
void cl_metric_summary_add(struct cl_metric_summary *summary, const char *value);

/* The text that counts under |strategy|; NULL when there is none: nothing seen, or what is neither
 * a finite number nor a text (the filter leaves "" of a value that it cannot read). */
const char *cl_metric_summary_value(
    const struct cl_metric_summary *summary, enum cl_strategy strategy);

#endif
