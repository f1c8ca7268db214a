/* DARTS (Liu, Simonyan and Yang, "DARTS: differentiable architecture search", ICLR 2019): the
 * search runs inside one trial; the service only hands over its settings. */
#ifndef MUSHIR_SERVICES_DARTS_H
#define MUSHIR_SERVICES_DARTS_H

#include "common/search/algorithm.h"

extern const struct mu_algorithm mu_darts;

#endif
