#include "services/enas/surrogate.h"

#include <stdlib.h>

#include "common/model/dataset.h"

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

static void measure(const void *opaque, const void *point, size_t n, size_t stride, double *z) {
    const struct store *store = opaque;
    for (size_t i = 0; i < n; i++) {
        struct mu_enas_differences d = mu_enas_differences_of(store->space, point, store->archs[i]);
        z[i] = d.operations;
        z[stride + i] = d.types;
        z[2 * stride + i] = d.skips;
    }
}

const struct mu_metric mu_enas_metric = {.store = store_of, .place = place, .measure = measure};

/* ---- the fit ---- */

/* docs/adr/0024-prior-of-decisions.md tells how the figures came about. */
static const struct mu_gp_prior PRIOR[MU_ENAS_HYPERPARAMETERS] = {
    {-0.15, 1.2}, /* ln l of D */
    {0.2, 1.2},   /* ln l of T */
    {0, 1.2},     /* ln l of S */
    {0, 2.5},     /* ln a^2 */
    {-4.6, 1.8},  /* ln n^2 */
};

enum {
    FITTED = 120, /* observations that the hyper-parameters are fitted to */
    PENDING = 32  /* architectures on their way that are taken for known */
};

/* Noise variance of a trial that was stopped early, in those of a completed one. */
static const double NOISE_OF_PARTIAL = 4;

/* At most |most| of the |n| best observations as the process takes them. */
static struct mu_gp_data data_of(
    const struct mu_enas_observations *e, size_t n, size_t most, struct mu_arena *arena) {
    size_t *chosen = MU_ARRAY(arena, n, size_t);
    struct mu_gp_data data = {.n = mu_subset(e->ranks, n, most, chosen, arena)};
    const void **points = MU_ARRAY(arena, data.n, const void *);
    double *y = MU_ARRAY(arena, data.n, double);
    double *noise = MU_ARRAY(arena, data.n, double);
    for (size_t i = 0; i < data.n; i++) {
        points[i] = &e->archs[chosen[i]];
        y[i] = e->scores[chosen[i]];
        noise[i] = e->partial[chosen[i]] ? NOISE_OF_PARTIAL : 1;
    }
    data.points = points;
    data.y = y;
    data.noise = noise;
    return data;
}

static int largest_first(const void *p, const void *q) {
    const struct mu_enas_rated *a = p;
    const struct mu_enas_rated *b = q;
    if (a->value != b->value) {
        return a->value < b->value ? 1 : -1;
    }
    return (a->arch > b->arch) - (a->arch < b->arch);
}

static void rank(
    struct mu_enas_surrogate *s, const struct mu_gp_data *data, struct mu_arena *arena) {
    s->leaders = MU_ARRAY(arena, data->n, struct mu_enas_rated);
    s->n_leaders = data->n;
    for (size_t i = 0; i < data->n; i++) {
        s->leaders[i].arch = data->points[i];
        mu_gp_means(&s->gp, data->points[i], &s->leaders[i].value);
    }
    qsort(s->leaders, data->n, sizeof *s->leaders, largest_first);
}

struct mu_enas_surrogate *mu_enas_surrogate_of(const struct mu_enas_space *space,
    const struct mu_enas_observations *observations, size_t more, struct mu_arena *arena) {
    struct mu_enas_surrogate *s = MU_NEW(arena, struct mu_enas_surrogate);
    s->model = (struct mu_gp_model){.kernel = &mu_kernel_decisions,
        .metric = &mu_enas_metric,
        .space = space,
        .n_features = MU_ENAS_FEATURES,
        .prior = PRIOR};
    /* A failure's score is no value of the function, so lengths are not learned from it. */
    size_t values = observations->n_observed ? observations->n_observed : observations->n;
    struct mu_gp_data fitted = data_of(observations, values, FITTED, arena);
    struct mu_gp_data known = data_of(observations, observations->n, MU_ENAS_MODELLED, arena);
    mu_gp_fit(&s->model, &fitted, s->theta, arena);
    size_t pending = observations->n_pending < PENDING ? observations->n_pending : PENDING;
    mu_gp_condition(&s->gp, &s->model, s->theta, &known, pending + more, 1, arena);
    rank(s, &known, arena);
    for (size_t i = 0; i < pending; i++) {
        mu_gp_believe(&s->gp, &observations->archs[observations->n + i]);
    }
    return s;
}
