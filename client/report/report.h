/* The HTML report: a page that holds everything it needs, with the run's data as JSON. */
#ifndef MUSHIR_CLIENT_REPORT_REPORT_H
#define MUSHIR_CLIENT_REPORT_REPORT_H

#include <stdio.h>

#include "client/run/state.h"

/* Write it to |out|. */
void cl_report_print(const struct cl_run *run, FILE *out);

/* MU_INVALID_ARGUMENT when |path| is the file of the experiment or the journal. */
MU_MUST_USE enum mu_status cl_report_check(
    const struct cl_run *run, const char *path, struct mu_error *error);

/* Write it to |path|: a file is replaced as a whole or not at all. MU_INTERNAL for I/O,
 * MU_INVALID_ARGUMENT as cl_report_check. */
MU_MUST_USE enum mu_status cl_report_write(
    const struct cl_run *run, const char *path, struct mu_error *error);

#endif
