/* Why a trial has no value of its objective: it reported none, or its command failed. */
#ifndef MUSHIR_CLIENT_RUN_FAILURE_H
#define MUSHIR_CLIENT_RUN_FAILURE_H

#include "client/run/state.h"

/* It reported none, in one sentence: what was looked for, the line that came nearest (the first
 * that names the metric, else the last), or which other file was written. Owned by the run's arena.
 */
const char *cl_failure_of_metric(const struct cl_run *run, const struct cl_trial *trial);

/* How the command of |trial| failed: its |exit_status| and the last line that it printed. Owned by
 * the run's arena. */
const char *cl_failure_of_exit(
    const struct cl_run *run, const struct cl_trial *trial, int exit_status);

#endif
