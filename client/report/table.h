/* The trials of a run as a table for other programs. */
#ifndef MUSHIR_CLIENT_REPORT_TABLE_H
#define MUSHIR_CLIENT_REPORT_TABLE_H

#include <stdio.h>

#include "client/run/state.h"

/* Write them as CSV (RFC 4180): a line of names, then one for every trial: trial, condition,
 * started, completed, attempt, the metrics and the declared parameters; empty where there is none.
 * Texts that begin like a formula get an apostrophe before them. */
void cl_table_write(const struct cl_run *run, FILE *out);

#endif
