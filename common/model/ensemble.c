/* Forests and boosting: many trees, one prediction. */
#include <math.h>

#include "common/model/tree.h"
#include "common/num/moments.h"
#include "common/num/sort.h"

enum {
    QUANTILES = 3,
    ROUNDS = 30,
    MOST_FEATURES = 48 /* looked at per split, however many dimensions there are */
};
static const double LEVELS[QUANTILES] = {0.16, 0.5, 0.84}, RATE = 0.1;

struct mu_ensemble {
    struct mu_tree **trees;
    size_t n;
    bool boosted;
    double base[QUANTILES]; /* boosting: where each quantile starts */
    double floor;           /* forests: least variance of a leaf */
};

static size_t features(size_t n) {
    return n < MOST_FEATURES ? n : MOST_FEATURES;
}

struct mu_ensemble *mu_forest_fit(const struct mu_tree_data *data, bool extra, size_t trees,
    uint64_t seed, struct mu_arena *arena) {
    struct mu_ensemble *e = MU_NEW(arena, struct mu_ensemble);
    struct mu_tree_options options = {.leaf = data->n < 30 ? 1 : 3,
        .features = features((5 * data->n_dims + 5) / 6),
        .depth = (int)data->n,
        .random = extra};
    size_t *samples = MU_ARRAY(arena, data->n, size_t);
    e->trees = MU_ARRAY(arena, trees, struct mu_tree *);
    e->n = trees;
    e->floor = fmax(1e-4 * mu_variance(data->y, data->n), 1e-12);
    for (size_t t = 0; t < trees; t++) {
        struct mu_stream stream;
        mu_stream_init(&stream, seed, t, "tree");
        for (size_t i = 0; i < data->n; i++) {
            samples[i] = extra ? i : (size_t)mu_uniform_below(&stream, data->n);
        }
        e->trees[t] = mu_tree_grow(data, &options, samples, data->n, &stream, arena);
    }
    return e;
}

/* The quantile of |n| numbers, which are sorted in place; linear between order statistics. */
static double quantile(double *values, size_t n, double level) {
    mu_sort(values, n);
    double at = level * (double)(n - 1);
    size_t low = (size_t)at;
    size_t high = low + 1 < n ? low + 1 : low;
    return values[low] + (at - (double)low) * (values[high] - values[low]);
}

/* Leaves predict the quantile of the residuals of their samples; |fitted| moves there by RATE. */
static void settle_leaves(struct mu_tree *tree, const struct mu_tree_data *data, double level,
    double *fitted, double *scratch) {
    for (size_t leaf = 0; leaf < tree->n; leaf++) {
        size_t n = 0;
        for (size_t i = 0; i < data->n && !tree->nodes[leaf].left; i++) {
            if (tree->leaf_of[i] == leaf) {
                scratch[n++] = data->y[i] - fitted[i];
            }
        }
        tree->nodes[leaf].mean = n ? quantile(scratch, n, level) : 0;
    }
    for (size_t i = 0; i < data->n; i++) {
        fitted[i] += RATE * tree->nodes[tree->leaf_of[i]].mean;
    }
}

struct mu_ensemble *mu_boosting_fit(
    const struct mu_tree_data *data, uint64_t seed, struct mu_arena *arena) {
    struct mu_ensemble *e = MU_NEW(arena, struct mu_ensemble);
    size_t n = data->n;
    size_t *samples = MU_ARRAY(arena, n, size_t);
    double *fitted = MU_ARRAY(arena, n, double);
    double *gradient = MU_ARRAY(arena, n, double);
    double *scratch = MU_ARRAY(arena, n, double);
    struct mu_tree_data slopes = *data;
    struct mu_tree_options options = {.leaf = 1, .features = features(data->n_dims), .depth = 3};
    slopes.y = gradient;
    *e = (struct mu_ensemble){.trees = MU_ARRAY(arena, QUANTILES * ROUNDS, struct mu_tree *),
        .n = QUANTILES * ROUNDS,
        .boosted = true};
    for (size_t q = 0; q < QUANTILES; q++) {
        for (size_t i = 0; i < n; i++) {
            samples[i] = i;
            scratch[i] = data->y[i];
        }
        e->base[q] = quantile(scratch, n, LEVELS[q]);
        for (size_t i = 0; i < n; i++) {
            fitted[i] = e->base[q];
        }
        for (size_t round = 0; round < ROUNDS; round++) {
            struct mu_stream stream;
            mu_stream_init(&stream, seed, q * ROUNDS + round, "tree");
            for (size_t i = 0; i < n; i++) {
                gradient[i] = data->y[i] > fitted[i] ? LEVELS[q] : LEVELS[q] - 1;
            }
            struct mu_tree *tree = mu_tree_grow(&slopes, &options, samples, n, &stream, arena);
            settle_leaves(tree, data, LEVELS[q], fitted, scratch);
            e->trees[q * ROUNDS + round] = tree;
        }
    }
    return e;
}

static void predict_boosted(
    const struct mu_ensemble *e, const double *u, double *mean, double *sd) {
    double at[QUANTILES];
    for (size_t q = 0; q < QUANTILES; q++) {
        at[q] = e->base[q];
        for (size_t round = 0; round < ROUNDS; round++) {
            at[q] += RATE * mu_tree_leaf(e->trees[q * ROUNDS + round], u)->mean;
        }
    }
    mu_sort(at, QUANTILES);
    *mean = at[1];
    *sd = (at[2] - at[0]) / 2;
}

void mu_ensemble_predict(const struct mu_ensemble *e, const double *u, double *mean, double *sd) {
    if (e->boosted) {
        predict_boosted(e, u, mean, sd);
        return;
    }
    double first = 0;
    double within = 0;
    double square = 0;
    for (size_t t = 0; t < e->n; t++) {
        const struct mu_tree_node *leaf = mu_tree_leaf(e->trees[t], u);
        double gap = leaf->mean - first;
        first += gap / (double)(t + 1);
        square += gap * (leaf->mean - first);
        within += fmax(leaf->variance, e->floor);
    }
    *mean = first;
    *sd = sqrt((within + square) / (double)e->n);
}
