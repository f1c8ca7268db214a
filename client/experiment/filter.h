/* Filters of a metrics collector: Go regular expressions. PCRE2 reads nearly all of them the same
 * way; in UTF mode, so that a dot is a character. */
#ifndef MUSHIR_CLIENT_EXPERIMENT_FILTER_H
#define MUSHIR_CLIENT_EXPERIMENT_FILTER_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdbool.h>
#include <stddef.h>

/* Katib's, when the experiment has none. */
#define CL_DEFAULT_FILTER "([\\w|-]+)\\s*=\\s*([+-]?\\d*(\\.\\d+)?([Ee][+-]?\\d+)?)"

/* |filter| compiled, to be freed with pcre2_code_free; NULL, and |why| (when not NULL) tells why
 * not. */
pcre2_code *cl_filter_compile(const char *filter, char *why, size_t size);

/* Whether |filter| is a regular expression with at least two groups, a name and a value; |why|
 * tells when not. */
bool cl_filter_valid(const char *filter, char *why, size_t size);

/* What |filter| has that Go's regular expressions have not, which Katib reads it with, as "no ..."
 * would go on; NULL when there is nothing of the kind. |filter| compiles here. */
const char *cl_filter_go_refuses(const char *filter);

#endif
