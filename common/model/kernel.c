#include "common/model/kernel.h"

#include <math.h>
#include <string.h>

#include "common/base/wide.h"
#include "common/model/matern.h"

/* ---- rows of numbers ---- */

struct columns {
    const struct mu_dimensions *dimensions;
    size_t capacity;
    double *x; /* coordinate j of point i is x[j * capacity + i] */
};

static void *columns_store(const void *space, size_t capacity, struct mu_arena *arena) {
    struct columns *c = MU_NEW(arena, struct columns);
    *c = (struct columns){.dimensions = space, .capacity = capacity};
    c->x = MU_ARRAY(arena, c->dimensions->n * capacity, double);
    return c;
}

static void columns_place(void *store, size_t i, const void *point) {
    struct columns *c = store;
    const double *u = point;
    for (size_t j = 0; j < c->dimensions->n; j++) {
        c->x[j * c->capacity + i] = u[j];
    }
}

static bool is_category(const struct columns *c, size_t j) {
    return c->dimensions->category && c->dimensions->category[j];
}

MU_WIDE static void columns_measure(
    const void *store, const void *point, size_t n, size_t stride, double *z) {
    const struct columns *c = store;
    const double *u = point;
    for (size_t j = 0; j < c->dimensions->n; j++) {
        const double at = u[j];
        const double *restrict x = c->x + j * c->capacity;
        double *restrict out = z + j * stride;
        if (is_category(c, j)) {
            for (size_t i = 0; i < n; i++) {
                out[i] = x[i] != at;
            }
        } else {
            for (size_t i = 0; i < n; i++) {
                out[i] = (x[i] - at) * (x[i] - at);
            }
        }
    }
}

static bool columns_slope(const void *store, const void *point, size_t f, size_t n, double *slope) {
    const struct columns *c = store;
    const double at = ((const double *)point)[f];
    const double *x = c->x + f * c->capacity;
    if (is_category(c, f)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        slope[i] = at - x[i];
    }
    return true;
}

const struct mu_metric mu_metric_dimensions = {
    .store = columns_store,
    .place = columns_place,
    .measure = columns_measure,
    .slope = columns_slope,
};

/* ---- sums that all kernels need ---- */

/* sum_{f < n} s_f z_f of every pair into |r2|. */
static void square_distance(
    const struct mu_scales *scales, const struct mu_pairs *pairs, size_t n, double *restrict r2) {
    memset(r2, 0, pairs->n * sizeof *r2);
    for (size_t f = 0; f < n; f++) {
        const double s = scales->inverse_square_length[f];
        const double *restrict z = pairs->z + f * pairs->stride;
        for (size_t p = 0; p < pairs->n; p++) {
            r2[p] += s * z[p];
        }
    }
}

/* sum_p a_p b_p c_p. */
MU_WIDE static double triple(const double *a, const double *b, const double *c, size_t n) {
    double sums[MU_LANES] = {0};
    size_t p = 0;
    for (; p + MU_LANES <= n; p += MU_LANES) {
        for (size_t lane = 0; lane < MU_LANES; lane++) {
            sums[lane] += a[p + lane] * b[p + lane] * c[p + lane];
        }
    }
    for (; p < n; p++) {
        sums[0] += a[p] * b[p] * c[p];
    }
    return mu_sum_of_lanes(sums);
}

/* ---- Matern of all features, and functions of one each ---- */

enum { SINGLES, SMOOTH }; /* shares: w, v */
/* parts: M, dM/d(r^2), the mean of Q, dM/dv */
enum { JOINT, JOINT_SLOPE, SINGLE, SMOOTHER };

MU_WIDE static void additive(const struct mu_scales *scales, const struct mu_pairs *pairs) {
    double *restrict single = pairs->parts[SINGLE];
    square_distance(scales, pairs, scales->n, pairs->parts[JOINT_SLOPE]);
    mu_matern_blend_all(pairs->parts[JOINT_SLOPE], scales->share[SMOOTH], pairs->parts[JOINT],
        pairs->parts[JOINT_SLOPE], pairs->parts[SMOOTHER], pairs->n);
    memset(single, 0, pairs->n * sizeof *single);
    for (size_t f = 0; f < scales->n; f++) {
        const double s = scales->inverse_square_length[f];
        const double *restrict z = pairs->z + f * pairs->stride;
        for (size_t p = 0; p < pairs->n; p++) {
            single[p] += 1 / (1 + s * z[p]);
        }
    }
    const double w = scales->share[SINGLES];
    const double each = 1 / (double)scales->n;
    const double *restrict joint = pairs->parts[JOINT];
    for (size_t p = 0; p < pairs->n; p++) {
        single[p] *= each;
        pairs->value[p] = (1 - w) * joint[p] + w * single[p];
    }
}

