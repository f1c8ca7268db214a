/* How a point changes when a member of the population takes it over from a better one. */
#ifndef MUSHIR_PBT_EXPLORE_H
#define MUSHIR_PBT_EXPLORE_H

#include "common/search/space.h"

/* Write a point near |from| (space.n coordinates each) to |x|, inside the space. Each parameter is
 * drawn anew from its declared distribution with probability |resample|; else it moves on its own
 * scale by up to a fifth of its range either way, and a grid, an int or an ordered list by one
 * level at least; a category is drawn anew with probability 1/4. Random numbers come from (|seed|,
 * |number|) and the parameters' names.
 *
 * Explore of Jaderberg et al., "Population based training of neural networks" (2017), section 4.1,
 * which multiplies by 0.8 or 1.2: a factor cannot leave 0 and takes no notice of a logarithmic
 * scale, so the distance is one in the declared distribution instead. */
void mu_pbt_explore(const struct mu_space *space, double resample, uint64_t seed, uint64_t number,
    const double *from, double *x);

#endif
