/* Lines of two versions of a text: which of them stayed, and the difference to read. */
#ifndef MUSHIR_CLIENT_TEXT_LINES_H
#define MUSHIR_CLIENT_TEXT_LINES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/base/arena.h"

struct cl_lines {
    const char **items; /* without their newlines */
    size_t n;
};

/* The lines of |text|, arena-owned; what follows the last newline is one too, if only an empty one.
 * cl_lines_join is the inverse; it leaves out items that are NULL. */
struct cl_lines cl_lines_split(const char *text, struct mu_arena *arena);
char *cl_lines_join(const struct cl_lines *lines, struct mu_arena *arena);

#define CL_LINE_NEW SIZE_MAX

/* For each line of |now| the line of |before| that it is, else CL_LINE_NEW: a longest common
 * subsequence. NULL when more than 4,000 lines lie between the first and the last difference (time
 * and memory are the product of both). */
const size_t *cl_lines_match(
    const struct cl_lines *before, const struct cl_lines *now, struct mu_arena *arena);

/* Write a unified difference without context, as `diff -U0` does; |name| stands in its head. */
void cl_lines_diff(FILE *out, const char *name, const struct cl_lines *before,
    const struct cl_lines *now, const size_t *match);

#endif
