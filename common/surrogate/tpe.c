#include "common/surrogate/tpe.h"

#include <math.h>
#include <string.h>

#include "common/surrogate/parzen.h"

enum { SPLITS = 3, MOST_GOOD = 25 };

/* Defaults, chosen on randomly shifted problems of every kind of parameter (README of services/tpe); none is delicate. */
static const struct tuning {
    double startup, candidates;
    double gamma;        /* share of the observations in the middle split's good group */
    double width, floor; /* standard deviation of every kernel: width / sqrt(n) of n observations, at least the floor */
    double shared_from;  /* from so many points on the splits share the kernels of the bad group */
    double crossed;      /* share of candidates that take every axis from a kernel of its own: recombination */
} TUNING = {5, 32, 0.15, 0.45, 0.01, 200, 0.5};

struct model {
    const struct mu_tpe_data *data;
    const struct mu_axis *axes;
    size_t n_axes, n_points; /* observed, the best by rank, then avoided */
    double **positions;      /* [axis][point] */
    struct mu_parzen *good[SPLITS], *bad[SPLITS];
    size_t n_good[SPLITS];
    double width;
    bool shared;
    double *scratch;
};

static void place(struct model *m, size_t i, const double *x) {
    for (size_t a = 0; a < m->n_axes; a++) {
        m->positions[a][i] = mu_axis_position(&m->axes[a], x[a]);
    }
}

