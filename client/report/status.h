/* How a run stands, for scripts. */
#ifndef MUSHIR_CLIENT_REPORT_STATUS_H
#define MUSHIR_CLIENT_REPORT_STATUS_H

#include <stdio.h>

#include "client/run/state.h"

/* Write one JSON object and a newline: "experiment", "state" (running, succeeded, failed,
 * interrupted), "reason", "message", "started", "maxTrialCount" (where there is one), "trials" (a
 * count for each condition that there is), and of the best trial, when there is one,
 * "bestTrialName", "bestValue" and "bestAssignments"; where there are several objectives or
 * constraints "front": of each trial of it "trialName", "values" (a text for each objective) and
 * "assignments". */
void cl_status_write(const struct cl_run *run, FILE *out);

#endif
