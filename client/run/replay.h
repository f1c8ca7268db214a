/* The state of a run from its journal. */
#ifndef MUSHIR_CLIENT_RUN_REPLAY_H
#define MUSHIR_CLIENT_RUN_REPLAY_H

#include "client/run/state.h"

/* Four random characters, as Kubernetes makes them: what a trial leaves behind (a checkpoint under
 * its name) is never taken for that of another run. Owned by |arena|. */
const char *cl_run_new_id(struct mu_arena *arena);

/* Bring |run| to where its journal ends; an empty journal gets the experiment as its first event,
 * and |run|->id, or a new one where that is NULL.
 * MU_INVALID_ARGUMENT when the journal is that of another experiment: name, algorithm, objective,
 * parameters or network differ. The counts may be raised between runs, as in Katib. */
MU_MUST_USE enum mu_status cl_run_replay(struct cl_run *run, struct mu_error *error);

/* Look at the run whose journal is |run|->journal_path, which may be running elsewhere: |run| gets
 * the experiment, the trials and the result of this moment. Nothing is locked or written. Given are
 * journal_path, options and arena; to be closed by cl_setup_close in any case. MU_INVALID_ARGUMENT
 * when it is no journal. */
MU_MUST_USE enum mu_status cl_run_view(struct cl_run *run, struct mu_error *error);

/* Whether an experiment that finished for |reason|, with |trials| trials, goes on: its
 * maxTrialCount (negative: none) was raised since it was reached. */
bool cl_run_goes_on(const char *reason, size_t trials, int max_trials);

#endif
