#include "services/hyperband/brackets.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/set.h"

/* ---- configurations: trials grouped by their coordinates ---- */

/* A point and where to look for it. */
struct wanted {
    const struct mu_brackets *brackets;
    const double *x;
};

static bool is_wanted(const void *user, size_t number) {
    const struct wanted *w = user;
    const double *x = w->brackets->configs[number].x;
    return memcmp(x, w->x, w->brackets->space->n * sizeof *x) == 0;
}

/* Index of the configuration |x|; a new one when there is none yet. */
static uint32_t find_config(struct mu_brackets *brackets, struct mu_set *set, const double *x) {
    uint64_t hash = mu_hash(0, x, brackets->space->n * sizeof *x);
    size_t known = mu_set_find(set, hash, is_wanted, &(struct wanted){brackets, x});
    if (known != MU_SET_NONE) {
        return (uint32_t)known;
    }
    mu_set_add(set, hash);
    brackets->configs[brackets->n_configs] = (struct mu_config){.x = x, .bracket = -1, .top = -1};
    return (uint32_t)brackets->n_configs++;
}

/* ---- runs ---- */

/* Coordinates of a trial without the resource, or NULL when one of them is no value of its
 * parameter. */
static const double *config_point(
    const struct mu_trial *trial, size_t resource, size_t n, struct mu_arena *arena) {
    double *x = MU_ARRAY(arena, n + 1, double);
    for (size_t j = 0; j < n; j++) {
        x[j] = trial->x[j < resource ? j : j + 1];
        if (isnan(x[j])) {
            return NULL;
        }
    }
    return x;
}

static void link_run(struct mu_brackets *brackets, struct mu_run *run) {
    struct mu_config *config = &brackets->configs[run->config];
    run->next = config->latest;
    config->latest = run;
    bool learned = run->trial->state == MU_DONE && !config->known;
    brackets->n_known += learned;
    config->known |= learned;
    if (run->rung < 0) {
        return;
    }
    config->bracket =
        config->bracket < 0 || run->rung < config->bracket ? run->rung : config->bracket;
    config->top = run->rung > config->top ? run->rung : config->top;
}

static void read_runs(struct mu_brackets *brackets, struct mu_set *set,
    const struct mu_request *request, const struct mu_trial *trials, size_t n, size_t resource) {
    const char *name = request->experiment->space.parameters[resource].name;
    for (size_t i = 0; i < n; i++) {
        double value;
        const char *text = mu_trial_text(&trials[i], name);
        const double *x = config_point(&trials[i], resource, brackets->space->n, request->arena);
        if (!x || !text || !mu_read_double(text, &value)) {
            continue;
        }
        struct mu_run *run = &brackets->runs[brackets->n_runs++];
        *run = (struct mu_run){.trial = &trials[i],
            .x = x,
            .resource = value,
            .rung = mu_ladder_rung(brackets->ladder, value)};
        run->config = find_config(brackets, set, x);
        link_run(brackets, run);
    }
}

bool mu_run_finished_well(const struct mu_run *run) {
    return run->trial->state == MU_DONE && !run->trial->early_stopped;
}

/* Of two runs of one configuration at one rung (a request repeated, a trial run again) one counts:
 * a result before none, a running trial before a failed one, else the earlier in the canonical
 * order. */
static int weight(const struct mu_run *run) {
    return mu_run_finished_well(run) ? 2 : run->trial->state == MU_PENDING ? 1 : 0;
}

/* Which of |later| and the runs before it at its rung count. */
static void mark_repeated(struct mu_run *later) {
    for (struct mu_run *earlier = later->next; earlier && !later->repeated;
         earlier = earlier->next) {
        if (earlier->rung == later->rung && !earlier->repeated) {
            bool replaces = weight(later) > weight(earlier);
            *(replaces ? &earlier->repeated : &later->repeated) = true;
        }
    }
}

static void mark_all_repeated(struct mu_brackets *brackets) {
    for (size_t c = 0; c < brackets->n_configs; c++) {
        for (struct mu_run *run = brackets->configs[c].latest; run; run = run->next) {
            if (run->rung >= 0) {
                mark_repeated(run);
            }
        }
    }
}

