#include "common/model/tpe.h"

#include <math.h>
#include <string.h>

#include "common/model/parzen.h"

enum { SPLITS = 3 };

/* The constants of the method; docs/adr/0010-tpe.md has the figures behind them. */
static const struct tuning {
    size_t startup;       /* observations before the model speaks; hyperopt's 20 is much of a short
                             search */
    size_t constrained;   /* the same under constraints: docs/adr/0104 */
    size_t candidates;    /* hyperopt's and Optuna's 24, rounded up to halves and quarters */
    double gamma;         /* share of the observations in the middle split's good group, .. */
    double split[SPLITS]; /* .. which the splits take times so much, .. */
    size_t most_good;     /* .. but not more than these, as hyperopt and Optuna */
    double width, floor;  /* standard deviation of every kernel: width / sqrt(n) of n observations,
                             at least the floor */
} TUNING = {.startup = 5,
    .constrained = 10,
    .candidates = 32,
    .gamma = 0.15,
    .split = {0.5, 1, 2},
    .most_good = MU_TPE_MOST_GOOD,
    .width = 0.45,
    .floor = 0.01};

/* Where one constraint is met and where it is missed. */
struct feasibility {
    struct mu_parzen *met, *missed;
    double share; /* of the observations that meet it */
};

struct mu_tpe_model {
    struct mu_tpe_options options;
    struct mu_tpe_data data;
    const double **avoid;
    size_t n_avoid, room, proposals;
    struct mu_arena *arena;

    bool built; /* the rest is there */
    const struct mu_parzen_space *space;
    struct feasibility *feasibility; /* per constraint */
    struct mu_parzen *good[SPLITS];
    size_t n_good[SPLITS];
    struct mu_parzen *all; /* every point, the best first: a split's bad density is that of the
                              kernels behind its good ones, the prior's among them */
    size_t pushed;         /* avoided points that it holds */
    double *at;            /* scratch: a position on the axes */
    double *values;        /* scratch: a number per kernel */
};

/* The indices of |data|: the |n_best| smallest losses first, by loss and then by index, and the
 * others. */
static size_t *rank(const struct mu_tpe_data *data, size_t n_best, struct mu_arena *arena) {
    const double *loss = data->loss;
    size_t *order = MU_ARRAY(arena, data->n, size_t);
    size_t best = 0;
    size_t others = data->n;
    for (size_t i = 0; i < data->n; i++) {
        if (best == n_best && loss[i] >= loss[order[best - 1]]) {
            order[--others] = i;
            continue;
        }
        if (best == n_best) {
            order[--others] = order[--best];
        }
        size_t at = best++;
        for (; at > 0 && loss[order[at - 1]] > loss[i]; at--) {
            order[at] = order[at - 1];
        }
        order[at] = i;
    }
    return order;
}

static size_t group_size(const struct mu_tpe_options *o, size_t n, double share) {
    double size = o->gamma > 0 ? o->gamma * sqrt((double)n) : TUNING.gamma * (double)n;
    return (size_t)fmin(
        fmin((double)TUNING.most_good, (double)n), fmax(1, ceil(share * size - 1e-9)));
}

static const double *position_of(struct mu_tpe_model *t, const double *x) {
    mu_frame_encode(&t->space->frame, x, t->at);
    return t->at;
}

/* The best |n|, weighted by rank; the prior weighs as much as |prior| of them do on average. */
static struct mu_parzen *build_good(
    struct mu_tpe_model *t, const size_t *order, size_t n, double width, double prior) {
    double mean = 0;
    double last = log((double)n + 1);
    for (size_t i = 0; i < n; i++) {
        mean += (last - log((double)i + 1)) / (double)n;
    }
    struct mu_parzen *good =
        mu_parzen_new(t->space, &(struct mu_parzen_options){width, prior * mean}, n, t->arena);
    for (size_t i = 0; i < n; i++) {
        mu_parzen_add(good, position_of(t, t->data.x[order[i]]), last - log((double)i + 1));
    }
    return good;
}

