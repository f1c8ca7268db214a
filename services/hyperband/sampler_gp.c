/* The default sampler: the point of largest expected improvement, at the full resource, of a
 * Gaussian process over assignment and resource. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/model/acquisition.h"
#include "common/model/gp.h"
#include "common/model/targets.h"
#include "services/hyperband/sampler.h"

enum {
    POINTS = 160,     /* results that the model is fitted to */
    BELIEVED = 160,   /* pending points that it keeps away from */
    PARAMETERS = 64,  /* with more the model stays silent */
    FEWEST = 4,       /* results before it speaks */
    PROPOSALS = 96,   /* made by it in one request; the rest are drawn at random */
    CANDIDATES = 384, /* drawn from the declared distributions */
    BEST = 4,         /* configurations of the best prediction .. */
    NEIGHBOURS = 32,  /* .. around each of which so many are tried */
    ROUNDS = 4,       /* of refinement around the best candidate .. */
    REFINEMENTS = 24  /* .. of so many each */
};

/* One result. */
struct datum {
    const struct mu_run *run;
    double t, y;
};

struct gp {
    const struct mu_hunt *hunt;
    bool ready;
    struct mu_dimensions dimensions; /* the parameters, then the position on the ladder */
    struct mu_gp_model model;
    struct mu_gp process; /* of losses */
    size_t proposals;
    double incumbent;    /* best prediction at the full resource among the known configurations */
    double *anchors;     /* unit coordinates of the BEST */
    double scores[BEST]; /* their predictions */
    size_t n_anchors;
};

/* The search for one point. */
struct search {
    struct gp *gp;
    double *x, *u, *best_x,
        *best_u; /* the candidate and the best so far, as coordinates and in units */
    double best;
    bool found;
};

/* Unit coordinates of |x|, then the position |t| on the ladder. */
static void to_unit(const struct mu_space *space, const double *x, double t, double *u) {
    for (size_t j = 0; j < space->n; j++) {
        u[j] = mu_parameter_unit(&space->parameters[j], x[j]);
    }
    u[space->n] = t;
}

/* ---- data ---- */

/* The highest rung first, then the best, failures last. */
static int compare_data(const void *pa, const void *pb) {
    const struct datum *a = pa;
    const struct datum *b = pb;
    if (a->t != b->t) {
        return a->t > b->t ? -1 : 1;
    }
    if (a->y != b->y) {
        return a->y < b->y ? -1 : 1;
    }
    return (a->run > b->run) - (a->run < b->run);
}

static int compare_losses(const void *pa, const void *pb) {
    const double *a = pa;
    const double *b = pb;
    return (*a > *b) - (*a < *b);
}

/* All finished runs; failures have an infinite loss for now. Returns their number; |scale| is the
 * largest magnitude of a loss. */
static size_t collect(const struct mu_hunt *hunt, struct datum *data, double *scale) {
    size_t n = 0;
    *scale = 0;
    for (size_t i = 0; i < hunt->brackets.n_runs; i++) {
        const struct mu_run *run = &hunt->brackets.runs[i];
        if (run->trial->state == MU_PENDING) {
            continue;
        }
        bool done = run->trial->state == MU_DONE;
        *scale = done ? fmax(*scale, fabs(run->trial->loss)) : *scale;
        data[n++] = (struct datum){run, mu_ladder_position(&hunt->ladder, run->resource),
            done ? run->trial->loss : HUGE_VAL};
    }
    return n;
}

/* Median and spread of the |n| losses: the interquartile range, or the whole range when half of
 * them are equal. */
static void measure(double *losses, size_t n, double *median, double *spread) {
    qsort(losses, n, sizeof *losses, compare_losses);
    *median = losses[n / 2];
    *spread = losses[n * 3 / 4] - losses[n / 4];
    if (*spread <= 0) {
        *spread = losses[n - 1] - losses[0];
    }
}

/* Losses become asinh((loss - median) / spread), standardised: outliers are drawn in, the middle
 * keeps its shape. Failures count as the worst result. Returns the number of results; nothing is
 * changed when there are none. */
static size_t compress(struct datum *data, size_t n, double scale, struct mu_arena *arena) {
    double *losses = MU_ARRAY(arena, n + 1, double);
    double median;
    double spread;
    double worst = -INFINITY;
    size_t n_done = 0;
    for (size_t i = 0; i < n; i++) {
        data[i].y = scale > 0 ? data[i].y / scale
                              : data[i].y; /* so that differences of huge losses are finite */
        if (isfinite(data[i].y)) {
            losses[n_done++] = data[i].y;
        }
    }
    if (n_done == 0) {
        return 0;
    }
    measure(losses, n_done, &median, &spread);
    for (size_t i = 0; i < n; i++) {
        if (isfinite(data[i].y)) {
            data[i].y = spread > 0 ? asinh((data[i].y - median) / spread) : 0;
            worst = fmax(worst, data[i].y);
        }
    }
    for (size_t i = 0; i < n; i++) {
        losses[i] = fmin(data[i].y, worst);
    }
    mu_standardise(losses, n);
    for (size_t i = 0; i < n; i++) {
        data[i].y = losses[i];
    }
    return n_done;
}

