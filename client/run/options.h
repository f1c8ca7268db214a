/* What the user may choose of a run. */
#ifndef MUSHIR_CLIENT_RUN_OPTIONS_H
#define MUSHIR_CLIENT_RUN_OPTIONS_H

#include <signal.h>
#include <stdbool.h>

/* Tells a run to start no new trial, and to end like an interrupted one when none runs any more. */
enum { CL_RUN_PAUSE_SIGNAL = SIGUSR1 };

/* What stands behind the error of a run that can go on, or must begin anew. */
#define CL_RUN_CONTINUE "; continue with --resume"
#define CL_RUN_BEGIN_ANEW "; begin anew with --fresh"

struct cl_run_options {
    const char *journal, *directory; /* NULL: beside the experiment */
    bool resume, fresh;
    double trial_timeout;       /* seconds; 0: none */
    const char *const *command; /* ended by NULL; NULL: the experiment's own */
};

#endif
