/* Losses -> standardised targets that a model can fit: larger is better, no outlier, nearly normal.
 */
#ifndef MUSHIR_MODEL_TARGETS_H
#define MUSHIR_MODEL_TARGETS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"

/* |n| finite values to mean 0 and standard deviation 1, in place. False, and all 0, when they do
 * not differ by 1e-14 of the largest. */
bool mu_standardise(double *values, size_t n);

/* psi_lambda(z) of Yeo and Johnson, "A new family of power transformations", Biometrika 2000,
 * eq. 3.1. */
double mu_yeo_johnson(double z, double lambda);

/* The lambda in [-2, 4] with the largest profile likelihood for |n| standardised values (their
 * eq. 4.1), by golden section. */
double mu_yeo_johnson_lambda(const double *z, size_t n);

/* Above this a loss counts as exploded: median + 10 interquartile ranges of the |n| >= 1 finite
 * losses; HUGE_VAL when the quartiles are equal. */
double mu_loss_limit(const double *loss, size_t n, struct mu_arena *arena);

/* |n| finite losses -> targets that keep their proportions, which sums of effects have: losses
 * beyond median + 10 interquartile ranges are clipped, then -loss is standardised. |target| may be
 * |loss|. False, and all targets 0, when the losses are all equal or n < 2. */
bool mu_linear_targets(const double *loss, double *target, size_t n, struct mu_arena *arena);

/* |n| finite losses -> targets: losses beyond median + 10 interquartile ranges are clipped, then
 * -loss is standardised, transformed and standardised again. Monotone up to the clipping. False,
 * and all targets 0, when the losses are all equal or n < 2. */
bool mu_targets(const double *loss, double *target, size_t n, struct mu_arena *arena);

/* |n| finite excesses of a constraint, met where <= 0 -> targets: b(g / s), with s the median of
 * |g| and b(x) = sign(x) ln(1 + |x|), which keeps the sign and magnifies what is near the bound
 * (Eriksson and Poloczek, "Scalable constrained Bayesian optimization", AISTATS 2021, section 3),
 * then -b standardised: met where the target is >= |*bound|. |target| may be |excess|. False when
 * the excesses are all equal or n < 2; targets are 0 then, and the bound is a standard deviation of
 * theirs away: 1 where all miss it, else -1. */
bool mu_excess_targets(
    const double *excess, double *target, size_t n, double *bound, struct mu_arena *arena);

#endif
