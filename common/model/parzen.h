/* Parzen mixtures over a search space: a joint density built of one product kernel per point and
 * one wide prior kernel.
 *
 * A point is a row of numbers in a frame (frame.h), and every dimension an axis:
 *   line      continuous parameters and grids of more than MU_PARZEN_LEVELS levels: a normal
 *             truncated to [0, 1]
 *   ladder    smaller grids: the normal weighted by the levels' own shares of [0, 1] and normalized
 *             over the levels
 *   category  a share for the point's own category, the rest spread evenly
 * A density is relative to Lebesgue measure in u on lines and to the counting measure elsewhere.
 * Bergstra et al. 2011, section 4; joint product kernels as in Falkner et al. 2018 (BOHB). */
#ifndef MUSHIR_MODEL_PARZEN_H
#define MUSHIR_MODEL_PARZEN_H

#include "common/model/frame.h"

enum { MU_PARZEN_LEVELS = 32 };

/* A frame with what its ladders need, shared by mixtures. */
struct mu_parzen_space {
    struct mu_frame frame;
    const double **centres; /* per dimension: u of each level; NULL off ladders */
    const double **shares;  /* per dimension: part of [0, 1] that each level owns */
};

/* |space| as mixtures see it. Arena-owned. */
const struct mu_parzen_space *mu_parzen_space_of(
    const struct mu_space *space, struct mu_arena *arena);

/* On a line or ladder every kernel's standard deviation is |width|, but at least half the cell it
 * stands in and at most 1. On a category of L levels a kernel of n has (1 + 1/n) / (1 + L/n) on its
 * own level and (1/n) / (1 + L/n) on each other one, which is Optuna's rule. */
struct mu_parzen_options {
    double width;        /* in units of the axis */
    double prior_weight; /* weight of the prior kernel, beside those of the points */
};

struct mu_parzen_kernel {
    double curvature; /* 1 / (2 sigma^2) */
    double mass;      /* what the unnormalized kernel leaves on the axis */
};

/* A mixture seen on one axis. Kernel 0 is the prior's. */
struct mu_parzen_axis {
    double *position;  /* per kernel: mean, or index of the category; the prior has none there */
    double *curvature; /* per kernel; NULL: that of |usual| for every point */
    struct mu_parzen_kernel prior;  /* not on categories */
    struct mu_parzen_kernel usual;  /* of a point at least |margin| from both ends */
    double margin;                  /* infinite: no point has the usual mass */
    struct mu_parzen_kernel *rungs; /* ladders: the kernel of each level, made when first needed */
    double own,
        other; /* categories: log probability of a point's own category and of each other one */
};

struct mu_parzen {
    struct mu_parzen_options options;
    const struct mu_parzen_space *space;
    struct mu_parzen_axis *on;  /* per axis */
    size_t n_axes, n, capacity; /* n kernels, the prior's among them */
    size_t settled;             /* number of kernels that the probabilities on categories are for */
    double *constant;           /* per kernel: log weight and all the normalizations */
    double *running; /* per kernel: sum of the points' weights up to it, without the prior's */
};

/* The prior kernel alone, with room for |room| points. Arena-owned. */
struct mu_parzen *mu_parzen_new(const struct mu_parzen_space *space,
    const struct mu_parzen_options *options, size_t room, struct mu_arena *arena);

/* Add the kernel of a point, one number per axis, with a positive |weight|. Without effect when
 * there is no more room. Cost: n_axes. */
void mu_parzen_add(struct mu_parzen *parzen, const double *at, double weight);

/* Log kernel values (weights included, as they were given) of every kernel at |at| into |values| (n
 * of them); returns the largest. */
double mu_parzen_kernels(struct mu_parzen *parzen, const double *at, double *values);

/* log density at |at|; |scratch| holds n numbers. */
double mu_parzen_log_density(struct mu_parzen *parzen, const double *at, double *scratch);

/* The same for the mixtures that leave out the first from[0], from[1], ... points (ascending,
 * |n_from| of them), without renormalizing their weights: the logs of their densities into
 * |result|. */
void mu_parzen_log_tails(struct mu_parzen *parzen, const double *at, const size_t *from,
    size_t n_from, double *scratch, double *result);

/* The share of all weight that is not the prior kernel's. */
double mu_parzen_points_share(const struct mu_parzen *parzen);

/* The number of a point's kernel drawn by weight; without points the prior's. */
size_t mu_parzen_pick_point(const struct mu_parzen *parzen, struct mu_stream *stream);

/* The kernel |k| on a line or ladder is exp(-c (u - position)^2) there, unnormalized: c. */
double mu_parzen_curvature(const struct mu_parzen *parzen, size_t k, size_t axis);

/* Draw from kernel |k| on one axis. */
double mu_parzen_draw(struct mu_parzen *parzen, size_t k, size_t axis, struct mu_stream *stream);

#endif
