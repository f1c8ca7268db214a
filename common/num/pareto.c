#include "common/num/pareto.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/num/sort.h"

/* ---- domination ---- */

bool mu_dominates(const double *a, const double *b, size_t m) {
    bool smaller = false;
    for (size_t k = 0; k < m; k++) {
        if (a[k] > b[k]) {
            return false;
        }
        smaller |= a[k] < b[k];
    }
    return smaller;
}

/* ---- ranks ---- */

static double violation_of(double violation) {
    return isnan(violation) ? HUGE_VAL : violation;
}

struct entry {
    const double *values;
    size_t m, index;
};

/* By the first coordinate, among equals by the next, and so on: nothing dominates what stands
 * before it. */
static int lexicographic(const void *p, const void *q) {
    const struct entry *a = p;
    const struct entry *b = q;
    for (size_t k = 0; k < a->m; k++) {
        if (a->values[k] != b->values[k]) {
            return a->values[k] < b->values[k] ? -1 : 1;
        }
    }
    return (a->index > b->index) - (a->index < b->index);
}

/* The feasible points in lexicographic order; returns how many. */
static size_t sort_entries(
    struct entry *entries, const double *values, size_t n, size_t m, const double *violation) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (!violation || violation_of(violation[i]) <= 0) {
            entries[count++] = (struct entry){values + i * m, m, i};
        }
    }
    qsort(entries, count, sizeof *entries, lexicographic);
    return count;
}

struct fronts {
    const struct entry *entries;
    size_t n;
    size_t *latest, *before; /* of a front, and of an entry: positions + 1; 0: none */
};

/* Whether a member of |front| dominates |entry|, which comes behind all of them. With two
 * coordinates the latest member has the least second one, so that it speaks for all. */
static bool is_dominated(const struct fronts *f, size_t front, const struct entry *entry) {
    for (size_t at = f->latest[front]; at > 0; at = entry->m > 2 ? f->before[at - 1] : 0) {
        if (mu_dominates(f->entries[at - 1].values, entry->values, entry->m)) {
            return true;
        }
    }
    return false;
}

/* The first front of which none dominates |entry|: all before it have one that does. */
static size_t find_front(const struct fronts *f, const struct entry *entry) {
    size_t low = 0;
    size_t high = f->n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (is_dominated(f, middle, entry)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Ranks of the infeasible points: behind |first| fronts, by violation. */
static void rank_infeasible(
    const double *violation, size_t n, size_t first, size_t *rank, struct mu_arena *arena) {
    double *sorted = MU_ARRAY(arena, n, double);
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (violation_of(violation[i]) > 0) {
            sorted[count++] = violation_of(violation[i]);
        }
    }
    mu_sort(sorted, count);
    size_t distinct = 0;
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || sorted[i] > sorted[distinct - 1]) {
            sorted[distinct++] = sorted[i];
        }
    }
    for (size_t i = 0; i < n; i++) {
        size_t below = 0;
        for (size_t high = distinct; below < high;) {
            size_t middle = (below + high) / 2;
            if (sorted[middle] < violation_of(violation[i])) {
                below = middle + 1;
            } else {
                high = middle;
            }
        }
        rank[i] = violation_of(violation[i]) > 0 ? first + below : rank[i];
    }
}

void mu_pareto_ranks(const double *values, size_t n, size_t m, const double *violation,
    size_t *rank, struct mu_arena *arena) {
    struct mu_arena_mark mark = mu_arena_mark(arena);
    struct entry *entries = MU_ARRAY(arena, n, struct entry);
    size_t count = sort_entries(entries, values, n, m, violation);
    struct fronts fronts = {.entries = entries,
        .latest = MU_ARRAY(arena, count, size_t),
        .before = MU_ARRAY(arena, count, size_t)};
    for (size_t i = 0; i < count; i++) {
        size_t front = find_front(&fronts, &entries[i]);
        fronts.n += front == fronts.n;
        fronts.before[i] = fronts.latest[front];
        fronts.latest[front] = i + 1;
        rank[entries[i].index] = front;
    }
    if (violation) {
        rank_infeasible(violation, n, fronts.n, rank, arena);
    }
    mu_arena_release(arena, mark);
}

