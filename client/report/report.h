/* The HTML report: a page that holds everything it needs, with the run's data as JSON. */
#ifndef MUSHIR_CLIENT_REPORT_REPORT_H
#define MUSHIR_CLIENT_REPORT_REPORT_H

#include <stdio.h>

#include "client/run/state.h"

/* Write it to |out|. */
void cl_report_print(const struct cl_run *run, FILE *out);

/* Write it to |path|, replaced as a whole or not at all. MU_INTERNAL for I/O. */
MU_MUST_USE enum mu_status cl_report_write(
    const struct cl_run *run, const char *path, struct mu_error *error);

#endif
