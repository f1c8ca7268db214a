/* The model's lengths, amplitude and noise: maximum a posteriori by L-BFGS with the exact gradient
 * (Rasmussen and Williams, "Gaussian Processes for Machine Learning", 2006, eq. 5.8 and 5.9, plus
 * the priors). */
#include <math.h>
#include <string.h>

#include "common/model/matern.h"
#include "common/num/lbfgs.h"
#include "services/hyperband/model.h"

enum { ITERATIONS = 25 };
static const double LEAST_NOISE = 1e-6, LEVEL = 4 /* c^2 */;

/* theta: ln l of each parameter, ln l_t, ln a^2, ln noise. Pairs are (1,0), (2,0), (2,1), ... */
struct fit {
    struct mu_model *model; /* sharpness, amplitude and noise are written here for each theta */
    const double *t, *y;
    size_t n, d, p, pairs; /* points, parameters, length of theta, n (n - 1) / 2 */
    double
        *gaps; /* (d + 1) x pairs: squared differences of each parameter, then of the positions */
    double *shape, *shape_slope;   /* per pair: M of the assignments and its derivative by r^2 */
    double *fading, *fading_slope; /* the same of the positions */
    double *k, *alpha;             /* n x n; n */
};

static double prior_mean(const struct fit *f, size_t j) {
    return j < f->d ? -0.7 : j == f->d + 2 ? -5 : 0;
}

static double prior_sd(const struct fit *f, size_t j) {
    return j <= f->d ? 0.7 : j == f->d + 1 ? 1 : 1.4;
}

static void set_parameters(struct fit *f, const double *theta) {
    for (size_t j = 0; j <= f->d; j++) {
        f->model->sharpness[j] = exp(-2 * theta[j]);
    }
    f->model->amplitude = exp(theta[f->d + 1]);
    f->model->noise = exp(theta[f->d + 2]) + LEAST_NOISE;
}

static void measure_gaps(struct fit *f) {
    const struct mu_model *m = f->model;
    double *out = f->gaps;
    for (size_t j = 0; j <= f->d; j++) {
        const double *x = j < f->d ? m->u + j * m->posterior.capacity : f->t;
        bool ordered = j == f->d || m->space->parameters[j].ordered;
        for (size_t a = 1; a < f->n; a++) {
            for (size_t b = 0; b < a; b++) {
                *out++ = ordered ? (x[a] - x[b]) * (x[a] - x[b]) : x[a] != x[b];
            }
        }
    }
}

static void fill_covariance(struct fit *f) {
    const struct mu_model *m = f->model;
    memset(f->shape_slope, 0, f->pairs * sizeof *f->shape_slope);
    for (size_t j = 0; j < f->d; j++) {
        const double s = m->sharpness[j];
        const double *restrict gap = f->gaps + j * f->pairs;
        double *restrict r2 = f->shape_slope;
        for (size_t i = 0; i < f->pairs; i++) {
            r2[i] += s * gap[i];
        }
    }
    const double *time = f->gaps + f->d * f->pairs;
    for (size_t i = 0; i < f->pairs; i++) {
        f->fading_slope[i] = m->sharpness[f->d] * time[i];
    }
    mu_matern_all(false, f->shape_slope, f->shape, f->shape_slope, f->pairs);
    mu_matern_all(false, f->fading_slope, f->fading, f->fading_slope, f->pairs);
    for (size_t a = 0, pair = 0; a < f->n; a++) {
        for (size_t b = 0; b < a; b++, pair++) {
            f->k[a * f->n + b] =
                m->amplitude * f->shape[pair] * f->fading[pair] + (time[pair] == 0 ? LEVEL : 0);
        }
        f->k[a * f->n + a] = m->amplitude + LEVEL + m->noise;
    }
}