void mu_order_by_rank(const size_t *rank, size_t n, size_t *order, struct mu_arena *arena) {
    struct mu_arena_mark mark = mu_arena_mark(arena);
    size_t *next = MU_ARRAY(arena, n + 1, size_t); /* per rank: a place in |order| */
    for (size_t i = 0; i < n; i++) {
        next[rank[i] + 1]++;
    }
    for (size_t r = 1; r < n; r++) {
        next[r] += next[r - 1];
    }
    for (size_t i = 0; i < n; i++) {
        order[next[rank[i]]++] = i;
    }
    mu_arena_release(arena, mark);
}

size_t mu_pareto_front(
    const double *values, size_t n, size_t m, size_t *front, struct mu_arena *arena) {
    struct mu_arena_mark mark = mu_arena_mark(arena);
    struct entry *entries = MU_ARRAY(arena, n, struct entry);
    size_t *latest = MU_ARRAY(arena, 1, size_t);
    struct fronts fronts = {entries, 1, latest, MU_ARRAY(arena, n, size_t)};
    size_t count = 0;
    sort_entries(entries, values, n, m, NULL);
    for (size_t i = 0; i < n; i++) {
        if (!is_dominated(&fronts, 0, &entries[i])) {
            fronts.before[i] = *latest;
            *latest = i + 1;
            front[count++] = entries[i].index;
        }
    }
    mu_arena_release(arena, mark);
    return count;
}

/* ---- crowding ---- */

void mu_crowding(
    const double *values, size_t n, size_t m, double *distance, struct mu_arena *arena) {
    struct mu_arena_mark mark = mu_arena_mark(arena);
    struct entry *entries = MU_ARRAY(arena, n, struct entry);
    memset(distance, 0, n * sizeof *distance);
    for (size_t k = 0; k < m && n > 0; k++) {
        for (size_t i = 0; i < n; i++) {
            entries[i] = (struct entry){values + i * m + k, 1, i};
        }
        qsort(entries, n, sizeof *entries, lexicographic);
        double range = *entries[n - 1].values - *entries[0].values;
        for (size_t i = 0; i < n; i++) {
            bool inner = i > 0 && i + 1 < n;
            double gap = inner ? *entries[i + 1].values - *entries[i - 1].values : HUGE_VAL;
            distance[entries[i].index] += inner && range > 0 ? gap / range : inner ? 0 : gap;
        }
    }
    mu_arena_release(arena, mark);
}

/* ---- hypervolume ---- */

/* Points with |m| leading coordinates in rows of |stride|. */
struct rows {
    double *values;
    size_t n, m, stride;
    const double *reference;
    struct mu_arena *arena;
};

static double product(const struct rows *r, const double *point, size_t m) {
    double volume = 1;
    for (size_t k = 0; k < m; k++) {
        volume *= r->reference[k] - point[k];
    }
    return volume;
}

/* The area of a staircase: from the left, each step as far as it lies below all before it. */
static double area(const struct rows *r, const struct entry *sorted) {
    double sum = 0;
    double lowest = r->reference[1];
    for (size_t i = 0; i < r->n; i++) {
        const double *p = sorted[i].values;
        if (p[1] < lowest) {
            sum += (r->reference[0] - p[0]) * (lowest - p[1]);
            lowest = p[1];
        }
    }
    return sum;
}

/* The last coordinate first, the largest first. */
static int by_last(const void *p, const void *q) {
    const struct entry *a = p;
    const struct entry *b = q;
    double x = a->values[a->m - 1];
    double y = b->values[b->m - 1];
    return x != y ? (x < y) - (x > y) : (a->index > b->index) - (a->index < b->index);
}

static double volume_of(const struct rows *r);

/* What point |i| of |sorted| covers, in all coordinates but the last, beside those behind it: they
 * reach at least as far in the last one. */
