/* The tree-structured Parzen estimator under both of its Katib names: one method, see README.md. */
#ifndef MUSHIR_SERVICES_TPE_H
#define MUSHIR_SERVICES_TPE_H

#include "common/search/algorithm.h"

extern const struct mu_algorithm mu_tpe, mu_multivariate_tpe;

#endif
