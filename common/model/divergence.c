#include "common/model/divergence.h"

#include <math.h>

#include "common/model/parzen.h"
#include "common/num/moments.h"

enum { POSITIONS = 64 /* of a line that the integral is summed at */ };

/* Scott, "Multivariate density estimation", 1992: the width for a sample of |n| numbers. */
static double width_of(const double *u, size_t n) {
    return 1.06 * sqrt(mu_variance(u, n)) * pow((double)n, -0.2);
}

static struct mu_parzen *mixture(const struct mu_parzen_space *space, double width, const double *u,
    size_t n, struct mu_arena *arena) {
    const struct mu_parzen_options options = {.width = width, .prior_weight = 1};
    struct mu_parzen *parzen = mu_parzen_new(space, &options, n, arena);
    for (size_t i = 0; i < n; i++) {
        mu_parzen_add(parzen, &u[i], 1);
    }
    return parzen;
}

double mu_divergence(const struct mu_parameter *parameter, const double *coordinates, size_t n_best,
    size_t n, struct mu_arena *arena) {
    struct mu_arena_mark mark = mu_arena_mark(arena);
    const struct mu_space one = {.parameters = parameter, .n = 1};
    const struct mu_parzen_space *space = mu_parzen_space_of(&one, arena);
    const struct mu_frame *frame = &space->frame;
    double *u = MU_ARRAY(arena, n, double);
    double *scratch = MU_ARRAY(arena, n + 1, double);
    for (size_t i = 0; i < n; i++) {
        mu_frame_encode(frame, &coordinates[i], &u[i]);
    }
    double width = fmax(width_of(u, n), 1.0 / POSITIONS); /* a line's kernels span a position */
    struct mu_parzen *best = mixture(space, width, u, n_best, arena);
    struct mu_parzen *all = mixture(space, width, u, n, arena);
    bool counted = frame->category[0] || space->centres[0]; /* else the density is a line's */
    size_t positions = counted ? frame->levels[0] : POSITIONS;
    double sum = 0;
    for (size_t k = 0; k < positions; k++) {
        double at = counted ? mu_frame_level(frame, 0, k) : ((double)k + 0.5) / POSITIONS;
        double q = exp(mu_parzen_log_density(all, &at, scratch));
        double p = exp(mu_parzen_log_density(best, &at, scratch));
        sum += (p - q) * (p - q) / q * (counted ? 1 : 1.0 / POSITIONS);
    }
    mu_arena_release(arena, mark);
    return sum;
}
