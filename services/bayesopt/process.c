#include "services/bayesopt/process.h"

#include <math.h>
#include <string.h>

#include "common/model/gp.h"
#include "common/model/maximize.h"

enum {
    FIT_POINTS = 150,   /* observations that the hyper-parameters are found on */
    KNOWN_POINTS = 300, /* observations that predictions are conditioned on */
    FAILED_POINTS = 100,
    FANTASIES = 16,
    PENDING_POINTS = 64, /* integrated over: at most half of them as the request begins, the newest,
                            and those of its batch */
};

struct sight { /* a process of one smoothness */
    struct mu_dimensions dimensions;
    struct mu_gp_model model;
    struct mu_gp gp;
    size_t taken; /* pending points it knows, counted from the first */
    double best[FANTASIES];
    double *scale; /* length per dimension */
};

struct process {
    struct evidence *evidence;
    const struct mu_request *request;
    size_t draws;
    struct sight *sight[2];
    double *good; /* n_good points for both, the best by the mean of the sight that was opened last
                     first */
    size_t n_good;
};

struct process *process_create(struct evidence *evidence, const struct mu_request *request) {
    struct process *p = MU_NEW(request->arena, struct process);
    *p = (struct process){.evidence = evidence, .request = request};
    p->draws = evidence->n_pending || request->wanted > 1 ? FANTASIES : 1;
    p->n_good = evidence->n < 4 ? evidence->n : 4;
    p->good = MU_ARRAY(request->arena, p->n_good * evidence->frame.n, double);
    return p;
}

static struct mu_gp_data gather(const struct evidence *e, size_t most, struct mu_arena *arena) {
    most = e->n < most ? e->n : most;
    size_t *chosen = MU_ARRAY(arena, most, size_t);
    const void **points = MU_ARRAY(arena, most, const void *);
    double *targets = MU_ARRAY(arena, most, double);
    size_t n = evidence_choose(e, most, chosen, arena);
    for (size_t i = 0; i < n; i++) {
        points[i] = e->u + chosen[i] * e->frame.n;
        targets[i] = e->target[chosen[i]];
    }
    return (struct mu_gp_data){.n = n, .points = points, .y = targets};
}

/* Priors of theta. The length grows with the square root of the number of dimensions, since the
 * distance between points does (Hvarfner, Hellsten and Nardi, "Vanilla Bayesian optimization
 * performs great in high dimensions", ICML 2024). */
static const struct mu_gp_prior *priors(size_t d, struct mu_arena *arena) {
    static const struct mu_gp_prior LAST[] = {
        {0, 3, 0, -6.9, 6.9},    /* ln w / (1 - w) */
        {0, 1, 0, -6.9, 6.9},    /* ln a^2 */
        {-6, 2, -6, -18.4, 0.7}, /* ln n^2 */
    };
    struct mu_gp_prior *prior = MU_ARRAY(arena, d + 3, struct mu_gp_prior);
    double centre = -1 + 0.5 * log((double)d);
    for (size_t j = 0; j < d; j++) {
        prior[j] = (struct mu_gp_prior){centre, 1, centre, -4.6, 4.6};
    }
    memcpy(prior + d, LAST, sizeof LAST);
    return prior;
}

static void fit(struct process *p, const struct mu_gp_model *model, double *theta) {
    struct mu_arena *arena = p->request->arena;
    struct mu_arena_mark mark = mu_arena_mark(arena);
    const struct evidence *e = p->evidence;
    size_t most = FIT_POINTS;
    size_t d = e->frame.n;
    while (most > 40 &&
           most * most / 2 * d > 2u << 20) { /* keep the table of distances below 16 MiB */
        most = most * 9 / 10;
    }
    struct mu_gp_data data = gather(e, most, arena);
    struct mu_gp_effort effort = {
        .iterations = data.n <= 100 ? 30 : 20, .gradient = 1e-2, .decrease = 1e-6};
    mu_gp_fit(model, &data, &effort, theta, arena);
    mu_arena_release(arena, mark);
}

/* The highest posterior mean at an observed point: the incumbent, robust against noise. Also orders
 * the good points by it. */
static double incumbent(struct process *p, struct mu_gp *gp) {
    const struct evidence *e = p->evidence;
    size_t d = e->frame.n;
    size_t looked = e->n < 100 ? e->n : 100;
    double best = -HUGE_VAL;
    double means[FANTASIES];
    size_t best_at = 0;
    for (size_t i = 0; i < looked; i++) {
        mu_gp_predict(gp, e->u + e->order[i] * d, means);
        if (means[0] > best) {
            best = means[0];
            best_at = e->order[i];
        }
    }
    memcpy(p->good, e->u + best_at * d, d * sizeof *p->good);
    for (size_t i = 0, at = 1; at < p->n_good; i++) {
        if (e->order[i] != best_at) {
            memcpy(p->good + at++ * d, e->u + e->order[i] * d, d * sizeof *p->good);
        }
    }
    return best;
}

/* Failures repel. How bad they are taken to be depends on whether those from |first| on stand
 * together (a region that fails) or alone (bad luck). */
static double clustered(const struct evidence *e, size_t first) {
    size_t d = e->frame.n;
    size_t together = 0;
    for (size_t a = first; a < e->n_failed; a++) {
        double nearest[2] = {HUGE_VAL, HUGE_VAL};
        for (size_t b = 0; b < e->n_failed + e->n; b++) {
            const double *u = e->failed + a * d;
            const double *v = b < e->n_failed ? e->failed + b * d : e->u + (b - e->n_failed) * d;
            double r2 = 0;
            for (size_t j = 0; j < d; j++) {
                r2 += e->frame.category[j] ? u[j] != v[j] : (u[j] - v[j]) * (u[j] - v[j]);
            }
            double *side = &nearest[b < e->n_failed];
            *side = a != b && r2 < *side ? r2 : *side;
        }
        together += nearest[1] <= nearest[0];
    }
    double base = (double)e->n_failed / (double)(e->n + e->n_failed);
    double share = (1 + (double)together) / (2 + (double)(e->n_failed - first));
    return fmin(fmax((share - base) / (1 - base), 0.1), 1);
}

