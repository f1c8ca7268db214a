/* An attempt at a trial: its process, its log, its end. */
#ifndef MUSHIR_CLIENT_RUN_ATTEMPT_H
#define MUSHIR_CLIENT_RUN_ATTEMPT_H

#include "client/experiment/template_command.h"
#include "client/run/state.h"

/* The command of a trial and its container's environment, of the run's arena: the experiment's, or
 * that given after "--". */
MU_MUST_USE enum mu_status cl_attempt_command(const struct cl_run *run,
    const struct cl_trial *trial, struct cl_trial_command *command, struct mu_error *error);

/* Start a created trial. MU_RESOURCE_EXHAUSTED when it stays created, because the machine has no
 * room for it now; what else forbids it is the trial's own failure. */
enum mu_status cl_attempt_start(struct cl_run *run, struct cl_trial *trial, struct mu_error *error);

/* After a resume take up a running one: adopt, conclude, or have it repeated. */
void cl_attempt_take_up(struct cl_run *run, struct cl_trial *trial);

/* Read what its log has grown by; stop it early when the rule says so. */
void cl_attempt_poll(struct cl_run *run, struct cl_trial *trial);

/* Ask a running trial to end. */
void cl_attempt_stop(struct cl_run *run, struct cl_trial *trial, enum cl_stop_cause cause);

/* A running trial's process is gone, with this exit status (of a shell: 128 + signal). */
void cl_attempt_exited(struct cl_run *run, struct cl_trial *trial, int exit_status);

/* Things that time, |now| by cl_clock_steady, brings: timeouts, kills after a grace, adopted
 * processes that ended. */
void cl_attempt_tick(struct cl_run *run, struct cl_trial *trial, double now);

#endif
