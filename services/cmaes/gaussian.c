#include "services/cmaes/gaussian.h"

#include <math.h>
#include <string.h>

#include "common/num/linalg.h"

/* Keeps c_1 + c_mu below 1 and divisions finite (the reference library's number). */
static const double EPSILON = 1e-8;

/* Raw weights by rank (eq. 49), their positive and negative sums, and both effective masses. */
struct mass {
    double positive, negative, mu_eff, mu_eff_negative;
};

static struct mass raw_weights(double *w, size_t lambda) {
    struct mass m = {0};
    double squares = 0;
    double negative_squares = 0;
    for (size_t i = 0; i < lambda; i++) {
        w[i] = log(((double)lambda + 1) / 2) - log((double)i + 1);
        *(w[i] > 0 ? &m.positive : &m.negative) += fabs(w[i]);
        *(w[i] > 0 ? &squares : &negative_squares) += w[i] * w[i];
    }
    m.mu_eff = m.positive * m.positive / squares;
    m.mu_eff_negative = m.negative * m.negative / negative_squares;
    return m;
}

/* Eqs. 50 to 53: how much the negative weights may sum to. */
static double negative_sum(const struct mu_cma_rates *r, double mu_eff_negative) {
    double n = (double)r->n;
    double by_rates = 1 + r->c_1 / r->c_mu;
    double by_mass = 1 + 2 * mu_eff_negative / (r->mu_eff + 2);
    double definite = (1 - r->c_1 - r->c_mu) / (n * r->c_mu);
    return fmin(by_rates, fmin(by_mass, definite));
}

void mu_cma_rates_of(struct mu_cma_rates *r, size_t n, size_t lambda, struct mu_arena *arena) {
    double *w = MU_ARRAY(arena, lambda, double);
    struct mass m = raw_weights(w, lambda);
    double d = (double)n;
    *r = (struct mu_cma_rates){.n = n, .lambda = lambda, .mu_eff = m.mu_eff, .weights = w};
    r->c_1 = 2 / ((d + 1.3) * (d + 1.3) + m.mu_eff);
    r->c_mu = fmin(
        1 - r->c_1 - EPSILON, 2 * (m.mu_eff - 2 + 1 / m.mu_eff) / ((d + 2) * (d + 2) + m.mu_eff));
    r->c_sigma = (m.mu_eff + 2) / (d + m.mu_eff + 5);
    r->d_sigma = 1 + 2 * fmax(0, sqrt((m.mu_eff - 1) / (d + 1)) - 1) + r->c_sigma;
    double negative = 0;
    if (n > 0) {
        r->c_c = (4 + m.mu_eff / d) / (d + 4 + 2 * m.mu_eff / d);
        r->chi = sqrt(d) * (1 - 1 / (4 * d) + 1 / (21 * d * d));
        negative = negative_sum(r, m.mu_eff_negative);
    }
    for (size_t i = 0; i < lambda; i++) {
        w[i] *= w[i] > 0 ? 1 / m.positive : negative / m.negative;
    }
}

void mu_gaussian_init(struct mu_gaussian *g, size_t n, size_t lambda, const double *mean,
    double sigma, struct mu_arena *arena) {
    *g = (struct mu_gaussian){.sigma = sigma,
        .mean = MU_ARRAY(arena, n, double),
        .scale = MU_ARRAY(arena, n, double),
        .path_sigma = MU_ARRAY(arena, n, double),
        .path_c = MU_ARRAY(arena, n, double),
        .covariance = MU_ARRAY(arena, n * n, double),
        .axes = MU_ARRAY(arena, n * n, double),
        .lengths = MU_ARRAY(arena, n, double),
        .step = MU_ARRAY(arena, n, double),
        .whitened = MU_ARRAY(arena, n, double),
        .scaled = MU_ARRAY(arena, 3 * n, double)};
    mu_cma_rates_of(&g->rates, n, lambda, arena);
    for (size_t j = 0; j < n; j++) {
        g->mean[j] = mean[j];
        g->scale[j] = g->lengths[j] = g->covariance[j * n + j] = g->axes[j * n + j] = 1;
    }
}

void mu_gaussian_shape(const struct mu_gaussian *g, const double *z, double *y) {
    size_t n = g->rates.n;
    memset(y, 0, n * sizeof *y);
    for (size_t k = 0; k < n; k++) {
        for (size_t j = 0; j < n; j++) {
            y[j] += z[k] * g->lengths[k] * g->axes[k * n + j];
        }
    }
}