static double exclusive(const struct rows *r, const struct entry *sorted, size_t i) {
    struct mu_arena_mark mark = mu_arena_mark(r->arena);
    const double *own = sorted[i].values;
    size_t m = r->m - 1;
    struct rows rest = {.values = MU_MATRIX(r->arena, r->n - i, m, double),
        .n = r->n - i - 1,
        .m = m,
        .stride = m,
        .reference = r->reference,
        .arena = r->arena};
    for (size_t j = 0; j < rest.n; j++) {
        for (size_t k = 0; k < m; k++) {
            rest.values[j * m + k] = fmax(own[k], sorted[i + 1 + j].values[k]);
        }
    }
    double volume = product(r, own, m) - volume_of(&rest);
    mu_arena_release(r->arena, mark);
    return volume;
}

static double volume_of(const struct rows *r) {
    double sum = 0;
    struct mu_arena_mark mark = mu_arena_mark(r->arena);
    struct entry *sorted = MU_ARRAY(r->arena, r->n, struct entry);
    for (size_t i = 0; i < r->n; i++) {
        sorted[i] = (struct entry){r->values + i * r->stride, r->m, i};
    }
    if (r->m == 1) {
        for (size_t i = 0; i < r->n; i++) {
            sum = fmax(sum, product(r, sorted[i].values, 1));
        }
    } else if (r->m == 2) {
        qsort(sorted, r->n, sizeof *sorted, lexicographic);
        sum = area(r, sorted);
    } else {
        size_t last = r->m - 1;
        qsort(sorted, r->n, sizeof *sorted, by_last);
        for (size_t i = 0; i < r->n; i++) {
            sum += (r->reference[last] - sorted[i].values[last]) * exclusive(r, sorted, i);
        }
    }
    mu_arena_release(r->arena, mark);
    return sum;
}

static bool is_below(const double *point, const double *reference, size_t m) {
    for (size_t k = 0; k < m; k++) {
        if (!(point[k] < reference[k])) {
            return false;
        }
    }
    return true;
}

/* Of |values| the front, as far as it lies below |reference|. */
static struct rows front_below(
    const double *values, size_t n, size_t m, const double *reference, struct mu_arena *arena) {
    struct rows r = {.values = MU_MATRIX(arena, n, m, double),
        .m = m,
        .stride = m,
        .reference = reference,
        .arena = arena};
    size_t *front = MU_ARRAY(arena, n, size_t);
    size_t count = mu_pareto_front(values, n, m, front, arena);
    for (size_t i = 0; i < count; i++) {
        const double *point = values + front[i] * m;
        if (is_below(point, reference, m)) {
            memcpy(r.values + r.n++ * m, point, m * sizeof *point);
        }
    }
    return r;
}

double mu_hypervolume(
    const double *values, size_t n, size_t m, const double *reference, struct mu_arena *arena) {
    struct mu_arena_mark mark = mu_arena_mark(arena);
    struct rows front = front_below(values, n, m, reference, arena);
    double volume = volume_of(&front);
    mu_arena_release(arena, mark);
    return volume;
}

/* ---- an order of a front ---- */

/* Who could be next, and what it would add, or once added. */
struct candidate {
    const double *values;
    double gain; /* at most, since what is there can only grow */
    bool up_to_date;
};

/* The volume that |values| would add to the |chosen|. */
static double gain_of(const struct rows *chosen, const double *values) {
    struct mu_arena_mark mark = mu_arena_mark(chosen->arena);
    size_t m = chosen->m;
    double *covered = MU_MATRIX(chosen->arena, chosen->n, m, double);
    for (size_t i = 0; i < chosen->n; i++) {
        for (size_t k = 0; k < m; k++) {
            covered[i * m + k] = fmax(values[k], chosen->values[i * m + k]);
        }
    }
    double volume = product(chosen, values, m) -
                    mu_hypervolume(covered, chosen->n, m, chosen->reference, chosen->arena);
    mu_arena_release(chosen->arena, mark);
    return volume;
}

/* The index of the candidate that adds most. Gains only shrink, so that most need not be computed
 * again. */
static size_t find_next(const struct rows *chosen, struct candidate *candidates, size_t n) {
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
        candidates[best].gain = gain_of(chosen, candidates[best].values);
        candidates[best].up_to_date = true;
    }
}