/* ---- promotion ---- */

static int compare(double a, double b) {
    return (a > b) - (a < b);
}

/* The best first; equal ones in canonical order. */
static int compare_losses(const struct mu_result *a, const struct mu_result *b) {
    int order = compare(a->run->trial->loss, b->run->trial->loss);
    return order ? order : (a->run->config > b->run->config) - (a->run->config < b->run->config);
}

/* As in mu_brackets.results. */
static int compare_results(const void *pa, const void *pb) {
    const struct mu_result *a = pa;
    const struct mu_result *b = pb;
    if (a->bracket != b->bracket) {
        return a->bracket - b->bracket;
    }
    if (a->rung != b->rung) {
        return a->rung - b->rung;
    }
    int lost = mu_run_finished_well(b->run) - mu_run_finished_well(a->run);
    return lost ? lost : compare_losses(a, b);
}

int mu_by_rung_and_loss(const void *pa, const void *pb) {
    const struct mu_result *a = pa;
    const struct mu_result *b = pb;
    return a->rung != b->rung ? b->rung - a->rung : compare_losses(a, b);
}

static void collect_results(struct mu_brackets *brackets, struct mu_arena *arena) {
    brackets->results = MU_ARRAY(arena, brackets->n_runs + 1, struct mu_result);
    for (size_t i = 0; i < brackets->n_runs; i++) {
        const struct mu_run *run = &brackets->runs[i];
        bool promotes = run->rung >= 0 && (size_t)run->rung + 1 < brackets->ladder->n;
        if (promotes && !run->repeated && run->trial->state != MU_PENDING) {
            brackets->results[brackets->n_results++] =
                (struct mu_result){brackets->configs[run->config].bracket, run->rung, run};
        }
    }
    qsort(brackets->results, brackets->n_results, sizeof *brackets->results, compare_results);
}

size_t mu_brackets_rung_size(const struct mu_brackets *brackets, const struct mu_result *first) {
    const struct mu_result *end = brackets->results + brackets->n_results;
    const struct mu_result *next = first;
    while (next < end && next->bracket == first->bracket && next->rung == first->rung) {
        next++;
    }
    return (size_t)(next - first);
}

bool mu_brackets_may_promote(const struct mu_brackets *brackets, const struct mu_result *result) {
    return mu_run_finished_well(result->run) &&
           brackets->configs[result->run->config].top == result->rung;
}

/* Asynchronous successive halving (Li, Jamieson, Rostamizadeh, Gonina, Hardt, Recht and Talwalkar,
 * MLSys 2020): whoever is among the best 1 / eta of those that finished its rung may go on at once.
 */
static void find_promotable(struct mu_brackets *brackets, struct mu_arena *arena) {
    struct mu_result *kept = MU_ARRAY(arena, brackets->n_results + 1, struct mu_result);
    brackets->promotable = kept;
    for (size_t from = 0, n; from < brackets->n_results; from += n) {
        const struct mu_result *rung = &brackets->results[from];
        n = mu_brackets_rung_size(brackets, rung);
        for (size_t i = 0; i < mu_ladder_quota(brackets->ladder, n); i++) {
            if (mu_brackets_may_promote(brackets, &rung[i])) {
                kept[brackets->n_promotable++] = rung[i];
            }
        }
    }
    qsort(kept, brackets->n_promotable, sizeof *kept, mu_by_rung_and_loss);
}

/* ---- the whole ---- */

static void count_reached(struct mu_brackets *brackets) {
    for (size_t i = 0; i < brackets->n_runs; i++) {
        const struct mu_run *run = &brackets->runs[i];
        if (run->rung >= 0 && !run->repeated) {
            brackets->reached[brackets->configs[run->config].bracket][run->rung]++;
        }
    }
}

