/* What is said of a run to people, at its end or while it runs elsewhere: how it went, the best
 * trial and how to run it again. */
#ifndef MUSHIR_CLIENT_REPORT_ENDING_H
#define MUSHIR_CLIENT_REPORT_ENDING_H

#include "client/run/state.h"

/* Print it to standard output; |report| is the path of the HTML report, or NULL; with |verbose|
 * every trial too. */
void cl_ending_print(const struct cl_run *run, const char *report, bool verbose);

#endif