/* Keep at most POINTS of the sorted |data|: every rung, from the highest down, gets an equal share
 * of what is left, half of it its best and half spread over the others. */
static size_t select_points(struct datum *data, size_t n) {
    size_t kept = 0;
    size_t rungs = 1;
    for (size_t i = 1; i < n; i++) {
        rungs += data[i].t != data[i - 1].t;
    }
    if (n <= POINTS) {
        return n;
    }
    for (size_t i = 0, end; i < n && kept < POINTS; i = end, rungs--) {
        for (end = i + 1; end < n && data[end].t == data[i].t;) {
            end++;
        }
        size_t share = (POINTS - kept + rungs - 1) / rungs;
        size_t count = end - i;
        share = share < count ? share : count;
        size_t best = share == count ? share : share / 2;
        size_t others = share - best;
        for (size_t j = 0; j < best; j++) {
            data[kept++] = data[i + j];
        }
        for (size_t j = 0; j < others; j++) {
            data[kept++] = data[i + best + (j * (count - best) + (count - best) / 2) / others];
        }
    }
    return kept;
}

/* ---- model ---- */

/* Keep |u| among the anchors when its predicted |score| is among the best; known points are
 * skipped. */
static void rank(struct gp *gp, const double *u, double score) {
    size_t d = gp->hunt->space.n;
    size_t at = gp->n_anchors;
    for (size_t k = 0; k < gp->n_anchors; k++) {
        if (memcmp(gp->anchors + k * d, u, d * sizeof *u) == 0) {
            return;
        }
    }
    while (at > 0 && gp->scores[at - 1] > score) {
        at--;
    }
    if (at == BEST) {
        return;
    }
    gp->n_anchors += gp->n_anchors < BEST;
    for (size_t k = gp->n_anchors - 1; k > at; k--) {
        gp->scores[k] = gp->scores[k - 1];
        memcpy(gp->anchors + k * d, gp->anchors + (k - 1) * d, d * sizeof *u);
    }
    gp->scores[at] = score;
    memcpy(gp->anchors + at * d, u, d * sizeof *u);
}

/* Lengths of the parameters, that of the position, amplitude, noise. */
static const struct mu_gp_prior *priors(size_t d, struct mu_arena *arena) {
    static const struct mu_gp_prior LENGTH = {-0.7, 0.7, -0.7, -5, 5};
    static const struct mu_gp_prior LAST[] = {
        {0, 0.7, 0, -5, 5}, {0, 1, 0, -5, 5}, {-5, 1.4, -4, -14, 5}};
    struct mu_gp_prior *prior = MU_ARRAY(arena, d + 3, struct mu_gp_prior);
    for (size_t j = 0; j < d; j++) {
        prior[j] = LENGTH;
    }
    memcpy(prior + d, LAST, sizeof LAST);
    return prior;
}

static void define(struct gp *gp) {
    const struct mu_space *space = &gp->hunt->space;
    struct mu_arena *arena = gp->hunt->request->arena;
    bool *category = MU_ARRAY(arena, space->n + 1, bool);
    for (size_t j = 0; j < space->n; j++) {
        category[j] = !space->parameters[j].ordered;
    }
    gp->dimensions = (struct mu_dimensions){.n = space->n + 1, .category = category};
    gp->model = (struct mu_gp_model){.kernel = &mu_kernel_resource,
        .metric = &mu_metric_dimensions,
        .space = &gp->dimensions,
        .n_features = space->n + 1,
        .prior = priors(space->n, arena),
        .jitter = 1e-4};
}

static void fit(struct gp *gp, const struct datum *data, size_t n) {
    const struct mu_space *space = &gp->hunt->space;
    struct mu_arena *arena = gp->hunt->request->arena;
    size_t width = space->n + 1;
    double *u = MU_ARRAY(arena, n * width, double);
    double *y = MU_ARRAY(arena, n, double);
    const void **points = MU_ARRAY(arena, n, const void *);
    double *theta = MU_ARRAY(arena, width + 2, double);
    for (size_t i = 0; i < n; i++) {
        points[i] = u + i * width;
        to_unit(space, data[i].run->x, data[i].t, u + i * width);
        y[i] = data[i].y;
    }
    struct mu_gp_data observed = {.n = n, .points = points, .y = y};
    struct mu_gp_effort effort = {.iterations = 25, .gradient = 0.05, .decrease = 1e-5};
    define(gp);
    mu_gp_fit(&gp->model, &observed, &effort, theta, arena);
    mu_gp_condition(&gp->process, &gp->model, theta, &observed, BELIEVED, 1, arena);
    gp->ready = true;
    gp->incumbent = INFINITY;
    gp->anchors = MU_ARRAY(arena, BEST * space->n, double);
    for (size_t i = 0; i < n; i++) {
        double mean;
        u[i * width + space->n] = 1;
        mu_gp_means(&gp->process, points[i], &mean);
        gp->incumbent = fmin(gp->incumbent, mean);
        rank(gp, u + i * width, mean);
    }
}

