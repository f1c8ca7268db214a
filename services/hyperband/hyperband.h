/* Hyperband and its relatives: many configurations tried cheaply, the best of them promoted to more
 * resource. */
#ifndef MUSHIR_HYPERBAND_H
#define MUSHIR_HYPERBAND_H

#include "common/search/algorithm.h"

extern const struct mu_algorithm mu_hyperband, mu_asha, mu_bohb;

#endif
