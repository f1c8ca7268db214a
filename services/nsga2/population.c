#include "services/nsga2/population.h"

#include <stdlib.h>
#include <string.h>

#include "common/num/pareto.h"

/* Trials that can be compared: their points, objectives and violations. */
struct candidates {
    const double **x;
    double *values, *violation; /* n x m, n */
    size_t *rank;
    size_t n, m;
};

static void read_candidates(struct candidates *c, const struct mu_outcomes *outcomes,
    const struct mu_history *history, struct mu_arena *arena) {
    double *row = MU_ARRAY(arena, outcomes->n, double);
    *c = (struct candidates){.x = MU_ARRAY(arena, history->n, const double *),
        .values = MU_MATRIX(arena, history->n, outcomes->n_objectives, double),
        .violation = MU_ARRAY(arena, history->n, double),
        .rank = MU_ARRAY(arena, history->n, size_t),
        .m = outcomes->n_objectives};
    for (size_t i = 0; i < history->n; i++) {
        mu_outcomes_of(outcomes, &history->trials[i], row);
        if (mu_outcomes_complete(outcomes, row)) {
            memcpy(c->values + c->n * c->m, row, c->m * sizeof *row);
            c->violation[c->n] = mu_outcomes_violation(outcomes, row);
            c->x[c->n++] = history->trials[i].x;
        }
    }
}

/* A candidate within its front. */
struct place {
    size_t index;
    double crowding;
};

static int by_crowding(const void *p, const void *q) {
    const struct place *a = p;
    const struct place *b = q;
    int order = (a->crowding < b->crowding) - (a->crowding > b->crowding);
    return order ? order : (a->index > b->index) - (a->index < b->index);
}

/* Sort the |n| places of one front, the loneliest first. */
static void sort_front(
    const struct candidates *c, struct place *front, size_t n, struct mu_arena *arena) {
    struct mu_arena_mark mark = mu_arena_mark(arena);
    double *values = MU_MATRIX(arena, n, c->m, double);
    double *crowding = MU_ARRAY(arena, n, double);
    for (size_t i = 0; i < n; i++) {
        memcpy(values + i * c->m, c->values + front[i].index * c->m, c->m * sizeof *values);
    }
    mu_crowding(values, n, c->m, crowding, arena);
    for (size_t i = 0; i < n; i++) {
        front[i].crowding = crowding[i];
    }
    qsort(front, n, sizeof *front, by_crowding);
    mu_arena_release(arena, mark);
}

struct mu_nsga_population mu_nsga_population_of(const struct mu_outcomes *outcomes,
    const struct mu_history *history, size_t size, struct mu_arena *arena) {
    struct candidates c;
    read_candidates(&c, outcomes, history, arena);
    struct place *places = MU_ARRAY(arena, c.n, struct place);
    size_t *order = MU_ARRAY(arena, c.n, size_t);
    mu_pareto_ranks(c.values, c.n, c.m, c.violation, c.rank, arena);
    mu_order_by_rank(c.rank, c.n, order, arena);
    for (size_t i = 0; i < c.n; i++) {
        places[i].index = order[i];
    }
    size_t n = size < c.n ? size : c.n;
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from; to < c.n && c.rank[order[to]] == c.rank[order[from]];) {
            to++;
        }
        sort_front(&c, places + from, to - from, arena);
    }
    struct mu_nsga_member *members = MU_ARRAY(arena, n, struct mu_nsga_member);
    for (size_t i = 0; i < n; i++) {
        size_t k = places[i].index;
        members[i] = (struct mu_nsga_member){c.x[k], c.rank[k], places[i].crowding};
    }
    return (struct mu_nsga_population){members, n};
}

const struct mu_nsga_member *mu_nsga_tournament(
    const struct mu_nsga_population *population, struct mu_stream *stream) {
    const struct mu_nsga_member *a = &population->members[mu_uniform_below(stream, population->n)];
    const struct mu_nsga_member *b = &population->members[mu_uniform_below(stream, population->n)];
    return a < b ? a : b; /* the members stand in this order */
}
