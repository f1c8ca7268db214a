/* The population of NSGA-II (Deb, Pratap, Agarwal and Meyarivan, IEEE TEC 2002), found again from
 * the trials: the best of all that have ended, by constrained non-domination and then by crowding.
 * That is a steady-state selection (Durillo, Nebro, Luna and Alba, EMO 2009) that no order of
 * finishing, no batch and no lost trial can disturb; docs/adr/0093. */
#ifndef MUSHIR_SERVICES_NSGA2_POPULATION_H
#define MUSHIR_SERVICES_NSGA2_POPULATION_H

#include "common/search/outcomes.h"

struct mu_nsga_member {
    const double *x;
    size_t rank;     /* 0: nothing dominates it */
    double crowding; /* within its front; larger is lonelier */
};

struct mu_nsga_population {
    const struct mu_nsga_member *members; /* the best first */
    size_t n;
};

/* The |size| best trials of |history| that have a value of every objective, or all there are. One
 * without a value of a constraint comes behind all that have one. Arena-owned, borrows the points
 * of |history|. */
struct mu_nsga_population mu_nsga_population_of(const struct mu_outcomes *outcomes,
    const struct mu_history *history, size_t size, struct mu_arena *arena);

/* The better of two members drawn at random: the one of the lower rank, of equals the lonelier one.
 */
const struct mu_nsga_member *mu_nsga_tournament(
    const struct mu_nsga_population *population, struct mu_stream *stream);

#endif
