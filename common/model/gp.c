#include "common/model/gp.h"

#include <math.h>
#include <string.h>

#include "common/model/matern.h"

/* a^2 w / d: what each dimension's own function contributes. */
static double own_weight(const struct mu_gp_kernel *kernel) {
    return kernel->n_dims ? kernel->amplitude * kernel->separate / (double)kernel->n_dims : 0;
}

/* Covariances of |u| with the first |n| points into |k|, the slope of their Matern part by r^2 into
 * |slope|. */
static void covariances(struct mu_gp *gp, const double *u, size_t n, double *k, double *slope) {
    const struct mu_gp_kernel *kernel = &gp->kernel;
    double *restrict r2 = slope;
    double *restrict sum = gp->scratch;
    memset(r2, 0, n * sizeof *r2);
    memset(sum, 0, n * sizeof *sum);
    for (size_t j = 0; j < kernel->n_dims; j++) {
        const double s = kernel->sharpness[j];
        const double at = u[j];
        const double *restrict x = gp->x + j * gp->posterior.capacity;
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
    const double joint = kernel->amplitude * (1 - kernel->separate);
    const double each = own_weight(kernel);
    for (size_t i = 0; i < n; i++) {
        k[i] = joint * k[i] + each * sum[i];
        slope[i] *= joint;
    }
}

static void fill(struct mu_gp *gp, const double *points, size_t n, double *matrix) {
    for (size_t a = 0; a < n; a++) {
        covariances(gp, points + a * gp->kernel.n_dims, a, matrix + a * n, gp->slope);
        matrix[a * n + a] = gp->kernel.amplitude + gp->kernel.noise;
    }
}

/* Coordinates of point |i|. */
static void place(struct mu_gp *gp, size_t i, const double *u) {
    for (size_t j = 0; j < gp->kernel.n_dims; j++) {
        gp->x[j * gp->posterior.capacity + i] = u[j];
    }
}

void mu_gp_condition(struct mu_gp *gp, const struct mu_gp_kernel *kernel, const double *points,
    const double *y, size_t n, size_t room, size_t draws, struct mu_arena *arena) {
    size_t capacity = n + room;
    size_t d = kernel->n_dims;
    *gp = (struct mu_gp){.kernel = *kernel};
    mu_posterior_init(&gp->posterior, capacity, draws, arena);
    gp->x = MU_ARRAY(arena, d * capacity, double);
    gp->scratch = MU_ARRAY(arena, capacity, double);
    gp->slope = MU_ARRAY(arena, capacity, double);
    for (size_t i = 0; i < n; i++) {
        place(gp, i, points + i * d);
    }
    struct mu_arena_mark mark = mu_arena_mark(arena);
    double *matrix = MU_ARRAY(arena, n * n, double);
    fill(gp, points, n, matrix);
    mu_posterior_condition(&gp->posterior, matrix, y, n);
    mu_arena_release(arena, mark);
}

double mu_gp_predict(struct mu_gp *gp, const double *u, double *means) {
    covariances(gp, u, gp->posterior.n, gp->posterior.k, gp->slope);
    mu_posterior_means(&gp->posterior, means);
    return gp->sd = mu_posterior_sd(&gp->posterior, gp->kernel.amplitude);
}

void mu_gp_gradient(struct mu_gp *gp, const double *u, const double *mean_weights, double sd_weight,
    double *gradient) {
    struct mu_posterior *p = &gp->posterior;
    mu_posterior_solve(p);
    for (size_t i = 0; i < p->n; i++) {
        gp->scratch[i] = -sd_weight / gp->sd * p->w[i];
    }
    for (size_t s = 0; s < p->draws; s++) {
        const double weight = mean_weights[s];
        const double *alpha = p->alpha + s * p->capacity;
        for (size_t i = 0; i < p->n; i++) {
            gp->scratch[i] += weight * alpha[i];
        }
    }
    const double each = own_weight(&gp->kernel);
    for (size_t j = 0; j < gp->kernel.n_dims; j++) {
        const double *x = gp->x + j * p->capacity;
        const double s = gp->kernel.sharpness[j];
        double sum = 0;
        for (size_t i = 0; i < p->n && !gp->kernel.category[j]; i++) {
            double gap = u[j] - x[i];
            double q = 1 / (1 + s * gap * gap);
            sum += gp->scratch[i] * (gp->slope[i] - each * q * q) * gap;
        }
        gradient[j] = 2 * s * sum;
    }
}

bool mu_gp_extend(struct mu_gp *gp, const double *u, const double *values) {
    double amplitude = gp->kernel.amplitude;
    if (!mu_posterior_extend(&gp->posterior, amplitude * (1 + 1e-6), 1e-6 * amplitude, values)) {
        return false;
    }
    place(gp, gp->posterior.n - 1, u);
    return true;
}