void mu_brackets_build(struct mu_brackets *brackets, const struct mu_request *request,
    const struct mu_ladder *ladder, const struct mu_space *space, size_t resource) {
    const struct mu_history *history = request->history;
    size_t n = history->n + history->n_infeasible;
    *brackets = (struct mu_brackets){.ladder = ladder, .space = space};
    brackets->runs = MU_ARRAY(request->arena, n + request->wanted + 1, struct mu_run);
    brackets->configs = MU_ARRAY(request->arena, n + request->wanted + 1, struct mu_config);
    struct mu_set configs;
    mu_set_init(&configs, n, request->arena);
    read_runs(brackets, &configs, request, history->trials, history->n, resource);
    read_runs(brackets, &configs, request, history->infeasible, history->n_infeasible, resource);
    mark_all_repeated(brackets);
    count_reached(brackets);
    collect_results(brackets, request->arena);
    find_promotable(brackets, request->arena);
}

uint32_t mu_brackets_start(struct mu_brackets *brackets, const double *x, int rung) {
    uint32_t config = (uint32_t)brackets->n_configs++;
    brackets->configs[config] = (struct mu_config){.x = x, .bracket = rung, .top = rung};
    brackets->reached[rung][rung]++;
    return config;
}

void mu_brackets_promote(struct mu_brackets *brackets, uint32_t config) {
    struct mu_config *c = &brackets->configs[config];
    c->top++;
    if (c->bracket < 0) {
        c->bracket = c->top;
    }
    brackets->reached[c->bracket][c->top]++;
}

static double rounds(const struct mu_brackets *brackets, size_t bracket) {
    return floor((double)brackets->reached[bracket][bracket] / brackets->ladder->planned[bracket]);
}

size_t mu_brackets_next(const struct mu_brackets *brackets) {
    size_t next = 0;
    for (size_t b = 1; b < brackets->ladder->brackets; b++) {
        next = rounds(brackets, b) < rounds(brackets, next) ? b : next;
    }
    return next;
}

double mu_brackets_room(const struct mu_brackets *brackets, size_t bracket) {
    double planned = brackets->ladder->planned[bracket];
    return planned - fmod((double)brackets->reached[bracket][bracket], planned);
}

const struct mu_run *mu_config_run(const struct mu_config *config, int rung) {
    const struct mu_run *run = config->latest;
    while (run && (run->rung != rung || run->repeated)) {
        run = run->next;
    }
    return run;
}

const struct mu_trial *mu_config_predecessor(const struct mu_config *config, int rung) {
    for (int below = rung - 1; below >= 0; below--) {
        const struct mu_run *run = mu_config_run(config, below);
        if (run && mu_run_finished_well(run)) {
            return run->trial;
        }
    }
    return NULL;
}

/* ---- reuse ---- */

struct reuse {
    int state, top;
    double loss;
    uint32_t config;
};

static int compare_reuse(const void *pa, const void *pb) {
    const struct reuse *a = pa;
    const struct reuse *b = pb;
    if (a->state != b->state) {
        return b->state - a->state;
    }
    if (a->top != b->top) {
        return b->top - a->top;
    }
    return a->loss != b->loss ? compare(a->loss, b->loss)
                              : (a->config > b->config) - (a->config < b->config);
}

/* What is known of a configuration at its highest rung. */
static struct reuse judge(const struct mu_brackets *brackets, uint32_t config) {
    const struct mu_config *c = &brackets->configs[config];
    const struct mu_run *run = mu_config_run(c, c->top);
    int state = run ? weight(run) : 1;
    return (struct reuse){state, c->top, state == 2 ? run->trial->loss : 0, config};
}

uint32_t *mu_brackets_order(const struct mu_brackets *brackets, struct mu_arena *arena) {
    struct reuse *all = MU_ARRAY(arena, brackets->n_configs + 1, struct reuse);
    uint32_t *order = MU_ARRAY(arena, brackets->n_configs + 1, uint32_t);
    for (size_t i = 0; i < brackets->n_configs; i++) {
        all[i] = judge(brackets, (uint32_t)i);
    }
    qsort(all, brackets->n_configs, sizeof *all, compare_reuse);
    for (size_t i = 0; i < brackets->n_configs; i++) {
        order[i] = all[i].config;
    }
    return order;
}
