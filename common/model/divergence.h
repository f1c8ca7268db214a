/* How differently the best of some trials choose a parameter than all of them do. */
#ifndef MUSHIR_MODEL_DIVERGENCE_H
#define MUSHIR_MODEL_DIVERGENCE_H

#include <stddef.h>

#include "common/base/arena.h"
#include "common/search/parameter.h"

/* The Pearson divergence of the density p of the first |n_best| of |n| >= 1 coordinates of
 * |parameter| from the density q of all: the integral of (p / q - 1)^2 q (Watanabe, Bansal and
 * Hutter, "PED-ANOVA: efficiently quantifying hyperparameter importance in arbitrary subspaces",
 * IJCAI 2023, eq. 10). Densities are Parzen mixtures in u; of ordered parameters both are as
 * smooth as Scott's rule (1992) makes that of all, so that the smaller sample differs by where it
 * is and not by its size. |parameter| has a choice. Scratch is given back. */
double mu_divergence(const struct mu_parameter *parameter, const double *coordinates, size_t n_best,
    size_t n, struct mu_arena *arena);

#endif
