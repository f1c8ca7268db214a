/* JSON, as little as is needed: writing, and reading the flat objects of metric lines. */
#ifndef MUSHIR_CLIENT_TEXT_JSON_H
#define MUSHIR_CLIENT_TEXT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/search/settings.h"

/* Write |text| as a JSON string; '<' escaped too, so that it can stand in a page's script, and what
 * YAML would fold or refuse, so that it can stand in a YAML file; U+FFFD for each byte that is no
 * UTF-8. */
void cl_json_string(FILE *out, const char *text);

/* Write |value| as a JSON number, null when it is not finite. */
void cl_json_number(FILE *out, double value);

/* Write an object of names and texts. */
void cl_json_pairs(FILE *out, const struct mu_pair *pairs, size_t n);

struct cl_json_member {
    char *name, *value; /* malloc'd; a text without quotes, anything else as it stands there */
    bool quoted;        /* |value| was a text */
};

/* The |*n| members of the object in |text|, malloc'd; lists and objects among their values are not
 * read. NULL when it is no object, or has none. Halves of a surrogate pair that stand alone become
 * U+FFFD, as in Go. */
struct cl_json_member *cl_json_flat_object(const char *text, size_t length, size_t *n);

/* The member called |name|, NULL when there is none; of several the last, as Go's encoding/json
 * takes it. */
const struct cl_json_member *cl_json_find(
    const struct cl_json_member *members, size_t n, const char *name);
void cl_json_members_free(struct cl_json_member *members, size_t n);

#endif
