/* What the report's page shows, as one JSON object: the contract between the client and
 * client/report/page (embedded in a report, fetched by a live page, given to
 * mushirReport.render). Numbers that are not known are null; texts are UTF-8.
 *
 *   experiment, algorithm    texts
 *   maximize                 boolean
 *   goal                     number or null
 *   resource                 name of the parameter that says how much a trial may spend
 *                            (hyperband), or null
 *   metrics                  [{name, strategy: "min" | "max" | "latest"}], the objective first
 *   started, ended           RFC 3339, "" while it goes on
 *   elapsed                  seconds from its start until now
 *   reason, message          texts; the reason is Katib's
 *   good                     boolean: it ended as it should
 *   best                     name of the best trial, "" without one
 *   objectives, front        names of metrics, and of the trials that are best compromises; both
 *                            empty where there is one objective alone (front.h)
 *   parameters               [{name, numeric, log, list, min, max, importance, error, good}]: min
 *                            and max are texts, "" for lists; the last three are shares of 1, or
 *                            null
 *   importance               of all of them: importance.h
 *   contours                 contour.h
 *   trials                   [{...}] in the order of their numbers, each:
 *     name, condition, why   texts
 *     started                RFC 3339, "" before
 *     begin, end, seconds    seconds since the experiment's start, and between; or null
 *     attempt                from 1
 *     objective              number or null
 *     metrics, latest        texts in the order of the metrics, "" where there is none: what counts
 *                            by its strategy, and the latest
 *     assignments            {parameter: text}
 *     curve, at              numeric reports of the objective to seven digits; |at| their numbers
 *                            from 1, only when some were left out (curve.h)
 *     log                    end of its log, "" without one
 *
 * Bounds, whatever the experiment: CL_DATA_POINTS points of curves and CL_DATA_LOGS bytes of logs
 * in all, shared evenly among the trials. */
#ifndef MUSHIR_CLIENT_REPORT_DATA_H
#define MUSHIR_CLIENT_REPORT_DATA_H

#include <stdio.h>

#include "client/run/state.h"

enum {
    CL_DATA_POINTS = 250000, /* in all, and so many of a trial: */
    CL_DATA_POINTS_LEAST = 20,
    CL_DATA_POINTS_MOST = 500,
    CL_DATA_LOGS = 2 << 20, /* bytes in all, and at most so many of a trial: */
    CL_DATA_LOG_MOST = 4096,
};

/* Write it. Scratch memory from the run's arena is given back. */
void cl_data_write(const struct cl_run *run, FILE *out);

#endif
