/* tpe as a function of the request: grid and bounds, no repeats, order of trials, batches, mirrored
 * objectives, hard histories, texts. */
#include "services/tpe/tpe.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/history.h"
#include "tests/support/settings.h"

enum { MOST = 64 };
static struct mu_error error;

static const struct mu_parameter_text MIXED[] = {
    {.name = "lr", .type = MU_DOUBLE, .min = "1e-5", .max = "1", .distribution = MU_LOG_UNIFORM},
    {.name = "layers", .type = MU_INT, .min = "1", .max = "9", .step = "2"},
    {.name = "batch",
        .type = MU_DISCRETE,
        .list = (const char *const[]){"64", "16", "32"},
        .n_list = 3},
    {.name = "optimizer",
        .type = MU_CATEGORICAL,
        .list = (const char *const[]){"sgd", "adam"},
        .n_list = 2},
    {.name = "drop", .type = MU_DOUBLE, .min = "0.1", .max = "0.5", .step = "0.1"},
    {.name = "same", .type = MU_INT, .min = "3", .max = "3"},
    {.name = "huge", .type = MU_INT, .min = "-9000000000000000000", .max = "9000000000000000000"},
    {.name = "tiny",
        .type = MU_DOUBLE,
        .min = "1e-300",
        .max = "2e-300",
        .distribution = MU_NORMAL},
};
enum { N_MIXED = sizeof MIXED / sizeof *MIXED };

/* A history in the making: what a controller would send. */
struct lab {
    struct mu_experiment experiment;
    struct mu_trial_record records[MOST];
    size_t n;
};

static struct lab lab_of(const struct mu_parameter_text *texts, size_t n) {
    struct lab lab = {
        .experiment = {.name = "lab", .metrics = MINIMIZED, .n_metrics = 1, .algorithm = "tpe"}};
    if (mu_space_init(&lab.experiment.space, texts, n, arena, &error)) {
        fail_msg("%s", error.text);
    }
    return lab;
}

static struct mu_reply ask(const struct lab *lab, size_t wanted) {
    struct mu_history *history = MU_NEW(arena, struct mu_history);
    build_history(history, &lab->experiment, lab->records, lab->n, arena);
    assert_int_equal(history->n, lab->n);
    struct mu_request request = {.experiment = &lab->experiment,
        .history = history,
        .wanted = wanted,
        .first = lab->n,
        .arena = arena};
    struct mu_reply reply;
    if (mu_algorithm_suggest(&mu_tpe, &request, &reply, &error)) {
        fail_msg("%s", error.text);
    }
    return reply;
}

/* Conditions by the contract's numbers: 1 running, 2 succeeded, 4 failed. A NULL |metric|: none. */
static void tell(
    struct lab *lab, const struct mu_suggestion *s, int condition, const char *metric) {
    size_t i = lab->n++;
    lab->records[i] = (struct mu_trial_record){.name = mu_arena_format(arena, "t%03zu", i),
        .completed = mu_arena_format(arena, "2026-01-01T00:%02zu:00Z", i),
        .metric = metric,
        .condition = condition,
        .assignments = s->assignments,
        .n_assignments = s->n_assignments};
}

static const char *text_of(double value) {
    return mu_arena_format(arena, "%.17g", value);
}

static double loss_of(const struct mu_suggestion *s) {
    double lr = log10(strtod(s->assignments[0].value, NULL));
    double layers = strtod(s->assignments[1].value, NULL);
    return (lr + 3) * (lr + 3) + 0.1 * fabs(layers - 5) +
           (strcmp(s->assignments[3].value, "adam") != 0);
}

static bool same(const struct mu_suggestion *a, const struct mu_suggestion *b) {
    bool equal = a->n_assignments == b->n_assignments;
    for (size_t i = 0; equal && i < a->n_assignments; i++) {
        equal = strcmp(a->assignments[i].name, b->assignments[i].name) == 0 &&
                strcmp(a->assignments[i].value, b->assignments[i].value) == 0;
    }
    return equal;
}

