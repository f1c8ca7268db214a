/* Texts from outside on a terminal: nothing in them moves the cursor, and their width is known. */
#ifndef MUSHIR_CLIENT_TEXT_VISIBLE_H
#define MUSHIR_CLIENT_TEXT_VISIBLE_H

#include <stddef.h>
#include <stdio.h>

#include "common/base/status.h"

/* Write |text| with what is no printable character escaped: \n, \r, \t, and other bytes as \xNN.
 * What is printable is the C library's opinion (iswprint) in the locale that main chose. */
void cl_visible_write(FILE *out, const char *text);

/* The same, as many whole characters as fit into |columns|, wide ones counted as two (wcwidth). */
void cl_visible_write_columns(FILE *out, const char *text, size_t columns);

/* Format a text, write it in the same way, and end the line: what is said with texts from outside.
 */
void cl_visible_line(FILE *out, const char *format, ...) MU_PRINTF(2, 3);

/* The columns that cl_visible_write takes for |text|. */
size_t cl_visible_width(const char *text);

#endif
