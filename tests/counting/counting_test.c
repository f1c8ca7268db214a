/* Controllers that count in different ways: with a total and without, that show what runs or not,
 * whose trials vanish or come late. No suggestion may come twice; where trials that come late are
 * not even counted, few may (docs/adr/0043-late-trials-that-are-not-counted.md).
 *
 * Every algorithm runs whole experiments against a controller in miniature, whose events a seeded
 * stream draws. A request that shows the same trials and the same numbers as an earlier one must
 * have the same answer, so the controller waits for news before it asks again.
 *
 *     counting_test                 the fast form, as make test runs it
 *     counting_test LOOPS [NAME]    what so many experiments of each kind repeat, for algorithms
 *                                   whose name has NAME in it */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/bayesopt/bayesopt.h"
#include "services/cmaes/cmaes.h"
#include "services/grid/grid.h"
#include "services/hyperband/hyperband.h"
#include "services/nsga2/nsga2.h"
#include "services/random/random.h"
#include "services/sobol/sobol.h"
#include "services/tpe/tpe.h"
#include "tests/support/arena.h"
#include "tests/support/history.h"

enum { MOST_TRIALS = 320, MOST_SECONDS = 20, MOST_LATE = 4 };

/* Of many experiments a sanitized program makes a tenth, the first: each takes it ten times as
 * long, and it looks for what the code does with memory. Counts are judged by the others: what
 * repeats in a part is no more than in all. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SHARE_OF_LOOPS = 10 };
#else
enum { SHARE_OF_LOOPS = 1 };
#endif

/* ---- a controller ---- */

struct manner {
    const char *name;
    bool counted, shown; /* sends the total; sends what runs */
    bool parallel;       /* sends how many may run */
    double lost;         /* share of trials that are never sent once they ended, but counted */
    double late;         /* share that is sent only a while after its end */
    bool late_uncounted; /* and is not in the total meanwhile */
    bool named;          /* an early stopping algorithm is */
};

enum fate { RUNS, ENDED, LOST, LATE };

struct job {
    enum fate fate;
    struct mu_trial_record record;
    unsigned due; /* RUNS: when it ends; LATE: when it is sent */
};

/* A request. What the trials that it shows have reached is in |digest| alone. */
struct question {
    uint64_t first, shown, digest;
};

/* |asked_before|: of these, those whose request showed the same trials and told the same number as
 * an earlier one, so that results alone were new. */
struct repeats {
    size_t all, asked_before;
};

struct controller {
    const struct mu_algorithm *algorithm;
    struct manner manner;
    struct mu_experiment experiment;
    struct job jobs[MOST_TRIALS];
    size_t n;
    struct repeats repeats;
    struct question asked[4 * MOST_TRIALS]; /* so far */
    size_t n_asked;
    unsigned clock, workers;
    struct mu_stream stream;
};

static const char *time_of(unsigned clock) {
    return mu_arena_format(
        arena, "2026-01-01T%02u:%02u:%02uZ", clock / 3600 % 24, clock / 60 % 60, clock % 60);
}

/* Smaller near 0.3 of everything, and with more of the resource. */
static double loss_of(const struct mu_trial_record *record) {
    double loss = 0;
    for (size_t i = 0; i < record->n_assignments; i++) {
        double value = strtod(record->assignments[i].value, NULL);
        bool resource = strcmp(record->assignments[i].name, "epochs") == 0;
        loss += resource ? 1 / value : (value - 0.3) * (value - 0.3);
    }
    return loss;
}

static void end(struct controller *c, struct job *job) {
    double lot = mu_uniform(&c->stream);
    job->record.condition = MU_TRIAL_SUCCEEDED;
    job->record.completed = time_of(c->clock);
    job->record.metric = mu_arena_format(arena, "%.17g", loss_of(&job->record));
    job->fate = ENDED;
    if (lot < c->manner.lost) {
        job->fate = LOST;
    } else if (lot < c->manner.lost + c->manner.late) {
        job->fate = LATE;
        job->due = c->clock + 1 + (unsigned)mu_uniform_below(&c->stream, MOST_LATE);
        job->record.condition = MU_TRIAL_EARLY_STOPPED; /* which have no completion time */
        job->record.completed = "";
    }
}

/* A second: something ends, what is late arrives. */
static void let_time_pass(struct controller *c) {
    c->clock++;
    for (size_t i = 0; i < c->n; i++) {
        struct job *job = &c->jobs[i];
        if (job->fate == RUNS && c->clock >= job->due) {
            end(c, job);
        } else if (job->fate == LATE && c->clock >= job->due) {
            job->fate = ENDED;
        }
    }
}

