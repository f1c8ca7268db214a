/* Suggestions where more than one objective counts: several objectives, constraints, or both. */
#ifndef MUSHIR_BAYESOPT_OUTCOME_POLICY_H
#define MUSHIR_BAYESOPT_OUTCOME_POLICY_H

#include "services/bayesopt/study.h"

struct mu_outcome_policy;

/* The point for suggestion |number| into |x|; false when only seen points were found. A process per
 * outcome is fitted by the first call. */
bool mu_outcome_policy_propose(struct mu_bayesopt_study *study, uint64_t number, double *x);

/* What is maximized, at |u|, with its |gradient| (frame.n; NULL: not wanted): the logarithm of the
 * hypervolume that a point is expected to add to the front of feasible points times the probability
 * that it is feasible; of the latter alone while no feasible point is known. Exposed for tests. */
double mu_outcome_policy_value(struct mu_bayesopt_study *study, const double *u, double *gradient);

#endif
