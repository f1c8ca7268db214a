/* What a run asks its service: the experiment and its trials, as Katib's controller sends them. */
#ifndef MUSHIR_CLIENT_RUN_REQUEST_H
#define MUSHIR_CLIENT_RUN_REQUEST_H

#include "client/run/state.h"

/* The request for |wanted| more suggestions; owned by |arena|, texts are the run's. */
struct mu_wire_request *cl_run_request(
    const struct cl_run *run, size_t wanted, struct mu_arena *arena);

#endif
