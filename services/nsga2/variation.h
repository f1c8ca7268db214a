/* How NSGA-II makes a new point of two old ones, in the unit coordinates of the space: simulated
 * binary crossover (Deb and Agrawal, "Simulated binary crossover for continuous search space",
 * Complex Systems 9, 1995) and polynomial mutation (Deb and Goyal, "A combined genetic adaptive
 * search for engineering design", 1996), both with the bounds as in Deb's program of NSGA-II;
 * uniform crossover and drawing anew on categories. */
#ifndef MUSHIR_SERVICES_NSGA2_VARIATION_H
#define MUSHIR_SERVICES_NSGA2_VARIATION_H

#include "common/search/space.h"

struct mu_nsga_variation {
    double crossover; /* probability that two parents are crossed at all */
    double swapping;  /* probability that a parameter follows the second parent, not the first */
    double mutation;  /* probability that a parameter is mutated */
    double crossover_eta; /* the larger, the nearer a crossed number is to that of a parent */
    double mutation_eta;  /* the larger, the nearer a mutated number is to what it was */
};

/* The child on |near|'s side of simulated binary crossover with |far|, both in [0, 1], for the
 * uniform number |r| in (0, 1). Its distance from the parents' middle, over theirs, is at most 1
 * with density (eta + 1) beta^eta / 2 and larger with (eta + 1) / (2 beta^(eta + 2)), cut at the
 * bound. */
double mu_nsga_crossed(double near, double far, double eta, double r);

/* Polynomial mutation of |u| in [0, 1] for the uniform number |r| in (0, 1): half of the mutants
 * are smaller, half larger, and the density of a step d falls with (1 - |d|)^eta, cut at the
 * bound. */
double mu_nsga_mutated(double u, double eta, double r);

/* A child of the points |a| and |b| into |x| (space->n coordinates). Draws from |stream|. A
 * mutation of a grid moves to a neighbour at least; that of a category is any other one. */
void mu_nsga_child(const struct mu_nsga_variation *variation, const struct mu_space *space,
    const double *a, const double *b, struct mu_stream *stream, double *x);

#endif