/* What the controller sends, in an order of its own, into |records|. */
static size_t visible(struct controller *c, struct mu_trial_record *records) {
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++) {
        const struct job *job = &c->jobs[i];
        if (job->fate == ENDED || (job->fate == RUNS && c->manner.shown)) {
            size_t at = (size_t)mu_uniform_below(&c->stream, n + 1);
            records[n++] = records[at];
            records[at] = job->record;
        }
    }
    return n;
}

static size_t count(const struct controller *c, enum fate fate) {
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++) {
        n += c->jobs[i].fate == fate;
    }
    return n;
}

static bool equal(const struct mu_trial_record *a, const struct mu_suggestion *b) {
    for (size_t i = 0; i < b->n_assignments; i++) {
        if (strcmp(a->assignments[i].value, b->assignments[i].value) != 0) {
            return false;
        }
    }
    return true;
}

static bool is_known(const struct controller *c, const struct mu_suggestion *suggestion) {
    for (size_t i = 0; i < c->n; i++) {
        if (equal(&c->jobs[i].record, suggestion)) {
            return true;
        }
    }
    return false;
}

static void start(struct controller *c, const struct mu_suggestion *suggestion) {
    struct mu_pair *pairs = MU_ARRAY(arena, suggestion->n_assignments, struct mu_pair);
    for (size_t i = 0; i < suggestion->n_assignments; i++) {
        pairs[i] = (struct mu_pair){suggestion->assignments[i].name,
            mu_arena_copy(arena, suggestion->assignments[i].value)};
    }
    c->jobs[c->n] = (struct job){RUNS,
        {.name = mu_arena_format(arena, "t%08x", (unsigned)mu_stream_bits(&c->stream)),
            .started = time_of(c->clock),
            .completed = "",
            .condition = MU_TRIAL_RUNNING,
            .assignments = pairs,
            .n_assignments = suggestion->n_assignments},
        c->clock + 1 + (unsigned)mu_uniform_below(&c->stream, MOST_SECONDS)};
    c->n++;
}

static struct question question_of(const struct mu_request *request) {
    const struct mu_history *history = request->history;
    struct question question = {.first = request->first, .digest = mu_history_digest(history)};
    for (size_t i = 0; i < history->n; i++) {
        const char *name = history->trials[i].name;
        question.shown += mu_hash(0, name, strlen(name));
    }
    return question;
}

enum news { NO_NEWS, RESULTS, TRIALS };

/* What is new in |question| beside those so far, the least: the same question would have the same
 * answer. Notes it. */
static enum news find_news(struct controller *c, struct question question) {
    enum news news = TRIALS;
    for (size_t i = 0; i < c->n_asked; i++) {
        if (c->asked[i].first == question.first && c->asked[i].shown == question.shown) {
            bool same = c->asked[i].digest == question.digest;
            news = same ? NO_NEWS : news == TRIALS ? RESULTS : news;
        }
    }
    c->asked[c->n_asked++] = question;
    return news;
}

static void take(struct controller *c, const struct mu_reply *reply, enum news news) {
    for (size_t i = 0; i < reply->n; i++) {
        bool repeated = is_known(c, &reply->suggestions[i]);
        c->repeats.all += repeated;
        c->repeats.asked_before += repeated && news == RESULTS;
        start(c, &reply->suggestions[i]);
    }
}

static void ask(struct controller *c, size_t wanted) {
    struct mu_arena *memory = mu_arena_create((size_t)1 << 28);
    struct mu_trial_record records[MOST_TRIALS];
    struct mu_history history;
    build_history(&history, &c->experiment, records, visible(c, records), memory);
    size_t uncounted = c->manner.late_uncounted ? count(c, LATE) : 0;
    struct mu_request request = {.experiment = &c->experiment,
        .history = &history,
        .wanted = wanted,
        .counted = c->manner.counted,
        .first = c->manner.counted ? c->n - uncounted : mu_history_digest(&history),
        .arena = memory};
    enum news news = find_news(c, question_of(&request));
    if (news != NO_NEWS) {
        struct mu_reply reply;
        struct mu_error error;
        assert_int_equal(mu_algorithm_suggest(c->algorithm, &request, &reply, &error), MU_OK);
        assert_int_equal(reply.n, wanted);
        take(c, &reply, news);
    }
    mu_arena_destroy(memory);
}

/* ---- experiments ---- */

#define EPOCHS \
    { .name = "epochs", .type = MU_INT, .min = "1", .max = "27" }
#define SHARE(n) \
    { .name = n, .type = MU_DOUBLE, .min = "0", .max = "1" }
#define LEVELS(n, step_, most) \
    { .name = n, .type = MU_DOUBLE, .min = "0", .max = most, .step = step_ }

