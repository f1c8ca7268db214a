/* The tree-structured Parzen estimator as sampler: BOHB (Falkner, Klein and Hutter, ICML 2018) with
 * this project's own TPE in place of its kernel density. */
#include <math.h>
#include <stdlib.h>

#include "common/model/tpe.h"
#include "services/hyperband/sampler.h"

struct tpe {
    const struct mu_sampler_context *context;
    struct mu_tpe_model *model;
    size_t results;
};

/* A result to learn from. */
struct outcome {
    const double *x;
    int rung;
    double loss;
    size_t config;
};

/* Configurations that came farther are better, whatever their loss; of equals the smaller loss. */
static int compare_outcomes(const void *pa, const void *pb) {
    const struct outcome *a = pa;
    const struct outcome *b = pb;
    if (a->rung != b->rung) {
        return b->rung - a->rung;
    }
    return a->loss != b->loss ? (a->loss > b->loss ? 1 : -1)
                              : (a->config > b->config) - (a->config < b->config);
}

static bool has_result(const struct mu_run *run) {
    return run->rung >= 0 && !run->repeated && run->trial->state == MU_DONE;
}

/* The result of |config| at the highest rung where it has one; rung -1 when it has none. */
static struct outcome farthest(const struct mu_brackets *brackets, size_t config) {
    struct outcome best = {.rung = -1};
    for (const struct mu_run *run = brackets->configs[config].latest; run; run = run->next) {
        if (has_result(run) && run->rung > best.rung) {
            best = (struct outcome){run->x, run->rung, run->trial->loss, config};
        }
    }
    return best;
}

/* The lowest rung to learn from: one below the highest that has d + 2 results. BOHB learns from
 * that one alone and forgets what the others know; all of them together are misled where low rungs
 * mislead. */
static int lowest_rung(const struct mu_brackets *brackets) {
    size_t results[MU_LADDER_RUNGS] = {0};
    for (size_t i = 0; i < brackets->n_runs; i++) {
        if (has_result(&brackets->runs[i])) {
            results[brackets->runs[i].rung]++;
        }
    }
    int rung = (int)brackets->ladder->n - 1;
    while (rung > 0 && results[rung] < brackets->space->n + 2) {
        rung--;
    }
    return rung > 0 ? rung - 1 : 0;
}

static size_t collect(const struct mu_brackets *brackets, struct outcome *outcomes) {
    int lowest = lowest_rung(brackets);
    size_t n = 0;
    for (size_t c = 0; c < brackets->n_configs; c++) {
        outcomes[n] = farthest(brackets, c);
        n += outcomes[n].rung >= lowest;
    }
    qsort(outcomes, n, sizeof *outcomes, compare_outcomes);
    return n;
}

static bool draw(void *self, uint64_t number, double resource, double *x) {
    struct tpe *tpe = self;
    (void)resource;
    const struct mu_sampler_context *context = tpe->context;
    if (tpe->results < mu_sampler_fewest(context)) {
        return false;
    }
    mu_tpe_propose(tpe->model, context->seen, context->request->seed, number, x);
    return true;
}

static void pending(void *self, const double *x, double resource) {
    struct tpe *tpe = self;
    (void)resource;
    mu_tpe_avoid(tpe->model, x);
}

struct mu_sampler mu_sampler_tpe(const struct mu_sampler_context *context) {
    struct mu_arena *arena = context->request->arena;
    const struct mu_brackets *brackets = &context->brackets;
    struct tpe *tpe = MU_NEW(arena, struct tpe);
    struct outcome *outcomes = MU_ARRAY(arena, brackets->n_configs + 1, struct outcome);
    size_t n = collect(brackets, outcomes);
    const double **x = MU_ARRAY(arena, n + 1, const double *);
    double *loss = MU_ARRAY(arena, n + 1, double);
    for (size_t i = 0; i < n; i++) {
        x[i] = outcomes[i].x;
        loss[i] = (double)i;
    }
    struct mu_tpe_data data = {.space = &context->space, .x = x, .loss = loss, .n = n};
    size_t room = brackets->n_runs + context->request->wanted;
    *tpe = (struct tpe){.context = context,
        .model = mu_tpe_new(&(struct mu_tpe_options){.startup = 1}, &data, room, arena),
        .results = n};
    for (size_t i = 0; i < brackets->n_runs; i++) {
        if (brackets->runs[i].trial->state != MU_DONE) {
            pending(tpe, brackets->runs[i].x, brackets->runs[i].resource);
        }
    }
    return (struct mu_sampler){draw, pending, tpe};
}
