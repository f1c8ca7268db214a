/* The kernel's hyper-parameters: negative log posterior, its gradient, and the search for the minimum. */
#include <math.h>
#include <string.h>

#include "common/num/lbfgs.h"
#include "common/num/linalg.h"
#include "common/num/sobol.h"
#include "common/surrogate/gp.h"
#include "common/surrogate/matern.h"

static const double NOISE_FLOOR = 1e-6;

void mu_gp_likelihood_init(struct mu_gp_likelihood *likelihood, const struct mu_gp_kernel *kernel, const double *points, const double *y,
                           size_t n, struct mu_arena *arena) {
    size_t d = kernel->n_dims, pairs = n * (n - 1) / 2;
    double *distances = MU_ARRAY(arena, d * pairs + 1, double);
    for (size_t j = 0; j < d; j++) {
        double *out = distances + j * pairs;
        for (size_t a = 1; a < n; a++) {
            for (size_t b = 0; b < a; b++) {
                double gap = points[a * d + j] - points[b * d + j];
                *out++ = kernel->category[j] ? gap != 0 : gap * gap;
            }
        }
    }
    *likelihood = (struct mu_gp_likelihood){.kernel = kernel,
                                            .n = n,
                                            .y = y,
                                            .distances = distances,
                                            .matrix = MU_ARRAY(arena, n * n, double),
                                            .alpha = MU_ARRAY(arena, n, double),
                                            .value = MU_ARRAY(arena, pairs + 1, double),
                                            .slope = MU_ARRAY(arena, pairs + 1, double)};
}

/* Negative log prior; its gradient into |g|. */
static double prior(const double *theta, double *g, size_t d) {
    double a2 = exp(theta[d]), n2 = exp(theta[d + 1]), noise = n2 + NOISE_FLOOR, sum = 0;
    if (d <= 10) {
        for (size_t j = 0; j < d; j++) {
            double s = exp(theta[j]);
            sum += 0.1 * (s + 1 / s);
            g[j] = 0.1 * (s - 1 / s);
        }
        g[d] = a2 - 1;
        g[d + 1] = n2 * (30 - 0.1 / noise);
        return sum - theta[d] + a2 - 0.1 * log(noise) + 30 * noise;
    }
    double centre = -1.5 + 0.5 * log((double)d), spread = 0.7;
    for (size_t j = 0; j < d; j++) {
        double z = (-0.5 * theta[j] - centre) / spread;
        sum += 0.5 * z * z;
        g[j] = -0.5 * z / spread;
    }
    double b = theta[d + 1] + 4;
    g[d] = theta[d];
    g[d + 1] = b;
    return sum + 0.5 * theta[d] * theta[d] + 0.5 * b * b;
}

static void fill_matrix(struct mu_gp_likelihood *l, const double *theta) {
    size_t d = l->kernel->n_dims, n = l->n, pairs = n * (n - 1) / 2;
    memset(l->slope, 0, pairs * sizeof *l->slope);
    for (size_t j = 0; j < d; j++) {
        const double s = exp(theta[j]), *restrict distance = l->distances + j * pairs;
        double *restrict r2 = l->slope;
        for (size_t p = 0; p < pairs; p++) {
            r2[p] += s * distance[p];
        }
    }
    mu_matern_all(l->kernel->rough, l->slope, l->value, l->slope, pairs);
    double a2 = exp(theta[d]), noise = exp(theta[d + 1]) + NOISE_FLOOR;
    const double *value = l->value;
    for (size_t a = 0; a < n; a++) {
        for (size_t b = 0; b < a; b++) {
            l->matrix[a * n + b] = a2 * *value++;
        }
        l->matrix[a * n + a] = a2 + noise;
    }
}

