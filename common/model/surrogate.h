/* One metric of an experiment as a function over the whole space: a Gaussian process in the
 * metric's own units. */
#ifndef MUSHIR_MODEL_SURROGATE_H
#define MUSHIR_MODEL_SURROGATE_H

#include "common/model/frame.h"
#include "common/model/gp.h"

/* The family of processes for |dimensions|, which is borrowed: the additive kernel, and priors
 * whose lengths grow with the square root of the number of dimensions, since the distance between
 * points does (Hvarfner, Hellsten and Nardi, "Vanilla Bayesian optimization performs great in high
 * dimensions", ICML 2024). Arena-owned. */
struct mu_gp_model mu_surrogate_model(
    const struct mu_dimensions *dimensions, struct mu_arena *arena);

/* Observations: |n| points (dimensions of the frame) with finite values. */
struct mu_surrogate_data {
    size_t n;
    const double *const *u;
    const double *values;
};

struct mu_surrogate {
    struct mu_dimensions dimensions;
    struct mu_gp_model model;
    struct mu_gp gp;
    double unit, centre, scale; /* a value is |unit| (|centre| + |scale| target) */
};

/* How many observations a surrogate of |n| dimensions takes. */
size_t mu_surrogate_rows(size_t n);

/* Fit to |data|, of whose rows mu_surrogate_rows are enough and more cost more than they say.
 * Values beyond median + 10 interquartile ranges of 16 trials far from each other (mu_farthest)
 * count as that limit: one trial that exploded is not the function. NULL when the values do not
 * differ. |frame| has a dimension at least and is borrowed. Arena-owned. */
struct mu_surrogate *mu_surrogate_of(
    const struct mu_frame *frame, const struct mu_surrogate_data *data, struct mu_arena *arena);

/* The mean at |u|, in the metric's units. */
double mu_surrogate_mean(struct mu_surrogate *surrogate, const double *u);

/* The same with the standard deviation of the function into |sd|. */
double mu_surrogate_predict(struct mu_surrogate *surrogate, const double *u, double *sd);

/* |most| of the |n| points |u| that lie far from each other: the first, then again and again the
 * one farthest from those chosen (Gonzalez, "Clustering to minimize the maximum intercluster
 * distance", 1985; of equal ones the first). Their numbers into |chosen|; returns how many. O(n
 * most). A search gathers at the optimum; what it knows of the rest of the space lies in few
 * trials, and they are all among these. */
size_t mu_farthest(const struct mu_frame *frame, const double *const *u, size_t n, size_t most,
    size_t *chosen, struct mu_arena *arena);

#endif
