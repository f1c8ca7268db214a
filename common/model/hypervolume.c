#include "common/model/hypervolume.h"

#include <math.h>
#include <string.h>

#include "common/num/normal.h"
#include "common/num/sort.h"

/* The number, from 1, of |value| in the ascending |edges|; 0 for what is not finite. */
static size_t number_of(const double *edges, size_t n, double value) {
    size_t low = 0;
    if (!isfinite(value)) {
        return 0;
    }
    for (size_t high = n - 1; low < high;) {
        size_t middle = (low + high) / 2;
        if (edges[middle] < value) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low + 1;
}

/* The different finite ends of |boxes| in objective |k| into |edges|; returns how many. */
static size_t collect_edges(const struct mu_boxes *boxes, size_t k, double *edges) {
    size_t n = 0;
    size_t distinct = 0;
    for (size_t box = 0; box < boxes->n; box++) {
        double low = boxes->lower[box * boxes->m + k];
        edges[n++] = boxes->upper[box * boxes->m + k];
        if (isfinite(low)) {
            edges[n++] = low;
        }
    }
    mu_sort(edges, n);
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || edges[i] > edges[distinct - 1]) {
            edges[distinct++] = edges[i];
        }
    }
    return distinct;
}

struct mu_ehvi mu_ehvi_of(const struct mu_boxes *boxes, struct mu_arena *arena) {
    size_t m = boxes->m;
    size_t n = boxes->n;
    struct mu_ehvi e = {.m = m, .n = n};
    e.n_edges = MU_ARRAY(arena, m, size_t);
    e.edge = MU_ARRAY(arena, m, double *);
    e.log_h = MU_ARRAY(arena, m, double *);
    e.slope = MU_ARRAY(arena, m, double *);
    e.z = MU_ARRAY(arena, m, double *);
    e.low = MU_MATRIX(arena, n, m, size_t);
    e.top = MU_MATRIX(arena, n, m, size_t);
    e.value = MU_ARRAY(arena, n, double);
    for (size_t k = 0; k < m; k++) {
        e.edge[k] = MU_ARRAY(arena, 2 * n, double);
        e.n_edges[k] = collect_edges(boxes, k, e.edge[k]);
        e.log_h[k] = MU_ARRAY(arena, e.n_edges[k], double);
        e.slope[k] = MU_ARRAY(arena, e.n_edges[k], double);
        e.z[k] = MU_ARRAY(arena, e.n_edges[k], double);
        for (size_t box = 0; box < n; box++) {
            size_t at = box * m + k;
            e.low[at] = number_of(e.edge[k], e.n_edges[k], boxes->lower[at]);
            e.top[at] = number_of(e.edge[k], e.n_edges[k], boxes->upper[at]);
        }
    }
    return e;
}

/* ln (h(z_top) - h(z_low)) of objective |k| in the box that starts at |at|. */
static double log_difference(const struct mu_ehvi *e, size_t at, size_t k) {
    double top = e->log_h[k][e->top[at + k] - 1];
    size_t low = e->low[at + k];
    return low ? top + log(fmax(-expm1(e->log_h[k][low - 1] - top), 0)) : top;
}

/* Add |weight| times the derivatives of ln sd (h(z_top) - h(z_low)). */
static void add_slopes(const struct mu_ehvi *e, size_t at, size_t k, double weight, double sd,
    double *by_mean, double *by_sd) {
    size_t top = e->top[at + k] - 1;
    size_t low = e->low[at + k];
    double whole = log_difference(e, at, k);
    double upper = exp(e->log_h[k][top] - whole) * e->slope[k][top]; /* Phi / difference */
    double lower = low ? exp(e->log_h[k][low - 1] - whole) * e->slope[k][low - 1] : 0;
    double moment = upper * e->z[k][top] - (low ? lower * e->z[k][low - 1] : 0);
    *by_mean -= weight * (upper - lower) / sd;
    *by_sd += weight * (1 - moment) / sd;
}

double mu_log_ehvi(
    const struct mu_ehvi *e, const double *mean, const double *sd, double *by_mean, double *by_sd) {
    double scale = 0;
    double highest = -HUGE_VAL;
    double sum = 0;
    for (size_t k = 0; k < e->m; k++) {
        by_mean[k] = by_sd[k] = 0;
        scale += log(sd[k]);
        for (size_t i = 0; i < e->n_edges[k]; i++) {
            e->z[k][i] = (e->edge[k][i] - mean[k]) / sd[k];
            e->log_h[k][i] = mu_log_improvement(e->z[k][i], &e->slope[k][i]);
        }
    }
    for (size_t box = 0; box < e->n; box++) {
        e->value[box] = 0;
        for (size_t k = 0; k < e->m; k++) {
            e->value[box] += log_difference(e, box * e->m, k);
        }
        highest = fmax(highest, e->value[box]);
    }
    for (size_t box = 0; box < e->n; box++) {
        e->value[box] = exp(e->value[box] - highest);
        sum += e->value[box];
    }
    for (size_t box = 0; box < e->n; box++) {
        for (size_t k = 0; k < e->m && e->value[box] > 0; k++) {
            add_slopes(e, box * e->m, k, e->value[box] / sum, sd[k], &by_mean[k], &by_sd[k]);
        }
    }
    return scale + highest + log(sum);
}
