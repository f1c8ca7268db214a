/* Suggestions from a Gaussian process (base_estimator GP) for one objective: what pending points
 * mean, and what is maximized. */
#ifndef MUSHIR_BAYESOPT_GP_POLICY_H
#define MUSHIR_BAYESOPT_GP_POLICY_H

#include "services/bayesopt/study.h"

/* The point for suggestion |number| into |x|; false when only seen points were found. The process
 * is fitted to the study's observations by the first call. */
bool mu_gp_policy_propose(struct mu_bayesopt_study *study, uint64_t number, double *x);

/* What a point has to beat in each of |draws| draws: the incumbent's value, or a better one that
 * the draw imagines at a pending point. Exposed for tests. */
const double *mu_gp_policy_best(struct mu_bayesopt_study *study, size_t *draws);

/* The acquisition at |x|, of which proposals are the maximum. Exposed for tests. */
double mu_gp_policy_worth(struct mu_bayesopt_study *study, const double *x);

#endif