static void add_failures(struct process *p, struct mu_gp *gp) {
    const struct evidence *e = p->evidence;
    if (e->n_failed == 0) {
        return;
    }
    size_t d = e->frame.n;
    size_t first = e->n_failed > FAILED_POINTS ? e->n_failed - FAILED_POINTS : 0;
    double worst = e->target[e->order[e->n - 1]];
    double weight = clustered(e, first);
    double values[FANTASIES];
    for (size_t i = first; i < e->n_failed; i++) {
        mu_gp_predict(gp, e->failed + i * d, values);
        for (size_t s = 0; s < p->draws; s++) {
            values[s] += weight * (fmin(worst, values[s]) - values[s]);
        }
        mu_gp_extend(gp, e->failed + i * d, values);
    }
}

static struct sight *sight_of(struct process *p, bool rough) {
    struct mu_arena *arena = p->request->arena;
    const struct evidence *e = p->evidence;
    struct sight *s = MU_NEW(arena, struct sight);
    size_t d = e->frame.n;
    s->dimensions = (struct mu_dimensions){.n = d, .category = e->frame.category};
    s->model = (struct mu_gp_model){
        .kernel = rough ? &mu_kernel_matern32_additive : &mu_kernel_matern52_additive,
        .metric = &mu_metric_dimensions,
        .space = &s->dimensions,
        .n_features = d,
        .prior = priors(d, arena),
        .jitter = 1e-6};
    double *theta = MU_ARRAY(arena, mu_gp_parameters(&s->model), double);
    fit(p, &s->model, theta);
    struct mu_gp_data data = gather(e, KNOWN_POINTS, arena);
    size_t failures = e->n_failed < FAILED_POINTS ? e->n_failed : FAILED_POINTS;
    mu_gp_condition(&s->gp, &s->model, theta, &data, failures + PENDING_POINTS, p->draws, arena);
    double best = incumbent(p, &s->gp);
    for (size_t i = 0; i < p->draws; i++) {
        s->best[i] = best;
    }
    s->scale = MU_ARRAY(arena, d, double);
    for (size_t j = 0; j < d; j++) {
        s->scale[j] = fmin(s->gp.length[j], 1);
    }
    add_failures(p, &s->gp);
    s->taken = e->n_pending > PENDING_POINTS / 2 ? e->n_pending - PENDING_POINTS / 2 : 0;
    return s;
}

/* Draw joint values of the pending points that |s| does not know yet, and raise each draw's best to
 * them. */
static void add_pending(struct process *p, struct sight *s) {
    const struct evidence *e = p->evidence;
    size_t d = e->frame.n;
    for (; s->taken < e->n_pending; s->taken++) {
        double values[FANTASIES];
        uint64_t seed = p->request->seed + 0x9e3779b97f4a7c15 * (s->taken + 1);
        if (mu_gp_fantasize(&s->gp, e->pending + s->taken * d, seed, values)) {
            for (size_t i = 0; i < p->draws; i++) {
                s->best[i] = fmax(s->best[i], values[i]);
            }
        }
    }
}

struct question {
    struct process *process;
    struct sight *sight;
    enum mu_acquisition kind;
};

/* The acquisition averaged over the draws: logarithms by log-mean-exp, the confidence bound as it
 * is. */
static double worth(void *user, const double *u, double *gradient) {
    struct question *q = user;
    size_t draws = q->process->draws;
    double means[FANTASIES];
    double value[FANTASIES];
    double by_mean[FANTASIES];
    double by_sd[FANTASIES];
    double highest = -HUGE_VAL;
    double sum = 0;
    double mean = 0;
    double total_sd = 0;
    double sd = mu_gp_predict(&q->sight->gp, u, means);
    for (size_t s = 0; s < draws; s++) {
        value[s] =
            mu_acquisition_value(q->kind, means[s], sd, q->sight->best[s], &by_mean[s], &by_sd[s]);
        highest = fmax(highest, value[s]);
    }
    bool bound = q->kind == MU_UCB;
    for (size_t s = 0; s < draws; s++) {
        mean += value[s] / (double)draws;
        value[s] = bound ? 1 : exp(value[s] - highest);
        sum += value[s];
    }
    if (gradient) {
        for (size_t s = 0; s < draws; s++) {
            by_mean[s] *= value[s] / sum;
            total_sd += by_sd[s] * value[s] / sum;
        }
        mu_gp_gradient(&q->sight->gp, u, by_mean, total_sd, gradient);
    }
    return bound ? mean : highest + log(sum / (double)draws);
}

bool process_propose(
    struct process *p, enum mu_acquisition kind, bool climb, uint64_t number, double *x) {
    bool rough = number % 2;
    if (!p->sight[rough]) {
        p->sight[rough] = sight_of(p, rough);
    }
    struct sight *s = p->sight[rough];
    add_pending(p, s);
    struct question q = {.process = p, .sight = s, .kind = kind};
    struct mu_maximizer m = {.frame = &p->evidence->frame,
        .criterion = worth,
        .user = &q,
        .seen = p->evidence->seen,
        .good = p->good,
        .n_good = p->n_good,
        .scale = s->scale,
        .climb = climb,
        .gradient = true,
        .candidates = s->gp.posterior.n > 150 ? 256 : 512,
        .seed = p->request->seed,
        .number = number};
    return mu_maximize(&m, x, p->request->arena);
}
