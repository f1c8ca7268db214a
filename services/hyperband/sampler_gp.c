/* The default sampler: a Gaussian process over assignment and resource, and the point whose trial
 * is expected to improve its mean at the full resource most. */
#include <math.h>
#include <string.h>

#include "common/model/acquisition.h"
#include "common/model/gp.h"
#include "common/model/maximize.h"
#include "common/model/targets.h"
#include "services/hyperband/sampler.h"

/* The constants of the sampler; docs/adr/0014-hyperband-gp.md has the reasons. */
static const struct tuning {
    double fit_operations;    /* to find the hyper-parameters, in all */
    double search_operations; /* to find one configuration */
    size_t evaluations;       /* of the acquisition that a configuration is to have */
    size_t believed;          /* pending configurations that it keeps away from */
    size_t proposals;         /* of one request; the rest are drawn at random */
    struct mu_gp_prior length, position, amplitude, noise;
} TUNING = {.fit_operations = 1.5e8,
    .search_operations = 1e8,
    .evaluations = 600,
    .believed = 160,
    .proposals = 64,
    .length = {-0.7, 0.7},
    .position = {0, 0.7},
    .amplitude = {0, 1},
    .noise = {-5, 1.4}};

struct gp {
    const struct mu_sampler_context *context;
    bool ready;
    struct mu_frame frame;
    struct mu_dataset *data;         /* a row: the configuration, then the position on the ladder */
    struct mu_dimensions dimensions; /* of a row */
    struct mu_gp_model model;
    struct mu_gp process;
    size_t proposals;
    double incumbent; /* best prediction at the full resource among the known configurations */
    double *good;     /* n_good configurations of the best predictions */
    size_t n_good;
    double *row, *gradient; /* scratch: rows */
};

/* ---- data ---- */

struct mu_dataset *mu_sampler_data(
    const struct mu_sampler_context *context, const struct mu_frame *frame) {
    struct mu_arena *arena = context->request->arena;
    struct mu_dataset *data = mu_dataset_new(frame, 1, 1, context->brackets.n_runs, arena);
    for (size_t i = 0; i < context->brackets.n_runs; i++) {
        const struct mu_run *run = &context->brackets.runs[i];
        const struct mu_trial *trial = run->trial;
        if (trial->state != MU_PENDING) {
            double *row = mu_dataset_add(data, run->x, trial->state, trial->values);
            row[frame->n] = mu_ladder_position(&context->ladder, run->resource);
        }
    }
    data->transform = mu_linear_targets;
    mu_dataset_learn(data, arena);
    return data;
}

static struct mu_gp_data observations(const struct gp *gp, size_t most) {
    const struct mu_dataset *data = gp->data;
    return mu_dataset_observations(
        data, 0, data->known, data->n_known, most, gp->context->request->arena);
}

/* ---- model ---- */

static void define(struct gp *gp) {
    struct mu_arena *arena = gp->context->request->arena;
    size_t d = gp->frame.n;
    bool *category = MU_ARRAY(arena, d + 1, bool);
    struct mu_gp_prior *prior = MU_ARRAY(arena, d + 3, struct mu_gp_prior);
    for (size_t j = 0; j < d; j++) {
        category[j] = gp->frame.category[j];
        prior[j] = TUNING.length;
    }
    prior[d] = TUNING.position;
    prior[d + 1] = TUNING.amplitude;
    prior[d + 2] = TUNING.noise;
    gp->dimensions = (struct mu_dimensions){.n = d + 1, .category = category};
    gp->model = (struct mu_gp_model){.kernel = &mu_kernel_resource,
        .metric = &mu_metric_dimensions,
        .space = &gp->dimensions,
        .n_features = d + 1,
        .prior = prior};
}

/* Configuration |u| at the full resource. */
static const double *at_full(struct gp *gp, const double *u) {
    memcpy(gp->row, u, gp->frame.n * sizeof *u);
    gp->row[gp->frame.n] = 1;
    return gp->row;
}

