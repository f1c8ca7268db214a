#include "services/bayesopt/grove.h"

#include <math.h>
#include <string.h>

#include "common/surrogate/maximize.h"
#include "common/surrogate/tree.h"

enum { KNOWN = 200, FAILED = 50, PENDING = 64, TREES = 48, STARTS = 4 };

struct grove {
    const struct mu_frame *frame;
    struct mu_ensemble *model;
    size_t n, n_pending; /* points known, and of them (the last ones) without a value */
    double *u, *y;
    enum mu_acquisition acquisition;
    double best;
};

/* Squared distance per dimension of |u| to the nearest of the points first .. last-1. */
static double nearest(const struct grove *g, const double *u, size_t first, size_t last) {
    size_t d = g->frame->n;
    double least = HUGE_VAL;
    for (size_t i = first; i < last; i++) {
        double r2 = 0;
        for (size_t j = 0; j < d; j++) {
            double gap = u[j] - g->u[i * d + j];
            r2 += g->frame->category[j] ? gap != 0 : gap * gap;
        }
        least = fmin(least, r2);
    }
    return least / (double)d;
}

/* Trees know nothing of distance: a point far from all others is less certain than its leaf says (and among equals the farthest wins), one
 * beside a pending point will soon be known. */
static double worth(void *user, const double *u, double *gradient) {
    const struct grove *g = user;
    double mean, sd, by_mean, by_sd, pending = g->n_pending ? nearest(g, u, g->n - g->n_pending, g->n) : HUGE_VAL;
    (void)gradient;
    mu_ensemble_predict(g->model, u, &mean, &sd);
    double far = fmin(nearest(g, u, 0, g->n), 1);
    sd = sqrt((sd * sd + 0.05 * 0.05 * far) * -expm1(-pending / 0.01) + 1e-12);
    return mu_acquisition_value(g->acquisition, mean, sd, g->best, &by_mean, &by_sd);
}

/* Observations, then failures at the worst observed target. Pending points follow, without a say in the model. */
static size_t gather(struct grove *g, const struct evidence *e, struct mu_arena *arena) {
    size_t d = e->frame.n, most = e->n < KNOWN ? e->n : KNOWN, *chosen = MU_ARRAY(arena, most, size_t);
    size_t n = evidence_choose(e, most, chosen, arena), failed = e->n_failed < FAILED ? e->n_failed : FAILED;
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
    memcpy(g->u + (n + failed) * d, e->pending + (e->n_pending - g->n_pending) * d, g->n_pending * d * sizeof *g->u);
    g->n = n + failed + g->n_pending;
    return n + failed;
}

bool grove_propose(const struct evidence *e, const struct mu_request *request, enum grove_kind kind, enum mu_acquisition acquisition,
                   bool climb, uint64_t number, double *x) {
    struct mu_arena *arena = request->arena;
    struct mu_arena_mark mark = mu_arena_mark(arena);
    struct grove g = {.frame = &e->frame, .acquisition = acquisition, .best = -HUGE_VAL};
    size_t d = e->frame.n, n_good = e->n < STARTS ? e->n : STARTS;
    struct mu_tree_data data = {.n = gather(&g, e, arena), .n_dims = d, .u = g.u, .y = g.y, .category = e->frame.category};
    g.model = kind == GROVE_BOOSTED ? mu_boosting_fit(&data, request->seed + number, arena)
                                    : mu_forest_fit(&data, kind == GROVE_EXTRA, TREES, request->seed + number, arena);
    double *good = MU_ARRAY(arena, STARTS * d, double), mean, sd;
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
