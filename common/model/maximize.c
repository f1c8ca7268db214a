#include "common/model/maximize.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/num/lbfgs.h"
#include "common/num/sobol.h"

/* The constants of the search; docs/adr/0012-candidate-search.md has the reasons. */
static const struct tuning {
    size_t candidates; /* looked at before any climb; half the budget if less */
    double local;      /* share of them that are mutations of the good points */
    size_t starts;     /* candidates that are climbed from: so many best ones, and so many of .. */
    size_t random_among;            /* .. one in so many that are best */
    int rounds;                     /* of gradient steps and sweeps in a climb */
    uint64_t exhaustive;            /* ladders of so many levels are tried level by level, .. */
    uint64_t levels_tried;          /* .. and so many levels of a category that has more */
    double chance, category_chance; /* that a mutation moves a dimension */
    double least_step, most_step;   /* standard deviation of a step, drawn log-uniformly */
} TUNING = {.candidates = 512,
    .local = 0.25,
    .starts = 3,
    .random_among = 5,
    .rounds = 4,
    .exhaustive = 16,
    .levels_tried = 64,
    .chance = 0.5,
    .category_chance = 0.3,
    .least_step = 0.00316,
    .most_step = 0.316};

struct state {
    const struct mu_maximizer *m;
    size_t n;
    size_t left;           /* evaluations */
    double *best, highest; /* the best unseen point so far */
    double *x, *trial;
    size_t *ordered, n_ordered, n_lines; /* dimensions with a slope: the lines, then the ladders */
    double *z, *low, *high, *slope;      /* of them, scaled */
    double *at;      /* the point whose ordered dimensions the gradient search moves */
    double *relaxed; /* where a search ended that took ladders for lines, at the nearest levels */
    struct mu_stream stream;
    uint64_t scrambling; /* of Sobol's sequence */
    struct mu_arena *arena;
};

/* Note |u| when it is the best unseen point so far. */
static void note(struct state *s, const double *u, double value) {
    if (value > s->highest) {
        mu_frame_decode(s->m->frame, u, s->x);
        if (!mu_seen_has(s->m->seen, s->x)) {
            s->highest = value;
            memcpy(s->best, u, s->n * sizeof *u);
        }
    }
}

static void spend(struct state *s) {
    s->left -= s->left > 0;
}

static double look(struct state *s, const double *u) {
    spend(s);
    double value = s->m->criterion(s->m->user, u, NULL);
    value = isfinite(value) ? value : -1e300;
    note(s, u, value);
    return value;
}

static double scale_of(const struct state *s, size_t j) {
    return s->m->scale ? s->m->scale[j] : 1;
}

static double descend(const double *z, double *g, size_t n, void *user) {
    struct state *s = user;
    for (size_t i = 0; i < n; i++) {
        s->at[s->ordered[i]] = z[i] * scale_of(s, s->ordered[i]);
    }
    spend(s);
    double value = s->m->criterion(s->m->user, s->at, s->slope);
    for (size_t i = 0; i < n; i++) {
        g[i] = -s->slope[s->ordered[i]] * scale_of(s, s->ordered[i]);
    }
    return isfinite(value) ? -value : HUGE_VAL;
}

/* Gradient steps from |u| along the first |n| ordered dimensions, of which ladders are lines
 * meanwhile. */
static double ascend(struct state *s, double *u, size_t n) {
    for (size_t i = 0; i < n; i++) {
        size_t j = s->ordered[i];
        s->low[i] = 0;
        s->high[i] = 1 / scale_of(s, j);
        s->z[i] = u[j] / scale_of(s, j);
    }
    memcpy(s->at, u, s->n * sizeof *u);
    struct mu_lbfgs options = {
        .low = s->low, .high = s->high, .iterations = 40, .gradient = 1e-3, .decrease = 1e-7};
    double value = -mu_lbfgs_minimize(&options, descend, s, s->z, n, s->arena);
    for (size_t i = 0; i < n; i++) {
        size_t j = s->ordered[i];
        u[j] = fmin(fmax(s->z[i] * scale_of(s, j), 0), 1);
    }
    return value;
}

static double climb_lines(struct state *s, double *u) {
    double value = ascend(s, u, s->n_lines);
    note(s, u, value);
    return value;
}

