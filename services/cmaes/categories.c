#include "services/cmaes/categories.h"

#include <math.h>

static const double ALL_LIKELY = 0.73; /* CatCMA, section 4.2 */
static const double SIGNAL = 1.5;   /* ASNG's alpha: the path's square over gamma that is meant */
static const double EPSILON = 1e-8; /* added to the gradient's length, as the reference does */

void mu_categories_init(
    struct mu_categories *c, const size_t *sizes, size_t n, struct mu_arena *arena) {
    size_t *offsets = MU_ARRAY(arena, n + 1, size_t);
    for (size_t i = 0; i < n; i++) {
        offsets[i + 1] = offsets[i] + sizes[i];
    }
    *c = (struct mu_categories){.n = n,
        .sizes = sizes,
        .offsets = offsets,
        .q = MU_ARRAY(arena, offsets[n], double),
        .gradient = MU_ARRAY(arena, offsets[n], double),
        .floors = MU_ARRAY(arena, n, double),
        .path = MU_ARRAY(arena, offsets[n], double),
        .trust = 1,
        .step = 1};
    for (size_t i = 0; i < n; i++) {
        c->floors[i] = (1 - pow(ALL_LIKELY, 1 / (double)n)) / (double)(sizes[i] - 1);
        for (size_t k = 0; k < sizes[i]; k++) {
            c->q[offsets[i] + k] = 1 / (double)sizes[i];
        }
    }
}

size_t mu_categories_at(const struct mu_categories *c, size_t i, double u) {
    const double *q = c->q + c->offsets[i];
    size_t k = 0;
    for (double sum = q[0]; k + 1 < c->sizes[i] && u >= sum; sum += q[k]) {
        k++;
    }
    return k;
}

/* sum over rows of weight (one-hot row - q) */
static void natural_gradient(
    struct mu_categories *c, const size_t *rows, const double *weights, size_t n_rows) {
    double total = 0;
    for (size_t r = 0; r < n_rows; r++) {
        total += weights[r];
    }
    for (size_t k = 0; k < c->offsets[c->n]; k++) {
        c->gradient[k] = -total * c->q[k];
    }
    for (size_t r = 0; r < n_rows; r++) {
        for (size_t i = 0; i < c->n; i++) {
            c->gradient[c->offsets[i] + rows[r * c->n + i]] += weights[r];
        }
    }
}

/* The gradient of distribution |i| times the square root of its Fisher matrix, over all categories
 * but the last: that of category |k| (ASNG, appendix B). */
static double in_fisher_metric(const struct mu_categories *c, size_t i, size_t k, double sum) {
    const double *q = c->q + c->offsets[i];
    double last = q[c->sizes[i] - 1];
    return c->gradient[c->offsets[i] + k] / sqrt(q[k]) + sqrt(q[k]) * sum / (last + sqrt(last));
}

static double gradient_sum(const struct mu_categories *c, size_t i) {
    double sum = 0;
    for (size_t k = 0; k + 1 < c->sizes[i]; k++) {
        sum += c->gradient[c->offsets[i] + k];
    }
    return sum;
}

static double length(const struct mu_categories *c) {
    double squares = 0;
    for (size_t i = 0; i < c->n; i++) {
        double sum = gradient_sum(c, i);
        for (size_t k = 0; k + 1 < c->sizes[i]; k++) {
            squares += pow(in_fisher_metric(c, i, k, sum), 2);
        }
    }
    return sqrt(squares);
}

/* The path of directions, and the trust in them by how much longer it is than random ones make it.
 */
static void adapt(struct mu_categories *c, double length) {
    double free_parameters = (double)(c->offsets[c->n] - c->n);
    c->step = 1 / c->trust;
    double beta = c->step / sqrt(free_parameters);
    double squares = 0;
    for (size_t i = 0; i < c->n; i++) {
        double sum = gradient_sum(c, i);
        for (size_t k = 0; k + 1 < c->sizes[i]; k++) {
            double *path = &c->path[c->offsets[i] + k];
            *path = (1 - beta) * *path +
                    sqrt(beta * (2 - beta)) * in_fisher_metric(c, i, k, sum) / length;
            squares += *path * *path;
        }
    }
    c->gamma = (1 - beta) * (1 - beta) * c->gamma + beta * (2 - beta);
    c->trust *= exp(beta * (c->gamma - squares / SIGNAL));
}

/* No probability below the floor; what that takes comes from those above it, in proportion. */
static void keep_margin(struct mu_categories *c, size_t i) {
    double *q = c->q + c->offsets[i];
    double sum = 0;
    for (size_t k = 0; k < c->sizes[i]; k++) {
        q[k] = fmax(q[k], c->floors[i]);
        sum += q[k];
    }
    double above = sum - c->floors[i] * (double)c->sizes[i];
    for (size_t k = 0; k < c->sizes[i]; k++) {
        q[k] -= (sum - 1) * (q[k] - c->floors[i]) / above;
    }
}

void mu_categories_update(
    struct mu_categories *c, const size_t *rows, const double *weights, size_t n_rows) {
    natural_gradient(c, rows, weights, n_rows);
    double norm = length(c);
    if (norm == 0) {
        return; /* every row alike to the distribution: nothing was learnt */
    }
    double step = c->step / (norm + EPSILON);
    adapt(c, norm);
    for (size_t k = 0; k < c->offsets[c->n]; k++) {
        c->q[k] += step * c->gradient[k];
    }
    for (size_t i = 0; i < c->n; i++) {
        keep_margin(c, i);
    }
}
