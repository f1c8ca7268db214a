/* The kernel's hyper-parameters: negative log posterior, its gradient, and the search for the
 * minimum. */
#include <math.h>
#include <string.h>

#include "common/model/gp.h"
#include "common/model/matern.h"
#include "common/num/lbfgs.h"
#include "common/num/sobol.h"

static const double NOISE_FLOOR = 1e-6;

void mu_gp_likelihood_init(struct mu_gp_likelihood *likelihood, const struct mu_gp_kernel *kernel,
    const double *points, const double *y, size_t n, struct mu_arena *arena) {
    size_t d = kernel->n_dims;
    size_t pairs = n * (n - 1) / 2;
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
        .slope = MU_ARRAY(arena, pairs + 1, double),
        .sum = MU_ARRAY(arena, pairs + 1, double)};
}

static double share(double logit) {
    return 1 / (1 + exp(-logit));
}

/* Negative log prior; its gradient into |g|. */
static double prior(const double *theta, double *g, size_t d) {
    double a2 = exp(theta[d]);
    double n2 = exp(theta[d + 1]);
    double noise = n2 + NOISE_FLOOR;
    double w = share(theta[d + 2]);
    double sum = -0.1 * log(w * (1 - w));
    g[d + 2] = 0.1 * (2 * w - 1);
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
    double centre = -1.5 + 0.5 * log((double)d);
    double spread = 0.7;
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
    size_t d = l->kernel->n_dims;
    size_t n = l->n;
    size_t pairs = n * (n - 1) / 2;
    memset(l->slope, 0, pairs * sizeof *l->slope);
    memset(l->sum, 0, pairs * sizeof *l->sum);
    for (size_t j = 0; j < d; j++) {
        const double s = exp(theta[j]);
        const double *restrict distance = l->distances + j * pairs;
        double *restrict r2 = l->slope;
        double *restrict sum = l->sum;
        for (size_t p = 0; p < pairs; p++) {
            double z = s * distance[p];
            r2[p] += z;
            sum[p] += 1 / (1 + z);
        }
    }
    mu_matern_all(l->kernel->rough, l->slope, l->value, l->slope, pairs);
    double a2 = exp(theta[d]);
    double noise = exp(theta[d + 1]) + NOISE_FLOOR;
    double w = share(theta[d + 2]);
    double joint = a2 * (1 - w);
    double each = a2 * w / (double)d;
    const double *value = l->value;
    const double *sum = l->sum;
    for (size_t a = 0; a < n; a++) {
        for (size_t b = 0; b < a; b++) {
            l->matrix[a * n + b] = joint * *value++ + each * *sum++;
        }
        l->matrix[a * n + a] = a2 + noise;
    }
}

/* sum_p (slope_p - weight_p Q(s distance_p)^2) distance_p: how the likelihood changes with s, the
 * sharpness of one dimension. */
static double slope_by_sharpness(
    const double *slope, const double *weight, const double *distance, double s, size_t pairs) {
    double sums[2] = {0};
    size_t i = 0;
    for (; i + 2 <= pairs; i += 2) {
        for (size_t c = 0; c < 2; c++) {
            double q = 1 / (1 + s * distance[i + c]);
            sums[c] += (slope[i + c] - weight[i + c] * q * q) * distance[i + c];
        }
    }
    for (; i < pairs; i++) {
        double q = 1 / (1 + s * distance[i]);
        sums[0] += (slope[i] - weight[i] * q * q) * distance[i];
    }
    return sums[0] + sums[1];
}

/* Gradient of the likelihood from K^-1 in the lower triangle of |matrix|: half the trace of W dK
 * with W = K^-1 - alpha alpha^T. */
static void add_gradient(struct mu_gp_likelihood *l, const double *theta, double *g) {
    size_t d = l->kernel->n_dims;
    size_t n = l->n;
    size_t pairs = n * (n - 1) / 2;
    size_t p = 0;
    double a2 = exp(theta[d]);
    double w = share(theta[d + 2]);
    double each = w / (double)d;
    double trace = 0;
    double joint = 0;
    double separate = 0;
    for (size_t a = 0; a < n; a++) {
        for (size_t b = 0; b < a; b++, p++) {
            double weight = l->matrix[a * n + b] - l->alpha[a] * l->alpha[b];
            joint += weight * l->value[p];
            separate += weight * l->sum[p] / (double)d;
            l->slope[p] *= (1 - w) * weight;
            l->value[p] = each * weight;
        }
        trace += l->matrix[a * n + a] - l->alpha[a] * l->alpha[a];
    }
    for (size_t j = 0; j < d; j++) {
        double s = exp(theta[j]);
        g[j] += a2 * s * slope_by_sharpness(l->slope, l->value, l->distances + j * pairs, s, pairs);
    }
    g[d] += a2 * ((1 - w) * joint + w * separate + 0.5 * trace);
    g[d + 1] += 0.5 * exp(theta[d + 1]) * trace;
    g[d + 2] += a2 * w * (1 - w) * (separate - joint);
}

double mu_gp_objective(const double *theta, double *gradient, size_t n_theta, void *likelihood) {
    struct mu_gp_likelihood *l = likelihood;
    double value = prior(theta, gradient, n_theta - 3);
    fill_matrix(l, theta);
    double misfit = mu_negative_log_likelihood(l->matrix, l->y, l->alpha, l->n);
    if (isfinite(misfit)) {
        add_gradient(l, theta, gradient);
    }
    return value + misfit;
}

static void start_point(double *theta, size_t d, int start) {
    double u[MU_SOBOL_DIMENSIONS];
    if (start == 0) {
        memset(theta, 0, (d + 3) * sizeof *theta);
        theta[d + 1] = d <= 10 ? -0.7 : -4;
        for (size_t j = 0; j < d && d > 10; j++) {
            theta[j] = -2 * (-1.5 + 0.5 * log((double)d));
        }
        return;
    }
    for (size_t j = 0; j < d; j++) {
        if (j % MU_SOBOL_DIMENSIONS == 0) {
            mu_sobol(0x9e3779b97f4a7c15, (uint64_t)start + 64 * (j / MU_SOBOL_DIMENSIONS), u,
                MU_SOBOL_DIMENSIONS);
        }
        theta[j] = -2 * (log(0.15) + u[j % MU_SOBOL_DIMENSIONS] * log(2.4 / 0.15));
    }
    theta[d] = 0;
    theta[d + 1] = log(1e-3);
    theta[d + 2] = 0;
}

void mu_gp_fit(struct mu_gp_kernel *kernel, const double *points, const double *y, size_t n,
    int starts, int iterations, struct mu_arena *arena) {
    struct mu_arena_mark mark = mu_arena_mark(arena);
    size_t d = kernel->n_dims;
    size_t m = d + 3;
    double *low = MU_ARRAY(arena, m, double);
    double *high = MU_ARRAY(arena, m, double);
    double *theta = MU_ARRAY(arena, m, double);
    double *best = MU_ARRAY(arena, m, double);
    double lowest = INFINITY;
    for (size_t j = 0; j < m; j++) {
        low[j] = j < d ? log(1e-4) : -6.9;
        high[j] = j < d ? log(1e4) : 6.9;
    }
    low[d + 1] = log(1e-8);
    high[d + 1] = log(2);
    struct mu_gp_likelihood likelihood;
    mu_gp_likelihood_init(&likelihood, kernel, points, y, n, arena);
    struct mu_lbfgs options = {
        .low = low, .high = high, .iterations = iterations, .gradient = 1e-2, .decrease = 1e-6};
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
    kernel->separate = share(best[d + 2]);
    mu_arena_release(arena, mark);
}
