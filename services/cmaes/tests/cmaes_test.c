/* CMA-ES as a service: the direction, failures, every kind of space, restarts, many workers. */
#include "services/cmaes/cmaes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/history.h"
#include "tests/support/settings.h"

enum { MOST = 400 };

static struct mu_error error;

static const struct mu_parameter_text X = {.name = "x", .type = MU_DOUBLE, .min = "0", .max = "1"};
static const struct mu_parameter_text Y = {.name = "y", .type = MU_DOUBLE, .min = "-3", .max = "3"};

static struct mu_experiment experiment(const struct mu_parameter_text *texts, size_t n) {
    struct mu_experiment e = {
        .name = "cmaes", .metrics = MINIMIZED, .n_metrics = 1, .algorithm = "cmaes"};
    if (mu_space_init(&e.space, texts, n, arena, &error)) {
        fail_msg("%s", error.text);
    }
    return e;
}

/* An experiment under way: what was suggested and reported so far. */
struct loop {
    struct mu_experiment e;
    struct mu_trial_record records[MOST];
    size_t n;
};

static struct loop *loop_of(const struct mu_parameter_text *texts, size_t n) {
    struct loop *loop = MU_NEW(arena, struct loop);
    loop->e = experiment(texts, n);
    return loop;
}

static struct mu_reply ask(const struct loop *loop, size_t wanted) {
    struct mu_history history;
    struct mu_reply reply;
    build_history(&history, &loop->e, loop->records, loop->n, arena);
    struct mu_request request = {.experiment = &loop->e,
        .history = &history,
        .wanted = wanted,
        .first = loop->n,
        .arena = arena};
    if (mu_algorithm_suggest(&mu_cmaes, &request, &reply, &error)) {
        fail_msg("%s", error.text);
    }
    return reply;
}

static double number(const struct mu_suggestion *s, size_t i) {
    return strtod(s->assignments[i].value, NULL);
}

static void tell(struct loop *loop, const struct mu_suggestion *s, int condition, double value) {
    char text[32];
    char time[64];
    snprintf(text, sizeof text, "%.17g", value);
    snprintf(time, sizeof time, "2026-01-01T%02zu:%02zu:00Z", loop->n / 60, loop->n % 60);
    loop->records[loop->n++] = (struct mu_trial_record){.name = mu_arena_copy(arena, time),
        .completed = mu_arena_copy(arena, time),
        .metric = condition == MU_TRIAL_FAILED ? NULL : mu_arena_copy(arena, text),
        .condition = condition,
        .assignments = s->assignments,
        .n_assignments = s->n_assignments};
}

typedef double objective(const struct mu_suggestion *s);

/* The best of |trials| values after batches of |workers|. */
static double best_of(struct loop *loop, objective *f, size_t trials, size_t workers) {
    double best = HUGE_VAL;
    while (loop->n < trials) {
        struct mu_reply reply = ask(loop, workers);
        for (size_t i = 0; i < workers && loop->n < trials; i++) {
            double value = f(&reply.suggestions[i]);
            best = fmin(best, value);
            tell(loop, &reply.suggestions[i], MU_TRIAL_SUCCEEDED, value);
        }
    }
    return best;
}

static double bowl(const struct mu_suggestion *s) {
    return pow(number(s, 0) - 0.8, 2) + pow((number(s, 1) + 1.5) / 6, 2);
}

static double one_dimension(const struct mu_suggestion *s) {
    return pow(number(s, 0) - 0.8, 2);
}

static bool same_reply(const struct mu_reply *a, const struct mu_reply *b) {
    for (size_t i = 0; i < a->n; i++) {
        for (size_t j = 0; j < a->suggestions[i].n_assignments; j++) {
            if (strcmp(a->suggestions[i].assignments[j].value,
                    b->suggestions[i].assignments[j].value) != 0) {
                return false;
            }
        }
    }
    return true;
}

/* Maximizing f is minimizing -f to the byte, and not minimizing f, as Katib's image does. */
static void the_direction_is_honoured(void **state) {
    (void)state;
    const struct mu_parameter_text texts[] = {X, Y};
    struct loop *loops[3]; /* minimize f; maximize -f; maximize f */
    for (size_t k = 0; k < 3; k++) {
        loops[k] = loop_of(texts, 2);
        loops[k]->e.metrics = k ? MAXIMIZED : MINIMIZED;
    }
    for (size_t i = 0; i < 30; i++) {
        struct mu_suggestion s = ask(loops[0], 1).suggestions[0];
        for (size_t k = 0; k < 3; k++) {
            tell(loops[k], &s, MU_TRIAL_SUCCEEDED, k == 1 ? -bowl(&s) : bowl(&s));
        }
    }
    struct mu_reply replies[3];
    for (size_t k = 0; k < 3; k++) {
        replies[k] = ask(loops[k], 4);
    }
    assert_true(same_reply(&replies[0], &replies[1]));
    assert_false(same_reply(&replies[0], &replies[2]));
}

/* Katib's shipped example that maximizes with cmaes: the second half of 40 trials is better than
 * the first on average; minimizing instead would make it worse. */