static struct lab played(size_t n, double sign) {
    struct lab lab = lab_of(MIXED, N_MIXED);
    lab.experiment.metrics = sign < 0 ? MAXIMIZED : MINIMIZED;
    for (size_t i = 0; i < n; i++) {
        struct mu_reply reply = ask(&lab, 1);
        tell(&lab, reply.suggestions, i % 7 == 3 ? 4 : 2,
            i % 7 == 3 ? NULL : text_of(sign * loss_of(reply.suggestions)));
    }
    return lab;
}

static void suggestions_lie_in_the_space(void **state) {
    (void)state;
    struct lab lab = played(40, 1);
    for (size_t i = 0; i < lab.n; i++) {
        for (size_t j = 0; j < N_MIXED; j++) {
            double x;
            assert_string_equal(lab.records[i].assignments[j].name, MIXED[j].name);
            assert_true(mu_parameter_parse(
                &lab.experiment.space.parameters[j], lab.records[i].assignments[j].value, &x));
        }
    }
}

static void the_order_of_trials_does_not_matter(void **state) {
    (void)state;
    struct lab lab = played(25, 1);
    struct lab reversed = lab;
    for (size_t i = 0; i < lab.n; i++) {
        reversed.records[i] = lab.records[lab.n - 1 - i];
    }
    struct mu_reply a = ask(&lab, 3);
    struct mu_reply again = ask(&lab, 3);
    struct mu_reply b = ask(&reversed, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_true(same(&a.suggestions[i], &again.suggestions[i]));
        assert_true(same(&a.suggestions[i], &b.suggestions[i]));
    }
}

/* A batch of four is four single requests, each seeing the earlier ones running; and its points
 * differ. */
static void a_batch_is_its_singles(void **state) {
    (void)state;
    for (size_t n = 0; n <= 20; n += 10) {
        struct lab lab = played(n, 1);
        struct mu_reply batch = ask(&lab, 4);
        for (size_t i = 0; i < 4; i++) {
            struct mu_reply single = ask(&lab, 1);
            assert_true(same(&batch.suggestions[i], single.suggestions));
            for (size_t j = 0; j < i; j++) {
                assert_false(same(&batch.suggestions[i], &batch.suggestions[j]));
            }
            tell(&lab, single.suggestions, 1, NULL);
        }
    }
}

static void maximize_mirrors_minimize(void **state) {
    (void)state;
    struct lab low = played(30, 1);
    struct lab high = played(30, -1);
    for (size_t i = 0; i < 30; i++) {
        struct mu_suggestion a = {
            .assignments = low.records[i].assignments, .n_assignments = N_MIXED};
        struct mu_suggestion b = {
            .assignments = high.records[i].assignments, .n_assignments = N_MIXED};
        assert_true(same(&a, &b));
    }
}

static const struct mu_parameter_text TWELVE[] = {
    {.name = "a", .type = MU_INT, .min = "1", .max = "3"},
    {.name = "b", .type = MU_CATEGORICAL, .list = (const char *const[]){"x", "y"}, .n_list = 2},
    {.name = "c", .type = MU_DOUBLE, .min = "0", .max = "1", .step = "1"},
};

/* One by one and at once: every cell once, then it keeps answering. */
static void a_finite_space_is_not_repeated(void **state) {
    (void)state;
    struct lab lab = lab_of(TWELVE, 3);
    for (size_t i = 0; i < 14; i++) {
        struct mu_reply reply = ask(&lab, 1);
        for (size_t j = 0; j < i && i < 12; j++) {
            struct mu_suggestion old = {
                .assignments = lab.records[j].assignments, .n_assignments = 3};
            assert_false(same(reply.suggestions, &old));
        }
        tell(&lab, reply.suggestions, 2, text_of((double)(i % 5)));
    }
    struct lab fresh = lab_of(TWELVE, 3);
    struct mu_reply all = ask(&fresh, 12);
    for (size_t i = 0; i < 12; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_false(same(&all.suggestions[i], &all.suggestions[j]));
        }
    }
}

