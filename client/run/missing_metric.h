/* Why a trial that ended well has no value of its objective. */
#ifndef MUSHIR_CLIENT_RUN_MISSING_METRIC_H
#define MUSHIR_CLIENT_RUN_MISSING_METRIC_H

#include "client/run/state.h"

/* One sentence: what was looked for, the line that came nearest (the first that names the metric,
 * else the last), or which other file was written. Owned by the run's arena. */
const char *cl_missing_metric(const struct cl_run *run, const struct cl_trial *trial);

#endif
