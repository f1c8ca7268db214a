#include "common/model/tree.h"

#include <math.h>
#include <string.h>

/* Levels of a category that a split tells apart: more share bits of its set. */
enum { LEVELS = 64 };
static const double LEAST_GAIN = 1e-12; /* of a split */

struct pair {
    double at, y;
    size_t index; /* of the category */
};

struct grower {
    const struct mu_tree_data *data;
    const struct mu_tree_options *options;
    struct mu_stream *stream;
    struct mu_tree *tree;
    size_t *samples,
        *slots; /* rows, and their places in the caller's list; both permuted in step */
    size_t *dims;
    struct pair *pairs;
};

struct split {
    double gain, threshold;
    size_t dim;
    uint64_t set;
    bool category;
};

/* Shell sort by |at|, then y: small arrays, total order. */
static void sort_pairs(struct pair *p, size_t n) {
    for (size_t gap = n / 2; gap > 0; gap = gap == 2 ? 1 : gap * 5 / 11) {
        for (size_t i = gap; i < n; i++) {
            struct pair moving = p[i];
            size_t j = i;
            for (; j >= gap && (p[j - gap].at > moving.at ||
                                   (p[j - gap].at == moving.at && p[j - gap].y > moving.y));
                 j -= gap) {
                p[j] = p[j - gap];
            }
            p[j] = moving;
        }
    }
}

/* Replace categories by the rank of their mean response in the node. */
static void rank_categories(struct pair *pairs, size_t n) {
    double mean[LEVELS] = {0};
    double count[LEVELS] = {0};
    double rank[LEVELS] = {0};
    size_t present[LEVELS];
    size_t n_present = 0;
    for (size_t i = 0; i < n; i++) {
        mean[pairs[i].index] += pairs[i].y;
        count[pairs[i].index] += 1;
    }
    for (size_t c = 0; c < LEVELS; c++) {
        if (count[c] > 0) {
            mean[c] /= count[c];
            present[n_present++] = c;
        }
    }
    for (size_t i = 0; i < n_present; i++) {
        for (size_t j = 0; j < n_present; j++) {
            double gap = mean[present[j]] - mean[present[i]];
            rank[present[i]] += gap < 0 || (gap == 0 && j < i);
        }
    }
    for (size_t i = 0; i < n; i++) {
        pairs[i].at = rank[pairs[i].index];
    }
}

static void load_pairs(struct grower *g, size_t dim, size_t first, size_t n) {
    const struct mu_tree_data *data = g->data;
    for (size_t i = 0; i < n; i++) {
        size_t row = g->samples[first + i];
        double at = data->u[row * data->n_dims + dim];
        g->pairs[i] = (struct pair){
            .at = at, .y = data->y[row], .index = data->category[dim] ? (size_t)at % LEVELS : 0};
    }
    if (data->category[dim]) {
        rank_categories(g->pairs, n);
    }
}

/* Variance reduction, times n, of the first |left| sorted pairs with sum |sum| against the rest. */
static double gain_of(double sum, double total, size_t left, size_t n) {
    double right = (double)(n - left);
    double rest = total - sum;
    return sum * sum / (double)left + rest * rest / right - total * total / (double)n;
}

static void finish_split(
    struct grower *g, struct split *best, size_t dim, size_t left, double gain, double threshold) {
    *best = (struct split){.gain = gain, .dim = dim, .category = g->data->category[dim]};
    best->threshold = threshold > g->pairs[left - 1].at ? threshold : g->pairs[left].at;
    for (size_t i = 0; i < left && best->category; i++) {
        best->set |= 1ull << g->pairs[i].index;
    }
}

static void try_dimension(
    struct grower *g, size_t dim, size_t first, size_t n, struct split *best) {
    load_pairs(g, dim, first, n);
    sort_pairs(g->pairs, n);
    double position = mu_uniform(g->stream);
    double total = 0;
    double sum = 0;
    double cut = g->pairs[0].at + position * (g->pairs[n - 1].at - g->pairs[0].at);
    for (size_t i = 0; i < n; i++) {
        total += g->pairs[i].y;
    }
    for (size_t left = 1; left < n; left++) {
        sum += g->pairs[left - 1].y;
        bool edge = g->pairs[left].at > g->pairs[left - 1].at,
             drawn = g->pairs[left - 1].at <= cut && g->pairs[left].at > cut;
        if (!edge || (g->options->random && !drawn) || left < g->options->leaf ||
            n - left < g->options->leaf) {
            continue;
        }
        double gain = gain_of(sum, total, left, n);
        if (gain > best->gain) {
            double low = g->pairs[left - 1].at;
            double high = g->pairs[left].at;
            finish_split(
                g, best, dim, left, gain, g->options->random ? cut : low + (high - low) * position);
        }
    }
}

