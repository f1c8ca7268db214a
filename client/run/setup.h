/* The files and the service that a run stands on. */
#ifndef MUSHIR_CLIENT_RUN_SETUP_H
#define MUSHIR_CLIENT_RUN_SETUP_H

#include "client/run/state.h"

/* Open the journal |run|->journal_path and bring |run| to where it ends; when there is something to
 * do, connect to the service and let it check the settings. What would make every trial fail is
 * said here, before the first; a run that is refused at its begin leaves no journal, and an earlier
 * one as it was. To be closed in any case. */
MU_MUST_USE enum mu_status cl_setup_open(struct cl_run *run, struct mu_error *error);
void cl_setup_close(struct cl_run *run);

/* What stands for |file| in |run|->file: "-", whose files are those of this folder and of the
 * experiment's name, for what has no place of its own, as a pipe, /dev/stdin or nothing (NULL). */
const char *cl_setup_place(const char *file);

/* A name beside the experiment: tune.yaml -> tune.|extension|; owned by the run's arena. */
const char *cl_setup_beside(const struct cl_run *run, const char *extension);

/* The path of the journal: the options', else beside the experiment. Owned by the options or the
 * run's arena. */
const char *cl_setup_journal(const struct cl_run *run);

#endif
