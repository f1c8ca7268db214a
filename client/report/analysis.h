/* What a run's trials say: which parameters matter, and where the best may be. */
#ifndef MUSHIR_CLIENT_REPORT_ANALYSIS_H
#define MUSHIR_CLIENT_REPORT_ANALYSIS_H

#include <stdio.h>

#include "client/run/state.h"

/* Print it for people. False, with a line on standard error, when the trials say nothing yet. */
bool cl_analysis_print(const struct cl_run *run, FILE *out);

/* One JSON object and a newline: "metric": the objective; "parameters": [{"name", "importance",
 * "error", "good"}, ...] and "importance" as in importance.h; "best": {"trial", "value",
 * "assignments"} and "expected": {"assignments", "mean", "deviation"}, what a model expects of the
 * point that it expects to be best; each null where there is none. */
void cl_analysis_write(const struct cl_run *run, FILE *out);

#endif
