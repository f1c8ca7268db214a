/* Metrics from the lines that a trial prints, by Katib's rules. */
#ifndef MUSHIR_CLIENT_METRICS_H
#define MUSHIR_CLIENT_METRICS_H

#include "client/experiment.h"

#define METRIC_DEFAULT_FILTER "([\\w|-]+)\\s*=\\s*([+-]?\\d*(\\.\\d+)?([Ee][+-]?\\d+)?)"

/* Whether |filter| is a regular expression with at least two groups, a name and a value; |why|
 * tells when not. */
bool metric_filter_valid(const char *filter, char *why, size_t size);

struct metric_parser;

/* A parser for the experiment's metrics and filters. Filters were checked when the experiment was
 * read. */
struct metric_parser *metric_parser_create(const struct experiment *experiment);
void metric_parser_destroy(struct metric_parser *parser);

/* Called for each value found: the metric's index in experiment->metrics, its text, and the line's
 * own RFC 3339 time or "". */
typedef void (*metric_found)(void *user, size_t metric, const char *value, const char *time);

/* Find the metrics in one line (no newline at its end). */
void metric_parse_line(const struct metric_parser *parser, const char *line, size_t length,
    metric_found found, void *user);

/* What a metric came to: Katib's observation. */
struct metric_summary {
    size_t n;     /* values seen */
    bool numeric; /* min and max are there */
    double min_value, max_value;
    const char *min, *max,
        *latest; /* texts; "unavailable" for min and max when no value was a finite number */
};

/* Take one more value into |summary|; |value| must outlive it. */
void metric_summary_add(struct metric_summary *summary, const char *value);

/* The text that counts under |strategy|; NULL when there is none: nothing seen, or an empty text (a
 * value that the filter could not read).
 */
const char *metric_summary_value(const struct metric_summary *summary, enum strategy strategy);

#endif
