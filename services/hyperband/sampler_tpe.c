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

static bool has_result(const struct mu_run *run) {
    return run->rung >= 0 && !run->repeated && run->trial->state == MU_DONE;
}

/* The run of |config| at the highest rung where it has a result, NULL when it has none. */
static const struct mu_run *farthest(const struct mu_config *config) {
    const struct mu_run *best = NULL;
    for (const struct mu_run *run = config->latest; run; run = run->next) {
        best = has_result(run) && !(best && best->rung > run->rung) ? run : best;
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

/* What to learn from into |results|. Configurations that came farther are better, whatever their
 * loss. */
static size_t collect(const struct mu_brackets *brackets, struct mu_result *results) {
    int lowest = lowest_rung(brackets);
    size_t n = 0;
    for (size_t c = 0; c < brackets->n_configs; c++) {
        const struct mu_run *run = farthest(&brackets->configs[c]);
        if (run && run->rung >= lowest) {
            results[n++] = (struct mu_result){.rung = run->rung, .run = run};
        }
    }
    qsort(results, n, sizeof *results, mu_by_rung_and_loss);
    return n;
}

static bool draw(void *self, uint64_t number, double *x) {
    struct tpe *tpe = self;
    const struct mu_sampler_context *context = tpe->context;
    if (tpe->results < mu_sampler_fewest(context)) {
        return false;
    }
    mu_tpe_propose(tpe->model, context->seen, context->request->seed, number, x);
    return true;
}

static void pending(void *self, const double *x) {
    struct tpe *tpe = self;
    mu_tpe_avoid(tpe->model, x);
}

struct mu_sampler mu_sampler_tpe(const struct mu_sampler_context *context) {
    struct mu_arena *arena = context->request->arena;
    const struct mu_brackets *brackets = &context->brackets;
    struct tpe *tpe = MU_NEW(arena, struct tpe);
    struct mu_result *results = MU_ARRAY(arena, brackets->n_configs + 1, struct mu_result);
    size_t n = collect(brackets, results);
    const double **x = MU_ARRAY(arena, n + 1, const double *);
    double *loss = MU_ARRAY(arena, n + 1, double);
    for (size_t i = 0; i < n; i++) {
        x[i] = results[i].run->x;
        loss[i] = (double)i;
    }
    struct mu_tpe_data data = {.space = &context->space, .x = x, .loss = loss, .n = n};
    size_t room = brackets->n_runs + context->request->wanted;
    *tpe = (struct tpe){.context = context,
        .model = mu_tpe_new(&(struct mu_tpe_options){.startup = 1}, &data, room, arena),
        .results = n};
    for (size_t i = 0; i < brackets->n_runs; i++) {
        if (brackets->runs[i].trial->state != MU_DONE) {
            pending(tpe, brackets->runs[i].x);
        }
    }
    return (struct mu_sampler){draw, pending, tpe};
}
