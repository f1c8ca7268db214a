#include "services/hyperband/missing.h"

#include <stdlib.h>
#include <string.h>

#include "services/hyperband/ends.h"

/* ---- what times tell ---- */

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
    const struct mu_run *below = mu_config_run(config, run->rung - 1);
    bool known = below && mu_run_finished_well(below);
    return known ? (struct choice){true, below->rung, below->trial->loss} : (struct choice){0};
}

/* By number of ends: the last choice that was made when so many were known. Where suggestions are
 * |missing|, ends that may have come too late for it are counted: believing too much costs a
 * promotion, believing too little repeats one. */
static const struct choice *choices_at(const struct mu_brackets *brackets,
    const struct mu_ends *ends, bool missing, struct mu_arena *arena) {
    struct choice *last = MU_ARRAY(arena, ends->n + 2, struct choice);
    for (size_t i = 0; i < brackets->n_runs; i++) {
        const struct mu_run *run = &brackets->runs[i];
        struct choice choice = choice_of(brackets, run);
        note(&last[mu_ends_known(ends, run->trial->started, missing)], &choice);
    }
    return last;
}

/* What is known of a configuration's next promotion. */
struct belief {
    const char *due; /* since when it is among the best 1 / eta; NULL: unknown, or it is not */
    bool made; /* it was while a suggestion was made that comes after it, or before this request */
    bool idle; /* a worker was meanwhile, as far as is shown, when another trial ended */
};

/* A rung's results in the order in which they ended. */
struct course {
    const struct mu_result **results;
    const struct choice *last; /* by result: the last choice when it was the latest known */
    size_t n;
};

static int by_end(const void *pa, const void *pb) {
    const struct mu_run *a = (*(const struct mu_result *const *)pa)->run;
    const struct mu_run *b = (*(const struct mu_result *const *)pb)->run;
    int order = mu_compare_times(mu_run_end(a), mu_run_end(b));
    return order ? order : (a->config > b->config) - (a->config < b->config);
}

/* The course of the |n| results from |rung| on; |choices| as of choices_at. */
static struct course course_of(const struct mu_result *rung, size_t n, const struct mu_ends *ends,
    const struct choice *choices, struct mu_arena *arena) {
    const struct mu_result **results = MU_ARRAY(arena, n, const struct mu_result *);
    struct choice *last = MU_ARRAY(arena, n, struct choice);
    for (size_t i = 0; i < n; i++) {
        results[i] = &rung[i];
    }
    qsort(results, n, sizeof *results, by_end);
    for (size_t k = 0; k < n; k++) {
        size_t next = mu_ends_until(ends, k + 1 < n ? mu_run_end(results[k + 1]->run) : NULL);
        for (size_t known = mu_ends_until(ends, mu_run_end(results[k]->run)); known < next;
             known++) {
            note(&last[k], &choices[known]);
        }
    }
    return (struct course){results, last, n};
}

/* Whether what was due when |last| was the last choice, since |end|, was made: |last| comes after
 * it, or an earlier request knew of all ends up to |asked|, if not NULL. */
static bool was_made(
    const struct choice *promotion, const struct choice *last, const char *end, const char *asked) {
    bool before = asked && end && strcmp(end, asked) <= 0;
    return before || (last->any && comes_before(promotion, last));
}

/* What to believe of result |i| of |course|; |asked| as of was_made. Results are ranked as they
 * stand in memory. */
static struct belief judge(const struct mu_ladder *ladder, const struct course *course, size_t i,
    const struct mu_ends *ends, const char *asked) {
    const struct mu_result *result = course->results[i];
    const struct choice promotion = {true, result->rung, result->run->trial->loss};
    struct belief belief = {0};
    size_t better = 0;
    for (size_t k = 0; k < course->n; k++) {
        const char *end = mu_run_end(course->results[k]->run);
        better += course->results[k] < result;
        belief.idle |= end && mu_ends_idle(ends, belief.due, end);
        if (better >= mu_ladder_quota(ladder, course->n)) {
            belief.due = NULL; /* and it will not come back */
            break;
        }
        bool due = k >= i && better < mu_ladder_quota(ladder, k + 1);
        const char *since = belief.due ? belief.due : end;
        belief.due = due ? since : NULL;
        belief.made |= due && was_made(&promotion, &course->last[k], end, asked);
    }
    belief.idle |= mu_ends_idle(ends, belief.due, NULL);
    return belief;
}

