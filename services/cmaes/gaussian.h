/* The normal distribution of CMA-ES and its update by one generation: Hansen, "The CMA evolution
 * strategy: a tutorial" (arXiv:1604.00772), with active (negative) weights.
 *
 * Points are x = mean + sigma scale (.) y with y ~ N(0, C); |scale| is 1 but for grids, whose
 * margin is kept with it (margin.h). */
#ifndef MUSHIR_SERVICES_CMAES_GAUSSIAN_H
#define MUSHIR_SERVICES_CMAES_GAUSSIAN_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"

/* What follows from the dimension and the population alone: table 1 of the tutorial. */
struct mu_cma_rates {
    size_t n, lambda;
    double mu_eff;           /* variance-effective selection mass of the positive weights */
    double c_1, c_mu;        /* rank-one and rank-mu learning rates */
    double c_sigma, d_sigma; /* step-size path and damping */
    double c_c;              /* covariance path */
    double chi;              /* E |N(0, I)|, approximated */
    const double *weights;   /* |lambda| of them by rank, best first; the positive ones sum to 1 */
};

struct mu_gaussian {
    struct mu_cma_rates rates;
    size_t generations;
    double sigma;
    double *mean, *scale;             /* n */
    double *path_sigma, *path_c;      /* n */
    double *covariance;               /* n x n */
    double *axes, *lengths;           /* row k: k-th unit eigenvector; square root of its value */
    double *step, *whitened, *scaled; /* workspace: n, n, 3n */
};

/* |n| may be 0; |lambda| > 1. Owned by |arena|. */
void mu_cma_rates_of(struct mu_cma_rates *rates, size_t n, size_t lambda, struct mu_arena *arena);

/* Mean |mean| (copied), C = I, |sigma|, paths zero. Owned by |arena|. */
void mu_gaussian_init(struct mu_gaussian *g, size_t n, size_t lambda, const double *mean,
    double sigma, struct mu_arena *arena);

/* y = C^(1/2) z for |n| standard normals |z|: z_k along the k-th axis. */
void mu_gaussian_shape(const struct mu_gaussian *g, const double *z, double *y);

/* C^(-1/2) y. */
void mu_gaussian_whiten(const struct mu_gaussian *g, const double *y, double *z);

/* One individual of a generation. Ties share the weights of their ranks, so a row may have a
 * share in the recombination and yet a negative weight in the covariance. */
struct mu_individual {
    const double *y;      /* n; borrowed */
    double recombination; /* share of the new mean, >= 0 */
    double covariance;    /* weight in the rank-mu update */
};

/* Move mean, step size and covariance by |lambda| individuals. False when the covariance cannot be
 * decomposed any more; the distribution is then of no use. */
bool mu_gaussian_update(struct mu_gaussian *g, const struct mu_individual *individuals);

#endif
