#include "common/model/dataset.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/model/targets.h"

/* docs/adr/0016-failures.md */
enum {
    NEIGHBOURS = 4,
    IMPUTED = 100 /* the newest failures; older ones are the worst, so that the cost grows with the
                     rows, not with their square */
};

static const double MISSING = NAN;

struct mu_dataset *mu_dataset_new(const struct mu_frame *frame, size_t extra, size_t columns,
    size_t room, struct mu_arena *arena) {
    struct mu_dataset *d = MU_NEW(arena, struct mu_dataset);
    *d = (struct mu_dataset){.frame = frame,
        .width = frame->n + extra,
        .room = room,
        .n_columns = columns,
        .n_objectives = columns,
        .transform = mu_targets};
    d->u = MU_ARRAY(arena, room * d->width, double);
    d->state = MU_ARRAY(arena, room, enum mu_trial_state);
    d->known = MU_ARRAY(arena, room, size_t);
    d->columns = MU_ARRAY(arena, columns, struct mu_column);
    for (size_t c = 0; c < columns; c++) {
        d->columns[c].loss = MU_ARRAY(arena, room, double);
        d->columns[c].target = MU_ARRAY(arena, room, double);
    }
    return d;
}

double *mu_dataset_add(
    struct mu_dataset *d, const double *x, enum mu_trial_state state, const double *values) {
    assert(d->n < d->room);
    double *row = d->u + d->n * d->width;
    mu_frame_encode(d->frame, x, row);
    d->state[d->n] = state;
    for (size_t c = 0; c < d->n_columns; c++) {
        bool counts = values && (c > 0 || state == MU_DONE);
        d->columns[c].loss[d->n] = counts ? values[c] : MISSING;
        d->columns[c].target[d->n] = NAN;
    }
    d->n++;
    return row;
}

struct mu_dataset *mu_dataset_of(const struct mu_frame *frame, const struct mu_outcomes *outcomes,
    const struct mu_history *history, size_t more, struct mu_arena *arena) {
    struct mu_dataset *d = mu_dataset_new(frame, 0, outcomes->n, history->n + more, arena);
    double *values = MU_ARRAY(arena, outcomes->n, double);
    d->n_objectives = outcomes->n_objectives;
    d->transform = d->n_objectives > 1 ? mu_linear_targets : mu_targets;
    for (size_t i = 0; i < history->n && frame->space->n; i++) {
        const struct mu_trial *trial = &history->trials[i];
        mu_outcomes_of(outcomes, trial, values);
        (void)mu_dataset_add(d, trial->x, trial->state, values);
    }
    mu_dataset_learn(d, arena);
    return d;
}

const double *mu_dataset_row(const struct mu_dataset *d, size_t i) {
    return d->u + i * d->width;
}

/* ---- targets ---- */

static double distance_of(const struct mu_dataset *d, size_t a, size_t b) {
    if (d->distance) {
        return d->distance(d->user, a, b);
    }
    const double *u = mu_dataset_row(d, a);
    const double *v = mu_dataset_row(d, b);
    double r2 = mu_frame_distance(d->frame, u, v);
    for (size_t j = d->frame->n; j < d->width; j++) {
        r2 += (u[j] - v[j]) * (u[j] - v[j]);
    }
    return r2;
}

/* A trial that failed before it had a value in this column. */
static bool lacks_value(const struct mu_dataset *d, const struct mu_column *column, size_t row) {
    return d->state[row] == MU_FAILED && isnan(column->loss[row]);
}

struct neighbour {
    double distance, target;
};

/* The failure |row| is as bad as its neighbourhood: the mean target of the NEIGHBOURS known rows
 * nearest to it and of itself, failures counting as the worst. Bad luck among good rows costs
 * little, a region that fails is left. */
static double impute(
    const struct mu_dataset *d, const struct mu_column *column, size_t row, double worst) {
    struct neighbour nearest[NEIGHBOURS];
    size_t n = 0;
    double sum = worst;
    for (size_t i = 0; i < d->n; i++) {
        bool failed = lacks_value(d, column, i);
        if (i == row || (!failed && isnan(column->loss[i]))) {
            continue;
        }
        struct neighbour new = {distance_of(d, row, i), failed ? worst : column->target[i]};
        size_t at = n < NEIGHBOURS ? n++ : NEIGHBOURS;
        for (; at > 0 && nearest[at - 1].distance > new.distance; at--) {
            if (at < NEIGHBOURS) {
                nearest[at] = nearest[at - 1];
            }
        }
        if (at < NEIGHBOURS) {
            nearest[at] = new;
        }
    }
    for (size_t i = 0; i < n; i++) {
        sum += nearest[i].target;
    }
    return sum / (double)(n + 1);
}

