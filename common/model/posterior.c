#include "common/model/posterior.h"

#include <math.h>
#include <string.h>

#include "common/base/wide.h"
#include "common/model/fast.h"
#include "common/num/cholesky.h"
#include "common/num/linalg.h"

void mu_posterior_init(
    struct mu_posterior *p, size_t capacity, size_t draws, struct mu_arena *arena) {
    *p = (struct mu_posterior){.capacity = capacity, .draws = draws};
    p->root = MU_ARRAY(arena, capacity * capacity, double);
    p->alpha = MU_ARRAY(arena, draws * capacity, double);
    p->k = MU_ARRAY(arena, capacity, double);
    p->v = MU_ARRAY(arena, capacity, double);
    p->w = MU_ARRAY(arena, capacity, double);
}

/* The Cholesky factor of |matrix| into the root; false when no raise of the diagonal helps, since
 * not all of it is finite. */
static bool factor(struct mu_posterior *p, const double *matrix) {
    for (double raise = 0; isfinite(raise); raise = 10 * raise + 1e-8 * matrix[0]) {
        for (size_t a = 0; a < p->n; a++) {
            double *row = p->root + a * p->capacity;
            memcpy(row, matrix + a * p->n, (a + 1) * sizeof *row);
            row[a] += raise;
        }
        if (mu_cholesky(p->root, p->n, p->capacity)) {
            return true;
        }
    }
    return false;
}

/* L into R = L^-1, row by row: R_aa = 1 / L_aa, R_ab = -sum_{b <= c < a} L_ac R_cb / L_aa. */
MU_WIDE static void invert_factor(struct mu_posterior *p) {
    for (size_t a = 0; a < p->n; a++) {
        double *restrict row = p->root + a * p->capacity;
        for (size_t c = 0; c < a; c++) {
            const double weight = row[c];
            const double *restrict other = p->root + c * p->capacity;
            row[c] = 0;
            for (size_t b = 0; b <= c; b++) {
                row[b] -= weight * other[b];
            }
        }
        double scale = 1 / row[a];
        for (size_t b = 0; b < a; b++) {
            row[b] *= scale;
        }
        row[a] = scale;
    }
}

/* What row |a| of R adds to a draw's alpha; |beta| is its product with the targets. */
static void add_row(struct mu_posterior *p, size_t a, size_t draw, double beta) {
    const double *row = p->root + a * p->capacity;
    double *alpha = p->alpha + draw * p->capacity;
    for (size_t b = 0; b <= a; b++) {
        alpha[b] += row[b] * beta;
    }
}

void mu_posterior_condition(
    struct mu_posterior *p, const double *matrix, const double *y, size_t n) {
    memset(p->alpha, 0, p->draws * p->capacity * sizeof *p->alpha);
    p->n = n;
    if (!factor(p, matrix)) {
        p->n = 0;
        return;
    }
    invert_factor(p);
    for (size_t draw = 0; draw < p->draws; draw++) {
        for (size_t a = 0; a < n; a++) {
            add_row(p, a, draw, mu_dot(p->root + a * p->capacity, y, a + 1));
        }
    }
}

void mu_posterior_means(const struct mu_posterior *p, double *means) {
    for (size_t draw = 0; draw < p->draws; draw++) {
        means[draw] = mu_dot(p->alpha + draw * p->capacity, p->k, p->n);
    }
}

/* Rows of R that are passed at once, a multiple of the lanes: for each alone a processor would wait
 * for the sum before, or for memory. */
enum { ROWS = MU_LANES };

/* R k of |rows| rows from |a|, a multiple of ROWS, into v. */
static inline __attribute__((always_inline)) void whiten_rows(
    struct mu_posterior *p, size_t a, size_t rows) {
    const size_t stride = p->capacity;
    const double *restrict root = p->root + a * stride;
    const double *restrict k = p->k;
    mu_lanes sums[ROWS] = {{0}};
    for (size_t b = 0; b < a; b += MU_LANES) {
        mu_lanes by = *(const mu_lanes *)(k + b);
        for (size_t r = 0; r < rows; r++) {
            sums[r] += *(const mu_lanes *)(root + r * stride + b) * by;
        }
    }
    for (size_t r = 0; r < rows; r++) {
        for (size_t c = 0; c <= r; c++) {
            sums[r][c] += root[r * stride + a + c] * k[a + c];
        }
        p->v[a + r] = mu_sum_of_lanes((const double *)&sums[r]);
    }
}

/* R k into v. */
MU_WIDE static void whiten(struct mu_posterior *p) {
    size_t a = 0;
    for (; a + ROWS <= p->n; a += ROWS) {
        whiten_rows(p, a, ROWS);
    }
    whiten_rows(p, a, p->n - a);
}

double mu_posterior_sd(struct mu_posterior *p, double variance) {
    whiten(p);
    double rest = variance - mu_dot(p->v, p->v, p->n);
    double least = 1e-10 * variance;
    return sqrt(rest > least ? rest : least);
}

/* What |rows| rows of R from |a| add to R^T v. */
static inline __attribute__((always_inline)) void solve_rows(
    struct mu_posterior *p, size_t a, size_t rows) {
    const size_t stride = p->capacity;
    const double *restrict root = p->root + a * stride;
    const double *restrict v = p->v + a;
    double *restrict w = p->w;
    for (size_t b = 0; b < a; b++) {
        double sum = w[b];
        for (size_t r = 0; r < rows; r++) {
            sum += root[r * stride + b] * v[r];
        }
        w[b] = sum;
    }
    for (size_t r = 0; r < rows; r++) {
        for (size_t c = 0; c <= r; c++) {
            w[a + c] += root[r * stride + a + c] * v[r];
        }
    }
}

MU_WIDE void mu_posterior_solve(struct mu_posterior *p) {
    memset(p->w, 0, p->n * sizeof *p->w);
    size_t a = 0;
    for (; a + ROWS <= p->n; a += ROWS) {
        solve_rows(p, a, ROWS);
    }
    solve_rows(p, a, p->n - a);
}

bool mu_posterior_extend(
    struct mu_posterior *p, double variance, double noise, const double *values) {
    if (p->n == p->capacity) {
        return false;
    }
    mu_posterior_solve(p);
    size_t n = p->n;
    double rest = variance - mu_dot(p->v, p->v, n);
    double scale = 1 / sqrt(rest > noise ? rest : noise);
    double *row = p->root + n * p->capacity;
    for (size_t b = 0; b < n; b++) {
        row[b] = -scale * p->w[b];
    }
    row[n] = scale;
    for (size_t draw = 0; draw < p->draws; draw++) {
        double mean = mu_dot(p->alpha + draw * p->capacity, p->k, n);
        add_row(p, n, draw, scale * (values[draw] - mean));
    }
    p->n++;
    return true;
}

double mu_negative_log_likelihood(double *matrix, const double *y, double *alpha, size_t n) {
    if (!mu_cholesky(matrix, n, n)) {
        return INFINITY;
    }
    memcpy(alpha, y, n * sizeof *alpha);
    mu_solve_lower(matrix, n, n, false, alpha);
    double value = mu_log_diagonal(matrix, n, n) + 0.5 * mu_dot(alpha, alpha, n);
    mu_solve_lower(matrix, n, n, true, alpha);
    return isfinite(value) && mu_cholesky_inverse(matrix, n, n) ? value : HUGE_VAL;
}