/* Every observation with weight 1, the best first, with room for the avoided. */
static struct mu_parzen *build_all(
    struct mu_tpe_model *t, const size_t *order, double width, double prior) {
    struct mu_parzen *all = mu_parzen_new(
        t->space, &(struct mu_parzen_options){width, prior}, t->data.n + t->room, t->arena);
    for (size_t i = 0; i < t->data.n; i++) {
        mu_parzen_add(all, position_of(t, t->data.x[order[i]]), 1);
    }
    return all;
}

static struct mu_parzen *build_side(struct mu_tpe_model *t, const double *const *x, size_t n,
    const struct mu_parzen_options *options) {
    struct mu_parzen *side = mu_parzen_new(t->space, options, n, t->arena);
    for (size_t i = 0; i < n; i++) {
        mu_parzen_add(side, position_of(t, x[i]), 1);
    }
    return side;
}

static struct feasibility build_feasibility(struct mu_tpe_model *t,
    const struct mu_tpe_constraint *c, const struct mu_parzen_options *options) {
    return (struct feasibility){.met = build_side(t, c->x, c->n_met, options),
        .missed = build_side(t, c->x + c->n_met, c->n - c->n_met, options),
        .share = (double)c->n_met / (double)c->n};
}

/* What the largest of all mixtures can hold, the prior's kernel among them. */
static size_t most_kernels(const struct mu_tpe_model *t) {
    size_t most = t->data.n + t->room;
    for (size_t k = 0; k < t->data.n_constraints; k++) {
        most = t->data.constraints[k].n > most ? t->data.constraints[k].n : most;
    }
    return most + 1;
}

static void build(struct mu_tpe_model *t) {
    struct mu_arena *arena = t->arena;
    double prior = t->options.prior_weight > 0 ? t->options.prior_weight : 1;
    /* One width for both groups and all points, so that l / g compares like with like: widths that
     * follow the gaps between neighbours are narrow wherever an int or a plateau lets good points
     * agree by chance, and the search stays there. */
    double width = fmax(TUNING.floor, TUNING.width / sqrt((double)t->data.n));
    t->built = true;
    t->room = t->room - t->n_avoid < MU_TPE_MOST ? t->room : t->n_avoid + MU_TPE_MOST;
    t->space = mu_parzen_space_of(t->data.space, arena);
    t->at = MU_ARRAY(arena, t->space->frame.n, double);
    t->values = MU_ARRAY(arena, most_kernels(t), double);
    for (size_t e = 0; e < SPLITS; e++) {
        t->n_good[e] = group_size(&t->options, t->data.n, TUNING.split[e]);
    }
    const size_t *order = rank(&t->data, t->n_good[SPLITS - 1], arena);
    for (size_t e = 0; e < SPLITS; e++) {
        t->good[e] = build_good(t, order, t->n_good[e], width, prior);
    }
    t->all = build_all(t, order, width, prior);
    t->feasibility = MU_ARRAY(arena, t->data.n_constraints, struct feasibility);
    for (size_t k = 0; k < t->data.n_constraints; k++) {
        t->feasibility[k] = build_feasibility(
            t, &t->data.constraints[k], &(struct mu_parzen_options){width, prior});
    }
}

/* The bad densities get what has been avoided since. */
static void push(struct mu_tpe_model *t) {
    for (; t->pushed < t->n_avoid; t->pushed++) {
        mu_parzen_add(t->all, position_of(t, t->avoid[t->pushed]), 1);
    }
}

double mu_tpe_log_feasibility(double share, double log_met, double log_missed) {
    return -log(share + (1 - share) * exp(log_missed - log_met));
}

static double log_feasibility(
    const struct mu_tpe_model *t, const struct feasibility *f, const double *at) {
    return mu_tpe_log_feasibility(f->share, mu_parzen_log_density(f->met, at, t->values),
        mu_parzen_log_density(f->missed, at, t->values));
}

/* The mean over the splits of log good - log bad: the logarithm of what expected improvement grows
 * with (Bergstra et al. 2011, equation 5), up to a constant; and that of meeting the constraints.
 */
static double score(const struct mu_tpe_model *t, const double *at) {
    double s = 0;
    double bad[SPLITS];
    mu_parzen_log_tails(t->all, at, t->n_good, SPLITS, t->values, bad);
    for (size_t e = 0; e < SPLITS; e++) {
        s += mu_parzen_log_density(t->good[e], at, t->values) - bad[e];
    }
    s /= SPLITS;
    for (size_t k = 0; k < t->data.n_constraints; k++) {
        s += log_feasibility(t, &t->feasibility[k], at);
    }
    return s;
}

