/* The loop of a run: signals, children, logs, answers, and Katib's rules of when to start what. */
#ifndef MUSHIR_CLIENT_RUN_LOOP_H
#define MUSHIR_CLIENT_RUN_LOOP_H

#include "client/run/state.h"

/* Run trials until the experiment is finished or the run interrupted, and no process is left. */
void cl_loop_run(struct cl_run *run);

#endif
