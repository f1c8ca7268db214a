/* Sobol points by random access: point |index| costs 32 steps per dimension and needs no state. */
#ifndef MUSHIR_NUM_SOBOL_H
#define MUSHIR_NUM_SOBOL_H

#include <stddef.h>
#include <stdint.h>

/* Dimensions that follow the Joe-Kuo table; later ones are independent uniform draws. */
enum { MU_SOBOL_DIMENSIONS = 256 };

/* Point number |index| of the sequence scrambled by |seed|: |n| coordinates in (0, 1) into |x|.
 * Direction numbers of Joe and Kuo (2008); hash-based nested uniform scrambling as in Burley,
 * "Practical hash-based Owen scrambling", JCGT 2020, with the Laine-Karras permutation. The first
 * 2^k points hit each of the 2^k dyadic intervals of every dimension once. The sequence repeats
 * after 2^32 points. */
void mu_sobol_point(uint64_t seed, uint64_t index, double *x, size_t n);

/* Coordinate |dimension| of that point alone. */
double mu_sobol_coordinate(uint64_t seed, uint64_t index, size_t dimension);

/* Point number |index| of the sequence as Antonov and Saleev (1979) order it, by the Gray code of
 * |index|, without scrambling: point 0 is the origin, point 1 the centre. |n| coordinates, at most
 * MU_SOBOL_DIMENSIONS, in [0, 1) into |x|. What SciPy prints. Repeats after 2^32.
 */
void mu_sobol_unscrambled(uint64_t index, double *x, size_t n);

#endif