static const struct mu_parameter_text CONTINUOUS[] = {SHARE("x"), SHARE("y"), EPOCHS};
static const struct mu_parameter_text SMALL[] = {
    LEVELS("x", "0.1", "1.9"), LEVELS("y", "0.1", "1.9"), EPOCHS}; /* 400 points without epochs */

static const struct mu_pair HYPERBAND[] = {{"r_l", "27"}, {"resource_name", "epochs"}};

static struct controller controller_of(const struct mu_algorithm *algorithm,
    const struct mu_parameter_text *parameters, const struct manner *manner, uint64_t seed) {
    bool resource = algorithm == &mu_hyperband;
    struct controller c = {
        .algorithm = algorithm, .manner = *manner, .workers = 1 + (unsigned)(seed % 6)};
    struct mu_error error;
    c.experiment = (struct mu_experiment){.name = mu_arena_format(arena, "e%u", (unsigned)seed),
        .metrics = MINIMIZED,
        .n_metrics = 1,
        .algorithm = algorithm->name,
        .settings = HYPERBAND,
        .n_settings = resource ? 2 : 0,
        .stops_early = manner->named,
        .parallel_trials = manner->parallel ? (int)c.workers : 0};
    assert_int_equal(
        mu_space_init(&c.experiment.space, parameters, resource ? 3 : 2, arena, &error), MU_OK);
    mu_stream_init(&c.stream, seed, 0, manner->name);
    return c;
}

/* Repeats in an experiment of |trials|. A controller that shows no news for long has nothing more
 * to ask: it is stuck with a request that was answered. */
static struct repeats repeats_in(struct controller *c, size_t trials) {
    for (unsigned idle = 0; c->n < trials && idle < 1000; idle++) {
        size_t busy = count(c, RUNS) + count(c, LATE);
        size_t free = c->workers > busy ? c->workers - busy : 0;
        size_t before = c->n;
        free = free < trials - c->n ? free : trials - c->n;
        if (free > 0 && mu_uniform(&c->stream) < 0.7) {
            ask(c, c->manner.shown ? 1 + (size_t)mu_uniform_below(&c->stream, free) : free);
        }
        let_time_pass(c);
        idle = c->n > before ? 0 : idle;
    }
    return c->repeats;
}

static const struct mu_algorithm *const ALL[] = {&mu_random, &mu_sobol, &mu_grid, &mu_tpe,
    &mu_multivariate_tpe, &mu_bayesianoptimization, &mu_cmaes, &mu_nsga2, &mu_hyperband};
enum { N_ALL = sizeof ALL / sizeof *ALL };

#define ALL_NUMBERS .counted = true, .shown = true, .parallel = true
static const struct manner MANNERS[] = {{"counted, shown", ALL_NUMBERS},
    {"counted, hidden", .counted = true, .parallel = true},
    {"uncounted, shown", .shown = true, .parallel = true}, {"uncounted, hidden", .parallel = true},
    {"no numbers", .counted = false}, {"lost", ALL_NUMBERS, .lost = 0.05},
    {"lost and late", ALL_NUMBERS, .lost = 0.05, .late = 0.1},
    {"late, not counted", ALL_NUMBERS, .lost = 0.05, .late = 0.1, .late_uncounted = true},
    {"late, named", ALL_NUMBERS, .lost = 0.05, .late = 0.1, .late_uncounted = true, .named = true}};
enum {
    COMPLETE = 5, /* the first lose nothing */
    LOSING = 5,
    LATE_COUNTED = 6,
    LATE_UNCOUNTED = 7, /* and the last ones */
    N_MANNERS = sizeof MANNERS / sizeof *MANNERS
};

/* Repeats in |loops| experiments of |trials|. */
static struct repeats repeats(const struct mu_algorithm *algorithm,
    const struct mu_parameter_text *parameters, const struct manner *manner, size_t loops,
    size_t trials) {
    static struct controller c;
    struct repeats found = {0, 0};
    for (size_t i = 0; i < loops; i++) {
        c = controller_of(algorithm, parameters, manner, i);
        struct repeats here = repeats_in(&c, trials);
        found.all += here.all;
        found.asked_before += here.asked_before;
    }
    return found;
}

static void nothing_comes_twice_in_a_continuous_space(void **state) {
    (void)state;
    for (size_t m = 0; m < COMPLETE; m++) {
        for (size_t a = 0; a < N_ALL; a++) {
            if (ALL[a] != &mu_grid) {
                assert_int_equal(repeats(ALL[a], CONTINUOUS, &MANNERS[m], 4, 40).all, 0);
            }
        }
    }
}

