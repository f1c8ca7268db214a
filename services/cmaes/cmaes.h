/* CMA-ES with margin and categorical distributions. */
#ifndef MUSHIR_SERVICES_CMAES_H
#define MUSHIR_SERVICES_CMAES_H

#include "common/search/algorithm.h"

extern const struct mu_algorithm mu_cmaes;

#endif