static bool goes_left(const struct mu_tree_node *node, const double *u) {
    double at = u[node->dim];
    return node->category ? node->set >> ((size_t)at % LEVELS) & 1 : at < node->threshold;
}

static struct split best_split(struct grower *g, size_t first, size_t n) {
    struct split best = {.gain = LEAST_GAIN};
    size_t d = g->data->n_dims;
    size_t looked = 0;
    for (size_t i = 0; i < d && (looked < g->options->features || best.gain <= LEAST_GAIN);
         i++, looked++) {
        size_t other = i + (size_t)mu_uniform_below(g->stream, d - i);
        size_t dim = g->dims[other];
        g->dims[other] = g->dims[i];
        g->dims[i] = dim;
        try_dimension(g, dim, first, n, &best);
    }
    return best;
}

static size_t partition(struct grower *g, const struct mu_tree_node *node, size_t first, size_t n) {
    size_t left = first;
    for (size_t i = first; i < first + n; i++) {
        size_t row = g->samples[i];
        size_t slot = g->slots[i];
        if (goes_left(node, g->data->u + row * g->data->n_dims)) {
            g->samples[i] = g->samples[left], g->slots[i] = g->slots[left];
            g->samples[left] = row, g->slots[left] = slot;
            left++;
        }
    }
    return left - first;
}

static void describe(struct grower *g, struct mu_tree_node *node, size_t first, size_t n) {
    double square = 0;
    *node = (struct mu_tree_node){.n = n};
    for (size_t i = first; i < first + n; i++) {
        node->mean += g->data->y[g->samples[i]] / (double)n;
    }
    for (size_t i = first; i < first + n; i++) {
        double gap = g->data->y[g->samples[i]] - node->mean;
        square += gap * gap;
    }
    node->variance = square / (double)n;
}

/* Recursion depth is at most the number of samples, which callers cap. */
static size_t grow(struct grower *g, size_t first, size_t n, int depth) {
    size_t at = g->tree->n++;
    struct mu_tree_node *node = &g->tree->nodes[at];
    describe(g, node, first, n);
    struct split split = {0};
    if (depth > 0 && n >= 2 * g->options->leaf && n >= 2 && node->variance > 0) {
        split = best_split(g, first, n);
    }
    if (split.gain > LEAST_GAIN) {
        node->dim = split.dim, node->threshold = split.threshold, node->set = split.set,
        node->category = split.category;
        size_t left = partition(g, node, first, n);
        if (left > 0 && left < n) {
            node->left = grow(g, first, left, depth - 1);
            node->right = grow(g, first + left, n - left, depth - 1);
            return at;
        }
    }
    for (size_t i = first; i < first + n; i++) {
        g->tree->leaf_of[g->slots[i]] = at;
    }
    return at;
}

struct mu_tree *mu_tree_grow(const struct mu_tree_data *data, const struct mu_tree_options *options,
    const size_t *samples, size_t n_samples, struct mu_stream *stream, struct mu_arena *arena) {
    struct mu_tree *tree = MU_NEW(arena, struct mu_tree);
    tree->nodes = MU_ARRAY(arena, 2 * n_samples, struct mu_tree_node);
    tree->leaf_of = MU_ARRAY(arena, n_samples, size_t);
    struct mu_arena_mark mark = mu_arena_mark(arena);
    struct grower g = {.data = data, .options = options, .stream = stream, .tree = tree};
    g.samples = MU_ARRAY(arena, n_samples, size_t);
    g.slots = MU_ARRAY(arena, n_samples, size_t);
    g.dims = MU_ARRAY(arena, data->n_dims, size_t);
    g.pairs = MU_ARRAY(arena, n_samples, struct pair);
    memcpy(g.samples, samples, n_samples * sizeof *samples);
    for (size_t i = 0; i < n_samples; i++) {
        g.slots[i] = i;
    }
    for (size_t j = 0; j < data->n_dims; j++) {
        g.dims[j] = j;
    }
    grow(&g, 0, n_samples, options->depth);
    mu_arena_release(arena, mark);
    return tree;
}

const struct mu_tree_node *mu_tree_leaf(const struct mu_tree *tree, const double *u) {
    const struct mu_tree_node *node = tree->nodes;
    while (node->left) {
        node = &tree->nodes[goes_left(node, u) ? node->left : node->right];
    }
    return node;
}