MU_WIDE static double additive_slope(const struct mu_scales *scales, const struct mu_pairs *pairs,
    size_t f, const double *weight, const double *by) {
    const double joint = 1 - scales->share[SINGLES];
    const double each = scales->share[SINGLES] / (double)scales->n;
    const double s = scales->inverse_square_length[f];
    const double *slope = pairs->parts[JOINT_SLOPE];
    const double *z = pairs->z + f * pairs->stride;
    double sums[2] = {0};
    for (size_t p = 0; p < pairs->n; p++) {
        double q = 1 / (1 + s * z[p]);
        sums[p % 2] += weight[p] * (joint * slope[p] - each * q * q) * by[p];
    }
    return sums[0] + sums[1];
}

static double additive_share_slope(
    const struct mu_scales *scales, const struct mu_pairs *pairs, size_t i, const double *weight) {
    const double *smoother = pairs->parts[SMOOTHER];
    double sum = 0;
    for (size_t p = 0; p < pairs->n; p++) {
        sum += weight[p] * (i == SMOOTH ? (1 - scales->share[SINGLES]) * smoother[p]
                                        : pairs->parts[SINGLE][p] - pairs->parts[JOINT][p]);
    }
    return sum;
}

const struct mu_kernel mu_kernel_additive = {
    .n_parts = 4,
    .n_shares = 2,
    .evaluate = additive,
    .slope = additive_slope,
    .share_slope = additive_share_slope,
};

/* ---- assignment times resource ---- */

/* parts: M and M' of the two factors */
enum { ASSIGNMENT, ASSIGNMENT_SLOPE, RESOURCE, RESOURCE_SLOPE };

MU_WIDE static void resource(const struct mu_scales *scales, const struct mu_pairs *pairs) {
    size_t last = scales->n - 1;
    double *const *parts = pairs->parts;
    square_distance(scales, pairs, last, parts[ASSIGNMENT_SLOPE]);
    for (size_t p = 0; p < pairs->n; p++) {
        parts[RESOURCE_SLOPE][p] =
            scales->inverse_square_length[last] * pairs->z[last * pairs->stride + p];
    }
    mu_matern52_all(parts[ASSIGNMENT_SLOPE], parts[ASSIGNMENT], parts[ASSIGNMENT_SLOPE], pairs->n);
    mu_matern52_all(parts[RESOURCE_SLOPE], parts[RESOURCE], parts[RESOURCE_SLOPE], pairs->n);
    for (size_t p = 0; p < pairs->n; p++) {
        pairs->value[p] = parts[ASSIGNMENT][p] * parts[RESOURCE][p];
        parts[ASSIGNMENT_SLOPE][p] *= parts[RESOURCE][p];
        parts[RESOURCE_SLOPE][p] *= parts[ASSIGNMENT][p];
    }
}

static double resource_slope(const struct mu_scales *scales, const struct mu_pairs *pairs, size_t f,
    const double *weight, const double *by) {
    return triple(
        pairs->parts[f + 1 == scales->n ? RESOURCE_SLOPE : ASSIGNMENT_SLOPE], weight, by, pairs->n);
}

const struct mu_kernel mu_kernel_resource = {
    .n_parts = 4,
    .level = 4,
    .evaluate = resource,
    .slope = resource_slope,
};

/* ---- decisions ---- */

MU_WIDE static void decisions(const struct mu_scales *scales, const struct mu_pairs *pairs) {
    square_distance(scales, pairs, scales->n, pairs->value);
    for (size_t p = 0; p < pairs->n; p++) {
        pairs->value[p] = mu_fast_exp(-pairs->value[p]);
    }
}

static double decisions_slope(const struct mu_scales *scales, const struct mu_pairs *pairs,
    size_t f, const double *weight, const double *by) {
    (void)scales, (void)f;
    return -triple(pairs->value, weight, by, pairs->n);
}

const struct mu_kernel mu_kernel_decisions = {
    .evaluate = decisions,
    .slope = decisions_slope,
};