static void learn_column(const struct mu_dataset *d, size_t number, struct mu_arena *arena) {
    struct mu_column *column = &d->columns[number];
    double *target = MU_ARRAY(arena, d->n, double);
    double worst = 0;
    size_t n = 0;
    for (size_t i = 0; i < d->n; i++) {
        if (isfinite(column->loss[i])) {
            target[n++] = column->loss[i];
        }
    }
    column->varied = number < d->n_objectives
                         ? d->transform(target, target, n, arena)
                         : mu_excess_targets(target, target, n, &column->bound, arena);
    n = 0;
    for (size_t i = 0; i < d->n; i++) {
        column->target[i] = isfinite(column->loss[i]) ? target[n++] : MISSING;
        worst = fmin(worst, column->target[i]);
    }
    size_t failures = 0;
    for (size_t i = d->n; i-- > 0;) {
        if (lacks_value(d, column, i)) {
            column->target[i] = failures++ < IMPUTED ? impute(d, column, i, worst) : worst;
        }
    }
}

struct keyed {
    double target;
    bool failed;
    size_t row;
};

static int best_first(const void *a, const void *b) {
    const struct keyed *p = a;
    const struct keyed *q = b;
    if (p->failed != q->failed) {
        return p->failed - q->failed;
    }
    return p->target != q->target ? (p->target < q->target) - (p->target > q->target)
                                  : (p->row > q->row) - (p->row < q->row);
}

size_t mu_dataset_rank(const struct mu_dataset *d, size_t column, size_t *rows, size_t *observed,
    struct mu_arena *arena) {
    struct mu_arena_mark mark = mu_arena_mark(arena);
    struct keyed *keyed = MU_ARRAY(arena, d->n, struct keyed);
    size_t n = 0;
    *observed = 0;
    for (size_t i = 0; i < d->n; i++) {
        double target = d->columns[column].target[i];
        bool failed = lacks_value(d, &d->columns[column], i);
        if (!isnan(target)) {
            keyed[n++] = (struct keyed){target, failed, i};
            *observed += !failed;
        }
    }
    qsort(keyed, n, sizeof *keyed, best_first);
    for (size_t i = 0; i < n; i++) {
        rows[i] = keyed[i].row;
    }
    mu_arena_release(arena, mark);
    return n;
}

void mu_dataset_learn(struct mu_dataset *d, struct mu_arena *arena) {
    struct mu_arena_mark mark = mu_arena_mark(arena);
    for (size_t c = 0; c < d->n_columns; c++) {
        learn_column(d, c, arena);
    }
    d->n_known = mu_dataset_rank(d, 0, d->known, &d->n_observed, arena);
    mu_arena_release(arena, mark);
}

/* ---- a part of the rows ---- */

static int ascending(const void *a, const void *b) {
    size_t p = *(const size_t *)a;
    size_t q = *(const size_t *)b;
    return (p > q) - (p < q);
}

/* The |n| rows from which on a row is among the newest |newest|. */
static size_t newest_from(const size_t *rows, size_t n, size_t newest, struct mu_arena *arena) {
    size_t *sorted = MU_ARRAY(arena, n, size_t);
    memcpy(sorted, rows, n * sizeof *rows);
    qsort(sorted, n, sizeof *sorted, ascending);
    return newest ? sorted[n - newest] : SIZE_MAX;
}

size_t mu_subset(
    const size_t *rows, size_t n, size_t most, size_t *chosen, struct mu_arena *arena) {
    struct mu_arena_mark mark = mu_arena_mark(arena);
    size_t third = most / 3;
    size_t count = 0;
    if (n <= most) {
        memcpy(chosen, rows, n * sizeof *rows);
        count = n;
    } else {
        size_t from = newest_from(rows, n, third, arena);
        size_t rest = 0;
        size_t passed = 0;
        for (size_t i = third; i < n; i++) {
            rest += rows[i] < from;
        }
        size_t left = most - third - (n - third - rest);
        for (size_t i = 0; i < n; i++) {
            bool special = i < third || rows[i] >= from;
            assert(special || rest > 0); /* it is one of those that were counted */
            /* Every so many of the rest, in order of their targets. */
            bool spread = !special && (passed + 1) * left / rest > passed * left / rest;
            passed += !special;
            if (special || spread) {
                chosen[count++] = rows[i];
            }
        }
    }
    qsort(chosen, count, sizeof *chosen, ascending);
    mu_arena_release(arena, mark);
    return count;
}

struct mu_gp_data mu_dataset_observations(const struct mu_dataset *data, size_t column,
    const size_t *rows, size_t n, size_t most, struct mu_arena *arena) {
    size_t *chosen = MU_ARRAY(arena, n, size_t);
    n = mu_subset(rows, n, most, chosen, arena);
    const void **points = MU_ARRAY(arena, n, const void *);
    double *targets = MU_ARRAY(arena, n, double);
    for (size_t i = 0; i < n; i++) {
        points[i] = mu_dataset_row(data, chosen[i]);
        targets[i] = data->columns[column].target[chosen[i]];
    }
    return (struct mu_gp_data){.n = n, .points = points, .y = targets};
}
