/* Suggestions from a Gaussian process (base_estimator GP): what it is conditioned on, what pending
 * points mean, and what is maximized. */
#ifndef MUSHIR_BAYESOPT_GP_POLICY_H
#define MUSHIR_BAYESOPT_GP_POLICY_H

#include "common/model/gp.h"
#include "services/bayesopt/study.h"

struct mu_gp_policy;

/* Suggestions of one request that a process can make. */
size_t mu_gp_policy_most(void);

/* The point for suggestion |number| into |x|; false when only seen points were found. The process
 * is fitted to the study's observations by the first call. */
bool mu_gp_policy_propose(struct mu_bayesopt_study *study, uint64_t number, double *x);

/* What a point has to beat in each of |draws| draws: the incumbent's value, or a better one that
 * the draw imagines at a pending point. Exposed for tests. */
const double *mu_gp_policy_best(struct mu_bayesopt_study *study, size_t *draws);

/* The acquisition at |x|, of which proposals are the maximum. Exposed for tests. */
double mu_gp_policy_worth(struct mu_bayesopt_study *study, const double *x);

/* The kernel, the metric and the priors for points of |dimensions|; exposed for tests. */
struct mu_gp_model mu_gp_policy_model(
    const struct mu_dimensions *dimensions, struct mu_arena *arena);

/* Rows that hyper-parameters are fitted to, and that suggestions are made from; exposed for tests.
 */
struct mu_gp_policy_rows {
    size_t fitted, known;
};
struct mu_gp_policy_rows mu_gp_policy_rows_of(const struct mu_gp_model *model);

#endif
