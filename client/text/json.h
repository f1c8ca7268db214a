/* JSON, as little as is needed: writing, and reading the flat objects of metric lines. */
#ifndef MUSHIR_CLIENT_TEXT_JSON_H
#define MUSHIR_CLIENT_TEXT_JSON_H

#include <stddef.h>
#include <stdio.h>

#include "common/search/settings.h"

/* Write |text| as a JSON string; '<' escaped too, so that it can stand in a page's script. */
void cl_json_string(FILE *out, const char *text);

/* Write |value| as a JSON number, null when it is not finite. */
void cl_json_number(FILE *out, double value);

/* Write an object of names and texts. */
void cl_json_pairs(FILE *out, const struct mu_pair *pairs, size_t n);

struct cl_json_member {
    char *name, *value; /* malloc'd; a text without quotes, or a number's or word's text */
};

/* The members of the object in |text| whose values are texts, numbers or words; nested values are
 * passed over. 0 when it is no object. */
size_t cl_json_flat_object(
    const char *text, size_t length, struct cl_json_member *members, size_t room);
void cl_json_members_free(struct cl_json_member *members, size_t n);

#endif
