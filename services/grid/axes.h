/* The values that a grid search combines. */
#ifndef MUSHIR_SERVICES_GRID_AXES_H
#define MUSHIR_SERVICES_GRID_AXES_H

#include "common/search/space.h"

/* The values of one parameter: its own levels, or a list of some of its values. */
struct mu_grid_axis {
    const struct mu_parameter *parameter;
    const char *const *texts; /* NULL: its own levels */
    const double *x;          /* coordinates of |texts| */
};

struct mu_grid_axes {
    const struct mu_grid_axis *axes; /* one for each parameter */
    const uint64_t *levels;          /* how many values each has */
    size_t n;
    uint64_t size; /* product of the levels; 1 without parameters */
};

/* The grid over |space|. |log_points| > 1: logUniform parameters take so many values in equal
 * ratios from min to max (as near as their step allows); 0: their own levels as the others.
 * MU_INVALID_ARGUMENT names a double without a step, or a grid of more than 2^63 points. Owned by
 * |arena|, borrows |space|. */
MU_MUST_USE enum mu_status mu_grid_axes_of(struct mu_grid_axes *grid, const struct mu_space *space,
    size_t log_points, struct mu_arena *arena, struct mu_error *error);

#endif
