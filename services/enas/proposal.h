/* Which architecture to try next, when a surrogate judges: candidates from several sources,
 * improved for a few generations. */
#ifndef MUSHIR_ENAS_PROPOSAL_H
#define MUSHIR_ENAS_PROPOSAL_H

#include "services/enas/surrogate.h"

/* The untried architecture with the largest expected improvement among random ones, offspring of
 * the observed ones that the surrogate thinks best, and generations of offspring of the best
 * candidates so far. Into |arch|, which the surrogate then takes for known and borrows; a random
 * untried one when every candidate was tried. */
void mu_enas_propose(const struct mu_enas_space *space,
    const struct mu_enas_observations *observations, struct mu_enas_surrogate *surrogate,
    struct mu_enas_arch *arch, struct mu_stream *stream, struct mu_arena *arena);

/* About how many floating-point operations a proposal takes. */
double mu_enas_propose_cost(
    const struct mu_enas_space *space, const struct mu_enas_observations *observations);

#endif
