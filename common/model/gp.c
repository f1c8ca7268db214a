#include "common/model/gp.h"

#include <math.h>
#include <string.h>

#include "common/model/gp_internal.h"
#include "common/num/linalg.h"
#include "common/num/normal.h"
#include "common/num/sobol.h"

/* Noise variance of a point that is taken for known, as a share of a^2: the covariance stays
 * positive definite. */
static const double EXTENSION_NOISE = 1e-6;

size_t mu_gp_parameters(const struct mu_gp_model *model) {
    return model->n_features + model->kernel->n_shares + 2;
}

struct mu_gp_theta mu_gp_theta_of(
    const struct mu_gp_model *model, const double *theta, double *inverse_square_length) {
    size_t n = model->n_features;
    size_t shares = model->kernel->n_shares;
    struct mu_scales scales = {.n = n, .inverse_square_length = inverse_square_length};
    for (size_t f = 0; f < n; f++) {
        inverse_square_length[f] = exp(-2 * theta[f]);
    }
    for (size_t i = 0; i < shares; i++) {
        scales.share[i] = 1 / (1 + exp(-theta[n + i]));
    }
    return (struct mu_gp_theta){.scales = scales,
        .amplitude = exp(theta[n + shares]),
        .noise = exp(theta[n + shares + 1]) + MU_GP_NOISE_FLOOR};
}

struct mu_pairs mu_gp_pairs(
    const struct mu_kernel *kernel, size_t n, const double *z, struct mu_arena *arena) {
    struct mu_pairs pairs = {.n = n, .stride = n, .z = z, .value = MU_ARRAY(arena, n + 1, double)};
    for (size_t i = 0; i < kernel->n_parts; i++) {
        pairs.parts[i] = MU_ARRAY(arena, n + 1, double);
    }
    return pairs;
}

/* The largest n with cubic n^3 + square n^2 + linear n <= operations. */
static size_t affordable(double operations, double cubic, double square, double linear) {
    size_t n = 1;
    size_t step = 1;
    while (step > 0) {
        double m = (double)(n + step);
        if (m * (linear + m * (square + m * cubic)) <= operations) {
            n += step;
            step *= 2;
        } else {
            step /= 2;
        }
    }
    return n;
}

size_t mu_gp_fit_rows(const struct mu_gp_model *model, double operations) {
    return affordable(operations / MU_GP_ITERATIONS, 1, 4 * (double)model->n_features, 0);
}

size_t mu_gp_known_rows(const struct mu_gp_model *model, size_t evaluations, double operations) {
    return affordable(operations / (double)evaluations, 0, 2, 8 * (double)model->n_features);
}

/* Covariances of |point|'s function value with the first |n| known ones into |k|. */
static void covariances(struct mu_gp *gp, const void *point, size_t n, double *k) {
    const struct mu_gp_model *model = gp->model;
    gp->pairs.n = n;
    model->metric->measure(gp->store, point, n, gp->pairs.stride, gp->z);
    model->kernel->evaluate(&gp->scales, &gp->pairs);
    for (size_t i = 0; i < n; i++) {
        k[i] = gp->amplitude * gp->pairs.value[i];
    }
}

static void fill(struct mu_gp *gp, const struct mu_gp_data *data, double *matrix) {
    const double level = gp->model->kernel->level;
    const double *last = level > 0 ? gp->z + (gp->model->n_features - 1) * gp->pairs.stride : NULL;
    for (size_t a = 0; a < data->n; a++) {
        double *row = matrix + a * data->n;
        covariances(gp, data->points[a], a, row);
        for (size_t b = 0; b < a && last; b++) {
            row[b] += last[b] == 0 ? level : 0;
        }
        row[a] = gp->amplitude + level + gp->noise * (data->noise ? data->noise[a] : 1);
    }
}

static void allocate(struct mu_gp *gp, size_t capacity, size_t draws, struct mu_arena *arena) {
    size_t n = gp->model->n_features;
    gp->length = MU_ARRAY(arena, n, double);
    gp->store = gp->model->metric->store(gp->model->space, capacity, arena);
    gp->z = MU_ARRAY(arena, n * capacity, double);
    gp->pairs = mu_gp_pairs(gp->model->kernel, capacity, gp->z, arena);
    gp->weight = MU_ARRAY(arena, capacity, double);
    gp->by = MU_ARRAY(arena, capacity, double);
    gp->means = MU_ARRAY(arena, draws, double);
    mu_posterior_init(&gp->posterior, capacity, draws, arena);
}