static void katibs_maximize_example_climbs(void **state) {
    (void)state;
    const struct mu_parameter_text texts[] = {
        {.name = "lr", .type = MU_DOUBLE, .min = "0.01", .max = "0.03"},
        {.name = "num-layers", .type = MU_INT, .min = "2", .max = "5"},
        {.name = "optimizer",
            .type = MU_CATEGORICAL,
            .list = (const char *const[]){"sgd", "adam", "ftrl"},
            .n_list = 3}};
    double halves[2] = {0};
    struct loop *loop = loop_of(texts, 3);
    loop->e.metrics = MAXIMIZED;
    for (size_t i = 0; i < 40; i++) {
        struct mu_suggestion s = ask(loop, 1).suggestions[0];
        double accuracy = 0.9 - pow((number(&s, 0) - 0.027) / 0.02, 2) -
                          0.1 * fabs(number(&s, 1) - 5) -
                          (strcmp(s.assignments[2].value, "adam") ? 0.3 : 0);
        halves[i / 20] += accuracy / 20;
        tell(loop, &s, MU_TRIAL_SUCCEEDED, accuracy);
    }
    assert_true(halves[1] > halves[0] + 0.1);
}

/* Every kind of space is searched: the bounds are a hundredth of what the middle of the space
 * gives, or the optimum itself. */
static double mixed(const struct mu_suggestion *s) {
    return pow(number(s, 0) - 0.8, 2) + pow((number(s, 1) - 17) / 20, 2) +
           (strcmp(s->assignments[2].value, "c") ? 1 : 0) + number(s, 3);
}

static double choices(const struct mu_suggestion *s) {
    return (strcmp(s->assignments[0].value, "b") ? 1 : 0) +
           (strcmp(s->assignments[1].value, "d") ? 1 : 0);
}

static void every_space_is_searched(void **state) {
    (void)state;
    static const char *const ABCD[] = {"a", "b", "c", "d"};
    const struct mu_parameter_text constant = {.name = "k", .type = MU_INT, .min = "7", .max = "7"};
    const struct mu_parameter_text grid = {.name = "n", .type = MU_INT, .min = "0", .max = "20"};
    const struct mu_parameter_text pair = {.name = "b", .type = MU_INT, .min = "0", .max = "1"};
    const struct mu_parameter_text c = {
        .name = "c", .type = MU_CATEGORICAL, .list = ABCD, .n_list = 4};
    const struct mu_parameter_text d = {
        .name = "d", .type = MU_CATEGORICAL, .list = ABCD, .n_list = 4};
    for (size_t workers = 1; workers <= 9; workers += 4) {
        assert_true(best_of(loop_of(&X, 1), one_dimension, 60, workers) < 1e-4);
        assert_true(best_of(loop_of((const struct mu_parameter_text[]){X, constant}, 2),
                        one_dimension, 60, workers) < 1e-4);
        assert_true(best_of(loop_of((const struct mu_parameter_text[]){X, Y}, 2), bowl, 100,
                        workers) < 1e-4);
        assert_true(best_of(loop_of((const struct mu_parameter_text[]){X, grid, c, pair}, 4), mixed,
                        150, workers) < 0.01);
        assert_true(best_of(loop_of((const struct mu_parameter_text[]){c, d}, 2), choices, 30,
                        workers) == 0);
        assert_true(best_of(loop_of(&constant, 1), one_dimension, 3, workers) > 0);
    }
}

/* Trials that failed beyond x = 0.3 move the search below it, as bad values would. */
static void failures_count(void **state) {
    (void)state;
    const struct mu_parameter_text texts[] = {X, Y};
    struct loop *loop = loop_of(texts, 2);
    double mean = 0;
    while (loop->n < 60) {
        struct mu_suggestion s = ask(loop, 1).suggestions[0];
        bool failed = number(&s, 0) > 0.3;
        tell(loop, &s, failed ? MU_TRIAL_FAILED : MU_TRIAL_SUCCEEDED, 1 + 0.01 * number(&s, 1));
    }
    struct mu_reply reply = ask(loop, 64);
    for (size_t i = 0; i < 64; i++) {
        mean += number(&reply.suggestions[i], 0) / 64;
    }
    assert_true(mean < 0.35);
}

/* Values of early-stopped trials are learnt from: the same as of others. */
static void early_stopped_trials_count(void **state) {
    (void)state;
    const struct mu_parameter_text texts[] = {X, Y};
    struct loop *done = loop_of(texts, 2);
    struct loop *stopped = loop_of(texts, 2);
    while (done->n < 30) {
        struct mu_suggestion s = ask(done, 1).suggestions[0];
        tell(stopped, &s, done->n % 2 ? MU_TRIAL_EARLY_STOPPED : MU_TRIAL_SUCCEEDED, bowl(&s));
        tell(done, &s, MU_TRIAL_SUCCEEDED, bowl(&s));
    }
    struct mu_reply a = ask(done, 4);
    struct mu_reply b = ask(stopped, 4);
    assert_true(same_reply(&a, &b));
}

