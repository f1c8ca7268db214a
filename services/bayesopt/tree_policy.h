/* Suggestions from trees (base_estimator RF, ET, GBRT). */
#ifndef MUSHIR_BAYESOPT_TREE_POLICY_H
#define MUSHIR_BAYESOPT_TREE_POLICY_H

#include "services/bayesopt/study.h"

/* The point for suggestion |number| into |x|; false when only seen points were found. The trees are
 * grown anew per suggestion. */
bool mu_tree_policy_propose(struct mu_bayesopt_study *study, uint64_t number, double *x);

/* Variance at a point: that of the trees, |far| and |pending| being its mean squared distances per
 * dimension to the nearest of all points and of those without a value. Trees know nothing of
 * distance: a point far from all others is less certain than its leaf says (and among equals the
 * farthest wins), one beside a pending point will soon be known. Exposed for tests. */
double mu_tree_policy_variance(double variance, double far, double pending);

#endif
