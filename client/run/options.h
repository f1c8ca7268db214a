/* What the user may choose of a run. */
#ifndef MUSHIR_CLIENT_RUN_OPTIONS_H
#define MUSHIR_CLIENT_RUN_OPTIONS_H

#include <stdbool.h>

struct cl_run_options {
    const char *journal, *directory; /* NULL: beside the experiment */
    bool resume, fresh;
    double trial_timeout;       /* seconds; 0: none */
    const char *const *command; /* ended by NULL; NULL: the experiment's own */
};

#endif
