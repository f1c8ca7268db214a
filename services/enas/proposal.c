#include "services/enas/proposal.h"

#include <math.h>
#include <stdlib.h>

#include "common/model/acquisition.h"

/* docs/adr/0023-candidates-of-enas.md tells how the figures came about. */
static const struct tuning {
    size_t random;    /* candidates without any knowledge */
    size_t offspring; /* of the best observations */
    size_t next;      /* of the best candidates, in each further generation */
    size_t generations;
    size_t parents;
    size_t sharp; /* one of so many candidates, those of the largest means, has its uncertainty
                     computed */
} TUNING = {.random = 48, .offspring = 128, .next = 64, .generations = 6, .parents = 8, .sharp = 2};

static size_t candidates(void) {
    return TUNING.random + TUNING.offspring + TUNING.generations * TUNING.next;
}

struct candidate {
    struct mu_enas_arch arch;
    double value; /* posterior mean, then logarithm of the expected improvement */
    size_t number;
};

struct pool {
    const struct mu_enas_space *space;
    const struct mu_enas_evidence *evidence;
    struct mu_enas_surrogate *surrogate;
    struct mu_enas_set *in;
    struct candidate *candidates;
    size_t n, judged, room;
};

/* Larger value first, then the earlier candidate. */
static int by_value(const void *p, const void *q) {
    const struct candidate *a = p;
    const struct candidate *b = q;
    if (a->value != b->value) {
        return a->value < b->value ? 1 : -1;
    }
    return (a->number > b->number) - (a->number < b->number);
}

/* The place for the next candidate. */
static struct mu_enas_arch *next(struct pool *pool) {
    return &pool->candidates[pool->n].arch;
}

/* Keep what stands in next(), unless it was tried or is a candidate already. The set refers to the
 * architecture's arrays, which stay in place when candidates are sorted, through a copy of the two
 * pointers. */
static void keep(struct pool *pool, struct mu_arena *arena) {
    if (pool->n + 1 >= pool->room || mu_enas_set_has(pool->evidence->tried, next(pool)) ||
        mu_enas_set_has(pool->in, next(pool))) {
        return;
    }
    struct mu_enas_arch *handle = MU_NEW(arena, struct mu_enas_arch);
    *handle = *next(pool);
    mu_enas_set_add(pool->in, handle);
    pool->candidates[pool->n].number = pool->n;
    pool->candidates[pool->n].value = mu_enas_surrogate_mean(pool->surrogate, handle);
    pool->n++;
}

/* Sort what came since the last call by its mean, replace the means of the better part by
 * improvements, and sort all; the others drop out.
 */
static void judge(struct pool *pool) {
    size_t fresh = pool->n - pool->judged;
    size_t sharp = (fresh + TUNING.sharp - 1) / TUNING.sharp;
    qsort(pool->candidates + pool->judged, fresh, sizeof *pool->candidates, by_value);
    for (size_t i = pool->judged; i < pool->judged + sharp; i++) {
        double mean;
        double deviation;
        double ignored;
        double best = mu_enas_surrogate_best(pool->surrogate);
        mu_enas_surrogate_predict(pool->surrogate, &pool->candidates[i].arch, &mean, &deviation);
        double improvement =
            mu_acquisition_value(MU_LOG_EI, mean, deviation, best, &ignored, &ignored);
        pool->candidates[i].value =
            nearbyint(improvement * 1e9) *
            1e-9; /* the last bits of exp and log differ between processors */
    }
    for (size_t i = pool->judged + sharp; i < pool->n; i++) {
        pool->candidates[i].value = -INFINITY;
    }
    qsort(pool->candidates, pool->n, sizeof *pool->candidates, by_value);
    pool->judged = pool->n;
}

/* One to three changed decisions; every other time after a crossover with another parent. */
static void offspring(struct pool *pool, const struct mu_enas_arch *const *parents,
    size_t n_parents, size_t n, struct mu_stream *stream, struct mu_arena *arena) {
    for (size_t i = 0; i < n && n_parents; i++) {
        const struct mu_enas_arch *mother = parents[mu_uniform_below(stream, n_parents)];
        const struct mu_enas_arch *father = parents[mu_uniform_below(stream, n_parents)];
        mu_enas_copy(pool->space, next(pool), mother);
        if (i % 3 == 2) {
            mu_enas_cross(pool->space, next(pool), father, stream);
        }
        mu_enas_mutate(pool->space, next(pool),
            1 + (unsigned)(i % 3 == 2 ? mu_uniform_below(stream, 2) : mu_uniform_below(stream, 3)),
            stream);
        keep(pool, arena);
    }
}

static void first_generation(struct pool *pool, struct mu_stream *stream, struct mu_arena *arena) {
    const struct mu_enas_arch **parents =
        MU_ARRAY(arena, TUNING.parents, const struct mu_enas_arch *);
    for (size_t i = 0; i < TUNING.random; i++) {
        mu_enas_draw(pool->space, next(pool), stream);
        keep(pool, arena);
    }
    size_t n = mu_enas_surrogate_leaders(pool->surrogate, TUNING.parents, parents);
    offspring(pool, parents, n, TUNING.offspring, stream, arena);
    judge(pool);
}

static void next_generation(struct pool *pool, struct mu_stream *stream, struct mu_arena *arena) {
    struct mu_enas_arch *handles = MU_ARRAY(arena, TUNING.parents, struct mu_enas_arch);
    const struct mu_enas_arch **parents =
        MU_ARRAY(arena, TUNING.parents, const struct mu_enas_arch *);
    size_t n = pool->n < TUNING.parents ? pool->n : TUNING.parents;
    for (size_t i = 0; i < n; i++) {
        handles[i] = pool->candidates[i].arch;
        parents[i] = &handles[i];
    }
    offspring(pool, parents, n, TUNING.next, stream, arena);
    judge(pool);
}

double mu_enas_propose_cost(
    const struct mu_enas_space *space, const struct mu_enas_evidence *evidence) {
    double n = evidence->n < MU_ENAS_MODELLED ? (double)evidence->n : MU_ENAS_MODELLED;
    double kernel = 60 * (double)(1 + space->layers) + 4 * (double)space->words;
    return (double)candidates() * n * (2 * kernel + 2 * n / (double)TUNING.sharp);
}

void mu_enas_propose(const struct mu_enas_space *space, const struct mu_enas_evidence *evidence,
    struct mu_enas_surrogate *surrogate, struct mu_enas_arch *arch, struct mu_stream *stream,
    struct mu_arena *arena) {
    struct mu_arena_mark mark = mu_arena_mark(arena);
    size_t room = candidates() + 2;
    struct pool pool = {.space = space, .evidence = evidence, .surrogate = surrogate, .room = room};
    pool.in = mu_enas_set_create(space, room, arena);
    pool.candidates = MU_ARRAY(arena, room, struct candidate);
    struct mu_enas_arch *archs = mu_enas_archs(space, room, arena);
    for (size_t i = 0; i < room; i++) {
        pool.candidates[i].arch = archs[i];
    }
    first_generation(&pool, stream, arena);
    for (size_t i = 0; i < TUNING.generations && pool.n; i++) {
        next_generation(&pool, stream, arena);
    }
    if (pool.n) {
        mu_enas_copy(space, arch, &pool.candidates[0].arch);
    } else {
        mu_enas_draw_untried(space, evidence, arch, stream);
    }
    mu_arena_release(arena, mark);
}