/* Try every level (or a random part of very many) of dimension |j| and stay at the best. */
static double sweep_levels(struct state *s, double *u, size_t j, double value) {
    uint64_t levels = s->m->frame->levels[j];
    bool all = levels <= TUNING.levels_tried;
    double best = u[j];
    double old = u[j];
    for (uint64_t i = 0; i < (all ? levels : TUNING.levels_tried); i++) {
        u[j] = mu_frame_level(s->m->frame, j, all ? i : mu_uniform_below(&s->stream, levels));
        double other = u[j] == old ? value : look(s, u);
        if (other > value) {
            value = other;
            best = u[j];
        }
    }
    u[j] = best;
    return value;
}

/* Pattern search with a halving step along an ordered dimension. */
static double sweep_pattern(struct state *s, double *u, size_t j, double value) {
    double finest = s->m->frame->levels[j] ? 0.5 / (double)s->m->frame->levels[j] : 1e-3;
    for (double step = 0.25; step > finest; step /= 2) {
        for (int side = -1; side <= 1; side += 2) {
            double old = u[j];
            u[j] = mu_frame_at(s->m->frame, j, fmin(fmax(old + side * step, 0), 1));
            double other = u[j] == old ? value : look(s, u);
            if (other > value) {
                value = other;
            } else {
                u[j] = old;
            }
        }
    }
    return value;
}

static double sweep(struct state *s, double *u, double value) {
    const struct mu_frame *frame = s->m->frame;
    for (size_t j = 0; j < s->n && s->left; j++) {
        if (frame->kind[j] == MU_FRAME_LINE) {
            value = s->m->gradient ? value : sweep_pattern(s, u, j, value);
        } else if (frame->kind[j] == MU_FRAME_CATEGORY || frame->levels[j] <= TUNING.exhaustive) {
            value = sweep_levels(s, u, j, value);
        } else {
            value = sweep_pattern(s, u, j, value);
        }
    }
    return value;
}

static void climb(struct state *s, const double *start) {
    double *u = s->trial;
    memcpy(u, start, s->n * sizeof *u);
    double value = look(s, u);
    for (int round = 0; round < TUNING.rounds && s->left; round++) {
        double before = value;
        if (s->m->gradient && s->n_lines) {
            value = climb_lines(s, u);
        }
        if (!s->m->gradient || s->n_lines < s->n) {
            value = sweep(s, u, value);
        } else {
            break; /* only lines: one gradient search ends at the summit */
        }
        if (value - before < 1e-6) {
            break;
        }
    }
}

/* Where a level and another coordinate have to move together, no sweep of one alone is uphill.
 * docs/adr/0115-levels-move-with-lines.md */
static void climb_relaxed(struct state *s, const double *start) {
    memcpy(s->relaxed, start, s->n * sizeof *start);
    (void)ascend(s, s->relaxed, s->n_ordered);
    for (size_t i = s->n_lines; i < s->n_ordered; i++) {
        size_t j = s->ordered[i];
        s->relaxed[j] = mu_frame_at(s->m->frame, j, s->relaxed[j]);
    }
    climb(s, s->relaxed);
}

/* |u| reflected into [0, 1]; steps are short beside it. */
static double reflect(double u) {
    u = fabs(u);
    return u > 1 ? fmax(2 - u, 0) : u;
}

void mu_frame_mutate(const struct mu_frame *frame, struct mu_stream *stream, double *u) {
    double chance = frame->n == 1 ? 1 : TUNING.chance;
    double step = TUNING.least_step * pow(TUNING.most_step / TUNING.least_step, mu_uniform(stream));
    for (size_t j = 0; j < frame->n; j++) {
        double position = mu_uniform(stream);
        double coin = mu_uniform(stream);
        double gap = step * mu_normal(stream);
        if (frame->kind[j] == MU_FRAME_CATEGORY) {
            u[j] = coin < TUNING.category_chance ? mu_frame_at(frame, j, position) : u[j];
        } else if (coin < chance) {
            u[j] = mu_frame_at(frame, j, reflect(u[j] + gap));
        }
    }
}

struct ranked {
    double value;
    size_t index;
};

static int by_rank(const void *a, const void *b) {
    const struct ranked *p = a;
    const struct ranked *q = b;
    return p->value != q->value ? (p->value < q->value) - (p->value > q->value)
                                : (p->index > q->index) - (p->index < q->index);
}

