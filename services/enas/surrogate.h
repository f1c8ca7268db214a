/* What an architecture is worth, judged from the evaluated ones: a Gaussian process whose kernel
 * counts differing decisions.
 *
 * k(a, b) = exp(-s_o D_o(a, b) / layers - s_s D_s(a, b) / skips), with D_s the number of skips that
 * differ and D_o the sum over layers of mu_enas_table_distance. Three shared scales (operations,
 * parameters within an operation, skips) and a noise are fitted by maximum a posteriori; the
 * signal's variance is profiled out (Rasmussen and Williams, "Gaussian processes for machine
 * learning", 2006, eq. 5.8). */
#ifndef MUSHIR_ENAS_SURROGATE_H
#define MUSHIR_ENAS_SURROGATE_H

#include "services/enas/evidence.h"

enum {
    MU_ENAS_MODELLED = 400 /* observations that take part: the best half and the latest; the rest is
                              not looked at */
};

struct mu_enas_surrogate;

/* Fit to |evidence|, with room to condition on |more| architectures. Needs n >= 1. */
struct mu_enas_surrogate *mu_enas_surrogate_fit(const struct mu_enas_space *space,
    const struct mu_enas_evidence *evidence, size_t more, struct mu_arena *arena);

/* Posterior mean of the score of |arch|, O(n). */
double mu_enas_surrogate_mean(const struct mu_enas_surrogate *s, const struct mu_enas_arch *arch);

/* Posterior mean and standard deviation (of the noiseless score), O(n^2). */
void mu_enas_surrogate_predict(
    struct mu_enas_surrogate *s, const struct mu_enas_arch *arch, double *mean, double *deviation);

/* Condition on |arch| as if it had scored its posterior mean: no mean changes, the uncertainty
 * around it shrinks. */
void mu_enas_surrogate_expect(struct mu_enas_surrogate *s, const struct mu_enas_arch *arch);

/* The largest posterior mean of an observed architecture: what an improvement must beat. */
double mu_enas_surrogate_best(const struct mu_enas_surrogate *s);

/* The observed architectures of the largest posterior means, best first, at most |most| of them
 * into |leaders|; returns how many. */
size_t mu_enas_surrogate_leaders(
    const struct mu_enas_surrogate *s, size_t most, const struct mu_enas_arch **leaders);

/* Scales of the fitted kernel: operations, share of a parameter within an operation, skips, noise.
 * For tests and logs. */
struct mu_enas_scales {
    double ops, within, skips, noise;
};
struct mu_enas_scales mu_enas_surrogate_scales(const struct mu_enas_surrogate *s);

#endif
