/* Sobol search: scrambled points of a low-discrepancy sequence. */
#ifndef MUSHIR_SERVICES_SOBOL_H
#define MUSHIR_SERVICES_SOBOL_H

#include "common/search/algorithm.h"

extern const struct mu_algorithm mu_sobol;

#endif
