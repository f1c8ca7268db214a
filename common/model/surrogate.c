#include "common/model/surrogate.h"

#include <math.h>
#include <string.h>

#include "common/model/targets.h"

/* prior of ln l - ln(d) / 2: docs/adr/0112 */
static const double LENGTH = -1.5, LENGTH_SD = 0.7;
/* Operations that a fit may take: docs/adr/0080-importance.md. */
static const double OPERATIONS = 3e8;
enum { SPREAD = 16 }; /* trials that tell which values are beyond all others */

struct mu_gp_model mu_surrogate_model(
    const struct mu_dimensions *dimensions, struct mu_arena *arena) {
    static const struct mu_gp_prior OTHERS[] = {
        {0, 3},  /* ln w / (1 - w) of single dimensions, .. */
        {0, 3},  /* .. and of the smoother part: docs/adr/0111 */
        {0, 1},  /* ln a^2 */
        {-6, 2}, /* ln n^2 */
    };
    size_t d = dimensions->n;
    struct mu_gp_prior *prior =
        MU_ARRAY(arena, d + sizeof OTHERS / sizeof *OTHERS, struct mu_gp_prior);
    for (size_t j = 0; j < d; j++) {
        prior[j] = (struct mu_gp_prior){LENGTH + 0.5 * log((double)d), LENGTH_SD};
    }
    memcpy(prior + d, OTHERS, sizeof OTHERS);
    return (struct mu_gp_model){.kernel = &mu_kernel_additive,
        .metric = &mu_metric_dimensions,
        .space = dimensions,
        .n_features = d,
        .prior = prior};
}

size_t mu_surrogate_rows(size_t n) {
    const struct mu_gp_model model = {.kernel = &mu_kernel_additive, .n_features = n};
    return mu_gp_fit_rows(&model, OPERATIONS);
}

/* Above this a value counts as exploded, by those of trials that lie far from each other: where all
 * of a search count, the quartiles are of the optimum's neighbourhood, and most of the space is
 * beyond them. */
static double limit_of(const struct mu_frame *frame, const struct mu_surrogate_data *data,
    const double *values, struct mu_arena *arena) {
    size_t chosen[SPREAD];
    double spread[SPREAD];
    size_t n = mu_farthest(frame, data->u, data->n, SPREAD, chosen, arena);
    for (size_t i = 0; i < n; i++) {
        spread[i] = values[chosen[i]];
    }
    return mu_loss_limit(spread, n, arena);
}

/* Values as targets of mean 0 and standard deviation 1; false when they do not differ. */
static bool standardise(struct mu_surrogate *s, const struct mu_frame *frame,
    const struct mu_surrogate_data *data, double *target, struct mu_arena *arena) {
    const double n = (double)data->n;
    double square = 0;
    for (size_t i = 0; i < data->n; i++) {
        s->unit = fmax(s->unit, fabs(data->values[i]));
    }
    for (size_t i = 0; i < data->n; i++) {
        target[i] = s->unit > 0 ? data->values[i] / s->unit : 0;
    }
    double limit = limit_of(frame, data, target, arena);
    for (size_t i = 0; i < data->n; i++) {
        target[i] = fmin(target[i], limit);
        s->centre += target[i] / n;
    }
    for (size_t i = 0; i < data->n; i++) {
        square += (target[i] - s->centre) * (target[i] - s->centre) / n;
    }
    s->scale = sqrt(square);
    return mu_standardise(target, data->n);
}

struct mu_surrogate *mu_surrogate_of(
    const struct mu_frame *frame, const struct mu_surrogate_data *data, struct mu_arena *arena) {
    struct mu_surrogate *s = MU_NEW(arena, struct mu_surrogate);
    double *target = MU_ARRAY(arena, data->n, double);
    const void **points = MU_ARRAY(arena, data->n, const void *);
    *s = (struct mu_surrogate){.dimensions = {.n = frame->n, .category = frame->category}};
    if (!standardise(s, frame, data, target, arena)) {
        return NULL;
    }
    for (size_t i = 0; i < data->n; i++) {
        points[i] = data->u[i];
    }
    const struct mu_gp_data observed = {.n = data->n, .points = points, .y = target};
    s->model = mu_surrogate_model(&s->dimensions, arena);
    double *theta = MU_ARRAY(arena, mu_gp_parameters(&s->model), double);
    mu_gp_fit(&s->model, &observed, theta, arena);
    mu_gp_condition(&s->gp, &s->model, theta, &observed, 0, 1, arena);
    return s;
}

double mu_surrogate_mean(struct mu_surrogate *s, const double *u) {
    double mean;
    mu_gp_means(&s->gp, u, &mean);
    return s->unit * (s->centre + s->scale * mean);
}

double mu_surrogate_predict(struct mu_surrogate *s, const double *u, double *sd) {
    double mean;
    *sd = s->unit * s->scale * mu_gp_predict(&s->gp, u, &mean);
    return s->unit * (s->centre + s->scale * mean);
}

size_t mu_farthest(const struct mu_frame *frame, const double *const *u, size_t n, size_t most,
    size_t *chosen, struct mu_arena *arena) {
    struct mu_arena_mark mark = mu_arena_mark(arena);
    double *nearest = MU_ARRAY(arena, n, double); /* of those chosen; -1: chosen itself */
    size_t next = 0;
    most = most < n ? most : n;
    for (size_t i = 0; i < n; i++) {
        nearest[i] = HUGE_VAL;
    }
    for (size_t k = 0; k < most; k++) {
        size_t last = next;
        chosen[k] = last;
        nearest[last] = -1;
        for (size_t i = 0; i < n; i++) {
            if (nearest[i] >= 0) {
                nearest[i] = fmin(nearest[i], mu_frame_distance(frame, u[i], u[last]));
            }
            next = nearest[i] > nearest[next] ? i : next;
        }
    }
    mu_arena_release(arena, mark);
    return most;
}
