#include "client/report/importance.h"

#include <stdlib.h>

enum { MOST_VALUES = 8, MOST_GROUPS = 6, LEAST_IN_GROUP = 4 };

struct point {
    double key;
    size_t index;
};

static int by_key(const void *a, const void *b) {
    const struct point *x = a;
    const struct point *y = b;
    return x->key != y->key ? (x->key > y->key) - (x->key < y->key)
                            : (x->index > y->index) - (x->index < y->index);
}

static void sort(const double *keys, size_t n, struct point *points) {
    for (size_t i = 0; i < n; i++) {
        points[i] = (struct point){keys[i], i};
    }
    qsort(points, n, sizeof *points, by_key);
}

/* Ranks from 0; equal values share their mean rank. */
static void rank(const double *values, size_t n, struct point *points, double *ranks) {
    sort(values, n, points);
    for (size_t i = 0; i < n;) {
        size_t end = i;
        while (end < n && points[end].key <= points[i].key) {
            end++;
        }
        for (size_t k = i; k < end; k++) {
            ranks[points[k].index] = ((double)i + (double)end - 1) / 2;
        }
        i = end;
    }
}

/* The group of each point in sorted order, into |group| by index; returns how many. Equal values
 * stay together. */
static size_t form_groups(const struct point *sorted, size_t n, size_t *group) {
    size_t different = 1;
    size_t groups = n / LEAST_IN_GROUP < MOST_GROUPS ? n / LEAST_IN_GROUP : MOST_GROUPS;
    size_t g = 0;
    for (size_t i = 1; i < n; i++) {
        different += sorted[i].key > sorted[i - 1].key;
    }
    size_t begun = 0;
    for (size_t i = 0; i < n; i++) {
        int changed = i > 0 && sorted[i].key > sorted[i - 1].key;
        int full = different <= MOST_VALUES || (i - begun) * (groups ? groups : 1) >= n;
        if (changed && full) {
            g++;
            begun = i;
        }
        group[sorted[i].index] = g;
    }
    return g + 1;
}

static double epsilon_squared(
    const double *ranks, const size_t *group, size_t n, size_t k, double *sums, double *counts) {
    double mean = ((double)n - 1) / 2;
    double total = 0;
    double between = 0;
    for (size_t i = 0; i < n; i++) {
        total += (ranks[i] - mean) * (ranks[i] - mean);
        sums[group[i]] += ranks[i] - mean;
        counts[group[i]] += 1;
    }
    for (size_t g = 0; g < k; g++) {
        between += sums[g] * sums[g] / counts[g];
    }
    if (total <= 0 || k < 2 || n <= k) {
        return 0;
    }
    double share = (between - (double)(k - 1) * (total - between) / (double)(n - k)) / total;
    return share > 0 ? share : 0;
}

double cl_importance(const double *values, const double *objective, size_t n) {
    if (n < 3) {
        return 0;
    }
    struct point *points = calloc(n, sizeof *points);
    double *ranks = calloc(3 * n, sizeof *ranks);
    size_t *group = calloc(n, sizeof *group);
    double share = 0;
    if (points && ranks && group) {
        rank(objective, n, points, ranks);
        sort(values, n, points);
        size_t k = form_groups(points, n, group);
        share = epsilon_squared(ranks, group, n, k, ranks + n, ranks + 2 * n);
    }
    free(points);
    free(ranks);
    free(group);
    return share;
}
