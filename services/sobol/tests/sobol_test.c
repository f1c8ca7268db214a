/* Sobol search: nets in the declared distributions, both ends of ints, no repeats, the
 * unscrambled sequence. */
#include "services/sobol/sobol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/num/sobol.h"
#include "tests/support/history.h"
#include "tests/support/settings.h"

static struct mu_error error;

static struct mu_experiment experiment(const struct mu_parameter_text *texts, size_t n) {
    struct mu_experiment e = {
        .name = "sobol", .metrics = MINIMIZED, .n_metrics = 1, .algorithm = "sobol"};
    if (mu_space_init(&e.space, texts, n, arena, &error)) {
        fail_msg("%s", error.text);
    }
    return e;
}

static struct mu_reply ask(const struct mu_experiment *e, const struct mu_history *history,
    size_t wanted, uint64_t first) {
    struct mu_request request = {
        .experiment = e, .history = history, .wanted = wanted, .first = first, .arena = arena};
    struct mu_reply reply;
    if (mu_algorithm_suggest(&mu_sobol, &request, &reply, &error)) {
        fail_msg("%s", error.text);
    }
    return reply;
}

static const struct mu_parameter_text LR = {
    .name = "lr", .type = MU_DOUBLE, .min = "0.01", .max = "0.05"};
static const struct mu_parameter_text MOMENTUM = {
    .name = "momentum", .type = MU_DOUBLE, .min = "0.5", .max = "0.9"};

/* The textbook's points without the corner, whatever the order of parameters. */
static void unscrambled_points_are_the_textbooks(void **state) {
    (void)state;
    static const double EXPECTED[][2] = {{0.03, 0.7}, {0.04, 0.6}, {0.02, 0.8}, {0.025, 0.65}};
    const struct mu_pair plain = {"scramble", "false"};
    const struct mu_history none = {0};
    struct mu_experiment e = experiment((const struct mu_parameter_text[]){MOMENTUM, LR}, 2);
    e.settings = &plain;
    e.n_settings = 1;
    struct mu_reply reply = ask(&e, &none, 4, 0);
    for (size_t i = 0; i < 4; i++) {
        const struct mu_pair *pairs = reply.suggestions[i].assignments;
        assert_string_equal(pairs[0].name, "momentum");
        assert_close(strtod(pairs[1].value, NULL), EXPECTED[i][0], 1e-15);
        assert_close(strtod(pairs[0].value, NULL), EXPECTED[i][1], 1e-15);
    }
}

/* Eight points of a logUniform parameter: one in each eighth of its logarithm. */
static void distributions_are_honoured(void **state) {
    (void)state;
    const struct mu_parameter_text text = {
        .name = "lr", .type = MU_DOUBLE, .distribution = MU_LOG_UNIFORM, .min = "1e-8", .max = "1"};
    const struct mu_history none = {0};
    struct mu_experiment e = experiment(&text, 1);
    struct mu_reply reply = ask(&e, &none, 8, 0);
    bool hit[8] = {false};
    for (size_t i = 0; i < 8; i++) {
        double value = strtod(reply.suggestions[i].assignments[0].value, NULL);
        hit[(size_t)(log10(value) + 8)] = true;
    }
    assert_null(memchr(hit, false, 8));
}

/* 4, 8, ..., 1024 suggestions reach each of four ints equally often: the ends as often as the
 * middle. */
static void ints_are_balanced(void **state) {
    (void)state;
    const struct mu_parameter_text texts[] = {
        {.name = "n", .type = MU_INT, .min = "1", .max = "4"}, LR};
    const struct mu_history none = {0};
    struct mu_experiment e = experiment(texts, 2);
    struct mu_reply reply = ask(&e, &none, 1024, 0);
    int counts[5] = {0};
    for (size_t i = 0; i < 1024; i++) {
        counts[strtol(reply.suggestions[i].assignments[0].value, NULL, 10)]++;
        for (size_t k = 1; i % 4 == 3 && k < 5; k++) {
            assert_int_equal(counts[k], (i + 1) / 4);
        }
    }
}