/* Gradient of the likelihood from K^-1 in the lower triangle of |matrix|: half the trace of W dK with W = K^-1 - alpha alpha^T. */
static void add_gradient(struct mu_gp_likelihood *l, const double *theta, double *g) {
    size_t d = l->kernel->n_dims, n = l->n, pairs = n * (n - 1) / 2, p = 0;
    double a2 = exp(theta[d]), trace = 0, sum = 0;
    for (size_t a = 0; a < n; a++) {
        for (size_t b = 0; b < a; b++, p++) {
            double w = l->matrix[a * n + b] - l->alpha[a] * l->alpha[b];
            sum += w * l->value[p];
            l->slope[p] *= w;
        }
        trace += l->matrix[a * n + a] - l->alpha[a] * l->alpha[a];
    }
    for (size_t j = 0; j < d; j++) {
        const double *restrict distance = l->distances + j * pairs, *restrict slope = l->slope;
        double even = 0, odd = 0;
        for (size_t i = 0; i + 1 < pairs; i += 2) {
            even += slope[i] * distance[i];
            odd += slope[i + 1] * distance[i + 1];
        }
        even += pairs % 2 ? slope[pairs - 1] * distance[pairs - 1] : 0;
        g[j] += a2 * exp(theta[j]) * (even + odd);
    }
    g[d] += a2 * (sum + 0.5 * trace);
    g[d + 1] += 0.5 * exp(theta[d + 1]) * trace;
}

double mu_gp_objective(const double *theta, double *gradient, size_t n_theta, void *likelihood) {
    struct mu_gp_likelihood *l = likelihood;
    size_t n = l->n;
    double value = prior(theta, gradient, n_theta - 2);
    fill_matrix(l, theta);
    if (!mu_cholesky(l->matrix, n, n)) {
        return INFINITY;
    }
    memcpy(l->alpha, l->y, n * sizeof *l->alpha);
    mu_solve_lower(l->matrix, n, n, false, l->alpha);
    value += mu_log_diagonal(l->matrix, n, n) + 0.5 * mu_dot(l->alpha, l->alpha, n);
    mu_solve_lower(l->matrix, n, n, true, l->alpha);
    if (!isfinite(value) || !mu_cholesky_inverse(l->matrix, n, n)) {
        return INFINITY;
    }
    add_gradient(l, theta, gradient);
    return value;
}

static void start_point(double *theta, size_t d, int start) {
    double u[MU_SOBOL_DIMENSIONS];
    if (start == 0) {
        memset(theta, 0, (d + 2) * sizeof *theta);
        theta[d + 1] = d <= 10 ? -0.7 : -4;
        for (size_t j = 0; j < d && d > 10; j++) {
            theta[j] = -2 * (-1.5 + 0.5 * log((double)d));
        }
        return;
    }
    for (size_t j = 0; j < d; j++) {
        if (j % MU_SOBOL_DIMENSIONS == 0) {
            mu_sobol(0x9e3779b97f4a7c15, (uint64_t)start + 64 * (j / MU_SOBOL_DIMENSIONS), u, MU_SOBOL_DIMENSIONS);
        }
        theta[j] = -2 * (log(0.15) + u[j % MU_SOBOL_DIMENSIONS] * log(2.4 / 0.15));
    }
    theta[d] = 0;
    theta[d + 1] = log(1e-3);
}

void mu_gp_fit(struct mu_gp_kernel *kernel, const double *points, const double *y, size_t n, int starts, int iterations,
               struct mu_arena *arena) {
    struct mu_arena_mark mark = mu_arena_mark(arena);
    size_t d = kernel->n_dims, m = d + 2;
    double *low = MU_ARRAY(arena, m, double), *high = MU_ARRAY(arena, m, double);
    double *theta = MU_ARRAY(arena, m, double), *best = MU_ARRAY(arena, m, double), lowest = INFINITY;
    for (size_t j = 0; j < m; j++) {
        low[j] = j < d ? log(1e-4) : j == d ? -6.9 : log(1e-8);
        high[j] = j < d ? log(1e4) : j == d ? 6.9 : log(2);
    }
    struct mu_gp_likelihood likelihood;
    mu_gp_likelihood_init(&likelihood, kernel, points, y, n, arena);
    struct mu_lbfgs options = {.low = low, .high = high, .iterations = iterations, .gradient = 1e-2, .decrease = 1e-6};
    start_point(best, d, 0);
    for (int start = 0; start < starts; start++) {
        start_point(theta, d, start);
        double value = mu_lbfgs_minimize(&options, mu_gp_objective, &likelihood, theta, m, arena);
        if (value < lowest) {
            lowest = value;
            memcpy(best, theta, m * sizeof *best);
        }
    }
    for (size_t j = 0; j < d; j++) {
        kernel->sharpness[j] = exp(best[j]);
    }
    kernel->amplitude = exp(best[d]);
    kernel->noise = exp(best[d + 1]) + NOISE_FLOOR;
    mu_arena_release(arena, mark);
}
