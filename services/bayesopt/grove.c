#include "services/bayesopt/grove.h"

#include <math.h>
#include <string.h>

#include "common/model/maximize.h"
#include "common/model/tree.h"

enum { KNOWN = 200, FAILED = 50, PENDING = 64, TREES = 48, STARTS = 4 };

struct grove {
    const struct mu_frame *frame;
    struct mu_ensemble *model;
    size_t n, n_pending; /* points known, and of them (the last ones) without a value */
    double *u, *y;
    double *base, *to_base; /* the last point that was measured in all dimensions, and its squared
                               distance to each point */
    size_t *moved;          /* scratch: dimensions in which a point differs from |base| */
    enum mu_acquisition acquisition;
    double best;
};

static double square_gap(const struct grove *g, size_t j, double a, double b) {
    return g->frame->category[j] ? a != b : (a - b) * (a - b);
}

/* Make |u| the base. */
static void measure(struct grove *g, const double *u) {
    size_t d = g->frame->n;
    memcpy(g->base, u, d * sizeof *u);
    for (size_t i = 0; i < g->n; i++) {
        g->to_base[i] = 0;
        for (size_t j = 0; j < d; j++) {
            g->to_base[i] += square_gap(g, j, u[j], g->u[i * d + j]);
        }
    }
}

/* Squared distances per dimension of |u| to the nearest of all points and of the pending ones. The
 * search changes a point dimension by dimension, so the distances are those of the base but for
 * what moved since. */
static void nearest(struct grove *g, const double *u, double *all, double *pending) {
    size_t d = g->frame->n;
    size_t moved = 0;
    for (size_t j = 0; j < d; j++) {
        g->moved[moved] = j;
        moved += u[j] != g->base[j];
    }
    if (2 * moved >= d) {
        measure(g, u);
        moved = 0;
    }
    *all = *pending = HUGE_VAL;
    for (size_t i = 0; i < g->n; i++) {
        double r2 = g->to_base[i];
        for (size_t k = 0; k < moved; k++) {
            size_t j = g->moved[k];
            r2 += square_gap(g, j, u[j], g->u[i * d + j]) -
                  square_gap(g, j, g->base[j], g->u[i * d + j]);
        }
        r2 = fmax(r2, 0) / (double)d;
        *all = fmin(*all, r2);
        *pending = i < g->n - g->n_pending ? HUGE_VAL : fmin(*pending, r2);
    }
}

/* Trees know nothing of distance: a point far from all others is less certain than its leaf says
 * (and among equals the farthest wins), one beside a pending point will soon be known. */
static double worth(void *user, const double *u, double *gradient) {
    struct grove *g = user;
    double mean;
    double sd;
    double by_mean;
    double by_sd;
    double far;
    double pending;
    (void)gradient;
    mu_ensemble_predict(g->model, u, &mean, &sd);
    nearest(g, u, &far, &pending);
    sd = sqrt((sd * sd + 0.05 * 0.05 * fmin(far, 1)) * -expm1(-pending / 0.01) + 1e-12);
    return mu_acquisition_value(g->acquisition, mean, sd, g->best, &by_mean, &by_sd);
}

/* Observations, then failures at the worst observed target. Pending points follow, without a say in
 * the model. */
static size_t gather(struct grove *g, const struct evidence *e, struct mu_arena *arena) {
    size_t d = e->frame.n;
    size_t most = e->n < KNOWN ? e->n : KNOWN;
    size_t *chosen = MU_ARRAY(arena, most, size_t);
    size_t n = evidence_choose(e, most, chosen, arena);
    size_t failed = e->n_failed < FAILED ? e->n_failed : FAILED;
    g->n_pending = e->n_pending < PENDING ? e->n_pending : PENDING;
    g->u = MU_ARRAY(arena, (n + failed + g->n_pending) * d, double);
    g->y = MU_ARRAY(arena, n + failed, double);
    for (size_t i = 0; i < n; i++) {
        memcpy(g->u + i * d, e->u + chosen[i] * d, d * sizeof *g->u);
        g->y[i] = e->target[chosen[i]];
    }
    for (size_t i = 0; i < failed; i++) {
        g->y[n + i] = e->target[e->order[e->n - 1]];
    }
    memcpy(g->u + n * d, e->failed + (e->n_failed - failed) * d, failed * d * sizeof *g->u);
    memcpy(g->u + (n + failed) * d, e->pending + (e->n_pending - g->n_pending) * d,
        g->n_pending * d * sizeof *g->u);
    g->n = n + failed + g->n_pending;
    return n + failed;
}

bool grove_propose(const struct evidence *e, const struct mu_request *request, enum grove_kind kind,
    enum mu_acquisition acquisition, bool climb, uint64_t number, double *x) {
    struct mu_arena *arena = request->arena;
    struct mu_arena_mark mark = mu_arena_mark(arena);
    struct grove g = {.frame = &e->frame, .acquisition = acquisition, .best = -HUGE_VAL};
    size_t d = e->frame.n;
    size_t n_good = e->n < STARTS ? e->n : STARTS;
    struct mu_tree_data data = {
        .n = gather(&g, e, arena), .n_dims = d, .u = g.u, .y = g.y, .category = e->frame.category};
    g.model = kind == GROVE_BOOSTED
                  ? mu_boosting_fit(&data, request->seed + number, arena)
                  : mu_forest_fit(&data, kind == GROVE_EXTRA, TREES, request->seed + number, arena);
    double *good = MU_ARRAY(arena, STARTS * d, double);
    double mean;
    double sd;
    g.base = MU_ARRAY(arena, d, double);
    g.to_base = MU_ARRAY(arena, g.n, double);
    g.moved = MU_ARRAY(arena, d + 1, size_t);
    measure(&g, g.u);
    for (size_t i = 0; i < data.n; i++) {
        mu_ensemble_predict(g.model, g.u + i * d, &mean, &sd);
        g.best = fmax(g.best, mean);
    }
    for (size_t i = 0; i < n_good; i++) {
        memcpy(good + i * d, e->u + e->order[i] * d, d * sizeof *good);
    }
    struct mu_maximizer m = {.frame = &e->frame,
        .criterion = worth,
        .user = &g,
        .seen = e->seen,
        .good = good,
        .n_good = n_good,
        .climb = climb,
        .candidates = 512,
        .seed = request->seed,
        .number = number};
    bool found = mu_maximize(&m, x, arena);
    mu_arena_release(arena, mark);
    return found;
}