/* A finite space is used up before anything repeats, and a batch equals single requests. */
static void finite_spaces_are_used_up(void **state) {
    (void)state;
    enum { POINTS = 35 };
    const struct mu_parameter_text texts[] = {{.name = "a", .type = MU_INT, .min = "1", .max = "5"},
        {.name = "b", .type = MU_INT, .min = "1", .max = "7"}};
    struct mu_experiment e = experiment(texts, 2);
    struct mu_trial_record records[POINTS] = {0};
    const struct mu_history none = {0};
    struct mu_reply batch = ask(&e, &none, POINTS + 3, 0);
    bool seen[POINTS] = {false};
    for (size_t i = 0; i < POINTS; i++) {
        struct mu_history history;
        build_history(&history, &e, records, i, arena);
        struct mu_reply reply = ask(&e, &history, 1, i);
        const struct mu_pair *pairs = reply.suggestions[0].assignments;
        assert_string_equal(pairs[0].value, batch.suggestions[i].assignments[0].value);
        assert_string_equal(pairs[1].value, batch.suggestions[i].assignments[1].value);
        size_t rank = (size_t)(strtol(pairs[0].value, NULL, 10) - 1) * 7 +
                      (size_t)(strtol(pairs[1].value, NULL, 10) - 1);
        assert_false(seen[rank]);
        seen[rank] = true;
        records[i] = (struct mu_trial_record){
            .name = "t", .completed = "", .assignments = pairs, .n_assignments = 2};
    }
}

/* A point in another trial's place does not shift those after it. */
static void later_points_stay(void **state) {
    (void)state;
    const struct mu_parameter_text texts[] = {
        {.name = "a", .type = MU_INT, .min = "1", .max = "100"},
        {.name = "b", .type = MU_INT, .min = "1", .max = "100"}};
    const struct mu_history none = {0};
    struct mu_history history;
    struct mu_experiment e = experiment(texts, 2);
    struct mu_reply before = ask(&e, &none, 20, 0);
    const struct mu_trial_record other = {.name = "t",
        .completed = "",
        .assignments = before.suggestions[5].assignments,
        .n_assignments = 2};
    build_history(&history, &e, &other, 1, arena);
    struct mu_reply after = ask(&e, &history, 20, 0);
    for (size_t i = 0; i < 20; i++) {
        const struct mu_pair *a = before.suggestions[i].assignments;
        const struct mu_pair *b = after.suggestions[i].assignments;
        bool same = strcmp(a[0].value, b[0].value) == 0 && strcmp(a[1].value, b[1].value) == 0;
        assert_true(same == (i != 5));
    }
}

static void too_many_parameters_are_an_error(void **state) {
    (void)state;
    enum { N = MU_SOBOL_DIMENSIONS + 1 };
    struct mu_parameter_text texts[N];
    for (size_t i = 0; i < N; i++) {
        char *name = mu_arena_alloc(arena, 8);
        snprintf(name, 8, "p%zu", i);
        texts[i] = LR;
        texts[i].name = name;
    }
    struct mu_experiment most = experiment(texts, N - 1);
    struct mu_experiment more = experiment(texts, N);
    assert_int_equal(mu_algorithm_validate(&mu_sobol, &most, arena, &error), MU_OK);
    assert_int_equal(mu_algorithm_validate(&mu_sobol, &more, arena, &error), MU_INVALID_ARGUMENT);
    assert_string_equal(
        error.text, "sobol has direction numbers for 256 parameters, and the experiment has 257");
}

static void settings_are_checked(void **state) {
    (void)state;
    static const struct setting_case CASES[] = {
        {{"scramble", "false"}, NULL},
        {{"random_state", "3"}, NULL},
        {{"anything", "else"}, NULL},
        {{"scramble", "yes"}, "setting scramble: yes is not one of true, false"},
        {{"random_state", "-1"}, "random_state should be great or equal than zero"},
    };
    assert_settings(&mu_sobol, CASES, sizeof CASES / sizeof *CASES);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(unscrambled_points_are_the_textbooks),
        arena_test(distributions_are_honoured),
        arena_test(ints_are_balanced),
        arena_test(finite_spaces_are_used_up),
        arena_test(later_points_stay),
        arena_test(too_many_parameters_are_an_error),
        arena_test(settings_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