/* Where what runs is hidden: the last end that an earlier request knew of. A controller asks for
 * all workers that are free, so since then as many trials ended as the request asks for. */
static const char *asked_at(const struct mu_ends *ends, const struct mu_request *request) {
    return ends->n > request->wanted ? ends->times[ends->n - request->wanted - 1] : NULL;
}

/* Judge all promotions when some are |missing|, else those alone that could be repeated, into
 * |beliefs|, by configuration. How many were made that stand for one of the missing: where a worker
 * was idle the promotion may be as well what it did unseen as what a slow controller had not asked
 * for yet, so it is made and stands for none. */
static size_t judge_by_times(const struct mu_brackets *brackets, struct belief *beliefs,
    const struct mu_request *request, size_t missing) {
    struct mu_arena *arena = request->arena;
    bool hidden = mu_request_hides_running(request);
    struct mu_ends ends = mu_ends_of(brackets, hidden ? 0 : mu_request_workers(request), arena);
    const char *asked = hidden ? asked_at(&ends, request) : NULL;
    const struct choice *choices = choices_at(brackets, &ends, missing > 0, arena);
    size_t made = 0;
    for (size_t from = 0, n; from < brackets->n_results; from += n) {
        const struct mu_result *rung = &brackets->results[from];
        n = mu_brackets_rung_size(brackets, rung);
        size_t most = missing ? n : mu_ladder_quota(brackets->ladder, n);
        struct course course = course_of(rung, n, &ends, choices, arena);
        for (size_t i = 0; i < n; i++) {
            const struct mu_result *result = course.results[i];
            if (result < rung + most && mu_brackets_may_promote(brackets, result)) {
                struct belief *belief = &beliefs[result->run->config];
                *belief = judge(brackets->ladder, &course, i, &ends, asked);
                made += belief->made && !belief->idle;
                belief->made = belief->made || (missing > 0 && belief->idle);
            }
        }
    }
    return made;
}

/* ---- what numbers tell ---- */

/* How many workers no trial that is shown kept busy just after |time|; NULL is now. */
static size_t idle_at(
    const struct mu_brackets *brackets, const struct mu_request *request, const char *time) {
    size_t busy = 0;
    for (size_t i = 0; i < brackets->n_runs; i++) {
        const struct mu_run *run = &brackets->runs[i];
        const char *end = mu_run_end(run);
        bool began = !time || strcmp(run->trial->started, time) <= 0;
        bool runs = end ? time && strcmp(end, time) > 0 : run->trial->state == MU_PENDING;
        busy += began && runs;
    }
    size_t workers = mu_request_workers(request);
    size_t parallel = workers > 0 ? workers : SIZE_MAX;
    return parallel > busy ? parallel - busy : 0;
}

/* Believe that up to |most| of what was promotable by |time|, the best first, was handed out then;
 * how many were. */
static size_t believe_at(
    const struct mu_brackets *brackets, struct belief *beliefs, const char *time, size_t most) {
    size_t n = 0;
    for (size_t i = 0; i < brackets->n_promotable && n < most; i++) {
        struct belief *belief = &beliefs[brackets->promotable[i].run->config];
        if (!belief->made && mu_compare_times(belief->due, time) <= 0) {
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
        dues[i] = beliefs[brackets->promotable[i].run->config].due;
    }
    qsort(dues, n, sizeof *dues, mu_by_time);
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
        uint32_t config = brackets->promotable[i].run->config;
        if (beliefs[config].made) {
            mu_brackets_promote(brackets, config);
        } else {
            brackets->promotable[kept++] = brackets->promotable[i];
        }
    }
    brackets->n_promotable = kept;
}

size_t mu_brackets_believe(struct mu_brackets *brackets, const struct mu_request *request) {
    size_t missing = mu_request_missing(request);
    if (!mu_request_may_hide(request) || (missing == 0 && brackets->n_promotable == 0)) {
        return 0;
    }
    struct belief *beliefs = MU_ARRAY(request->arena, brackets->n_configs + 1, struct belief);
    size_t made = judge_by_times(brackets, beliefs, request, missing);
    size_t rest = missing > made ? missing - made : 0;
    if (!mu_request_hides_running(request)) {
        rest -= believe_by_number(brackets, request, beliefs, rest);
    }
    promote_believed(brackets, beliefs);
    return rest;
}
