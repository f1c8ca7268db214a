/* The best compromises of a run whose experiment has several objectives or constraints. */
#ifndef MUSHIR_CLIENT_REPORT_FRONT_H
#define MUSHIR_CLIENT_REPORT_FRONT_H

#include "client/run/state.h"
#include "common/search/front.h"

struct cl_front {
    struct mu_outcomes outcomes;
    const struct cl_trial **trials; /* by the first objective, the best first */
    size_t n;
};

/* The front of the trials so far, owned by the run's arena. False where the experiment has one
 * objective alone, or settings that only its service understands. */
bool cl_front_of(const struct cl_run *run, struct cl_front *front);

#endif
