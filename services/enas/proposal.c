#include "services/enas/proposal.h"

#include <string.h>

#include "common/model/acquisition.h"

/* docs/adr/0023-candidates-of-enas.md tells how the figures came about. */
static const struct tuning {
    size_t generations; /* the first one at random, the second from the best observations, then from
                           the best candidates so far */
    size_t each;        /* candidates in one */
} TUNING = {.generations = 9, .each = 64};

struct search {
    const struct mu_enas_space *space;
    const struct mu_enas_set *tried;
    struct mu_enas_surrogate *surrogate;
    struct mu_enas_arch *archs; /* those met so far, and the one under construction */
    size_t n;
    struct mu_enas_set *met;
    struct mu_enas_rated best[MU_ENAS_PARENTS]; /* by the logarithm of the expected improvement: the
                                                   largest first, of equal ones the earliest */
    size_t n_best;
};

static size_t most_candidates(void) {
    return TUNING.generations * TUNING.each;
}

static double expected_improvement(struct mu_enas_surrogate *s, const struct mu_enas_arch *arch) {
    double mean;
    double ignored;
    double sd = mu_gp_predict(&s->gp, arch, &mean);
    return mu_acquisition_value(MU_LOG_EI, mean, sd, s->leaders[0].value, &ignored, &ignored);
}

/* Put |candidate| where it belongs among the best. */
static void rank(struct search *s, struct mu_enas_rated candidate) {
    size_t at = s->n_best;
    while (at > 0 && s->best[at - 1].value < candidate.value) {
        at--;
    }
    if (at < MU_ENAS_PARENTS) {
        s->n_best += s->n_best < MU_ENAS_PARENTS;
        memmove(s->best + at + 1, s->best + at, (s->n_best - 1 - at) * sizeof *s->best);
        s->best[at] = candidate;
    }
}

/* Judge the architecture under construction, unless it was tried or met before. */
static void consider(struct search *s) {
    const struct mu_enas_arch *arch = &s->archs[s->n];
    if (!mu_enas_set_has(s->tried, arch) && mu_enas_set_add(s->met, arch)) {
        s->n++;
        rank(s, (struct mu_enas_rated){arch, expected_improvement(s->surrogate, arch)});
    }
}

/* A generation of offspring of the first of |parents|. */
static void breed(struct search *s, const struct mu_enas_rated *parents, size_t n_parents,
    struct mu_stream *stream) {
    struct mu_enas_rated chosen[MU_ENAS_PARENTS]; /* a copy: the best may change meanwhile */
    n_parents = n_parents < MU_ENAS_PARENTS ? n_parents : MU_ENAS_PARENTS;
    memcpy(chosen, parents, n_parents * sizeof *parents);
    for (size_t i = 0; i < TUNING.each && n_parents; i++) {
        const struct mu_enas_arch *parent = chosen[mu_uniform_below(stream, n_parents)].arch;
        mu_enas_breed(s->space, &s->archs[s->n], parent, stream);
        consider(s);
    }
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
    for (size_t i = 0; i < TUNING.each; i++) {
        mu_enas_draw(space, &s.archs[s.n], stream);
        consider(&s);
    }
    breed(&s, surrogate->leaders, surrogate->n_leaders, stream);
    for (size_t i = 2; i < TUNING.generations; i++) {
        breed(&s, s.best, s.n_best, stream);
    }
    if (s.n_best) {
        mu_enas_copy(space, arch, s.best[0].arch);
    } else {
        mu_enas_draw_untried(space, observations, arch, stream);
    }
    mu_arena_release(arena, mark);
    mu_gp_believe(&surrogate->gp, arch);
}
