#include "services/enas/surrogate.h"

#include <stdlib.h>
#include <string.h>

/* ---- the metric ---- */

struct store {
    const struct mu_enas_space *space;
    const struct mu_enas_arch **archs;
};

static void *store_of(const void *space, size_t capacity, struct mu_arena *arena) {
    struct store *store = MU_NEW(arena, struct store);
    *store = (struct store){space, MU_ARRAY(arena, capacity, const struct mu_enas_arch *)};
    return store;
}

static void place(void *store, size_t i, const void *point) {
    ((struct store *)store)->archs[i] = point;
}

static double differing_skips(
    const struct mu_enas_space *space, const struct mu_enas_arch *a, const struct mu_enas_arch *b) {
    int n = 0;
    for (size_t w = 0; w < space->words; w++) {
        n += __builtin_popcountll(a->skips[w] ^ b->skips[w]);
    }
    return space->skips ? (double)n / (double)space->skips : 0;
}

static void measure(const void *opaque, const void *point, size_t n, size_t stride, double *z) {
    const struct store *store = opaque;
    const struct mu_enas_space *space = store->space;
    const struct mu_enas_table *table = &space->table;
    const struct mu_enas_arch *a = point;
    const double layer = 1 / (double)space->layers;
    for (size_t i = 0; i < n; i++) {
        const struct mu_enas_arch *b = store->archs[i];
        double distance = 0;
        double types = 0;
        for (size_t l = 0; l < space->layers; l++) {
            distance += mu_enas_table_distance(table, a->ops[l], b->ops[l]);
            types += table->family[a->ops[l]] != table->family[b->ops[l]];
        }
        z[i] = layer * distance;
        z[stride + i] = layer * types;
        z[2 * stride + i] = differing_skips(space, a, b);
    }
}

const struct mu_metric mu_enas_metric = {.store = store_of, .place = place, .measure = measure};

/* ---- the fit ---- */

/* docs/adr/0024-prior-of-decisions.md tells how the figures came about. */
static const struct mu_gp_prior PRIOR[MU_ENAS_HYPERPARAMETERS] = {
    {.mean = -0.15, .sd = 1.2, .start = -0.15, .low = -2.5, .high = 3.5}, /* ln l of D */
    {.mean = 0.2, .sd = 1.2, .start = 0.2, .low = -2.5, .high = 3.5},     /* ln l of T */
    {.mean = 0, .sd = 1.2, .start = 0, .low = -2.5, .high = 3.5},         /* ln l of S */
    {.mean = 0, .sd = 2.5, .start = 0, .low = -5, .high = 8},             /* ln a^2 */
    {.mean = -4.6, .sd = 1.8, .start = -4, .low = -11, .high = 1},        /* ln n^2 */
};

static const struct mu_gp_effort EFFORT = {.iterations = 25, .gradient = 0.05, .decrease = 1e-5};

enum {
    FITTED = 120, /* observations that the hyper-parameters are fitted to */
    PENDING = 32  /* architectures on their way that are taken for known */
};

/* Noise variance of a trial that was stopped early, in those of a completed one. */
static const double NOISE_OF_PARTIAL = 4;

/* Something with a score, by its number. */
struct ranked {
    double score;
    size_t at;
};

static int best_first(const void *p, const void *q) {
    const struct ranked *a = p;
    const struct ranked *b = q;
    return a->score != b->score ? (a->score < b->score ? 1 : -1)
                                : (a->at > b->at) - (a->at < b->at);
}

static int by_at(const void *p, const void *q) {
    size_t a = ((const struct ranked *)p)->at;
    size_t b = ((const struct ranked *)q)->at;
    return (a > b) - (a < b);
}

/* Choose |most| of the evidence: the better half by score, the rest by how late they came.
 * Ascending indices into |chosen|. */
static size_t choose(
    const struct mu_enas_evidence *e, size_t most, size_t *chosen, struct mu_arena *arena) {
    struct ranked *r = MU_ARRAY(arena, e->n, struct ranked);
    for (size_t i = 0; i < e->n; i++) {
        r[i] = (struct ranked){e->scores[i], i};
    }
    size_t n = e->n < most ? e->n : most;
    size_t best = n / 2;
    if (e->n > most) {
        qsort(r, e->n, sizeof *r, best_first);
        qsort(r + best, e->n - best, sizeof *r, by_at);
        memmove(r + best, r + e->n - (n - best), (n - best) * sizeof *r);
        qsort(r, n, sizeof *r, by_at);
    }
    for (size_t i = 0; i < n; i++) {
        chosen[i] = r[i].at;
    }
    return n;
}

/* At most |most| observations as the process takes them. */
static struct mu_gp_data data_of(
    const struct mu_enas_evidence *e, size_t most, struct mu_arena *arena) {
    size_t *chosen = MU_ARRAY(arena, e->n, size_t);
    size_t n = choose(e, most, chosen, arena);
    const void **points = MU_ARRAY(arena, n, const void *);
    double *y = MU_ARRAY(arena, n, double);
    double *noise = MU_ARRAY(arena, n, double);
    for (size_t i = 0; i < n; i++) {
        points[i] = &e->archs[chosen[i]];
        y[i] = e->scores[chosen[i]];
        noise[i] = e->partial[chosen[i]] ? NOISE_OF_PARTIAL : 1;
    }
    return (struct mu_gp_data){.n = n, .points = points, .y = y, .noise = noise};
}

static int larger_mean_first(const void *p, const void *q) {
    const struct mu_enas_leader *a = p;
    const struct mu_enas_leader *b = q;
    if (a->mean != b->mean) {
        return a->mean < b->mean ? 1 : -1;
    }
    return (a->arch > b->arch) - (a->arch < b->arch);
}

static void rank(
    struct mu_enas_surrogate *s, const struct mu_gp_data *data, struct mu_arena *arena) {
    s->leaders = MU_ARRAY(arena, data->n, struct mu_enas_leader);
    s->n_leaders = data->n;
    for (size_t i = 0; i < data->n; i++) {
        s->leaders[i].arch = data->points[i];
        mu_gp_means(&s->gp, data->points[i], &s->leaders[i].mean);
    }
    qsort(s->leaders, data->n, sizeof *s->leaders, larger_mean_first);
}

struct mu_enas_surrogate *mu_enas_surrogate_of(const struct mu_enas_space *space,
    const struct mu_enas_evidence *evidence, size_t more, struct mu_arena *arena) {
    struct mu_enas_surrogate *s = MU_NEW(arena, struct mu_enas_surrogate);
    s->model = (struct mu_gp_model){.kernel = &mu_kernel_decisions,
        .metric = &mu_enas_metric,
        .space = space,
        .n_features = MU_ENAS_FEATURES,
        .prior = PRIOR,
        .jitter = 1e-4};
    struct mu_gp_data fitted = data_of(evidence, FITTED, arena);
    struct mu_gp_data known = data_of(evidence, MU_ENAS_MODELLED, arena);
    mu_gp_fit(&s->model, &fitted, &EFFORT, s->theta, arena);
    size_t pending = evidence->n_pending < PENDING ? evidence->n_pending : PENDING;
    mu_gp_condition(&s->gp, &s->model, s->theta, &known, pending + more, 1, arena);
    rank(s, &known, arena);
    for (size_t i = 0; i < pending; i++) {
        mu_gp_believe(&s->gp, &evidence->archs[evidence->n + i]);
    }
    return s;
}
