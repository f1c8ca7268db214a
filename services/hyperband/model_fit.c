/* The model's lengths, amplitude and noise: maximum a posteriori by L-BFGS with the exact gradient (Rasmussen and Williams, "Gaussian
 * Processes for Machine Learning", 2006, eq. 5.8 and 5.9, plus the priors). */
#include <math.h>
#include <string.h>

#include "common/num/lbfgs.h"
#include "common/num/linalg.h"
#include "services/hyperband/model.h"

enum { ITERATIONS = 25 };
static const double LEAST_NOISE = 1e-6;

/* theta: ln l of each parameter, ln l_t, ln a^2, ln noise. */
struct fit {
    struct mu_model *model; /* sharpness, amplitude and noise are written here for each theta */
    const double *y;
    size_t n, d, p;       /* points, parameters, length of theta */
    double *k;            /* n x n */
    double *shape, *time; /* M of the assignments and of the positions, one for each pair */
    double *alpha;        /* n */
};

static double square(double x) {
    return x * x;
}

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

static void fill_covariance(struct fit *f) {
    const struct mu_model *m = f->model;
    for (size_t i = 0, pair = 0; i < f->n; i++) {
        for (size_t j = 0; j < i; j++, pair++) {
            f->shape[pair] = mu_matern(mu_model_distance2(m, m->u + i * f->d, m->u + j * f->d));
            f->time[pair] = m->t[i] == m->t[j] ? 1 : mu_matern(m->sharpness[f->d] * square(m->t[i] - m->t[j]));
            f->k[i * f->n + j] = m->amplitude * f->shape[pair] * f->time[pair] + (m->t[i] == m->t[j] ? MU_MODEL_LEVEL : 0);
        }
        f->k[i * f->n + i] = m->amplitude + MU_MODEL_LEVEL + m->noise;
    }
}

/* - dM / d(ln l) for one direction, but for the factor (difference / l)^2: M itself is at hand, and 2 dM/d(r^2) = -(5/3)(1 + r) e^-r. */
static double slope(double r2) {
    double r = sqrt(5 * r2);
    return 5.0 / 3 * (1 + r) * exp(-r);
}

/* What one pair of points, with weight |w| in dK, adds to the gradient. */
static void add_pair(const struct fit *f, size_t i, size_t j, size_t pair, double w, double *gradient) {
    const struct mu_model *m = f->model;
    const double *u = m->u + i * f->d, *v = m->u + j * f->d;
    double ts = m->sharpness[f->d] * square(m->t[i] - m->t[j]);
    double by_shape = w * m->amplitude * f->time[pair] * slope(mu_model_distance2(m, u, v));
    for (size_t q = 0; q < f->d; q++) {
        double difference = m->space->parameters[q].ordered ? u[q] - v[q] : u[q] != v[q];
        gradient[q] += by_shape * m->sharpness[q] * square(difference);
    }
    if (ts > 0) {
        gradient[f->d] += w * m->amplitude * f->shape[pair] * slope(ts) * ts;
    }
    gradient[f->d + 1] += w * m->amplitude * f->shape[pair] * f->time[pair];
}

/* d/d(theta) of the negative log likelihood: half the trace of (K^-1 - alpha alpha^T) dK, each pair counted once instead of twice. */
static void add_gradient(struct fit *f, double *gradient) {
    (void)mu_cholesky_inverse(f->k, f->n, f->n);
    for (size_t i = 0, pair = 0; i < f->n; i++) {
        for (size_t j = 0; j < i; j++, pair++) {
            add_pair(f, i, j, pair, f->k[i * f->n + j] - f->alpha[i] * f->alpha[j], gradient);
        }
        double w = 0.5 * (f->k[i * f->n + i] - square(f->alpha[i]));
        gradient[f->d + 1] += w * f->model->amplitude;
        gradient[f->d + 2] += w * (f->model->noise - LEAST_NOISE);
    }
}

/* Negative log posterior of |theta|, and its gradient; INFINITY when the covariance cannot be factored. */
static double objective(const double *theta, double *gradient, size_t p, void *user) {
    struct fit *f = user;
    set_parameters(f, theta);
    fill_covariance(f);
    memset(gradient, 0, p * sizeof *gradient);
    if (!mu_cholesky(f->k, f->n, f->n)) {
        return INFINITY;
    }
    double value = mu_log_diagonal(f->k, f->n, f->n);
    memcpy(f->alpha, f->y, f->n * sizeof *f->alpha);
    mu_solve_lower(f->k, f->n, f->n, false, f->alpha);
    value += 0.5 * mu_dot(f->alpha, f->alpha, f->n);
    mu_solve_lower(f->k, f->n, f->n, true, f->alpha);
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
    double *low = MU_ARRAY(arena, f->p, double), *high = MU_ARRAY(arena, f->p, double);
    for (size_t j = 0; j < f->p; j++) {
        theta[j] = prior_mean(f, j) + (j == f->d + 2 ? 1 : 0);
        low[j] = j == f->d + 2 ? -14 : -5;
        high[j] = 5;
    }
    struct mu_lbfgs options = {.low = low, .high = high, .iterations = ITERATIONS, .gradient = 0.05, .decrease = 1e-5};
    (void)mu_lbfgs_minimize(&options, objective, f, theta, f->p, arena);
    set_parameters(f, theta);
}

void mu_model_fit(struct mu_model *model, const double *y, struct mu_arena *arena) {
    size_t n = model->n, d = model->space->n;
    struct mu_arena_mark mark = mu_arena_mark(arena);
    struct fit f = {.model = model, .y = y, .n = n, .d = d, .p = d + 3};
    f.k = MU_ARRAY(arena, n * n, double);
    f.shape = MU_ARRAY(arena, n * n, double);
    f.time = f.shape + n * (n - 1) / 2;
    f.alpha = MU_ARRAY(arena, n, double);
    minimize(&f, MU_ARRAY(arena, d + 3, double), arena);
    mu_arena_release(arena, mark);
}
