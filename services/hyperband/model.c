#include "services/hyperband/model.h"

#include <math.h>
#include <string.h>

#include "common/model/matern.h"

/* Covariances of |u| at t = 1 with all points into the posterior's k. */
static void covariances(struct mu_model *model, const double *u) {
    size_t n = model->posterior.n;
    double *restrict r2 = model->slope;
    double *restrict k = model->posterior.k;
    memset(r2, 0, n * sizeof *r2);
    for (size_t j = 0; j < model->space->n; j++) {
        const double s = model->sharpness[j];
        const double at = u[j];
        const double *restrict x = model->u + j * model->posterior.capacity;
        if (model->space->parameters[j].ordered) {
            for (size_t i = 0; i < n; i++) {
                r2[i] += s * (x[i] - at) * (x[i] - at);
            }
        } else {
            for (size_t i = 0; i < n; i++) {
                r2[i] += x[i] != at ? s : 0;
            }
        }
    }
    mu_matern_all(false, r2, k, r2, n);
    for (size_t i = 0; i < n; i++) {
        k[i] *= model->amplitude * model->fade[i];
    }
}

static void place(struct mu_model *model, size_t i, const double *u) {
    for (size_t j = 0; j < model->space->n; j++) {
        model->u[j * model->posterior.capacity + i] = u[j];
    }
}

static void allocate(struct mu_model *model, size_t capacity, struct mu_arena *arena) {
    mu_posterior_init(&model->posterior, capacity, 1, arena);
    model->u = MU_ARRAY(arena, capacity * model->space->n, double);
    model->fade = MU_ARRAY(arena, capacity, double);
    model->slope = MU_ARRAY(arena, capacity, double);
    model->sharpness = MU_ARRAY(arena, model->space->n + 1, double);
}

void mu_model_init(struct mu_model *model, const struct mu_space *space, const double *u,
    const double *t, const double *y, size_t n, size_t extra, struct mu_arena *arena) {
    *model = (struct mu_model){.space = space};
    allocate(model, n + extra, arena);
    for (size_t i = 0; i < n; i++) {
        place(model, i, u + i * space->n);
    }
    struct mu_arena_mark mark = mu_arena_mark(arena);
    double *k = MU_ARRAY(arena, n * n, double);
    mu_model_fit(model, t, y, n, k, arena);
    mu_posterior_condition(&model->posterior, k, y, n);
    mu_arena_release(arena, mark);
    for (size_t i = 0; i < n; i++) {
        model->fade[i] = model->sharpness[space->n] * (1 - t[i]) * (1 - t[i]);
    }
    mu_matern_all(false, model->fade, model->fade, model->slope, n);
}

void mu_model_predict(struct mu_model *model, const double *u, double *mean, double *sd) {
    covariances(model, u);
    mu_posterior_means(&model->posterior, mean);
    if (sd) {
        *sd = mu_posterior_sd(&model->posterior, model->amplitude);
    }
}

void mu_model_believe(struct mu_model *model, const double *u) {
    static const double NOISE = 1e-4; /* a share of the amplitude, for the numerics */
    double mean;
    double sd;
    double a2 = model->amplitude;
    mu_model_predict(model, u, &mean, &sd);
    if (mu_posterior_extend(&model->posterior, a2 * (1 + NOISE), a2 * NOISE, &mean)) {
        place(model, model->posterior.n - 1, u);
        model->fade[model->posterior.n - 1] = 1;
    }
}
