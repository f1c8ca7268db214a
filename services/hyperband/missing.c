#include "services/hyperband/missing.h"

#include <stdlib.h>
#include <string.h>

/* A finished trial of a bracket's rung. */
struct result {
    int bracket, rung;
    const char *time; /* of its end; NULL: not known, later than all that are */
    bool lost;
    double loss;
    uint32_t config;
};

static int compare_times(const char *a, const char *b) {
    return a && b ? strcmp(a, b) : !a - !b;
}

/* Bracket by bracket, rung by rung, in the order in which they finished. */
static int compare_results(const void *pa, const void *pb) {
    const struct result *a = pa;
    const struct result *b = pb;
    if (a->bracket != b->bracket) {
        return a->bracket - b->bracket;
    }
    if (a->rung != b->rung) {
        return a->rung - b->rung;
    }
    int order = compare_times(a->time, b->time);
    return order ? order : (a->config > b->config) - (a->config < b->config);
}

/* When |run| ended. Trials that were stopped early have no time of it (mu_trial.completed). */
static const char *end_of(const struct mu_run *run) {
    bool known = run->trial->state != MU_PENDING && !run->trial->early_stopped;
    return known && *run->trial->completed ? run->trial->completed : NULL;
}

static size_t collect(const struct mu_brackets *brackets, struct result *results) {
    size_t n = 0;
    for (size_t i = 0; i < brackets->n_runs; i++) {
        const struct mu_run *run = &brackets->runs[i];
        if (run->rung < 0 || run->repeated || run->trial->state == MU_PENDING) {
            continue;
        }
        bool lost = !mu_run_finished_well(run);
        results[n++] = (struct result){brackets->configs[run->config].bracket, run->rung,
            end_of(run), lost, lost ? 0 : run->trial->loss, run->config};
    }
    qsort(results, n, sizeof *results, compare_results);
    return n;
}

static bool is_better(const struct result *a, const struct result *b) {
    return !a->lost && (a->loss != b->loss ? a->loss < b->loss : a->config < b->config);
}

/* ---- what times tell ---- */