/* The density that candidate |number| is drawn from: the splits' good ones in turn. With
 * constraints every other one comes from where one of them is met, for c-TPE draws from all its
 * densities. */
static struct mu_parzen *source_of(const struct mu_tpe_model *t, size_t number) {
    size_t constraints = t->data.n_constraints;
    if (constraints && number % 2) {
        return t->feasibility[number / 2 % constraints].met;
    }
    return t->good[(constraints ? number / 2 : number) % SPLITS];
}

/* One draw from a density, every axis from a kernel of its own, as Bergstra et al. 2011 draw one
 * parameter after the other: what different good points have on different axes comes together in a
 * candidate. As many candidates as with one kernel for all axes have nothing of the prior; the
 * others mostly have one axis of it. docs/adr/0114 */
static void draw_candidate(
    const struct mu_tpe_model *t, size_t number, struct mu_stream *stream, double *at) {
    struct mu_parzen *source = source_of(t, number);
    size_t axes = t->space->frame.n;
    double points = pow(mu_parzen_points_share(source), 1 / (double)axes);
    for (size_t a = 0; a < axes; a++) {
        size_t k = mu_uniform(stream) < points ? mu_parzen_pick_point(source, stream) : 0;
        at[a] = mu_parzen_draw(source, k, a, stream);
    }
}

static void search(
    struct mu_tpe_model *t, const struct mu_seen *seen, uint64_t seed, uint64_t number, double *x) {
    size_t n = t->data.space->n;
    size_t candidates = t->options.candidates ? t->options.candidates : TUNING.candidates;
    struct mu_arena_mark mark = mu_arena_mark(t->arena);
    double *point = MU_ARRAY(t->arena, n, double);
    double best = -INFINITY;
    struct mu_stream stream;
    mu_stream_init(&stream, seed, number, "candidates");
    for (size_t tries = 0, found = 0; found < candidates && tries < 4 * candidates; tries++) {
        draw_candidate(t, tries, &stream, t->at);
        mu_frame_decode(&t->space->frame, t->at, point);
        if (mu_seen_has(seen, point)) {
            continue;
        }
        found++;
        double s = score(t, t->at);
        if (s > best) {
            best = s;
            memcpy(x, point, n * sizeof *x);
        }
    }
    mu_arena_release(t->arena, mark);
    if (best == -HUGE_VAL) {
        mu_space_draw_unseen(t->data.space, seen, seed, number, x);
    }
}

struct mu_tpe_model *mu_tpe_new(const struct mu_tpe_options *options,
    const struct mu_tpe_data *data, size_t room, struct mu_arena *arena) {
    struct mu_tpe_model *t = MU_NEW(arena, struct mu_tpe_model);
    *t = (struct mu_tpe_model){.options = *options,
        .data = *data,
        .avoid = MU_ARRAY(arena, room, const double *),
        .room = room,
        .arena = arena};
    return t;
}

void mu_tpe_avoid(struct mu_tpe_model *t, const double *x) {
    if (t->n_avoid < t->room) {
        t->avoid[t->n_avoid++] = x;
    }
}

static size_t startup_of(const struct mu_tpe_model *t) {
    size_t usual = t->data.n_constraints ? TUNING.constrained : TUNING.startup;
    return t->options.startup ? t->options.startup : usual;
}

void mu_tpe_propose(
    struct mu_tpe_model *t, const struct mu_seen *seen, uint64_t seed, uint64_t number, double *x) {
    if (t->data.n < startup_of(t) || t->data.space->n == 0) {
        mu_space_design(t->data.space, seed, number, x);
        if (mu_seen_has(seen, x)) {
            mu_space_draw_unseen(t->data.space, seen, seed, number, x);
        }
        return;
    }
    if (t->proposals++ >= MU_TPE_MOST) {
        mu_space_draw_unseen(t->data.space, seen, seed, number, x);
        return;
    }
    if (!t->built) {
        build(t);
    }
    push(t);
    search(t, seen, seed, number, x);
}