/* The indices of |data|: the |n_best| smallest losses first, by loss and then by index, and the others. */
static size_t *rank(const struct mu_tpe_data *data, size_t n_best, struct mu_arena *arena) {
    const double *loss = data->loss;
    size_t *order = MU_ARRAY(arena, data->n, size_t), best = 0, others = data->n;
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

static void place_points(struct model *m, size_t n_best, struct mu_arena *arena) {
    const struct mu_tpe_data *data = m->data;
    const size_t *order = rank(data, n_best, arena);
    m->n_points = data->n + data->n_avoid;
    m->positions = MU_ARRAY(arena, m->n_axes, double *);
    for (size_t a = 0; a < m->n_axes; a++) {
        m->positions[a] = MU_ARRAY(arena, m->n_points, double);
    }
    for (size_t i = 0; i < data->n; i++) {
        place(m, i, data->x[order[i]]);
    }
    for (size_t i = 0; i < data->n_avoid; i++) {
        place(m, data->n + i, data->avoid[i]);
    }
}

static size_t group_size(const struct mu_tpe_options *o, size_t n, double share) {
    double size = o->gamma > 0 ? o->gamma * sqrt((double)n) : TUNING.gamma * (double)n;
    return (size_t)fmin(fmin(MOST_GOOD, (double)n), fmax(1, ceil(share * size - 1e-9)));
}

static struct mu_parzen *build_good(const struct model *m, size_t n, double prior_weight, struct mu_arena *arena) {
    struct mu_parzen_options options = {m->width, prior_weight};
    double *weights = MU_ARRAY(arena, n, double);
    for (size_t i = 0; i < n; i++) {
        weights[i] = log((double)n + 1) - log((double)i + 1);
    }
    return mu_parzen_create(m->axes, m->n_axes, (const double *const *)m->positions, weights, n, &options, arena);
}

static struct mu_parzen *build_bad(const struct model *m, size_t from, double prior_weight, struct mu_arena *arena) {
    struct mu_parzen_options options = {m->width, prior_weight};
    size_t n = m->n_points - from;
    double *weights = MU_ARRAY(arena, n, double);
    const double **positions = MU_ARRAY(arena, m->n_axes, const double *);
    for (size_t i = 0; i < n; i++) {
        weights[i] = 1;
    }
    for (size_t a = 0; a < m->n_axes; a++) {
        positions[a] = m->positions[a] + from;
    }
    return mu_parzen_create(m->axes, m->n_axes, positions, weights, n, &options, arena);
}

static void build(struct model *m, const struct mu_tpe_options *o, struct mu_arena *arena) {
    static const double SHARES[SPLITS] = {0.5, 1, 2};
    double prior_weight = o->prior_weight > 0 ? o->prior_weight : 1;
    for (size_t e = 0; e < SPLITS; e++) {
        m->n_good[e] = group_size(o, m->data->n, SHARES[e]);
    }
    place_points(m, m->n_good[SPLITS - 1], arena);
    /* One width for both groups and all points, so that l / g compares like with like: widths that follow the gaps between neighbours are
     * narrow wherever an int or a plateau lets good points agree by chance, and the search stays there. */
    m->width = fmax(TUNING.floor, TUNING.width / sqrt((double)m->data->n));
    m->shared = (double)m->n_points > TUNING.shared_from;
    for (size_t e = 0; e < SPLITS; e++) {
        m->good[e] = build_good(m, m->n_good[e], prior_weight, arena);
        m->bad[e] = m->shared ? (e ? m->bad[0] : build_bad(m, 0, prior_weight, arena)) : build_bad(m, m->n_good[e], prior_weight, arena);
    }
    m->scratch = MU_ARRAY(arena, m->n_points + 1, double);
}

/* The mean over the splits of log good - log bad: the logarithm of what expected improvement grows with (Bergstra et al. 2011, equation 5),
 * up to a constant. Shared kernels: a split's bad density sums those behind its good group, the prior's among them. */
static double score(const struct model *m, const double *at) {
    double s = 0, tails[SPLITS];
    if (m->shared) {
        mu_parzen_log_tails(m->bad[0], at, m->n_good, SPLITS, m->scratch, tails);
    }
    for (size_t e = 0; e < SPLITS; e++) {
        s += mu_parzen_log_density(m->good[e], at, m->scratch);
        s -= m->shared ? tails[e] : mu_parzen_log_density(m->bad[e], at, m->scratch);
    }
    return s / SPLITS;
}

/* One draw from a split's good density, its axes from one kernel or each from its own. */
static void draw_candidate(const struct model *m, size_t number, struct mu_stream *stream, double *at) {
    const struct mu_parzen *good = m->good[number % SPLITS];
    bool crossed = mu_uniform(stream) < TUNING.crossed;
    size_t k = mu_parzen_pick(good, stream);
    for (size_t a = 0; a < m->n_axes; a++) {
        k = crossed ? mu_parzen_pick(good, stream) : k;
        at[a] = mu_parzen_draw(good, k, a, stream);
    }
}

static void to_point(const struct model *m, const double *at, double *x) {
    for (size_t a = 0; a < m->n_axes; a++) {
        x[a] = m->axes[a].kind == MU_AXIS_CATEGORY ? at[a] : mu_parameter_at(m->axes[a].parameter, at[a]);
    }
}

static void search(struct model *m, const struct mu_tpe_options *o, const struct mu_seen *seen, uint64_t seed, uint64_t number, double *x,
                   struct mu_arena *arena) {
    size_t n = m->n_axes, candidates = o->candidates ? o->candidates : (size_t)TUNING.candidates;
    double *at = MU_ARRAY(arena, n, double), *point = MU_ARRAY(arena, n, double), best = -INFINITY;
    struct mu_stream stream;
    mu_stream_init(&stream, seed, number, "candidates");
    for (size_t tries = 0, found = 0; found < candidates && tries < 4 * candidates; tries++) {
        draw_candidate(m, tries, &stream, at);
        to_point(m, at, point);
        if (mu_seen_has(seen, point)) {
            continue;
        }
        found++;
        double s = score(m, at);
        if (s > best) {
            best = s;
            memcpy(x, point, n * sizeof *x);
        }
    }
    if (best == -INFINITY) {
        mu_space_draw_unseen(m->data->space, seen, seed, number, x);
    }
}

void mu_tpe_propose(const struct mu_tpe_options *options, const struct mu_tpe_data *data, const struct mu_seen *seen, uint64_t seed,
                    uint64_t number, double *x, struct mu_arena *arena) {
    size_t startup = options->startup ? options->startup : (size_t)TUNING.startup;
    struct mu_arena_mark mark = mu_arena_mark(arena);
    if (data->n < startup || data->space->n == 0) {
        mu_space_design(data->space, seed, number, x);
        if (mu_seen_has(seen, x)) {
            mu_space_draw_unseen(data->space, seen, seed, number, x);
        }
    } else {
        struct model m = {.data = data, .axes = mu_axes_create(data->space, arena), .n_axes = data->space->n};
        build(&m, options, arena);
        search(&m, options, seen, seed, number, x, arena);
    }
    mu_arena_release(arena, mark);
}
