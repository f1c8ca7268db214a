/* NSGA-II: an evolution of points towards the best compromises between several objectives. */
#ifndef MUSHIR_SERVICES_NSGA2_H
#define MUSHIR_SERVICES_NSGA2_H

#include "common/search/algorithm.h"

extern const struct mu_algorithm mu_nsga2;

#endif
