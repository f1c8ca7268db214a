/* Grid search: every combination of the parameters' values once. */
#ifndef MUSHIR_SERVICES_GRID_H
#define MUSHIR_SERVICES_GRID_H

#include "common/search/algorithm.h"

extern const struct mu_algorithm mu_grid;

#endif
