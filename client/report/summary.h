/* The experiment's status at the end, in the shape of `kubectl describe experiment`. */
#ifndef MUSHIR_CLIENT_REPORT_SUMMARY_H
#define MUSHIR_CLIENT_REPORT_SUMMARY_H

#include "client/run/state.h"

/* Print it to standard output; |report| is the path of the HTML report, or NULL. */
void cl_summary_print(const struct cl_run *run, const char *report);

#endif