/* A candidate: spread by Sobol's sequence, or near one of the good points. */
static void draw_candidate(struct state *s, size_t i, bool local, double *u) {
    const struct mu_maximizer *m = s->m;
    if (local) {
        memcpy(u, m->good + i % m->n_good * s->n, s->n * sizeof *u);
        mu_frame_mutate(m->frame, &s->stream, u);
        return;
    }
    mu_sobol_point(s->scrambling, i, u, s->n);
    for (size_t j = 0; j < s->n; j++) {
        u[j] = mu_frame_at(m->frame, j, u[j]);
    }
}

/* The candidates, ranked by their values. */
static void draw_candidates(struct state *s, double *points, struct ranked *ranked, size_t n) {
    size_t spread = n - (s->m->n_good ? (size_t)(TUNING.local * (double)n) : 0);
    for (size_t i = 0; i < n; i++) {
        double *u = points + i * s->n;
        draw_candidate(s, i, i >= spread, u);
        ranked[i] = (struct ranked){.value = look(s, u), .index = i};
    }
    qsort(ranked, n, sizeof *ranked, by_rank);
}

/* The dimensions of |kind| behind those that are listed; returns how many are listed then. */
static size_t list_kind(struct state *s, enum mu_frame_kind kind) {
    for (size_t j = 0; j < s->n; j++) {
        if (s->m->frame->kind[j] == kind) {
            s->ordered[s->n_ordered++] = j;
        }
    }
    return s->n_ordered;
}

static struct state state_of(const struct mu_maximizer *m, struct mu_arena *arena) {
    size_t n = m->frame->n;
    struct state s = {.m = m, .n = n, .left = m->evaluations, .highest = -HUGE_VAL, .arena = arena};
    s.best = MU_ARRAY(arena, n, double);
    s.x = MU_ARRAY(arena, m->frame->space->n, double);
    s.trial = MU_ARRAY(arena, n, double);
    s.z = MU_ARRAY(arena, n, double);
    s.low = MU_ARRAY(arena, n, double);
    s.high = MU_ARRAY(arena, n, double);
    s.slope = MU_ARRAY(arena, n, double);
    s.at = MU_ARRAY(arena, n, double);
    s.relaxed = MU_ARRAY(arena, n, double);
    s.ordered = MU_ARRAY(arena, n, size_t);
    s.n_lines = list_kind(&s, MU_FRAME_LINE);
    (void)list_kind(&s, MU_FRAME_LADDER);
    mu_stream_init(&s.stream, m->seed, m->number, "maximize");
    s.scrambling = mu_stream_bits(&s.stream);
    return s;
}

/* Climb from the best point known, with its levels as they are and moved with all others, then from
 * the best candidates and from some of the good ones, until the evaluations are used up. */
static void climb_all(
    struct state *s, const double *points, const struct ranked *ranked, size_t n_candidates) {
    size_t among = (n_candidates + TUNING.random_among - 1) / TUNING.random_among;
    if (s->m->n_good) {
        climb(s, s->m->good);
    }
    if (s->m->n_good && s->m->gradient && s->n_ordered > s->n_lines && s->left) {
        climb_relaxed(s, s->m->good);
    }
    for (size_t i = 0; i < 2 * TUNING.starts && s->left; i++) {
        size_t rank = i < TUNING.starts ? i : (size_t)mu_uniform_below(&s->stream, among);
        climb(s, points + ranked[rank].index * s->n);
    }
}

bool mu_maximize(const struct mu_maximizer *m, double *x, struct mu_arena *arena) {
    assert(m->evaluations >= MU_MAXIMIZE_LEAST && m->n_good <= MU_MAXIMIZE_PARENTS);
    struct mu_arena_mark mark = mu_arena_mark(arena);
    struct state s = state_of(m, arena);
    size_t n = m->evaluations / 2 < TUNING.candidates ? m->evaluations / 2 : TUNING.candidates;
    double *points = MU_ARRAY(arena, n * s.n, double);
    struct ranked *ranked = MU_ARRAY(arena, n, struct ranked);
    draw_candidates(&s, points, ranked, n);
    if (m->climb) {
        climb_all(&s, points, ranked, n);
    }
    bool found = s.highest > -HUGE_VAL;
    if (found) {
        mu_frame_decode(m->frame, s.best, x);
    }
    mu_arena_release(arena, mark);
    return found;
}