static int by_time(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Ends of trials, ascending. */
struct ends {
    const char **times;
    size_t n;
};

static struct ends ends_of(const struct mu_brackets *brackets, struct mu_arena *arena) {
    struct ends ends = {MU_ARRAY(arena, brackets->n_runs + 1, const char *), 0};
    for (size_t i = 0; i < brackets->n_runs; i++) {
        const char *end = end_of(&brackets->runs[i]);
        if (end) {
            ends.times[ends.n++] = end;
        }
    }
    qsort(ends.times, ends.n, sizeof *ends.times, by_time);
    return ends;
}

static int by_due(const void *a, const void *b) {
    return compare_times(*(const char *const *)a, *(const char *const *)b);
}

/* How many ends are not later than |time|; of a NULL one more than there are. */
static size_t count_until(const struct ends *ends, const char *time) {
    size_t low = 0;
    for (size_t high = ends->n; time && low < high;) {
        size_t middle = (low + high) / 2;
        bool until = strcmp(ends->times[middle], time) <= 0;
        *(until ? &low : &high) = middle + until;
    }
    return time ? low : ends->n + 1;
}

/* How many ends were known when what started at |started| was suggested. It started a moment later,
 * so the latest end before may have come too late for it. Where suggestions are |missing| it is
 * counted all the same: believing too much costs a promotion, believing too little repeats one. */
static size_t known_at(const struct ends *ends, const char *started, bool missing) {
    size_t n = count_until(ends, started);
    if (missing || n == 0) {
        return n;
    }
    const char *latest = ends->times[n - 1];
    while (n > 0 && strcmp(ends->times[n - 1], latest) == 0) {
        n--;
    }
    return n;
}

/* What a suggestion was: a promotion from |rung| with the result |loss| there, or, at rung -1, a
 * new configuration. */
struct choice {
    bool any;
    int rung;
    double loss;
};

/* Whether |b| is chosen only when |a| is no choice: the highest rung goes first, then the best. */
static bool comes_before(const struct choice *a, const struct choice *b) {
    return a->rung != b->rung ? a->rung > b->rung : a->loss < b->loss;
}

/* Note |choice| in |last| when it comes after what is there. */
static void note(struct choice *last, const struct choice *choice) {
    if (choice->any && (!last->any || comes_before(last, choice))) {
        *last = *choice;
    }
}

static struct choice choice_of(const struct mu_brackets *brackets, const struct mu_run *run) {
    const struct mu_config *config = &brackets->configs[run->config];
    if (run->rung < 0 || run->repeated || !*run->trial->started) {
        return (struct choice){0};
    }
    if (run->rung == config->bracket) {
        return (struct choice){true, -1, 0};
    }
    for (uint32_t i = config->first; i; i = brackets->runs[i - 1].next) {
        const struct mu_run *below = &brackets->runs[i - 1];
        if (below->rung == run->rung - 1 && mu_run_finished_well(below)) {
            return (struct choice){true, below->rung, below->trial->loss};
        }
    }
    return (struct choice){0};
}

/* By number of ends: the last choice that was made when so many were known. */
static const struct choice *choices_at(const struct mu_brackets *brackets, const struct ends *ends,
    bool missing, struct mu_arena *arena) {
    struct choice *last = MU_ARRAY(arena, ends->n + 2, struct choice);
    for (size_t i = 0; i < brackets->n_runs; i++) {
        const struct mu_run *run = &brackets->runs[i];
        struct choice choice = choice_of(brackets, run);
        note(&last[known_at(ends, run->trial->started, missing)], &choice);
    }
    return last;
}

/* What is known of a configuration's next promotion. */
struct belief {
    const char
        *due;  /* since when it has been among the best 1 / eta; NULL: unknown, or it is not */
    bool made; /* it was while a suggestion was made that comes after it */
};

/* What to believe of result |i| of the |n| of a rung; |last|, by result: the last choice when it
 * was the latest known. */
static struct belief judge_result(const struct mu_ladder *ladder, const struct result *rung,
    const struct choice *last, size_t n, size_t i) {
    const struct choice promotion = {true, rung[i].rung, rung[i].loss};
    struct belief belief = {0};
    size_t better = 0;
    for (size_t k = 0; k < n; k++) {
        better += k != i && is_better(&rung[k], &rung[i]);
        if (better >= mu_ladder_quota(ladder, n)) {
            belief.due = NULL; /* and it will not come back */
            break;
        }
        bool due = k >= i && better < mu_ladder_quota(ladder, k + 1);
        belief.due = !due ? NULL : belief.due ? belief.due : rung[k].time;
        belief.made |= due && last[k].any && comes_before(&promotion, &last[k]);
    }
    return belief;
}

/* What judging looks at. */
struct evidence {
    const struct mu_brackets *brackets;
    struct ends ends;
    const struct choice *last; /* see choices_at */
    struct belief *beliefs;    /* by configuration */
    const bool *judged;        /* by configuration: whether it matters */
    struct mu_arena *arena;
};

/* Judge the |n| results of a rung; how many promotions were made. */
static size_t judge_rung(const struct evidence *e, const struct result *rung, size_t n) {
    struct choice *last = MU_ARRAY(e->arena, n, struct choice);
    size_t made = 0;
    for (size_t k = 0; k < n; k++) {
        size_t next = count_until(&e->ends, k + 1 < n ? rung[k + 1].time : NULL);
        for (size_t known = count_until(&e->ends, rung[k].time); known < next; known++) {
            note(&last[k], &e->last[known]);
        }
    }
    for (size_t i = 0; i < n; i++) {
        const struct mu_config *config = &e->brackets->configs[rung[i].config];
        if (!rung[i].lost && config->top == rung[i].rung && e->judged[rung[i].config]) {
            e->beliefs[rung[i].config] = judge_result(e->brackets->ladder, rung, last, n, i);
            made += e->beliefs[rung[i].config].made;
        }
    }
    return made;
}

static size_t judge_by_times(const struct evidence *e) {
    struct result *results = MU_ARRAY(e->arena, e->brackets->n_runs + 1, struct result);
    size_t n = collect(e->brackets, results);
    size_t made = 0;
    for (size_t from = 0, to; from < n; from = to) {
        const struct result *rung = &results[from];
        for (to = from + 1;
             to < n && results[to].bracket == rung->bracket && results[to].rung == rung->rung;) {
            to++;
        }
        if ((size_t)rung->rung + 1 < e->brackets->ladder->n) {
            made += judge_rung(e, rung, to - from);
        }
    }
    return made;
}

/* ---- what numbers tell ---- */

/* Whether more results came since |due| than the request has places to fill: then another request
 * stood between. */
static bool is_overtaken(
    const struct mu_brackets *brackets, const struct mu_request *request, const char *due) {
    size_t since = 0;
    for (size_t i = 0; i < brackets->n_runs; i++) {
        const char *end = end_of(&brackets->runs[i]);
        since += end && due && strcmp(end, due) >= 0;
    }
    return since > request->wanted;
}

/* Whether what is missing is what runs: nothing is shown that does, and all workers are busy but
 * those that the request asks for. */
static bool hides_running(const struct mu_request *request, size_t missing) {
    return missing > 0 &&
           request->experiment->parallel_trials == (int)(request->wanted + missing) &&
           !mu_history_shows_running(request->history);
}

/* How many workers no trial that is shown kept busy just after |time|; NULL is now. */
static size_t idle_at(
    const struct mu_brackets *brackets, const struct mu_request *request, const char *time) {
    size_t busy = 0;
    for (size_t i = 0; i < brackets->n_runs; i++) {
        const struct mu_run *run = &brackets->runs[i];
        const char *end = end_of(run);
        bool began = !time || strcmp(run->trial->started, time) <= 0;
        bool runs = end ? time && strcmp(end, time) > 0 : run->trial->state == MU_PENDING;
        busy += began && runs;
    }
    size_t parallel = request->experiment->parallel_trials > 0
                          ? (size_t)request->experiment->parallel_trials
                          : SIZE_MAX;
    return parallel > busy ? parallel - busy : 0;
}

/* Believe that up to |most| of what was promotable by |time|, the best first, was handed out then;
 * how many were. */
static size_t believe_at(
    const struct mu_brackets *brackets, struct belief *beliefs, const char *time, size_t most) {
    size_t n = 0;
    for (size_t i = 0; i < brackets->n_promotable && n < most; i++) {
        struct belief *belief = &beliefs[brackets->promotable[i]];
        if (!belief->made && compare_times(belief->due, time) <= 0) {
            belief->made = true;
            n++;
        }
    }
    return n;
}

/* The |missing| were handed out as soon as a promotion was due and a worker idle. How many
 * promotions were among them. */
static size_t believe_by_number(const struct mu_brackets *brackets,
    const struct mu_request *request, struct belief *beliefs, size_t missing) {
    size_t made = 0;
    size_t n = brackets->n_promotable;
    const char **dues = MU_ARRAY(request->arena, n + 1, const char *);
    for (size_t i = 0; i < n; i++) {
        dues[i] = beliefs[brackets->promotable[i]].due;
    }
    qsort(dues, n, sizeof *dues, by_due);
    for (size_t i = 0; i < n && made < missing; i++) {
        size_t idle = idle_at(brackets, request, dues[i]);
        size_t rest = missing - made;
        made += believe_at(brackets, beliefs, dues[i], idle < rest ? idle : rest);
    }
    return made;
}

/* Promote those that are believed, and leave the others promotable. */
static void promote_believed(struct mu_brackets *brackets, const struct belief *beliefs) {
    size_t kept = 0;
    for (size_t i = 0; i < brackets->n_promotable; i++) {
        uint32_t config = brackets->promotable[i];
        if (beliefs[config].made) {
            mu_brackets_promote(brackets, config);
        } else {
            brackets->promotable[kept++] = config;
        }
    }
    brackets->n_promotable = kept;
}

/* All promotions count when some are missing; else those alone that could be repeated. */
static const bool *judged(
    const struct mu_brackets *brackets, bool missing, struct mu_arena *arena) {
    bool *judged = MU_ARRAY(arena, brackets->n_configs + 1, bool);
    for (size_t c = 0; c < brackets->n_configs; c++) {
        judged[c] = missing;
    }
    for (size_t i = 0; i < brackets->n_promotable; i++) {
        judged[brackets->promotable[i]] = true;
    }
    return judged;
}

size_t mu_brackets_believe(struct mu_brackets *brackets, const struct mu_request *request) {
    size_t missing = mu_request_missing(request);
    struct evidence e = {.brackets = brackets,
        .ends = ends_of(brackets, request->arena),
        .beliefs = MU_ARRAY(request->arena, brackets->n_configs + 1, struct belief),
        .judged = judged(brackets, missing > 0, request->arena),
        .arena = request->arena};
    e.last = choices_at(brackets, &e.ends, missing > 0, request->arena);
    size_t made = judge_by_times(&e);
    bool hidden = hides_running(request, missing);
    for (size_t i = 0; i < brackets->n_promotable && hidden; i++) {
        struct belief *belief = &e.beliefs[brackets->promotable[i]];
        belief->made = belief->made || is_overtaken(brackets, request, belief->due);
    }
    size_t rest = missing > made ? missing - made : 0;
    rest -= believe_by_number(brackets, request, e.beliefs, rest);
    promote_believed(brackets, e.beliefs);
    return rest;
}