/* dM/d(ln l) = -2 gap / l^2 dM/d(r^2), weighted and summed over the pairs. */
static double along(const struct fit *f, size_t j, const double *restrict weight) {
    const double *restrict gap = f->gaps + j * f->pairs;
    double sum = 0;
    for (size_t i = 0; i < f->pairs; i++) {
        sum += weight[i] * gap[i];
    }
    return -2 * f->model->sharpness[j] * f->model->amplitude * sum;
}

/* d/d(theta) of the negative log likelihood: half the trace of W dK with W = K^-1 - alpha alpha^T,
 * each pair counted once. The slopes are used up. */
static void add_gradient(struct fit *f, double *gradient) {
    double sum = 0;
    double trace = 0;
    for (size_t a = 0, pair = 0; a < f->n; a++) {
        for (size_t b = 0; b < a; b++, pair++) {
            double w = f->k[a * f->n + b] - f->alpha[a] * f->alpha[b];
            sum += w * f->shape[pair] * f->fading[pair];
            f->shape_slope[pair] *= w * f->fading[pair];
            f->fading_slope[pair] *= w * f->shape[pair];
        }
        trace += f->k[a * f->n + a] - f->alpha[a] * f->alpha[a];
    }
    for (size_t j = 0; j < f->d; j++) {
        gradient[j] += along(f, j, f->shape_slope);
    }
    gradient[f->d] += along(f, f->d, f->fading_slope);
    gradient[f->d + 1] += f->model->amplitude * (sum + 0.5 * trace);
    gradient[f->d + 2] += 0.5 * trace * (f->model->noise - LEAST_NOISE);
}

/* Negative log posterior of |theta|, and its gradient; INFINITY when the covariance cannot be
 * factored. */
static double objective(const double *theta, double *gradient, size_t p, void *user) {
    struct fit *f = user;
    set_parameters(f, theta);
    fill_covariance(f);
    memset(gradient, 0, p * sizeof *gradient);
    double value = mu_negative_log_likelihood(f->k, f->y, f->alpha, f->n);
    if (!isfinite(value)) {
        return value;
    }
    add_gradient(f, gradient);
    for (size_t j = 0; j < p; j++) {
        double z = (theta[j] - prior_mean(f, j)) / prior_sd(f, j);
        value += 0.5 * z * z;
        gradient[j] += z / prior_sd(f, j);
    }
    return value;
}

/* Start from the priors' centres; the box keeps exponentials sane. */
static void minimize(struct fit *f, double *theta, struct mu_arena *arena) {
    double *low = MU_ARRAY(arena, f->p, double);
    double *high = MU_ARRAY(arena, f->p, double);
    for (size_t j = 0; j < f->p; j++) {
        theta[j] = prior_mean(f, j) + (j == f->d + 2 ? 1 : 0);
        low[j] = j == f->d + 2 ? -14 : -5;
        high[j] = 5;
    }
    struct mu_lbfgs options = {
        .low = low, .high = high, .iterations = ITERATIONS, .gradient = 0.05, .decrease = 1e-5};
    (void)mu_lbfgs_minimize(&options, objective, f, theta, f->p, arena);
    set_parameters(f, theta);
}

void mu_model_fit(struct mu_model *model, const double *t, const double *y, size_t n, double *k,
    struct mu_arena *arena) {
    size_t d = model->space->n;
    size_t pairs = n * (n - 1) / 2;
    struct mu_arena_mark mark = mu_arena_mark(arena);
    struct fit f = {
        .model = model, .t = t, .y = y, .n = n, .d = d, .p = d + 3, .pairs = pairs, .k = k};
    f.gaps = MU_ARRAY(arena, (d + 1) * pairs + 1, double);
    f.shape = MU_ARRAY(arena, 4 * pairs + 1, double);
    f.shape_slope = f.shape + pairs;
    f.fading = f.shape + 2 * pairs;
    f.fading_slope = f.shape + 3 * pairs;
    f.alpha = MU_ARRAY(arena, n, double);
    measure_gaps(&f);
    minimize(&f, MU_ARRAY(arena, d + 3, double), arena);
    fill_covariance(&f);
    mu_arena_release(arena, mark);
}
