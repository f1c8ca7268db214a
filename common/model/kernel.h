/* Kernels as parts of a Gaussian process: how alike the values of two points are, given how far
 * apart the points are, feature by feature.
 *
 * A *metric* turns two points into features z_f >= 0, squared distances that are 0 between equal
 * points. A *kernel* turns s_f z_f, s_f = 1 / l_f^2, into a correlation that is 1 when all of them
 * are 0. The process (gp.h) owns the lengths l_f, the amplitude and the noise, so a new kernel is
 * one formula with its derivatives, and a new kind of point is one metric. */
#ifndef MUSHIR_MODEL_KERNEL_H
#define MUSHIR_MODEL_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"

/* ---- metrics ---- */

struct mu_metric {
    /* A store for |capacity| points. |space| is what the model names as its space. Arena-owned. */
    void *(*store)(const void *space, size_t capacity, struct mu_arena *arena);
    /* Keep |point| as number |i|. What it points to may be borrowed. */
    void (*place)(void *store, size_t i, const void *point);
    /* z_f between |point| and the kept points i < n into z[f * stride + i]. */
    void (*measure)(const void *store, const void *point, size_t n, size_t stride, double *z);
    /* Half the derivative of z_f by the f-th coordinate of |point| for the kept points i < n into
     * |slope|; false where there is none. NULL: nowhere. */
    bool (*slope)(const void *store, const void *point, size_t f, size_t n, double *slope);
};

/* Points are rows of numbers, one per dimension: z is the squared difference, and 0 or 1 on a
 * category. */
struct mu_dimensions {
    size_t n;
    const bool *category; /* n; NULL: there are none */
};
extern const struct mu_metric mu_metric_dimensions; /* its space: struct mu_dimensions */

/* ---- kernels ---- */

enum { MU_KERNEL_SHARES = 2 }; /* at most */

/* The parameters of a kernel. */
struct mu_scales {
    size_t n;                            /* features */
    const double *inverse_square_length; /* s_f, n */
    double share[MU_KERNEL_SHARES];      /* in (0, 1), as many as the kernel has */
};

/* |n| pairs of points: feature f of pair p is z[f * stride + p]. */
struct mu_pairs {
    size_t n, stride;
    const double *z;
    double *value;    /* n: correlations, by kernel->evaluate */
    double *parts[4]; /* n each, as many as the kernel asks for: its own */
};

struct mu_kernel {
    size_t n_parts;
    size_t n_shares;
    double level; /* variance, in units of a target, that observations have in common when their
                     last feature is 0, beside the function; 0: none */
    /* Correlations of |pairs| into their value, and whatever the derivatives need into the parts.
     */
    void (*evaluate)(const struct mu_scales *scales, const struct mu_pairs *pairs);
    /* sum_p weight_p by_p dk_p / d(s_f z_f), after evaluate. */
    double (*slope)(const struct mu_scales *scales, const struct mu_pairs *pairs, size_t f,
        const double *weight, const double *by);
    /* sum_p weight_p dk_p / d share[i], after evaluate; NULL without shares. */
    double (*share_slope)(const struct mu_scales *scales, const struct mu_pairs *pairs, size_t i,
        const double *weight);
};

/* (1 - w) M(sum_f s_f z_f) + w / n sum_f Q(s_f z_f): M = (1 - v) M_3/2 + v M_5/2 of the Matern
 * functions (Rasmussen and Williams, "Gaussian Processes for Machine Learning", 2006, eq. 4.17),
 * Q(z) = 1 / (1 + z) the rational quadratic one (eq. 4.19, alpha 1). How smooth the function is, v,
 * is fitted like w: share = {w, v}. The sum of functions of one feature each (Duvenaud, Nickisch
 * and Rasmussen, "Additive Gaussian processes", NeurIPS 2011) lets an observation speak about all
 * points that share a value with it: most of what hyper-parameters do, they do alone (Hutter, Hoos
 * and Leyton-Brown, ICML 2014). */
extern const struct mu_kernel mu_kernel_additive;

/* M(sum_{f < last} s_f z_f) M(s_last z_last), nu 5/2: the last feature is the resource.
 * Observations of one resource share a level of variance 4, so that promoted configurations being
 * better than the rest does not bend the function. */
extern const struct mu_kernel mu_kernel_resource;

/* exp(-sum_f s_f z_f): features count decisions that differ. */
extern const struct mu_kernel mu_kernel_decisions;

#endif
