#include "common/model/maximize.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/num/lbfgs.h"
#include "common/num/sobol.h"

enum {
    STARTS_BEST = 3,
    STARTS_RANDOM = 3,
    EXHAUSTIVE = 16,
    CATEGORIES_TRIED = 64,
    ROUNDS = 4,
    WIDE = 40
};

struct hill {
    const struct mu_maximizer *m;
    size_t n;
    double *best, highest; /* the best unseen point so far */
    double *x, *trial;
    double *z, *low, *high, *slope; /* of the lines, scaled */
    size_t *lines, n_lines;
    double *at; /* the point whose lines the gradient search moves */
    struct mu_stream stream;
    struct mu_arena *arena;
};

/* Note |u| when it is the best unseen point so far. */
static void note(struct hill *h, const double *u, double value) {
    if (value > h->highest) {
        mu_frame_decode(h->m->frame, u, h->x);
        if (!mu_seen_has(h->m->seen, h->x)) {
            h->highest = value;
            memcpy(h->best, u, h->n * sizeof *u);
        }
    }
}

static double look(struct hill *h, const double *u) {
    double value = h->m->criterion(h->m->user, u, NULL);
    value = isfinite(value) ? value : -1e300;
    note(h, u, value);
    return value;
}

static double scale_of(const struct hill *h, size_t j) {
    return h->m->scale ? h->m->scale[j] : 1;
}

static double descend(const double *z, double *g, size_t n, void *user) {
    struct hill *h = user;
    for (size_t i = 0; i < n; i++) {
        h->at[h->lines[i]] = z[i] * scale_of(h, h->lines[i]);
    }
    double value = h->m->criterion(h->m->user, h->at, h->slope);
    for (size_t i = 0; i < n; i++) {
        g[i] = -h->slope[h->lines[i]] * scale_of(h, h->lines[i]);
    }
    return isfinite(value) ? -value : HUGE_VAL;
}

static double climb_lines(struct hill *h, double *u) {
    for (size_t i = 0; i < h->n_lines; i++) {
        size_t j = h->lines[i];
        h->low[i] = 0;
        h->high[i] = 1 / scale_of(h, j);
        h->z[i] = u[j] / scale_of(h, j);
    }
    memcpy(h->at, u, h->n * sizeof *u);
    struct mu_lbfgs options = {
        .low = h->low, .high = h->high, .iterations = 40, .gradient = 1e-3, .decrease = 1e-7};
    double value = -mu_lbfgs_minimize(&options, descend, h, h->z, h->n_lines, h->arena);
    for (size_t i = 0; i < h->n_lines; i++) {
        u[h->lines[i]] = fmin(fmax(h->z[i] * scale_of(h, h->lines[i]), 0), 1);
    }
    note(h, u, value);
    return value;
}

/* Try every level (or a random part of very many) of dimension |j| and stay at the best. */
static double sweep_levels(struct hill *h, double *u, size_t j, double value) {
    uint64_t levels = h->m->frame->levels[j];
    bool all = levels <= CATEGORIES_TRIED;
    double best = u[j];
    double old = u[j];
    for (uint64_t i = 0; i < (all ? levels : CATEGORIES_TRIED); i++) {
        u[j] = mu_frame_level(h->m->frame, j, all ? i : mu_uniform_below(&h->stream, levels));
        double other = u[j] == old ? value : look(h, u);
        if (other > value) {
            value = other;
            best = u[j];
        }
    }
    u[j] = best;
    return value;
}

/* Pattern search with a halving step along an ordered dimension. */
static double sweep_pattern(struct hill *h, double *u, size_t j, double value) {
    double finest = h->m->frame->levels[j] ? 0.5 / (double)h->m->frame->levels[j] : 1e-3;
    for (double step = 0.25; step > finest; step /= 2) {
        for (int side = -1; side <= 1; side += 2) {
            double old = u[j];
            u[j] = mu_frame_at(h->m->frame, j, fmin(fmax(old + side * step, 0), 1));
            double other = u[j] == old ? value : look(h, u);
            if (other > value) {
                value = other;
            } else {
                u[j] = old;
            }
        }
    }
    return value;
}

static double sweep(struct hill *h, double *u, double value) {
    const struct mu_frame *frame = h->m->frame;
    for (size_t j = 0; j < h->n; j++) {
        if (frame->kind[j] == MU_FRAME_LINE) {
            value = h->m->gradient ? value : sweep_pattern(h, u, j, value);
        } else if (frame->kind[j] == MU_FRAME_CATEGORY || frame->levels[j] <= EXHAUSTIVE) {
            value = sweep_levels(h, u, j, value);
        } else {
            value = sweep_pattern(h, u, j, value);
        }
    }
    return value;
}

