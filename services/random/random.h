/* Random search: independent draws from the declared distributions. */
#ifndef MUSHIR_SERVICES_RANDOM_H
#define MUSHIR_SERVICES_RANDOM_H

#include "common/search/algorithm.h"

extern const struct mu_algorithm mu_random;

#endif