void mu_gp_condition(struct mu_gp *gp, const struct mu_gp_model *model, const double *theta,
    const struct mu_gp_data *data, size_t room, size_t draws, struct mu_arena *arena) {
    struct mu_gp_theta t = mu_gp_theta_of(model, theta, MU_ARRAY(arena, model->n_features, double));
    *gp = (struct mu_gp){
        .model = model, .scales = t.scales, .amplitude = t.amplitude, .noise = t.noise};
    allocate(gp, data->n + room, draws, arena);
    for (size_t f = 0; f < model->n_features; f++) {
        gp->length[f] = exp(theta[f]);
    }
    for (size_t i = 0; i < data->n; i++) {
        model->metric->place(gp->store, i, data->points[i]);
    }
    struct mu_arena_mark mark = mu_arena_mark(arena);
    double *matrix = MU_ARRAY(arena, data->n * data->n, double);
    fill(gp, data, matrix);
    mu_posterior_condition(&gp->posterior, matrix, data->y, data->n);
    mu_arena_release(arena, mark);
}

void mu_gp_means(struct mu_gp *gp, const void *point, double *means) {
    covariances(gp, point, gp->posterior.n, gp->posterior.k);
    mu_posterior_means(&gp->posterior, means);
}

void mu_gp_reinterpolate(struct mu_gp *gp, const struct mu_gp_data *data, struct mu_arena *arena) {
    struct mu_arena_mark mark = mu_arena_mark(arena);
    double *matrix = MU_ARRAY(arena, data->n * data->n, double);
    double *expected = MU_ARRAY(arena, data->n, double);
    for (size_t i = 0; i < data->n; i++) {
        mu_gp_means(gp, data->points[i], gp->means);
        expected[i] = gp->means[0];
        covariances(gp, data->points[i], i, matrix + i * data->n);
        matrix[i * data->n + i] = gp->amplitude * (1 + EXTENSION_NOISE);
    }
    mu_posterior_condition(&gp->posterior, matrix, expected, data->n);
    mu_arena_release(arena, mark);
}

double mu_gp_predict(struct mu_gp *gp, const void *point, double *means) {
    mu_gp_means(gp, point, means);
    return gp->sd = mu_posterior_sd(&gp->posterior, gp->amplitude);
}

/* The weight of each known covariance in a blend of means and standard deviation. */
static void weigh(struct mu_gp *gp, const double *mean_weights, double sd_weight) {
    struct mu_posterior *p = &gp->posterior;
    mu_posterior_solve(p);
    for (size_t i = 0; i < p->n; i++) {
        gp->weight[i] = -sd_weight / gp->sd * p->w[i];
    }
    for (size_t s = 0; s < p->draws; s++) {
        const double *alpha = p->alpha + s * p->capacity;
        for (size_t i = 0; i < p->n; i++) {
            gp->weight[i] += mean_weights[s] * alpha[i];
        }
    }
}

void mu_gp_gradient(struct mu_gp *gp, const void *point, const double *mean_weights,
    double sd_weight, double *gradient) {
    const struct mu_gp_model *model = gp->model;
    size_t n = gp->posterior.n;
    weigh(gp, mean_weights, sd_weight);
    for (size_t f = 0; f < model->n_features; f++) {
        gradient[f] = 0;
        if (model->metric->slope && model->metric->slope(gp->store, point, f, n, gp->by)) {
            gradient[f] = 2 * gp->amplitude * gp->scales.inverse_square_length[f] *
                          model->kernel->slope(&gp->scales, &gp->pairs, f, gp->weight, gp->by);
        }
    }
}

bool mu_gp_extend(struct mu_gp *gp, const void *point, const double *values) {
    double a2 = gp->amplitude;
    if (!mu_posterior_extend(
            &gp->posterior, a2 * (1 + EXTENSION_NOISE), a2 * EXTENSION_NOISE, values)) {
        return false;
    }
    gp->model->metric->place(gp->store, gp->posterior.n - 1, point);
    return true;
}

/* Room for another point, so that what is predicted for it is of use. */
static bool has_room(const struct mu_gp *gp) {
    return gp->posterior.n < gp->posterior.capacity;
}

bool mu_gp_believe(struct mu_gp *gp, const void *point) {
    if (!has_room(gp)) {
        return false;
    }
    mu_gp_predict(gp, point, gp->means);
    return mu_gp_extend(gp, point, gp->means);
}

bool mu_gp_fantasize(struct mu_gp *gp, const void *point, uint64_t seed, double *values) {
    if (!has_room(gp)) {
        return false;
    }
    double sd = mu_gp_predict(gp, point, values);
    for (size_t s = 0; s < gp->posterior.draws; s++) {
        double u;
        mu_sobol_point(seed, s, &u, 1);
        values[s] += sd * mu_normal_quantile(u);
    }
    return mu_gp_extend(gp, point, values);
}
