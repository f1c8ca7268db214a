#include "services/grid/axes.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "services/grid/order.h"

/* The text of a value near |value|, as the decimal that it was meant to be: 15 digits for doubles
 * without a step. */
static const char *print_near(const struct mu_parameter *p, double value, struct mu_arena *arena) {
    char text[32];
    if (p->levels) {
        return mu_parameter_print(p, mu_parameter_nearest(p, value), arena);
    }
    snprintf(text, sizeof text, "%.15g", value);
    mu_print_double(strtod(text, NULL), text);
    return mu_arena_copy(arena, text);
}

/* |points| values in equal ratios; those that a step makes one count once. */
static uint64_t list_values(struct mu_grid_axis *axis, size_t points, struct mu_arena *arena) {
    const struct mu_parameter *p = axis->parameter;
    const char **texts = MU_ARRAY(arena, points, const char *);
    double *x = MU_ARRAY(arena, points, double);
    size_t n = 0;
    for (size_t k = 0; k < points; k++) {
        double value = p->min * pow(p->max / p->min, (double)k / (double)(points - 1));
        texts[n] = print_near(p, fmin(p->max, fmax(p->min, value)), arena);
        bool fits = mu_parameter_parse(p, texts[n], &x[n]);
        n += fits && (n == 0 || x[n] > x[n - 1]);
    }
    axis->texts = texts;
    axis->x = x;
    return n;
}

/* Katib's text begins so for everything that keeps it from listing the values. */
static enum mu_status fail(const struct mu_parameter *p, struct mu_error *error) {
    return mu_fail(error, MU_INVALID_ARGUMENT, "failed to validate parameters(%.200s): %s", p->name,
        p->step > 0 ? "it has more values than a grid counts"
                    : "a grid needs the step of every double");
}

static enum mu_status multiply(uint64_t *size, uint64_t levels, struct mu_error *error) {
    if (!__builtin_mul_overflow(*size, levels, size) && *size <= MU_GRID_MOST) {
        return MU_OK;
    }
    return mu_fail(error, MU_INVALID_ARGUMENT,
        "failed to validate parameters: the grid has more than %" PRIu64 " points", MU_GRID_MOST);
}

enum mu_status mu_grid_axes_of(struct mu_grid_axes *grid, const struct mu_space *space,
    size_t log_points, struct mu_arena *arena, struct mu_error *error) {
    struct mu_grid_axis *axes = MU_ARRAY(arena, space->n, struct mu_grid_axis);
    uint64_t *levels = MU_ARRAY(arena, space->n, uint64_t);
    *grid = (struct mu_grid_axes){.axes = axes, .levels = levels, .n = space->n, .size = 1};
    for (size_t i = 0; i < space->n; i++) {
        const struct mu_parameter *p = &space->parameters[i];
        bool listed = log_points > 1 && p->distribution == MU_LOG_UNIFORM && p->levels != 1;
        axes[i].parameter = p;
        levels[i] = listed ? list_values(&axes[i], log_points, arena) : p->levels;
        enum mu_status status =
            levels[i] ? multiply(&grid->size, levels[i], error) : fail(p, error);
        if (status) {
            return status;
        }
    }
    return MU_OK;
}
