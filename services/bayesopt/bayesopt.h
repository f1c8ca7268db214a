/* Bayesian optimization: fit a model of the objective, propose where improvement is likeliest to be
 * large. */
#ifndef MUSHIR_SERVICES_BAYESOPT_H
#define MUSHIR_SERVICES_BAYESOPT_H

#include "common/search/algorithm.h"

extern const struct mu_algorithm mu_bayesianoptimization;

#endif
