/* What is shown while trials run. */
#ifndef MUSHIR_CLIENT_REPORT_PROGRESS_H
#define MUSHIR_CLIENT_REPORT_PROGRESS_H

#include "client/run/observer.h"

extern const struct cl_observer cl_progress_bar;   /* for people: a line per trial, and a bar */
extern const struct cl_observer cl_progress_json;  /* for scripts: one JSON object per event */
extern const struct cl_observer cl_progress_quiet; /* nothing but what went wrong */

#endif
