/* Operations of an architecture search: the checks and the expansion that every such service
 * shares. */
#ifndef MUSHIR_SEARCH_NETWORK_H
#define MUSHIR_SEARCH_NETWORK_H

#include "common/search/experiment.h"

/* Values of architecture searches travel inside a JSON template, then inside double quotes of `sh
 * -c`, and their apostrophes are turned into double quotes before they are parsed. False when
 * |text| holds a character that one of those would take for its own: a quote of either kind, a
 * backslash, a dollar sign, a backtick or a control character. */
bool mu_text_travels(const char *text);

/* What Katib demands of operations: a type, at least one parameter, and of each parameter a name, a
 * type, and a list, min or max, or step as the type needs. |bare| is the operation type that may
 * come without parameters, or NULL. Names and list entries must travel. MU_INVALID_ARGUMENT with
 * Katib's first words and the operation and parameter concerned. */
MU_MUST_USE enum mu_status mu_network_check(
    const struct mu_network *network, const char *bare, struct mu_error *error);

/* The values of a parameter of an operation, as texts in the order of the specification. */
struct mu_values {
    const char *const *texts;
    size_t n;
    bool numbers; /* int and double: printed as JSON numbers; else JSON strings */
};

/* Expand |parameter|: a list verbatim, what it holds twice once; int and double from min to max by
 * step (of int: 1 when absent). MU_INVALID_ARGUMENT when a bound is missing or unparsable, min is
 * greater than max, or there are more than |most| values. Arena-owned, list texts borrowed. */
MU_MUST_USE enum mu_status mu_network_values(struct mu_values *values,
    const struct mu_operation *operation, const struct mu_parameter_text *parameter, size_t most,
    struct mu_arena *arena, struct mu_error *error);

#endif
