#include "services/pbt/explore.h"

#include <math.h>

static const double FARTHEST = 0.2;          /* of a move, as a share of the range: docs/adr/0060 */
static const double CATEGORY_CHANGES = 0.25; /* Ray Tune's resample_probability */

/* |u| folded back into [0, 1]. */
static double reflected(double u) {
    return u < 0 ? -u : u > 1 ? 2 - u : u;
}

/* The level next to |x| on the side of |direction|, or on the other where there is none. */
static double next_level(const struct mu_parameter *parameter, double x, double direction) {
    double next = x + (direction < 0 ? -1 : 1);
    bool inside = next >= 0 && next < (double)parameter->levels;
    return inside ? next : 2 * x - next;
}

static double moved(const struct mu_parameter *parameter, double x, struct mu_stream *stream) {
    double by = FARTHEST * (2 * mu_uniform(stream) - 1);
    double to = mu_parameter_at(parameter, reflected(mu_parameter_unit(parameter, x) + by));
    return to == x && parameter->levels > 1 ? next_level(parameter, x, by) : to;
}

void mu_pbt_explore(const struct mu_space *space, double resample, uint64_t seed, uint64_t number,
    const double *from, double *x) {
    for (size_t i = 0; i < space->n; i++) {
        const struct mu_parameter *parameter = &space->parameters[i];
        struct mu_stream stream;
        mu_stream_init(&stream, seed, number, parameter->name);
        double anew = parameter->ordered ? resample : fmax(resample, CATEGORY_CHANGES);
        if (mu_uniform(&stream) < anew) {
            x[i] = mu_parameter_at(parameter, mu_uniform(&stream));
        } else {
            x[i] = parameter->ordered ? moved(parameter, from[i], &stream) : from[i];
        }
    }
}