static void climb(struct hill *h, const double *start) {
    double *u = h->trial;
    memcpy(u, start, h->n * sizeof *u);
    double value = look(h, u);
    for (int round = 0; round < ROUNDS; round++) {
        double before = value;
        if (h->m->gradient && h->n_lines) {
            value = climb_lines(h, u);
        }
        if (!h->m->gradient || h->n_lines < h->n) {
            value = sweep(h, u, value);
        } else {
            break; /* only lines: one gradient search ends at the summit */
        }
        if (value - before < 1e-6) {
            break;
        }
    }
}

static void mutate(struct hill *h, double *u) {
    double chance = fmax(0.5, 1 / (double)h->n);
    double reach = pow(10, -2.5 + 2 * mu_uniform(&h->stream));
    for (size_t j = 0; j < h->n; j++) {
        double position = mu_uniform(&h->stream);
        double coin = mu_uniform(&h->stream);
        double gap = reach * mu_normal(&h->stream);
        if (h->m->frame->kind[j] == MU_FRAME_CATEGORY) {
            u[j] = coin < 0.3 ? mu_frame_at(h->m->frame, j, position) : u[j];
        } else if (coin < chance) {
            double moved = fabs(u[j] + gap);
            moved = moved > 1 ? fmax(2 - moved, 0) : moved;
            u[j] = mu_frame_at(h->m->frame, j, moved);
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

/* Three quarters Sobol points, the rest perturbations of the good points. */
static void draw_candidates(struct hill *h, double *points, struct ranked *ranked, size_t n) {
    size_t spread = h->m->n_good ? n - n / 4 : n;
    for (size_t i = 0; i < n; i++) {
        double *u = points + i * h->n;
        if (i < spread) {
            mu_sobol(h->m->seed ^ 0x5851f42d4c957f2d * (h->m->number + 1), i, u, h->n);
            for (size_t j = 0; j < h->n; j++) {
                u[j] = mu_frame_at(h->m->frame, j, u[j]);
            }
        } else {
            size_t parent = i % (h->m->n_good < 4 ? h->m->n_good : 4);
            memcpy(u, h->m->good + parent * h->n, h->n * sizeof *u);
            mutate(h, u);
        }
        ranked[i] = (struct ranked){.value = look(h, u), .index = i};
    }
    qsort(ranked, n, sizeof *ranked, by_rank);
}

static struct hill hill_of(const struct mu_maximizer *m, struct mu_arena *arena) {
    size_t n = m->frame->n;
    struct hill h = {.m = m, .n = n, .highest = -INFINITY, .arena = arena};
    h.best = MU_ARRAY(arena, n, double);
    h.x = MU_ARRAY(arena, m->frame->space->n, double);
    h.trial = MU_ARRAY(arena, n, double);
    h.z = MU_ARRAY(arena, n, double);
    h.low = MU_ARRAY(arena, n, double);
    h.high = MU_ARRAY(arena, n, double);
    h.slope = MU_ARRAY(arena, n, double);
    h.at = MU_ARRAY(arena, n, double);
    h.lines = MU_ARRAY(arena, n, size_t);
    for (size_t j = 0; j < n; j++) {
        if (m->frame->kind[j] == MU_FRAME_LINE) {
            h.lines[h.n_lines++] = j;
        }
    }
    mu_stream_init(&h.stream, m->seed, m->number, "maximize");
    return h;
}

/* How many hills are climbed: fewer in high dimension where climbing means sweeps, each of which
 * takes longer in proportion. */
static size_t climbs_of(const struct hill *h) {
    bool sweeps = !h->m->gradient || h->n_lines < h->n;
    size_t most = STARTS_BEST + STARTS_RANDOM;
    size_t n = sweeps && h->n > WIDE ? most * WIDE / h->n : most;
    return !h->m->climb ? 0 : n > 0 ? n : 1;
}

bool mu_maximize(const struct mu_maximizer *m, double *x, struct mu_arena *arena) {
    struct mu_arena_mark mark = mu_arena_mark(arena);
    struct hill h = hill_of(m, arena);
    size_t n = m->candidates;
    double *points = MU_ARRAY(arena, n * h.n, double);
    struct ranked *ranked = MU_ARRAY(arena, n, struct ranked);
    draw_candidates(&h, points, ranked, n);
    for (size_t i = 0; i < climbs_of(&h); i++) {
        size_t rank = i < STARTS_BEST ? i : (size_t)mu_uniform_below(&h.stream, n / 5);
        climb(&h, points + ranked[rank].index * h.n);
    }
    if (m->climb && m->n_good) {
        climb(&h, m->good);
    }
    bool found = h.highest > -HUGE_VAL;
    if (found) {
        mu_frame_decode(m->frame, h.best, x);
    }
    mu_arena_release(arena, mark);
    return found;
}
