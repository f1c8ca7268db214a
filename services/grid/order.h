/* An order of all points of a grid that is spread from its start, by random access.
 *
 * The index is written in mixed radix, a digit for each parameter, the first changing fastest. A
 * parameter's level is its digit in golden steps, turned by a Sobol coordinate of the digits before
 * it. The digits before one fix how far it is turned, so each level belongs to one digit: every
 * index has its own point. While a digit is still 0 its parameter follows the Sobol point of the
 * index itself, so the beginning is a Sobol sequence snapped to the grid; docs/adr/0040 compares
 * with other orders. */
#ifndef MUSHIR_SERVICES_GRID_ORDER_H
#define MUSHIR_SERVICES_GRID_ORDER_H

#include <stddef.h>
#include <stdint.h>

/* The most points a grid may have, 2^63. */
#define MU_GRID_MOST ((uint64_t)1 << 63)

/* The point of |index|, below the product of the |n| |levels| (each at least 1, the product at most
 * MU_GRID_MOST), into |point|: a level below levels[j] for each. A full cycle for every |seed|. */
void mu_grid_point(
    uint64_t seed, uint64_t index, const uint64_t *levels, size_t n, uint64_t *point);

#endif
