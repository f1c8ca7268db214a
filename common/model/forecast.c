#include "common/model/forecast.h"

#include <math.h>
#include <stdlib.h>

#include "common/model/dataset.h"
#include "common/model/maximize.h"
#include "common/model/surrogate.h"

enum { EVALUATIONS = 2000 };

struct mu_forecast {
    struct mu_frame frame;
    struct mu_surrogate *surrogate;
    double *u;    /* scratch: a point */
    double *good; /* n_good observed points, the best first */
    size_t n_good;
    struct mu_arena *arena;
};

struct observation {
    double value;
    const struct mu_trial *trial;
};

static int smallest_first(const void *a, const void *b) {
    const struct observation *p = a;
    const struct observation *q = b;
    return p->value != q->value ? (p->value > q->value) - (p->value < q->value)
                                : (p->trial > q->trial) - (p->trial < q->trial);
}

/* The observations of the metric, the best first. */
static size_t observe(
    const struct mu_history *history, size_t metric, struct observation *observations) {
    size_t n = 0;
    for (size_t i = 0; i < history->n; i++) {
        const struct mu_trial *trial = &history->trials[i];
        if (trial->state == MU_DONE && isfinite(trial->values[metric])) {
            observations[n++] = (struct observation){trial->values[metric], trial};
        }
    }
    qsort(observations, n, sizeof *observations, smallest_first);
    return n;
}

/* Those that say the most, as many as a surrogate takes. */
static struct mu_surrogate_data choose(const struct mu_history *history, size_t metric,
    const struct observation *observations, size_t n, const struct mu_frame *frame,
    struct mu_arena *arena) {
    size_t *numbers = MU_ARRAY(arena, n, size_t); /* in the history, whose order is age */
    size_t *chosen = MU_ARRAY(arena, n, size_t);
    for (size_t i = 0; i < n; i++) {
        numbers[i] = (size_t)(observations[i].trial - history->trials);
    }
    n = mu_subset(numbers, n, mu_surrogate_rows(frame->n), chosen, arena);
    const double **u = MU_ARRAY(arena, n, const double *);
    double *values = MU_ARRAY(arena, n, double);
    for (size_t i = 0; i < n; i++) {
        const struct mu_trial *trial = &history->trials[chosen[i]];
        double *row = MU_ARRAY(arena, frame->n, double);
        mu_frame_encode(frame, trial->x, row);
        u[i] = row;
        values[i] = trial->values[metric];
    }
    return (struct mu_surrogate_data){.n = n, .u = u, .values = values};
}

struct mu_forecast *mu_forecast_of(const struct mu_space *space, const struct mu_history *history,
    size_t metric, struct mu_arena *arena) {
    struct mu_forecast *f = MU_NEW(arena, struct mu_forecast);
    struct observation *observations = MU_ARRAY(arena, history->n, struct observation);
    size_t n = observe(history, metric, observations);
    *f = (struct mu_forecast){.frame = mu_frame_of(space, arena), .arena = arena};
    if (n < 2 || f->frame.n == 0) {
        return NULL;
    }
    struct mu_surrogate_data data = choose(history, metric, observations, n, &f->frame, arena);
    f->surrogate = mu_surrogate_of(&f->frame, &data, arena);
    f->u = MU_ARRAY(arena, f->frame.n, double);
    f->n_good = n < MU_MAXIMIZE_PARENTS ? n : MU_MAXIMIZE_PARENTS;
    f->good = MU_ARRAY(arena, MU_MAXIMIZE_PARENTS * f->frame.n, double);
    for (size_t i = 0; i < f->n_good; i++) {
        mu_frame_encode(&f->frame, observations[i].trial->x, f->good + i * f->frame.n);
    }
    return f->surrogate ? f : NULL;
}

double mu_forecast_at(struct mu_forecast *f, const double *x, double *sd) {
    mu_frame_encode(&f->frame, x, f->u);
    return mu_surrogate_predict(f->surrogate, f->u, sd);
}

static double better(void *forecast, const double *u, double *gradient) {
    struct mu_gp *gp = &((struct mu_forecast *)forecast)->surrogate->gp;
    const double weight = -1;
    double mean;
    mu_gp_predict(gp, u, &mean);
    if (gradient) {
        mu_gp_gradient(gp, u, &weight, 0, gradient);
    }
    return -mean;
}

void mu_forecast_best(struct mu_forecast *f, double *x) {
    const struct mu_maximizer maximizer = {.frame = &f->frame,
        .criterion = better,
        .user = f,
        .seen = mu_seen_of(f->frame.space, 0, f->arena),
        .good = f->good,
        .n_good = f->n_good,
        .climb = true,
        .gradient = true,
        .evaluations = EVALUATIONS};
    if (!mu_maximize(&maximizer, x, f->arena)) {
        mu_frame_decode(&f->frame, f->good, x);
    }
}
