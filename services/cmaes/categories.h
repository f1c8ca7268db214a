/* The product of categorical distributions of CatCMA and its adaptive natural gradient.
 *
 * Akimoto, Shirakawa, Yoshinari, Uchida, Saito and Nishida, "Adaptive stochastic natural gradient
 * method for one-shot neural architecture search", ICML 2019; Hamano et al., "CatCMA: stochastic
 * optimization for mixed-category problems", GECCO 2024. */
#ifndef MUSHIR_SERVICES_CMAES_CATEGORIES_H
#define MUSHIR_SERVICES_CMAES_CATEGORIES_H

#include <stddef.h>

#include "common/base/arena.h"

struct mu_categories {
    size_t n;
    const size_t *sizes;   /* of the n distributions, each >= 2 */
    const size_t *offsets; /* where each begins in |q| */
    double *q;             /* probabilities */
    double *gradient;      /* as |q| */
    double *floors;        /* n: no probability falls below it */
    double *path;          /* accumulated gradient directions */
    double trust;          /* the reciprocal of the step after next: ASNG's Delta */
    double step;           /* length of the next step in the Fisher metric: delta */
    double gamma;          /* what the path's square would be of random directions */
};

/* Uniform distributions of |sizes| (borrowed) categories. A value other than the likely one keeps
 * so much probability that all |n| are likely with 73 % (CatCMA's margin). Owned by |arena|. */
void mu_categories_init(
    struct mu_categories *c, const size_t *sizes, size_t n, struct mu_arena *arena);

/* The category that the cumulated probabilities of distribution |i| reach |u| in [0, 1) with. */
size_t mu_categories_at(const struct mu_categories *c, size_t i, double u);

/* Step towards |n_rows| rows of n categories each, row |r| weighing weights[r]. */
void mu_categories_update(
    struct mu_categories *c, const size_t *rows, const double *weights, size_t n_rows);

#endif
