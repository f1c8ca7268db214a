/* Parzen mixtures over a search space: a joint density built of one product kernel per point and one wide prior kernel.
 *
 * Every parameter becomes an axis, on which a point is a number:
 *   line      continuous parameters and grids of more than MU_PARZEN_LEVELS levels: u in [0, 1], a normal truncated to [0, 1]
 *   ladder    smaller grids: u of the level's centre, the normal weighted by the levels' own shares and normalized over the levels
 *   category  the index: a share for the point's own category, the rest spread evenly
 *   constant  left out
 * A density is relative to Lebesgue measure in u on lines and to the counting measure elsewhere. Bergstra et al. 2011, section 4; joint
 * product kernels as in Falkner et al. 2018 (BOHB). */
#ifndef MUSHIR_SURROGATE_PARZEN_H
#define MUSHIR_SURROGATE_PARZEN_H

#include "common/search/space.h"

enum { MU_PARZEN_LEVELS = 32 };

enum mu_axis_kind { MU_AXIS_CONSTANT, MU_AXIS_LINE, MU_AXIS_LADDER, MU_AXIS_CATEGORY };

struct mu_axis {
    enum mu_axis_kind kind;
    size_t levels;         /* ladders and categories */
    const double *centres; /* ladders: u of each level */
    const double *shares;  /* ladders: part of [0, 1] that each level owns */
    const struct mu_parameter *parameter;
};

/* One axis per parameter of |space|, arena-owned. */
const struct mu_axis *mu_axes_create(const struct mu_space *space, struct mu_arena *arena);

/* A coordinate of the space -> the number on the axis. */
double mu_axis_position(const struct mu_axis *axis, double x);

/* On a line or ladder every kernel's standard deviation is |width|, but at least half the cell it stands in and at most 1. */
struct mu_parzen_options {
    double width;        /* in units of the axis */
    double prior_weight; /* weight of the prior kernel in units of the mean weight of the points */
};

struct mu_parzen {
    const struct mu_axis *axes;
    size_t n_axes, n;               /* n kernels, the prior's being the last */
    double **position, **curvature; /* per axis: kernel means, 1 / (2 sigma^2); categories: index, unused */
    double *own, *other;            /* categories: log probability of the kernel's own category and of each other one */
    double *constant;               /* per kernel: log weight and all the normalizations */
    double *cumulative;             /* prefix sums of the weights, the last is 1 */
};

/* The mixture of |n| points with positive |weights|; positions[axis][i] is point i on that axis. Cost: n axes. */
struct mu_parzen *mu_parzen_create(const struct mu_axis *axes, size_t n_axes, const double *const *positions, const double *weights,
                                   size_t n, const struct mu_parzen_options *options, struct mu_arena *arena);

/* Log kernel values (weights included) of every kernel at |at| (one number per axis) into |values| (n of them); returns the largest. */
double mu_parzen_kernels(const struct mu_parzen *parzen, const double *at, double *values);

/* log density at |at|; |scratch| holds n numbers. */
double mu_parzen_log_density(const struct mu_parzen *parzen, const double *at, double *scratch);

/* The same for the mixtures that leave out the first from[0], from[1], ... kernels (ascending, |n_from| of them), without renormalizing
 * their weights: the logs of their densities into |result|. */
void mu_parzen_log_tails(const struct mu_parzen *parzen, const double *at, const size_t *from, size_t n_from, double *scratch,
                         double *result);

/* The number of a kernel drawn by weight. */
size_t mu_parzen_pick(const struct mu_parzen *parzen, struct mu_stream *stream);

/* Draw from kernel |k| on one axis. */
double mu_parzen_draw(const struct mu_parzen *parzen, size_t k, size_t axis, struct mu_stream *stream);

#endif