/* A configuration on its way is taken for known at the full resource, where it will be if it is
 * good: proposals move elsewhere. (Taking it for known only at its own rung let whole batches fall
 * on one spot, and cost a factor of two in regret.) */
static void pending(void *self, const double *x) {
    struct gp *gp = self;
    if (gp->ready) {
        struct mu_arena *arena = gp->hunt->request->arena;
        double *u = MU_ARRAY(arena, gp->hunt->space.n + 1, double);
        to_unit(&gp->hunt->space, x, 1, u);
        mu_gp_believe(&gp->process, u);
    }
}

/* ---- proposal ---- */

static void consider(struct search *search) {
    const struct mu_hunt *hunt = search->gp->hunt;
    size_t size = hunt->space.n * sizeof(double);
    double mean;
    double sd;
    if (mu_seen_has(hunt->seen, search->x)) {
        return;
    }
    to_unit(&hunt->space, search->x, 1, search->u);
    sd = mu_gp_predict(&search->gp->process, search->u, &mean);
    double ignored;
    double value = mu_acquisition_value(
        MU_LOG_EI, -mean, sd, -search->gp->incumbent, &ignored, &ignored); /* of losses */
    if (!search->found || value > search->best) {
        search->found = true;
        search->best = value;
        memcpy(search->best_x, search->x, size);
        memcpy(search->best_u, search->u, size);
    }
}

/* |from| with some coordinates moved by about |scale|, reflected at the ends, and some categories
 * drawn again. */
static void perturb(const struct mu_space *space, struct mu_stream *stream, const double *from,
    double scale, double *x) {
    for (size_t j = 0; j < space->n; j++) {
        const struct mu_parameter *parameter = &space->parameters[j];
        double u = from[j];
        double lot = mu_uniform(stream);
        if (!parameter->ordered && lot < 0.3) {
            u = mu_uniform(stream);
        } else if (parameter->ordered && (lot < 0.5 || space->n == 1)) {
            u = fmod(fabs(u + scale * mu_normal(stream)), 2);
            u = u > 1 ? 2 - u : u;
        }
        x[j] = mu_parameter_at(parameter, u);
    }
}

static void search_everywhere(struct search *search, struct mu_stream *stream) {
    const struct gp *gp = search->gp;
    const struct mu_space *space = &gp->hunt->space;
    for (int i = 0; i < CANDIDATES; i++) {
        for (size_t j = 0; j < space->n; j++) {
            search->x[j] = mu_parameter_at(&space->parameters[j], mu_uniform(stream));
        }
        consider(search);
    }
    for (size_t i = 0; i < gp->n_anchors * NEIGHBOURS; i++) {
        double scale = pow(10, -2.5 + 2 * mu_uniform(stream));
        perturb(space, stream, gp->anchors + i / NEIGHBOURS * space->n, scale, search->x);
        consider(search);
    }
}

static void refine(struct search *search, struct mu_stream *stream) {
    double scale = 0.1;
    for (int i = 0; i < ROUNDS * REFINEMENTS && search->found; i++) {
        scale *= i > 0 && i % REFINEMENTS == 0 ? 0.4 : 1;
        perturb(&search->gp->hunt->space, stream, search->best_u, scale, search->x);
        consider(search);
    }
}

static bool draw(void *self, uint64_t number, double *x) {
    struct gp *gp = self;
    size_t d = gp->hunt->space.n;
    if (!gp->ready || gp->proposals++ >= PROPOSALS) {
        return false;
    }
    double *block = MU_ARRAY(gp->hunt->request->arena, 4 * d + 1, double);
    struct search search = {
        .gp = gp, .x = block, .best_x = block + d, .best_u = block + 2 * d, .u = block + 3 * d};
    struct mu_stream stream;
    mu_stream_init(&stream, gp->hunt->request->seed, number, "candidates");
    search_everywhere(&search, &stream);
    refine(&search, &stream);
    memcpy(x, search.best_x, d * sizeof *x);
    return search.found;
}

struct mu_sampler mu_sampler_gp(const struct mu_hunt *hunt) {
    struct mu_arena *arena = hunt->request->arena;
    struct gp *gp = MU_NEW(arena, struct gp);
    gp->hunt = hunt;
    struct datum *data = MU_ARRAY(arena, hunt->brackets.n_runs + 1, struct datum);
    double scale;
    size_t n = collect(hunt, data, &scale);
    size_t done = compress(data, n, scale, arena);
    if (done >= FEWEST && hunt->space.n > 0 && hunt->space.n <= PARAMETERS) {
        qsort(data, n, sizeof *data, compare_data);
        fit(gp, data, select_points(data, n));
        for (size_t i = 0; i < hunt->brackets.n_runs; i++) {
            if (hunt->brackets.runs[i].trial->state == MU_PENDING) {
                pending(gp, hunt->brackets.runs[i].x);
            }
        }
    }
    return (struct mu_sampler){draw, pending, gp};
}
