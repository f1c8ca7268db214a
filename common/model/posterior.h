/* What a Gaussian process knows after observations, whatever its kernel: callers compute
 * covariances, this does the rest (Rasmussen and Williams, "Gaussian Processes for Machine
 * Learning", 2006, eq. 2.25, 2.26, 5.8 and 5.9).
 *
 * Held is the inverse of the Cholesky factor, so that a prediction with gradient is two triangular
 * products and a further point one more row. An observation has one target per draw, so that
 * unobserved points can be integrated over joint samples of their values. */
#ifndef MUSHIR_MODEL_POSTERIOR_H
#define MUSHIR_MODEL_POSTERIOR_H

#include <stdbool.h>

#include "common/base/arena.h"

struct mu_posterior {
    size_t n, capacity, draws;
    double *root;  /* capacity x capacity: lower triangular R with R K R^T = I */
    double *alpha; /* draws x capacity: K^-1 y */
    double *k;     /* capacity: covariances of a point with the n observed ones; callers write them
                      before they ask about the point */
    double *v, *w; /* capacity each: R k by mu_posterior_sd, K^-1 k by mu_posterior_solve */
};

/* Nothing observed yet; room for |capacity| points. Arena-owned, capacity x (capacity + draws + 3)
 * numbers. */
void mu_posterior_init(
    struct mu_posterior *p, size_t capacity, size_t draws, struct mu_arena *arena);

/* Condition on |n| <= capacity targets |y| (the same for every draw) with the covariance |matrix|
 * (n x n, row-major; the lower triangle is read) and a positive diagonal, which is raised until the
 * matrix can be factored. A matrix that is not finite leaves the prior: n is 0. O(n^3). */
void mu_posterior_condition(
    struct mu_posterior *p, const double *matrix, const double *y, size_t n);

/* Posterior means of the point with covariances p->k, one per draw. O(n). */
void mu_posterior_means(const struct mu_posterior *p, double *means);

/* Its posterior standard deviation if |variance| > 0 is the prior one; at least 1e-5 of the
 * prior's. O(n^2). */
double mu_posterior_sd(struct mu_posterior *p, double variance);

/* K^-1 k into p->w, after mu_posterior_sd at that point: what gradients of the standard deviation
 * need. O(n^2). */
void mu_posterior_solve(struct mu_posterior *p);

/* Take the point as observed, after mu_posterior_sd at it, with one of |values| per draw;
 * |variance| is the prior one of an observation there, |noise| of it noise, which no other point
 * can explain. False without room. O(n^2). */
bool mu_posterior_extend(
    struct mu_posterior *p, double variance, double noise, const double *values);

/* Negative log marginal likelihood of the |n| targets |y| with covariance |matrix| (lower triangle,
 * n x n), without n/2 ln 2 pi. For its gradient, half the trace of (K^-1 - alpha alpha^T) dK, it
 * leaves K^-1 in the lower triangle of |matrix| and K^-1 y in |alpha|. INFINITY, with both
 * undefined, when the matrix cannot be factored. */
double mu_negative_log_likelihood(double *matrix, const double *y, double *alpha, size_t n);

#endif