/* The known configurations of the best predictions; the first one's is the incumbent. */
static void find_good(struct gp *gp, const struct mu_gp_data *known) {
    size_t size = gp->frame.n * sizeof *gp->good;
    double *means = MU_ARRAY(gp->context->request->arena, known->n, double);
    for (size_t i = 0; i < known->n; i++) {
        mu_gp_means(&gp->process, at_full(gp, known->points[i]), &means[i]);
    }
    for (; gp->n_good < MU_MAXIMIZE_PARENTS; gp->n_good++) {
        size_t best = 0;
        for (size_t i = 1; i < known->n; i++) {
            best = means[i] > means[best] ? i : best;
        }
        if (means[best] == -HUGE_VAL) {
            return; /* no other is left */
        }
        gp->incumbent = gp->n_good ? gp->incumbent : means[best];
        memcpy(gp->good + gp->n_good * gp->frame.n, known->points[best], size);
        for (size_t i = 0; i < known->n; i++) {
            bool same = memcmp(known->points[i], known->points[best], size) == 0;
            means[i] = same ? -HUGE_VAL : means[i];
        }
    }
}

static void fit(struct gp *gp) {
    struct mu_arena *arena = gp->context->request->arena;
    define(gp);
    double *theta = MU_ARRAY(arena, mu_gp_parameters(&gp->model), double);
    struct mu_gp_data fitted = observations(gp, mu_gp_fit_rows(&gp->model, TUNING.fit_operations));
    struct mu_gp_data known = observations(
        gp, mu_gp_known_rows(&gp->model, TUNING.evaluations, TUNING.search_operations));
    mu_gp_fit(&gp->model, &fitted, theta, arena);
    mu_gp_condition(&gp->process, &gp->model, theta, &known, TUNING.believed, 1, arena);
    mu_gp_reinterpolate(&gp->process, &known, arena);
    gp->ready = true;
    gp->row = MU_ARRAY(arena, gp->data->width, double);
    gp->gradient = MU_ARRAY(arena, gp->data->width, double);
    gp->good = MU_ARRAY(arena, MU_MAXIMIZE_PARENTS * gp->frame.n, double);
    find_good(gp, &known);
}

/* A configuration on its way is taken for known at the full resource. */
static void pending(void *self, const double *x) {
    struct gp *gp = self;
    if (gp->ready) {
        double *u = MU_ARRAY(gp->context->request->arena, gp->data->width, double);
        mu_frame_encode(&gp->frame, x, u);
        (void)mu_gp_believe(&gp->process, at_full(gp, u));
    }
}

/* ---- proposal ---- */

/* Logarithm of the expected improvement at the full resource. */
static double acquire(void *user, const double *u, double *gradient) {
    struct gp *gp = user;
    double mean;
    double by_mean;
    double by_sd;
    const double *full = at_full(gp, u);
    double sd = mu_gp_predict(&gp->process, full, &mean);
    double value = mu_acquisition_value(MU_LOG_EI, mean, sd, gp->incumbent, &by_mean, &by_sd);
    if (gradient) {
        mu_gp_gradient(&gp->process, full, &by_mean, by_sd, gp->gradient);
        memcpy(gradient, gp->gradient, gp->frame.n * sizeof *gradient);
    }
    return value;
}

static bool draw(void *self, uint64_t number, double *x) {
    struct gp *gp = self;
    if (!gp->ready || gp->proposals++ >= TUNING.proposals) {
        return false;
    }
    struct mu_maximizer m = {.frame = &gp->frame,
        .criterion = acquire,
        .user = gp,
        .seen = gp->context->seen,
        .good = gp->good,
        .n_good = gp->n_good,
        .scale = gp->process.length,
        .climb = true,
        .gradient = true,
        .evaluations = TUNING.evaluations,
        .seed = gp->context->request->seed,
        .number = number};
    return mu_maximize(&m, x, gp->context->request->arena);
}

double mu_sampler_gp_worth(void *model, const double *x) {
    struct gp *gp = model;
    double *u = MU_ARRAY(gp->context->request->arena, gp->data->width, double);
    mu_frame_encode(&gp->frame, x, u);
    return acquire(gp, u, NULL);
}

struct mu_sampler mu_sampler_gp(const struct mu_sampler_context *context) {
    struct gp *gp = MU_NEW(context->request->arena, struct gp);
    gp->context = context;
    gp->frame = mu_frame_of(&context->space, context->request->arena);
    gp->data = mu_sampler_data(context, &gp->frame);
    if (context->brackets.n_known >= mu_sampler_fewest(context) && gp->frame.n > 0) {
        fit(gp);
        for (size_t i = 0; i < context->brackets.n_runs; i++) {
            if (context->brackets.runs[i].trial->state == MU_PENDING) {
                pending(gp, context->brackets.runs[i].x);
            }
        }
    }
    return (struct mu_sampler){draw, pending, gp};
}
