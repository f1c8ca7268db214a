#include "common/surrogate/gp.h"

#include <math.h>
#include <string.h>

#include "common/num/linalg.h"
#include "common/surrogate/matern.h"

/* a^2 w / d: what each dimension's own function contributes. */
static double own_weight(const struct mu_gp_kernel *kernel) {
    return kernel->n_dims ? kernel->amplitude * kernel->separate / (double)kernel->n_dims : 0;
}

/* Covariances of |u| with the first |n| points into |k|, the slope of their Matern part by r^2 into |slope|. */
static void covariances(struct mu_gp *gp, const double *u, size_t n, double *k, double *slope) {
    const struct mu_gp_kernel *kernel = &gp->kernel;
    double *restrict r2 = slope, *restrict sum = gp->scratch;
    memset(r2, 0, n * sizeof *r2);
    memset(sum, 0, n * sizeof *sum);
    for (size_t j = 0; j < kernel->n_dims; j++) {
        const double s = kernel->sharpness[j], at = u[j], *restrict x = gp->x + j * gp->capacity;
        if (kernel->category[j]) {
            for (size_t i = 0; i < n; i++) {
                double z = x[i] != at ? s : 0;
                r2[i] += z;
                sum[i] += 1 / (1 + z);
            }
        } else {
            for (size_t i = 0; i < n; i++) {
                double z = s * (x[i] - at) * (x[i] - at);
                r2[i] += z;
                sum[i] += 1 / (1 + z);
            }
        }
    }
    mu_matern_all(kernel->rough, r2, k, slope, n);
    const double joint = kernel->amplitude * (1 - kernel->separate), each = own_weight(kernel);
    for (size_t i = 0; i < n; i++) {
        k[i] = joint * k[i] + each * sum[i];
        slope[i] *= joint;
    }
}

static void fill(struct mu_gp *gp, const double *points, const double *extra, double noise, double *matrix) {
    size_t d = gp->kernel.n_dims, n = gp->n;
    for (size_t a = 0; a < n; a++) {
        covariances(gp, points + a * d, a, matrix + a * n, gp->slope);
        matrix[a * n + a] = gp->kernel.amplitude + noise + (extra ? extra[a] : 0);
    }
}

/* L into R = L^-1, row by row: R_aa = 1 / L_aa, R_ab = -sum_{b <= c < a} L_ac R_cb / L_aa. */
static void invert_factor(struct mu_gp *gp, const double *factor) {
    size_t n = gp->n, capacity = gp->capacity;
    for (size_t a = 0; a < n; a++) {
        double *restrict row = gp->root + a * capacity;
        memset(row, 0, capacity * sizeof *row);
        for (size_t c = 0; c < a; c++) {
            const double weight = factor[a * n + c], *restrict other = gp->root + c * capacity;
            for (size_t b = 0; b <= c; b++) {
                row[b] -= weight * other[b];
            }
        }
        double scale = 1 / factor[a * n + a];
        for (size_t b = 0; b < a; b++) {
            row[b] *= scale;
        }
        row[a] = scale;
    }
}

/* The contribution of row |a| of R to a draw's beta and alpha. */
static void add_row(struct mu_gp *gp, size_t a, size_t draw, double beta) {
    const double *row = gp->root + a * gp->capacity;
    double *alpha = gp->alpha + draw * gp->capacity;
    gp->beta[draw * gp->capacity + a] = beta;
    for (size_t b = 0; b <= a; b++) {
        alpha[b] += row[b] * beta;
    }
}

void mu_gp_condition(struct mu_gp *gp, const struct mu_gp_kernel *kernel, const double *points, const double *y, const double *extra,
                     size_t n, size_t room, size_t draws, struct mu_arena *arena) {
    size_t capacity = n + room, d = kernel->n_dims;
    *gp = (struct mu_gp){.kernel = *kernel, .n = n, .capacity = capacity, .draws = draws};
    gp->x = MU_ARRAY(arena, d * capacity, double);
    gp->root = MU_ARRAY(arena, capacity * capacity, double);
    gp->beta = MU_ARRAY(arena, draws * capacity, double);
    gp->alpha = MU_ARRAY(arena, draws * capacity, double);
    gp->scratch = MU_ARRAY(arena, capacity, double);
    gp->k = MU_ARRAY(arena, capacity, double);
    gp->slope = MU_ARRAY(arena, capacity, double);
    gp->v = MU_ARRAY(arena, capacity, double);
    gp->w = MU_ARRAY(arena, capacity, double);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < d; j++) {
            gp->x[j * capacity + i] = points[i * d + j];
        }
    }
    struct mu_arena_mark mark = mu_arena_mark(arena);
    double *matrix = MU_ARRAY(arena, n * n, double);
    fill(gp, points, extra, gp->kernel.noise, matrix);
    while (!mu_cholesky(matrix, n, n)) {
        gp->kernel.noise = 10 * (gp->kernel.noise > 1e-9 * gp->kernel.amplitude ? gp->kernel.noise : 1e-9 * gp->kernel.amplitude);
        fill(gp, points, extra, gp->kernel.noise, matrix);
    }
    invert_factor(gp, matrix);
    mu_arena_release(arena, mark);
    for (size_t draw = 0; draw < draws; draw++) {
        for (size_t a = 0; a < n; a++) {
            add_row(gp, a, draw, mu_dot(gp->root + a * capacity, y, a + 1));
        }
    }
}

