/* Suggestions from a Gaussian process (base_estimator GP). */
#ifndef MUSHIR_BAYESOPT_PROCESS_H
#define MUSHIR_BAYESOPT_PROCESS_H

#include "common/model/acquisition.h"
#include "services/bayesopt/evidence.h"

/* The two processes of a request, nu = 5/2 for even suggestion numbers and 3/2 for odd ones, each
 * fitted when first needed. */
struct process;

struct process *process_create(struct evidence *evidence, const struct mu_request *request);

/* The point for suggestion |number| into |x|; false when only seen points were found. |climb|:
 * gradient search and sweeps, else candidates only. */
bool process_propose(
    struct process *process, enum mu_acquisition kind, bool climb, uint64_t number, double *x);

#endif
