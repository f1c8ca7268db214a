/* Regression trees, and the three models made of them: random forest, extra trees, boosted
 * quantiles.
 *
 * Points are dimensions of a frame: a node sends a point left when its coordinate is below a
 * threshold, or when its category is in a set.
 */
#ifndef MUSHIR_MODEL_TREE_H
#define MUSHIR_MODEL_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/num/stream.h"

struct mu_tree_data {
    size_t n, n_dims;
    const double *u;      /* n x n_dims, row-major */
    const double *y;      /* n targets */
    const bool *category; /* per dimension */
};

struct mu_tree_options {
    size_t leaf;     /* samples in a leaf at least */
    size_t features; /* dimensions looked at per split, drawn without replacement */
    int depth;       /* splits from root to leaf at most */
    bool random;     /* one random threshold per dimension instead of the best (Geurts, Ernst and
                        Wehenkel 2006) */
};

struct mu_tree_node {
    size_t dim, left, right; /* left == 0: a leaf */
    double threshold;        /* ordered dimensions */
    uint64_t set;            /* categories: bit (index mod 64) */
    bool category;
    double mean, variance; /* of the node's samples; variance is the population's */
    size_t n;
};

struct mu_tree {
    struct mu_tree_node *nodes;
    size_t n;
    size_t *leaf_of; /* per entry of |samples| handed to mu_tree_grow */
};

/* Grow a tree on the rows |samples| (n_samples indices, repeats allowed) by variance reduction
 * (Breiman et al., CART, 1984). Categories are ordered by their mean response in the node, which
 * finds the best set (Fisher 1958). The best threshold is drawn uniformly between its two
 * neighbours, a random one between the node's least and largest value. */
struct mu_tree *mu_tree_grow(const struct mu_tree_data *data, const struct mu_tree_options *options,
    const size_t *samples, size_t n_samples, struct mu_stream *stream, struct mu_arena *arena);

/* The leaf that |u| falls into. */
const struct mu_tree_node *mu_tree_leaf(const struct mu_tree *tree, const double *u);

struct mu_ensemble;

/* Random forest: bootstrap, 5/6 of the dimensions per split. Extra trees: all samples, random
 * thresholds. |n| >= 1. */
struct mu_ensemble *mu_forest_fit(const struct mu_tree_data *data, bool extra, size_t trees,
    uint64_t seed, struct mu_arena *arena);

/* Gradient boosting of the quantiles 0.16, 0.5 and 0.84 by pinball loss (Friedman 2001): 30 trees
 * of depth 3 each, rate 0.1. */
struct mu_ensemble *mu_boosting_fit(
    const struct mu_tree_data *data, uint64_t seed, struct mu_arena *arena);

/* Mean and standard deviation at |u|. Forests: total variance of the trees' leaves (Hutter et al.
 * 2014, section 4.3.2). Boosting: the median and half the distance of the outer quantiles, sorted
 * so that they do not cross. */
void mu_ensemble_predict(
    const struct mu_ensemble *ensemble, const double *u, double *mean, double *sd);

#endif