/* R k into v. */
static void whiten(struct mu_gp *gp) {
    for (size_t a = 0; a < gp->n; a++) {
        const double *restrict row = gp->root + a * gp->capacity, *restrict k = gp->k;
        double sums[4] = {0};
        size_t b = 0;
        for (; b + 4 <= a + 1; b += 4) {
            for (size_t c = 0; c < 4; c++) {
                sums[c] += row[b + c] * k[b + c];
            }
        }
        for (; b <= a; b++) {
            sums[0] += row[b] * k[b];
        }
        gp->v[a] = sums[0] + sums[1] + (sums[2] + sums[3]);
    }
}

/* K^-1 k = R^T v into w. */
static void solve(struct mu_gp *gp) {
    memset(gp->w, 0, gp->n * sizeof *gp->w);
    for (size_t a = 0; a < gp->n; a++) {
        const double v = gp->v[a], *restrict row = gp->root + a * gp->capacity;
        double *restrict w = gp->w;
        for (size_t b = 0; b <= a; b++) {
            w[b] += row[b] * v;
        }
    }
}

double mu_gp_predict(struct mu_gp *gp, const double *u, double *means) {
    covariances(gp, u, gp->n, gp->k, gp->slope);
    for (size_t s = 0; s < gp->draws; s++) {
        means[s] = mu_dot(gp->alpha + s * gp->capacity, gp->k, gp->n);
    }
    whiten(gp);
    double variance = gp->kernel.amplitude - mu_dot(gp->v, gp->v, gp->n), least = 1e-10 * gp->kernel.amplitude;
    return gp->sd = sqrt(variance > least ? variance : least);
}

void mu_gp_gradient(struct mu_gp *gp, const double *u, const double *mean_weights, double sd_weight, double *gradient) {
    solve(gp);
    size_t n = gp->n;
    for (size_t i = 0; i < n; i++) {
        gp->scratch[i] = -sd_weight / gp->sd * gp->w[i];
    }
    for (size_t s = 0; s < gp->draws; s++) {
        const double weight = mean_weights[s], *alpha = gp->alpha + s * gp->capacity;
        for (size_t i = 0; i < n; i++) {
            gp->scratch[i] += weight * alpha[i];
        }
    }
    const double each = own_weight(&gp->kernel);
    for (size_t j = 0; j < gp->kernel.n_dims; j++) {
        const double *x = gp->x + j * gp->capacity, s = gp->kernel.sharpness[j];
        double sum = 0;
        for (size_t i = 0; i < n && !gp->kernel.category[j]; i++) {
            double gap = u[j] - x[i], q = 1 / (1 + s * gap * gap);
            sum += gp->scratch[i] * (gp->slope[i] - each * q * q) * gap;
        }
        gradient[j] = 2 * s * sum;
    }
}

bool mu_gp_extend(struct mu_gp *gp, const double *u, const double *values) {
    if (gp->n == gp->capacity) {
        return false;
    }
    solve(gp);
    size_t n = gp->n;
    double rest = gp->kernel.amplitude * (1 + 1e-6) - mu_dot(gp->v, gp->v, n), least = 1e-6 * gp->kernel.amplitude;
    double scale = 1 / sqrt(rest > least ? rest : least), *row = gp->root + n * gp->capacity;
    memset(row, 0, gp->capacity * sizeof *row);
    for (size_t b = 0; b < n; b++) {
        row[b] = -scale * gp->w[b];
    }
    row[n] = scale;
    for (size_t j = 0; j < gp->kernel.n_dims; j++) {
        gp->x[j * gp->capacity + n] = u[j];
    }
    for (size_t s = 0; s < gp->draws; s++) {
        double mean = mu_dot(gp->alpha + s * gp->capacity, gp->k, n);
        add_row(gp, n, s, scale * (values[s] - mean));
    }
    gp->n++;
    return true;
}
