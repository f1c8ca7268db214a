/* Population based training as a suggestion service. */
#ifndef MUSHIR_PBT_PBT_H
#define MUSHIR_PBT_PBT_H

#include "common/search/algorithm.h"

extern const struct mu_algorithm mu_pbt;

#endif