/* Failures repel: after a row of them on one side of a category, the other side is proposed. */
static void failures_count_against_their_neighbourhood(void **state) {
    (void)state;
    struct lab lab = lab_of(MIXED, N_MIXED);
    size_t adam = 0;
    for (size_t i = 0; i < 40; i++) {
        struct mu_reply reply = ask(&lab, 1);
        bool fails = strcmp(reply.suggestions[0].assignments[3].value, "sgd") == 0;
        tell(&lab, reply.suggestions, fails ? 4 : 2,
            fails ? NULL : text_of(loss_of(reply.suggestions)));
        adam += i >= 20 && !fails;
    }
    assert_true(adam >= 15);
}

static void hard_histories_are_answered(void **state) {
    (void)state;
    static const char *const METRICS[][2] = {
        {"1e308", "-1e308"}, {"0", "0"}, {"nan", ""}, {"inf", "1"}};
    for (size_t m = 0; m < 4; m++) {
        struct lab lab = lab_of(MIXED, N_MIXED);
        for (size_t i = 0; i < 20; i++) {
            struct mu_reply reply = ask(&lab, 1);
            tell(&lab, reply.suggestions, 2, METRICS[m][i % 2]);
        }
        assert_int_equal(ask(&lab, 5).n, 5);
    }
    struct lab nothing = lab_of(NULL, 0);
    assert_int_equal(ask(&nothing, 3).n, 3);
    struct lab empty = lab_of(MIXED, N_MIXED);
    assert_int_equal(ask(&empty, 1000).n, 1000);
}

/* The good trials lie at lr = 1e-3: the model's suggestions gather there. Uniform draws would put 3
 * of 15 within half a decade. */
static void suggestions_gather_where_trials_were_good(void **state) {
    (void)state;
    struct lab lab = played(60, 1);
    size_t near = 0;
    for (size_t i = 45; i < 60; i++) {
        near += fabs(log10(strtod(lab.records[i].assignments[0].value, NULL)) + 3) < 0.5;
    }
    assert_true(near >= 9);
}

static void settings_and_their_texts(void **state) {
    (void)state;
    static const struct setting_case cases[] = {
        {{"gamma", "0.25"}, NULL},
        {{"prior_weight", "1.0"}, NULL},
        {{"n_EI_candidates", "24"}, NULL},
        {{"n_startup_trials", "0"}, NULL},
        {{"n_ei_candidates", "0"}, NULL},
        {{"random_state", "18446744073709551615"}, NULL},
        {{"gamma", "1.5"}, "gamma should be in the range of (0, 1)"},
        {{"gamma", "0"}, "gamma should be in the range of (0, 1)"},
        {{"prior_weight", "0"}, "prior_weight should be great than zero"},
        {{"prior_weight", "aaa"},
            "failed to validate prior_weight(aaa): it is not a finite number"},
        {{"n_EI_candidates", "0"}, "n_EI_candidates should be great than zero"},
        {{"n_ei_candidates", "-1"}, "n_ei_candidates should be greate or equal than zero"},
        {{"n_startup_trials", "-1"}, "n_startup_trials should be greate or equal than zero"},
        {{"random_state", "-1"}, "random_state should be great or equal than zero"},
        {{"n_ei_candidate", "1"}, "unknown setting n_ei_candidate for algorithm tpe"},
    };
    assert_settings(&mu_tpe, cases, sizeof cases / sizeof *cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(suggestions_lie_in_the_space),
        arena_test(the_order_of_trials_does_not_matter),
        arena_test(a_batch_is_its_singles),
        arena_test(maximize_mirrors_minimize),
        arena_test(a_finite_space_is_not_repeated),
        arena_test(failures_count_against_their_neighbourhood),
        arena_test(hard_histories_are_answered),
        arena_test(suggestions_gather_where_trials_were_good),
        arena_test(settings_and_their_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
