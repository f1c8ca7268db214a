/* ENAS: search for a chain of operations with skip connections. */
#ifndef MUSHIR_SERVICES_ENAS_H
#define MUSHIR_SERVICES_ENAS_H

#include "common/search/algorithm.h"

extern const struct mu_algorithm mu_enas;

#endif
