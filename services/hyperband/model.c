#include "services/hyperband/model.h"

#include <math.h>
#include <string.h>

#include "common/num/linalg.h"
#include "common/surrogate/matern.h"

const double MU_MODEL_LEVEL = 4;

double mu_model_fading(const struct mu_model *model, double gap) {
    double r2 = model->sharpness[model->space->n] * gap * gap, value, slope;
    mu_matern_all(false, &r2, &value, &slope, 1);
    return value;
}

/* a^2 M(|u - u_i| / l) of the first |n| points into model->k. */
static void covariances(struct mu_model *model, const double *u, size_t n) {
    double *restrict r2 = model->slope;
    memset(r2, 0, n * sizeof *r2);
    for (size_t j = 0; j < model->space->n; j++) {
        const double s = model->sharpness[j], at = u[j], *restrict x = model->u + j * model->capacity;
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
    mu_matern_all(false, r2, model->k, r2, n);
    for (size_t i = 0; i < n; i++) {
        model->k[i] *= model->amplitude;
    }
}

/* Add the point (u, t): its row of the factor. */
static void append(struct mu_model *model, const double *u, double t, bool believed) {
    size_t n = model->n++;
    double *row = model->factor + n * model->capacity;
    covariances(model, u, n);
    for (size_t i = 0; i < n; i++) {
        bool level = t == model->t[i] && !believed && !model->believed[i];
        row[i] = model->k[i] * mu_model_fading(model, t - model->t[i]) + (level ? MU_MODEL_LEVEL : 0);
    }
    mu_solve_lower(model->factor, n, model->capacity, false, row);
    double variance = believed ? model->amplitude * (1 + 1e-4) : model->amplitude + MU_MODEL_LEVEL + model->noise;
    row[n] = sqrt(fmax(variance - mu_dot(row, row, n), 1e-9));
    for (size_t j = 0; j < model->space->n; j++) {
        model->u[j * model->capacity + n] = u[j];
    }
    model->t[n] = t;
    model->fade[n] = mu_model_fading(model, 1 - t);
    model->believed[n] = believed;
}

static void allocate(struct mu_model *model, struct mu_arena *arena) {
    size_t capacity = model->capacity, d = model->space->n;
    model->u = MU_ARRAY(arena, capacity * d, double);
    model->t = MU_ARRAY(arena, capacity, double);
    model->fade = MU_ARRAY(arena, capacity, double);
    model->believed = MU_ARRAY(arena, capacity, bool);
    model->factor = MU_ARRAY(arena, capacity * capacity, double);
    model->alpha = MU_ARRAY(arena, capacity, double);
    model->k = MU_ARRAY(arena, capacity, double);
    model->slope = MU_ARRAY(arena, capacity, double);
    model->sharpness = MU_ARRAY(arena, d + 1, double);
}

void mu_model_init(struct mu_model *model, const struct mu_space *space, const double *u, const double *t, const double *y, size_t n,
                   size_t extra, struct mu_arena *arena) {
    size_t d = space->n, capacity = n + extra;
    *model = (struct mu_model){.space = space, .n = n, .n_results = n, .capacity = capacity};
    allocate(model, arena);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < d; j++) {
            model->u[j * capacity + i] = u[i * d + j];
        }
    }
    memcpy(model->t, t, n * sizeof *t);
    mu_model_fit(model, y, arena);
    model->n = 0;
    for (size_t i = 0; i < n; i++) {
        append(model, u + i * d, t[i], false);
    }
    memcpy(model->alpha, y, n * sizeof *y);
    mu_solve_lower(model->factor, n, capacity, false, model->alpha);
    mu_solve_lower(model->factor, n, capacity, true, model->alpha);
}

void mu_model_predict(struct mu_model *model, const double *u, double *mean, double *sd) {
    double *k = model->k;
    covariances(model, u, model->n);
    for (size_t i = 0; i < model->n; i++) {
        k[i] *= model->fade[i];
    }
    *mean = mu_dot(k, model->alpha, model->n_results); /* believed points add nothing to the mean */
    if (sd) {
        mu_solve_lower(model->factor, model->n, model->capacity, false, k);
        *sd = sqrt(fmax(model->amplitude - mu_dot(k, k, model->n), 1e-12));
    }
}

void mu_model_believe(struct mu_model *model, const double *u) {
    if (model->n < model->capacity) {
        append(model, u, 1, true);
    }
}
