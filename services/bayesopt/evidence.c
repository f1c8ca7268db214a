#include "services/bayesopt/evidence.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/model/targets.h"
#include "common/num/sort.h"

struct keyed {
    double target;
    size_t index;
};

static int by_target(const void *a, const void *b) {
    const struct keyed *p = a;
    const struct keyed *q = b;
    return p->target != q->target ? (p->target < q->target) - (p->target > q->target)
                                  : (p->index > q->index) - (p->index < q->index);
}

static void sort_by_target(struct evidence *e, struct mu_arena *arena) {
    struct keyed *keyed = MU_ARRAY(arena, e->n, struct keyed);
    for (size_t i = 0; i < e->n; i++) {
        keyed[i] = (struct keyed){.target = e->target[i], .index = i};
    }
    qsort(keyed, e->n, sizeof *keyed, by_target);
    for (size_t i = 0; i < e->n; i++) {
        e->order[i] = keyed[i].index;
    }
}

static bool at_rest(const double *loss, size_t n) {
    enum { FIRST = 10, LATEST = 10, LEAST = 14 };
    double first[FIRST];
    double before = HUGE_VAL;
    double now = HUGE_VAL;
    if (n < LEAST) {
        return false;
    }
    memcpy(first, loss, sizeof first);
    mu_sort(first, FIRST);
    for (size_t i = 0; i < n; i++) {
        now = fmin(now, loss[i]);
        before = i + LATEST < n ? now : before;
    }
    return before - now <= 1e-3 * (first[FIRST / 2] - now);
}

static struct evidence *allocate(const struct mu_request *request) {
    struct mu_arena *arena = request->arena;
    const struct mu_space *space = &request->experiment->space;
    struct evidence *e = MU_NEW(arena, struct evidence);
    size_t trials = request->history->n;
    size_t room = trials + request->wanted;
    e->frame = mu_frame_of(space, arena);
    e->seen = mu_request_seen(request);
    e->u = MU_ARRAY(arena, trials * e->frame.n, double);
    e->failed = MU_ARRAY(arena, trials * e->frame.n, double);
    e->pending = MU_ARRAY(arena, room * e->frame.n, double);
    e->target = MU_ARRAY(arena, trials, double);
    e->order = MU_ARRAY(arena, trials, size_t);
    e->tpe = mu_tpe_of_history(
        &(struct mu_tpe_options){0}, space, request->history, request->wanted, arena);
    return e;
}

static void take_trial(struct evidence *e, const struct mu_trial *trial) {
    size_t d = e->frame.n;
    if (trial->state == MU_DONE) {
        mu_frame_encode(&e->frame, trial->x, e->u + e->n * d);
        e->target[e->n++] = trial->loss;
        return;
    }
    bool failed = trial->state == MU_FAILED;
    mu_frame_encode(&e->frame, trial->x,
        failed ? e->failed + e->n_failed++ * d : e->pending + e->n_pending++ * d);
}

struct evidence *evidence_of(const struct mu_request *request) {
    struct evidence *e = allocate(request);
    for (size_t i = 0; i < request->history->n && e->frame.space->n; i++) {
        take_trial(e, &request->history->trials[i]);
    }
    e->resting = at_rest(e->target, e->n);
    e->varied = mu_targets(e->target, e->target, e->n, request->arena);
    sort_by_target(e, request->arena);
    return e;
}

void evidence_add_pending(struct evidence *e, const double *x) {
    mu_frame_encode(&e->frame, x, e->pending + e->n_pending++ * e->frame.n);
    mu_tpe_avoid(e->tpe, x);
}

size_t evidence_choose(
    const struct evidence *e, size_t most, size_t *chosen, struct mu_arena *arena) {
    struct mu_arena_mark mark = mu_arena_mark(arena);
    bool *taken = MU_ARRAY(arena, e->n, bool);
    size_t third = most / 3;
    size_t count = 0;
    size_t left;
    size_t passed = 0;
    for (size_t i = 0; i < e->n; i++) {
        taken[e->order[i]] |= i < third || e->n <= most;
        taken[i] |= i + third >= e->n;
    }
    for (size_t i = 0; i < e->n; i++) {
        count += taken[i];
    }
    left = count < most ? most - count : 0;
    size_t rest = e->n - count;
    for (size_t i = 0; i < e->n; i++) { /* of the rest in order of their targets, evenly */
        size_t at = e->order[i];
        if (!taken[at] && rest) {
            taken[at] = (passed + 1) * left / rest > passed * left / rest;
            passed++;
        }
    }
    count = 0;
    for (size_t i = 0; i < e->n; i++) {
        if (taken[i] && count < most) {
            chosen[count++] = i;
        }
    }
    mu_arena_release(arena, mark);
    return count;
}
