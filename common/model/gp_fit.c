/* The hyper-parameters: negative log posterior, its gradient (Rasmussen and Williams 2006, eq. 5.8
 * and 5.9, plus the priors), and the search for the minimum. */
#include <math.h>
#include <string.h>

#include "common/model/gp_internal.h"
#include "common/num/lbfgs.h"

struct mu_gp_likelihood {
    const struct mu_gp_model *model;
    const struct mu_gp_data *data;
    struct mu_pairs pairs;         /* (1,0), (2,0), (2,1), ... */
    double *inverse_square_length; /* per feature */
    double *matrix, *alpha;        /* n x n; n */
    double *weight;                /* per pair: how the likelihood changes with its covariance */
};

/* The features of every pair of observations. */
static double *measure(const struct mu_gp_model *model, const struct mu_gp_data *data, size_t pairs,
    struct mu_arena *arena) {
    double *z = MU_ARRAY(arena, model->n_features * pairs + 1, double);
    void *store = model->metric->store(model->space, data->n, arena);
    for (size_t a = 0; a < data->n; a++) {
        model->metric->measure(store, data->points[a], a, pairs, z + (a > 0 ? a * (a - 1) / 2 : 0));
        model->metric->place(store, a, data->points[a]);
    }
    return z;
}

struct mu_gp_likelihood *mu_gp_likelihood_of(
    const struct mu_gp_model *model, const struct mu_gp_data *data, struct mu_arena *arena) {
    size_t n = data->n;
    size_t pairs = n * (n - 1) / 2;
    struct mu_gp_likelihood *l = MU_NEW(arena, struct mu_gp_likelihood);
    *l = (struct mu_gp_likelihood){.model = model,
        .data = data,
        .inverse_square_length = MU_ARRAY(arena, model->n_features, double),
        .matrix = MU_ARRAY(arena, n * n, double),
        .alpha = MU_ARRAY(arena, n, double),
        .weight = MU_ARRAY(arena, pairs + 1, double)};
    l->pairs = mu_gp_pairs(model->kernel, pairs, measure(model, data, pairs, arena), arena);
    return l;
}

static double noise_factor(const struct mu_gp_data *data, size_t a) {
    return data->noise ? data->noise[a] : 1;
}

static void fill_matrix(struct mu_gp_likelihood *l, const struct mu_gp_theta *t) {
    size_t n = l->data->n;
    const double level = l->model->kernel->level;
    const double *value = l->pairs.value;
    const double *last =
        level > 0 ? l->pairs.z + (l->model->n_features - 1) * l->pairs.stride : NULL;
    l->model->kernel->evaluate(&t->scales, &l->pairs);
    for (size_t a = 0, p = 0; a < n; a++) {
        for (size_t b = 0; b < a; b++, p++) {
            l->matrix[a * n + b] = t->amplitude * value[p] + (last && last[p] == 0 ? level : 0);
        }
        l->matrix[a * n + a] = t->amplitude + level + t->noise * noise_factor(l->data, a);
    }
}

/* Gradient of the likelihood from K^-1 in the lower triangle of the matrix: half the trace of W dK
 * with W = K^-1 - alpha alpha^T, each pair counted once. */
static void add_gradient(struct mu_gp_likelihood *l, const struct mu_gp_theta *t, double *g) {
    const struct mu_kernel *kernel = l->model->kernel;
    size_t n = l->data->n;
    size_t features = l->model->n_features;
    double sum = 0;
    double trace = 0;
    double noise_trace = 0;
    for (size_t a = 0, p = 0; a < n; a++) {
        for (size_t b = 0; b < a; b++, p++) {
            l->weight[p] = l->matrix[a * n + b] - l->alpha[a] * l->alpha[b];
            sum += l->weight[p] * l->pairs.value[p];
        }
        double own = l->matrix[a * n + a] - l->alpha[a] * l->alpha[a];
        trace += own;
        noise_trace += own * noise_factor(l->data, a);
    }
    for (size_t f = 0; f < features; f++) {
        const double *z = l->pairs.z + f * l->pairs.stride;
        g[f] -= 2 * t->amplitude * t->scales.inverse_square_length[f] *
                kernel->slope(&t->scales, &l->pairs, f, l->weight, z);
    }
    g += features;
    for (size_t i = 0; i < kernel->n_shares; i++) {
        double w = t->scales.share[i];
        *g++ +=
            t->amplitude * w * (1 - w) * kernel->share_slope(&t->scales, &l->pairs, i, l->weight);
    }
    g[0] += t->amplitude * (sum + 0.5 * trace);
    g[1] += 0.5 * noise_trace * (t->noise - MU_GP_NOISE_FLOOR);
}

double mu_gp_objective(const double *theta, double *gradient, size_t n_theta, void *likelihood) {
    struct mu_gp_likelihood *l = likelihood;
    struct mu_gp_theta t = mu_gp_theta_of(l->model, theta, l->inverse_square_length);
    fill_matrix(l, &t);
    double value = mu_negative_log_likelihood(l->matrix, l->data->y, l->alpha, l->data->n);
    if (!isfinite(value)) {
        return value;
    }
    memset(gradient, 0, n_theta * sizeof *gradient);
    add_gradient(l, &t, gradient);
    for (size_t i = 0; i < n_theta; i++) {
        double z = (theta[i] - l->model->prior[i].mean) / l->model->prior[i].sd;
        value += 0.5 * z * z;
        gradient[i] += z / l->model->prior[i].sd;
    }
    return value;
}

void mu_gp_fit(const struct mu_gp_model *model, const struct mu_gp_data *data, double *theta,
    struct mu_arena *arena) {
    struct mu_arena_mark mark = mu_arena_mark(arena);
    size_t n = mu_gp_parameters(model);
    double *low = MU_ARRAY(arena, n, double);
    double *high = MU_ARRAY(arena, n, double);
    for (size_t i = 0; i < n; i++) {
        theta[i] = model->prior[i].mean;
        low[i] = theta[i] - MU_GP_REACH * model->prior[i].sd;
        high[i] = theta[i] + MU_GP_REACH * model->prior[i].sd;
    }
    struct mu_lbfgs options = {.low = low,
        .high = high,
        .iterations = MU_GP_ITERATIONS,
        .gradient = 0.01,
        .decrease = 1e-6};
    (void)mu_lbfgs_minimize(
        &options, mu_gp_objective, mu_gp_likelihood_of(model, data, arena), theta, n, arena);
    mu_arena_release(arena, mark);
}