void mu_order_by_volume(const double *values, size_t m, const double *reference, size_t *order,
    size_t n, size_t most, struct mu_arena *arena) {
    struct mu_arena_mark mark = mu_arena_mark(arena);
    struct candidate *candidates = MU_ARRAY(arena, n, struct candidate);
    most = most < n ? most : n;
    struct rows chosen = {.values = MU_MATRIX(arena, most, m, double),
        .m = m,
        .stride = m,
        .reference = reference,
        .arena = arena};
    for (size_t i = 0; i < n; i++) {
        candidates[i] = (struct candidate){values + order[i] * m, HUGE_VAL, false};
    }
    for (size_t i = 0; i < most; i++) {
        size_t next = i + find_next(&chosen, candidates + i, n - i);
        struct candidate best = candidates[next];
        size_t index = order[next];
        memcpy(chosen.values + chosen.n++ * m, best.values, m * sizeof *best.values);
        memmove(candidates + i + 1, candidates + i, (next - i) * sizeof *candidates);
        memmove(order + i + 1, order + i, (next - i) * sizeof *order);
        candidates[i] = best;
        order[i] = index;
    }
    mu_arena_release(arena, mark);
}

/* ---- boxes ---- */

/* Points that boxes are made of first, by what they add: with three coordinates or more that makes
 * fewer boxes, and what there is no room for adds little. docs/adr/0103 */
enum { ORDERED = 32 };

/* Append what |box| of |from| keeps when everything from |point| on is taken away: for each
 * coordinate the part that is smaller in it and at least the point in those before it. */
static void split(struct mu_boxes *to, const struct mu_boxes *from, size_t box, const double *point,
    double *corner) {
    size_t m = from->m;
    const double *upper = from->upper + box * m;
    memcpy(corner, from->lower + box * m, m * sizeof *corner);
    for (size_t k = 0; k < m; k++) {
        if (corner[k] < point[k]) {
            memcpy(to->lower + to->n * m, corner, m * sizeof *corner);
            memcpy(to->upper + to->n * m, upper, m * sizeof *upper);
            to->upper[to->n++ * m + k] = point[k];
            corner[k] = point[k];
        }
    }
}

static void copy_box(struct mu_boxes *to, const struct mu_boxes *from, size_t box) {
    size_t m = from->m;
    memcpy(to->lower + to->n * m, from->lower + box * m, m * sizeof *to->lower);
    memcpy(to->upper + to->n++ * m, from->upper + box * m, m * sizeof *to->upper);
}

/* The boxes |from| without what |point| dominates into |to|; false when |to| has no room. */
static bool take_away(struct mu_boxes *to, const struct mu_boxes *from, const double *point,
    size_t most, double *corner) {
    to->n = 0;
    for (size_t box = 0; box < from->n; box++) {
        if (to->n + from->m > most) {
            return false;
        }
        if (is_below(point, from->upper + box * from->m, from->m)) {
            split(to, from, box, point, corner);
        } else {
            copy_box(to, from, box);
        }
    }
    return true;
}

struct mu_boxes mu_boxes_of(const double *values, size_t n, size_t m, const double *reference,
    size_t most, struct mu_arena *arena) {
    struct mu_boxes boxes[2] = {{.m = m}, {.m = m}};
    double *corner = MU_ARRAY(arena, m, double);
    for (size_t i = 0; i < 2; i++) {
        boxes[i].lower = MU_MATRIX(arena, most, m, double);
        boxes[i].upper = MU_MATRIX(arena, most, m, double);
    }
    struct rows front = front_below(values, n, m, reference, arena);
    size_t *order = MU_ARRAY(arena, front.n, size_t);
    size_t current = 0;
    boxes[0].n = 1;
    for (size_t k = 0; k < m; k++) {
        boxes[0].lower[k] = -HUGE_VAL;
        boxes[0].upper[k] = reference[k];
    }
    for (size_t i = 0; i < front.n; i++) {
        order[i] = i;
    }
    mu_order_by_volume(front.values, m, reference, order, front.n, ORDERED, arena);
    for (size_t i = 0; i < front.n; i++) {
        const double *point = front.values + order[i] * m;
        bool fits = take_away(&boxes[1 - current], &boxes[current], point, most, corner);
        current = fits ? 1 - current : current;
    }
    return boxes[current];
}
