#include "common/model/tpe_order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/model/targets.h"
#include "common/num/pareto.h"

/* Of one front: who could be next, and what it would add, or once added. */
struct candidate {
    const double *values;
    double gain; /* at most, since what is there can only grow */
    bool up_to_date;
};

struct front {
    size_t m;
    const double *reference;
    double *chosen; /* rows */
    size_t n_chosen;
    struct mu_arena *arena;
};

/* The volume that |values| would add. */
static double gain_of(const struct front *f, const double *values) {
    struct mu_arena_mark mark = mu_arena_mark(f->arena);
    double *covered = MU_MATRIX(f->arena, f->n_chosen, f->m, double);
    double volume = 1;
    for (size_t k = 0; k < f->m; k++) {
        volume *= f->reference[k] - values[k];
        for (size_t i = 0; i < f->n_chosen; i++) {
            covered[i * f->m + k] = fmax(values[k], f->chosen[i * f->m + k]);
        }
    }
    volume -= mu_hypervolume(covered, f->n_chosen, f->m, f->reference, f->arena);
    mu_arena_release(f->arena, mark);
    return volume;
}

/* The index of the candidate that adds most. Gains only shrink, so that most need not be computed
 * again. */
static size_t find_next(const struct front *f, struct candidate *candidates, size_t n) {
    for (size_t i = 0; i < n; i++) {
        candidates[i].up_to_date = false;
    }
    for (;;) {
        size_t best = 0;
        for (size_t i = 1; i < n; i++) {
            best = candidates[i].gain > candidates[best].gain ? i : best;
        }
        if (candidates[best].up_to_date) {
            return best;
        }
        candidates[best].gain = gain_of(f, candidates[best].values);
        candidates[best].up_to_date = true;
    }
}

/* Bring the |n| indices of a front into order, the first |most| of them. */
static void order_front(
    struct front *f, const double *values, size_t *front, size_t n, size_t most) {
    struct mu_arena_mark mark = mu_arena_mark(f->arena);
    struct candidate *candidates = MU_ARRAY(f->arena, n, struct candidate);
    f->chosen = MU_MATRIX(f->arena, most, f->m, double);
    f->n_chosen = 0;
    for (size_t i = 0; i < n; i++) {
        candidates[i] = (struct candidate){values + front[i] * f->m, HUGE_VAL, false};
    }
    for (size_t i = 0; i < n && i < most; i++) {
        size_t next = i + find_next(f, candidates + i, n - i);
        struct candidate chosen = candidates[next];
        size_t index = front[next];
        memcpy(f->chosen + f->n_chosen++ * f->m, chosen.values, f->m * sizeof *f->chosen);
        memmove(candidates + i + 1, candidates + i, (next - i) * sizeof *candidates);
        memmove(front + i + 1, front + i, (next - i) * sizeof *front);
        candidates[i] = chosen;
        front[i] = index;
    }
    mu_arena_release(f->arena, mark);
}

/* |values| without explosions (mu_loss_limit): beside a distance to one of those all others would
 * be equal. */
static const double *limited(const double *values, size_t n, size_t m, struct mu_arena *arena) {
    double *result = MU_MATRIX(arena, n, m, double);
    double *column = MU_ARRAY(arena, n, double);
    for (size_t k = 0; k < m && n > 0; k++) {
        for (size_t i = 0; i < n; i++) {
            column[i] = values[i * m + k];
        }
        double limit = mu_loss_limit(column, n, arena);
        for (size_t i = 0; i < n; i++) {
            result[i * m + k] = fmin(column[i], limit);
        }
    }
    return result;
}

static const double *reference_of(
    const double *values, size_t n, size_t m, struct mu_arena *arena) {
    static const double BEYOND = 0.1; /* of the range, as is usual (Ishibuchi et al. 2018) */
    double *reference = MU_ARRAY(arena, m, double);
    for (size_t k = 0; k < m; k++) {
        double low = HUGE_VAL;
        double high = -HUGE_VAL;
        for (size_t i = 0; i < n; i++) {
            low = fmin(low, values[i * m + k]);
            high = fmax(high, values[i * m + k]);
        }
        reference[k] = high > low ? high + BEYOND * (high - low) : high + 1;
    }
    return reference;
}

struct place {
    size_t rank, index;
};

static int by_rank(const void *p, const void *q) {
    const struct place *a = p;
    const struct place *b = q;
    int order = (a->rank > b->rank) - (a->rank < b->rank);
    return order ? order : (a->index > b->index) - (a->index < b->index);
}

void mu_tpe_order(const double *values, size_t n, size_t m, const double *violation, size_t most,
    size_t *order, struct mu_arena *arena) {
    size_t *rank = MU_ARRAY(arena, n, size_t);
    struct place *places = MU_ARRAY(arena, n, struct place);
    const double *limits = limited(values, n, m, arena);
    struct front front = {.m = m, .reference = reference_of(limits, n, m, arena), .arena = arena};
    mu_pareto_ranks(values, n, m, violation, rank, arena);
    for (size_t i = 0; i < n; i++) {
        places[i] = (struct place){rank[i], i};
    }
    qsort(places, n, sizeof *places, by_rank);
    for (size_t i = 0; i < n; i++) {
        order[i] = places[i].index;
    }
    most = most < n ? most : n;
    for (size_t from = 0, to; from < most; from = to) {
        for (to = from; to < n && places[to].rank == places[from].rank;) {
            to++;
        }
        order_front(&front, limits, order + from, to - from, most - from);
    }
}