void mu_gaussian_whiten(const struct mu_gaussian *g, const double *y, double *z) {
    size_t n = g->rates.n;
    memset(z, 0, n * sizeof *z);
    for (size_t k = 0; k < n; k++) {
        double along = mu_dot(g->axes + k * n, y, n) / g->lengths[k];
        for (size_t j = 0; j < n; j++) {
            z[j] += along * g->axes[k * n + j];
        }
    }
}

static double square(const double *a, size_t n) {
    return mu_dot(a, a, n);
}

static void recombine(struct mu_gaussian *g, const struct mu_individual *individuals) {
    size_t n = g->rates.n;
    memset(g->step, 0, n * sizeof *g->step);
    for (size_t i = 0; i < g->rates.lambda; i++) {
        for (size_t j = 0; j < n; j++) {
            g->step[j] += individuals[i].recombination * individuals[i].y[j];
        }
    }
}

/* path <- (1 - c) path + gain step */
static void follow(double *path, double c, double gain, const double *step, size_t n) {
    for (size_t j = 0; j < n; j++) {
        path[j] = (1 - c) * path[j] + gain * step[j];
    }
}

/* C <- keep C + weight y y^T, the lower triangle */
static void add_outer(double *c, double keep, double weight, const double *y, size_t n) {
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j <= i; j++) {
            c[i * n + j] = keep * c[i * n + j] + weight * y[i] * y[j];
        }
    }
}

/* Eqs. 46 and 47; |stalled|: the path's growth was held back, and its variance is made up for. */
static void adapt_covariance(
    struct mu_gaussian *g, const struct mu_individual *individuals, bool stalled) {
    const struct mu_cma_rates *r = &g->rates;
    size_t n = r->n;
    double sum = 0;
    for (size_t i = 0; i < r->lambda; i++) {
        sum += individuals[i].covariance;
    }
    double made_up = stalled ? r->c_1 * r->c_c * (2 - r->c_c) : 0;
    add_outer(g->covariance, 1 + made_up - r->c_1 - r->c_mu * sum, r->c_1, g->path_c, n);
    for (size_t i = 0; i < r->lambda; i++) {
        double w = individuals[i].covariance;
        if (w < 0) {
            mu_gaussian_whiten(g, individuals[i].y, g->whitened);
            w *= (double)n / (square(g->whitened, n) + EPSILON);
        }
        add_outer(g->covariance, 1, r->c_mu * w, individuals[i].y, n);
    }
}

static bool decompose(struct mu_gaussian *g) {
    size_t n = g->rates.n;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j <= i; j++) {
            g->covariance[j * n + i] = g->covariance[i * n + j];
        }
    }
    memcpy(g->axes, g->covariance, n * n * sizeof *g->axes);
    if (!mu_eigen(g->axes, n, g->lengths, g->scaled)) {
        return false;
    }
    for (size_t k = 0; k < n; k++) {
        if (g->lengths[k] <= 0) {
            return false;
        }
        g->lengths[k] = sqrt(g->lengths[k]);
    }
    return true;
}

bool mu_gaussian_update(struct mu_gaussian *g, const struct mu_individual *individuals) {
    const struct mu_cma_rates *r = &g->rates;
    size_t n = r->n;
    recombine(g, individuals);
    for (size_t j = 0; j < n; j++) {
        g->mean[j] += g->sigma * g->step[j];
    }
    mu_gaussian_whiten(g, g->step, g->whitened);
    follow(
        g->path_sigma, r->c_sigma, sqrt(r->c_sigma * (2 - r->c_sigma) * r->mu_eff), g->whitened, n);
    double length = sqrt(square(g->path_sigma, n));
    g->sigma *= exp(r->c_sigma / r->d_sigma * (length / r->chi - 1));
    g->generations++;
    double begun = sqrt(1 - pow(1 - r->c_sigma, 2 * ((double)g->generations + 1)));
    bool stalled = length / begun >= (1.4 + 2 / ((double)n + 1)) * r->chi;
    follow(g->path_c, r->c_c, stalled ? 0 : sqrt(r->c_c * (2 - r->c_c) * r->mu_eff), g->step, n);
    adapt_covariance(g, individuals, stalled);
    return decompose(g);
}
