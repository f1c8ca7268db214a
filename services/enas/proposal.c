#include "services/enas/proposal.h"

#include <string.h>

#include "common/model/acquisition.h"

/* docs/adr/0023-candidates-of-enas.md tells how the figures came about. */
static const struct tuning {
    size_t random;      /* candidates without any knowledge */
    size_t offspring;   /* of the best observations */
    size_t generations; /* then, each of */
    size_t next;        /* offspring of the best candidates so far */
    uint64_t mutations; /* most decisions that an offspring changes */
} TUNING = {.random = 48, .offspring = 128, .generations = 6, .next = 64, .mutations = 3};

enum { PARENTS = 8 };

struct candidate {
    const struct mu_enas_arch *arch;
    double value; /* logarithm of the expected improvement */
};

struct search {
    const struct mu_enas_space *space;
    const struct mu_enas_set *tried;
    struct mu_enas_surrogate *surrogate;
    struct mu_enas_arch *archs; /* those met so far, and the one under construction */
    size_t n;
    struct mu_enas_set *met;
    struct candidate best[PARENTS]; /* the largest value first, of equal ones the earliest */
    size_t n_best;
};

static size_t most_candidates(void) {
    return TUNING.random + TUNING.offspring + TUNING.generations * TUNING.next;
}

static double expected_improvement(struct mu_enas_surrogate *s, const struct mu_enas_arch *arch) {
    double mean;
    double ignored;
    double sd = mu_gp_predict(&s->gp, arch, &mean);
    return mu_acquisition_value(MU_LOG_EI, mean, sd, s->leaders[0].mean, &ignored, &ignored);
}

/* Put |candidate| where it belongs among the best. */
static void rank(struct search *s, struct candidate candidate) {
    size_t at = s->n_best;
    while (at > 0 && s->best[at - 1].value < candidate.value) {
        at--;
    }
    if (at < PARENTS) {
        s->n_best += s->n_best < PARENTS;
        memmove(s->best + at + 1, s->best + at, (s->n_best - 1 - at) * sizeof *s->best);
        s->best[at] = candidate;
    }
}

/* Judge the architecture under construction, unless it was tried or met before. */
static void consider(struct search *s) {
    const struct mu_enas_arch *arch = &s->archs[s->n];
    if (!mu_enas_set_has(s->tried, arch) && mu_enas_set_add(s->met, arch)) {
        s->n++;
        rank(s, (struct candidate){arch, expected_improvement(s->surrogate, arch)});
    }
}

/* |n| offspring of |parents|: one to three decisions of one of them changed. */
static void breed(struct search *s, const struct mu_enas_arch *const *parents, size_t n_parents,
    size_t n, struct mu_stream *stream) {
    for (size_t i = 0; i < n && n_parents; i++) {
        struct mu_enas_arch *arch = &s->archs[s->n];
        mu_enas_copy(s->space, arch, parents[mu_uniform_below(stream, n_parents)]);
        mu_enas_mutate(
            s->space, arch, 1 + (unsigned)mu_uniform_below(stream, TUNING.mutations), stream);
        consider(s);
    }
}

static void breed_from_observations(struct search *s, struct mu_stream *stream) {
    const struct mu_enas_arch *parents[PARENTS];
    size_t n = s->surrogate->n_leaders < PARENTS ? s->surrogate->n_leaders : PARENTS;
    for (size_t i = 0; i < n; i++) {
        parents[i] = s->surrogate->leaders[i].arch;
    }
    breed(s, parents, n, TUNING.offspring, stream);
}

static void breed_from_candidates(struct search *s, struct mu_stream *stream) {
    const struct mu_enas_arch *parents[PARENTS];
    size_t n = s->n_best;
    for (size_t i = 0; i < n; i++) {
        parents[i] = s->best[i].arch;
    }
    breed(s, parents, n, TUNING.next, stream);
}

double mu_enas_propose_cost(
    const struct mu_enas_space *space, const struct mu_enas_observations *observations) {
    double n = observations->n < MU_ENAS_MODELLED ? (double)observations->n : MU_ENAS_MODELLED;
    double features = 10 * (double)space->layers + 4 * (double)space->words;
    double correlation = 60;
    return (double)most_candidates() * n * (features + correlation + n);
}

void mu_enas_propose(const struct mu_enas_space *space,
    const struct mu_enas_observations *observations, struct mu_enas_surrogate *surrogate,
    struct mu_enas_arch *arch, struct mu_stream *stream, struct mu_arena *arena) {
    struct mu_arena_mark mark = mu_arena_mark(arena);
    size_t room = most_candidates() + 1;
    struct search s = {.space = space, .tried = observations->tried, .surrogate = surrogate};
    s.archs = mu_enas_archs(space, room, arena);
    s.met = mu_enas_set_of(space, room, arena);
    for (size_t i = 0; i < TUNING.random; i++) {
        mu_enas_draw(space, &s.archs[s.n], stream);
        consider(&s);
    }
    breed_from_observations(&s, stream);
    for (size_t i = 0; i < TUNING.generations; i++) {
        breed_from_candidates(&s, stream);
    }
    if (s.n_best) {
        mu_enas_copy(space, arch, s.best[0].arch);
    } else {
        mu_enas_draw_untried(space, observations, arch, stream);
    }
    mu_arena_release(arena, mark);
    mu_gp_believe(&surrogate->gp, arch);
}