static void nothing_comes_twice_in_a_small_space_that_is_shown(void **state) {
    (void)state;
    for (size_t m = 0; m < COMPLETE; m++) {
        for (size_t a = 0; a < N_ALL && MANNERS[m].shown; a++) {
            assert_int_equal(repeats(ALL[a], SMALL, &MANNERS[m], 4, 40).all, 0);
        }
    }
}

/* Trials that are lost are counted, and what runs is shown. */
static void no_promotion_comes_twice_though_trials_are_lost(void **state) {
    (void)state;
    assert_int_equal(
        repeats(&mu_hyperband, CONTINUOUS, &MANNERS[LOSING], 100 / SHARE_OF_LOOPS, 60).all, 0);
}

static void random_points_are_known_though_trials_are_lost(void **state) {
    (void)state;
    assert_int_equal(repeats(&mu_random, SMALL, &MANNERS[LOSING], 8, 60).all, 0);
}

/* Which promotions run is told by times alone. */
static void no_promotion_comes_twice_though_what_runs_is_hidden(void **state) {
    (void)state;
    for (size_t m = 0; m < COMPLETE; m++) {
        if (!MANNERS[m].shown) {
            size_t loops = 50 / SHARE_OF_LOOPS;
            assert_int_equal(repeats(&mu_hyperband, CONTINUOUS, &MANNERS[m], loops, 60).all, 0);
        }
    }
}

/* In the total or not, a trial that comes late is not shown meanwhile. */
static void late_trials_that_are_counted_bring_no_repeats(void **state) {
    (void)state;
    for (size_t a = 0; a < N_ALL; a++) {
        if (ALL[a] != &mu_grid && ALL[a] != &mu_hyperband) {
            assert_int_equal(repeats(ALL[a], CONTINUOUS, &MANNERS[LATE_COUNTED], 6, 60).all, 0);
        }
    }
}

/* Of these no number tells; one in 300 may come twice. */
static void late_trials_that_are_not_counted_bring_few_repeats(void **state) {
    (void)state;
    for (size_t m = LATE_UNCOUNTED; m < N_MANNERS; m++) {
        for (size_t a = 0; a < N_ALL; a++) {
            size_t loops = ALL[a] == &mu_bayesianoptimization ? 15 : 50;
            size_t made = loops / SHARE_OF_LOOPS;
            if (ALL[a] != &mu_grid) {
                size_t found = repeats(ALL[a], CONTINUOUS, &MANNERS[m], made, 60).all;
                assert_in_range(found, 0, loops * 60 / 300);
            }
        }
    }
}

/* Nor where points are few and what was tried is known. */
static void late_trials_bring_few_repeats_in_a_small_space(void **state) {
    (void)state;
    for (size_t m = LATE_UNCOUNTED; m < N_MANNERS; m++) {
        assert_in_range(repeats(&mu_random, SMALL, &MANNERS[m], 50, 60).all, 0, 10);
        assert_in_range(repeats(&mu_grid, SMALL, &MANNERS[m], 50, 60).all, 0, 10);
    }
}

static void print_repeats(
    const struct mu_algorithm *algorithm, bool small, const struct manner *manner, size_t loops) {
    (void)create_arena(NULL);
    struct repeats found = repeats(algorithm, small ? SMALL : CONTINUOUS, manner, loops, 60);
    printf("%-12s%-20s%-22s%zu repeats in %zu of 60, %zu of them though results alone were new\n",
        small ? "small" : "continuous", manner->name, algorithm->name, found.all, loops,
        found.asked_before);
    (void)destroy_arena(NULL);
}

static void measure(size_t loops, const char *only) {
    for (size_t m = 0; m < 2 * N_MANNERS; m++) {
        for (size_t a = 0; a < N_ALL; a++) {
            bool small = m >= N_MANNERS;
            if ((small || ALL[a] != &mu_grid) && strstr(ALL[a]->name, only)) {
                print_repeats(ALL[a], small, &MANNERS[m % N_MANNERS], loops);
            }
        }
    }
}

int main(int argc, char **argv) {
    if (argc > 1) {
        measure(strtoul(argv[1], NULL, 10), argc > 2 ? argv[2] : "");
        return 0;
    }
    const struct CMUnitTest tests[] = {
        arena_test(nothing_comes_twice_in_a_continuous_space),
        arena_test(nothing_comes_twice_in_a_small_space_that_is_shown),
        arena_test(no_promotion_comes_twice_though_trials_are_lost),
        arena_test(no_promotion_comes_twice_though_what_runs_is_hidden),
        arena_test(random_points_are_known_though_trials_are_lost),
        arena_test(late_trials_that_are_counted_bring_no_repeats),
        arena_test(late_trials_that_are_not_counted_bring_few_repeats),
        arena_test(late_trials_bring_few_repeats_in_a_small_space),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