/* Equal values teach nothing: the distribution of the first generation stays. */
static void equal_values_teach_nothing(void **state) {
    (void)state;
    const struct mu_parameter_text texts[] = {X, Y};
    struct loop *loop = loop_of(texts, 2);
    double mean = 0;
    double square = 0;
    while (loop->n < 60) {
        struct mu_suggestion s = ask(loop, 1).suggestions[0];
        tell(loop, &s, MU_TRIAL_SUCCEEDED, 1);
    }
    struct mu_reply reply = ask(loop, 256);
    for (size_t i = 0; i < 256; i++) {
        mean += number(&reply.suggestions[i], 0) / 256;
        square += pow(number(&reply.suggestions[i], 0), 2) / 256;
    }
    assert_close(mean, 0.5, 0.02);
    assert_close(sqrt(square - mean * mean), 0.19, 0.02); /* 0.2 truncated to [0, 1] */
}

static double spread(struct loop *loop, size_t n) {
    double sum = 0;
    struct mu_reply reply = ask(loop, n);
    for (size_t i = 0; i < n; i++) {
        sum += fabs(number(&reply.suggestions[i], 0) - 0.8) / (double)n;
    }
    return sum;
}

/* Converged on 0.8 between 100 and 230 trials: a search without restarts stays, others look
 * elsewhere. Later the steps of the first end below what tells two numbers apart, and untried
 * points are drawn at random. */
static double farthest_after_100(const struct mu_pair *settings, size_t n_settings) {
    struct loop *loop = loop_of(&X, 1);
    double far = 0;
    loop->e.settings = settings;
    loop->e.n_settings = n_settings;
    assert_true(best_of(loop, one_dimension, 100, 1) < 1e-7);
    for (size_t i = 0; i < 14; i++) {
        far = fmax(far, spread(loop, 1));
        best_of(loop, one_dimension, loop->n + 10, 1);
    }
    return far;
}

static void restarts_look_elsewhere(void **state) {
    (void)state;
    static const char *const STRATEGIES[] = {"none", "None", "ipop", "bipop"};
    static const char *const SEEDS[] = {"0", "1", "2", "3", "4", "5"};
    for (size_t k = 0; k < 24; k++) {
        const struct mu_pair settings[] = {
            {"restart_strategy", STRATEGIES[k / 6]}, {"random_state", SEEDS[k % 6]}};
        double far = farthest_after_100(settings, 2);
        assert_true(k < 12 ? far < 0.05 : far > 0.1);
    }
}

static void sigma_is_a_share_of_the_range(void **state) {
    (void)state;
    const struct mu_pair sigma = {"sigma", "0.01"};
    struct loop *loop = loop_of((const struct mu_parameter_text[]){X, Y}, 2);
    loop->e.settings = &sigma;
    loop->e.n_settings = 1;
    struct mu_reply reply = ask(loop, 256);
    double square = 0;
    for (size_t i = 0; i < 256; i++) {
        square += pow(number(&reply.suggestions[i], 1) / 6, 2) / 256;
    }
    assert_close(sqrt(square), 0.01, 0.002);
}

static void experiments_are_validated(void **state) {
    (void)state;
    struct mu_experiment one = experiment(&X, 1);
    struct mu_experiment two = experiment((const struct mu_parameter_text[]){X, Y}, 2);
    assert_int_equal(mu_algorithm_validate(&mu_cmaes, &two, arena, &error), MU_OK);
    assert_int_equal(mu_algorithm_validate(&mu_cmaes, &one, arena, &error), MU_INVALID_ARGUMENT);
    assert_string_equal(
        error.text, "CMA-ES only supports two or more dimensional continuous search space.");
}

static void settings_are_checked(void **state) {
    (void)state;
    static const struct setting_case CASES[] = {
        {{"sigma", "0.1"}, NULL},
        {{"sigma", "0"}, NULL},
        {{"sigma", "-10"}, "sigma should be greate or equal than zero"},
        {{"restart_strategy", "ipop"}, NULL},
        {{"restart_strategy", "bipop"}, NULL},
        {{"restart_strategy", "none"}, NULL},
        {{"restart_strategy", "None"}, NULL},
        {{"restart_strategy", "invalid"},
            "restart_strategy invalid is not supported in CMAES optimization"},
        {{"population_size", "12"}, NULL},
        {{"random_state", "-20"}, "random_state should be great or equal than zero"},
        {{"invalid", "8"}, "unknown setting invalid for algorithm cmaes"},
    };
    assert_settings(&mu_cmaes, CASES, sizeof CASES / sizeof *CASES);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(the_direction_is_honoured),
        arena_test(katibs_maximize_example_climbs),
        arena_test(every_space_is_searched),
        arena_test(failures_count),
        arena_test(early_stopped_trials_count),
        arena_test(equal_values_teach_nothing),
        arena_test(restarts_look_elsewhere),
        arena_test(sigma_is_a_share_of_the_range),
        arena_test(experiments_are_validated),
        arena_test(settings_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
