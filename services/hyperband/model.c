#include "services/hyperband/model.h"

#include <math.h>
#include <string.h>

#include "common/num/linalg.h"

const double MU_MODEL_LEVEL = 4;

/* Matern-5/2 of the squared distance |r2| in lengths. */
double mu_matern(double r2) {
    double r = sqrt(5 * r2);
    return (1 + r + r * r / 3) * exp(-r);
}

double mu_model_distance2(const struct mu_model *model, const double *u, const double *v) {
    double r2 = 0;
    for (size_t j = 0; j < model->space->n; j++) {
        double difference = model->space->parameters[j].ordered ? u[j] - v[j] : u[j] != v[j];
        r2 += model->sharpness[j] * difference * difference;
    }
    return r2;
}

/* Covariance of (u, t) with point |i|, without the level. */
static double covariance(const struct mu_model *model, const double *u, double t, size_t i) {
    double apart = t - model->t[i];
    double r2 = mu_model_distance2(model, u, model->u + i * model->space->n);
    return model->amplitude * mu_matern(r2) * mu_matern(model->sharpness[model->space->n] * apart * apart);
}

/* Give point n, whose u and t are in place, its row of the factor. */
static void append(struct mu_model *model) {
    size_t i = model->n++, d = model->space->n;
    double *row = model->factor + i * model->capacity;
    bool believed = model->believed[i];
    for (size_t j = 0; j < i; j++) {
        bool level = model->t[i] == model->t[j] && !believed && !model->believed[j];
        row[j] = covariance(model, model->u + i * d, model->t[i], j) + (level ? MU_MODEL_LEVEL : 0);
    }
    mu_solve_lower(model->factor, i, model->capacity, false, row);
    double variance = believed ? model->amplitude * (1 + 1e-4) : model->amplitude + MU_MODEL_LEVEL + model->noise;
    row[i] = sqrt(fmax(variance - mu_dot(row, row, i), 1e-9));
}

void mu_model_init(struct mu_model *model, const struct mu_space *space, const double *u, const double *t, const double *y, size_t n,
                   size_t extra, struct mu_arena *arena) {
    size_t d = space->n, capacity = n + extra;
    *model = (struct mu_model){.space = space, .n = n, .n_results = n, .capacity = capacity};
    model->u = MU_ARRAY(arena, capacity * d, double);
    model->t = MU_ARRAY(arena, capacity, double);
    model->believed = MU_ARRAY(arena, capacity, bool);
    model->factor = MU_ARRAY(arena, capacity * capacity, double);
    model->alpha = MU_ARRAY(arena, capacity, double);
    model->scratch = MU_ARRAY(arena, capacity, double);
    model->sharpness = MU_ARRAY(arena, d + 1, double);
    memcpy(model->u, u, n * d * sizeof *u);
    memcpy(model->t, t, n * sizeof *t);
    mu_model_fit(model, y, arena);
    for (model->n = 0; model->n < n;) {
        append(model);
    }
    memcpy(model->alpha, y, n * sizeof *y);
    mu_solve_lower(model->factor, n, capacity, false, model->alpha);
    mu_solve_lower(model->factor, n, capacity, true, model->alpha);
}

void mu_model_predict(struct mu_model *model, const double *u, double *mean, double *sd) {
    double *k = model->scratch;
    for (size_t i = 0; i < model->n; i++) {
        k[i] = covariance(model, u, 1, i);
    }
    *mean = mu_dot(k, model->alpha, model->n_results); /* believed points add nothing to the mean */
    if (sd) {
        mu_solve_lower(model->factor, model->n, model->capacity, false, k);
        *sd = sqrt(fmax(model->amplitude - mu_dot(k, k, model->n), 1e-12));
    }
}

void mu_model_believe(struct mu_model *model, const double *u) {
    if (model->n == model->capacity) {
        return;
    }
    memcpy(model->u + model->n * model->space->n, u, model->space->n * sizeof *u);
    model->t[model->n] = 1;
    model->believed[model->n] = true;
    append(model);
}
