/* The algorithm as a whole: settings, promises about repeats, order and failures, and that it
 * learns. */
#include "services/enas/tests/support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "services/enas/enas.h"
#include "services/enas/observations.h"
#include "tests/support/history.h"
#include "tests/support/settings.h"

enum { SUCCEEDED = 2, KILLED, FAILED, EARLYSTOPPED = 6, RUNNING = 1, MOST = 600 };

/* An experiment under way. */
struct session {
    struct mu_experiment experiment;
    struct mu_trial_record records[MOST];
    size_t n;
};

static struct session *session_of(
    const struct mu_network *network, const struct mu_pair *settings, size_t n_settings) {
    struct session *s = MU_NEW(arena, struct session);
    s->experiment = (struct mu_experiment){.name = "enas",
        .metrics = MAXIMIZED,
        .n_metrics = 1,
        .network = *network,
        .settings = settings,
        .n_settings = n_settings};
    return s;
}

static struct mu_reply ask(struct session *s, size_t wanted) {
    struct mu_history *history = MU_NEW(arena, struct mu_history);
    struct mu_request *request = MU_NEW(arena, struct mu_request);
    build_history(history, &s->experiment, s->records, s->n, arena);
    *request = (struct mu_request){.experiment = &s->experiment,
        .history = history,
        .wanted = wanted,
        .first = s->n,
        .arena = arena};
    struct mu_reply reply;
    struct mu_error error = {0};
    assert_int_equal(mu_algorithm_suggest(&mu_enas, request, &reply, &error), MU_OK);
    return reply;
}

static void tell(
    struct session *s, const struct mu_suggestion *suggestion, int condition, const char *metric) {
    assert_true(s->n < MOST);
    s->records[s->n] = (struct mu_trial_record){.name = mu_arena_format(arena, "trial-%04zu", s->n),
        .completed = condition == RUNNING ? ""
                                          : mu_arena_format(arena, "2026-01-01T%02zu:%02zu:00Z",
                                                s->n / 60, s->n % 60),
        .metric = metric,
        .condition = condition,
        .assignments = suggestion->assignments,
        .n_assignments = suggestion->n_assignments};
    s->n++;
}

static const char *text_of(const struct mu_reply *reply, size_t i) {
    assert_int_equal(reply->suggestions[i].n_assignments, 2);
    assert_string_equal(reply->suggestions[i].assignments[0].name, "architecture");
    assert_string_equal(reply->suggestions[i].assignments[1].name, "nn_config");
    return reply->suggestions[i].assignments[0].value;
}

static void assert_new(const struct session *s, const struct mu_reply *reply, size_t i) {
    for (size_t j = 0; j < i; j++) {
        assert_string_not_equal(text_of(reply, i), text_of(reply, j));
    }
    for (size_t j = 0; j < s->n; j++) {
        assert_string_not_equal(text_of(reply, i), s->records[j].assignments[0].value);
    }
}

/* A small controller for the tests' time; with the last setting it chooses alone. */
static const struct mu_pair QUICK[] = {{"controller_hidden_size", "16"}, {"search", "controller"}};
enum { SURROGATE = 1, CONTROLLER = 2 };

/* What the tests train for: layers with operation 2, and skips that are on. */
static double worth(const char *text, int layers) {
    struct mu_network network = network_of(layers, SMALL, 2);
    struct mu_enas_space space;
    space_of(&space, &network);
    struct mu_enas_arch *arch = mu_enas_archs(&space, 1, arena);
    assert_true(mu_enas_parse(&space, text, arch));
    double ops = 0;
    double skips = 0;
    for (size_t l = 0; l < space.layers; l++) {
        ops += arch->ops[l] == 2;
        for (size_t j = 0; j < l; j++) {
            skips += mu_enas_skip(arch, l, j);
        }
    }
    return 0.7 * ops / (double)space.layers + 0.3 * skips / (double)(space.skips ? space.skips : 1);
}

/* Mean worth of the last quarter of |trials| trials in batches of 4. */
static double learned(size_t n_settings, size_t trials) {
    struct mu_network network = network_of(5, SMALL, 2);
    struct session *s = session_of(&network, QUICK, n_settings);
    size_t quarter = trials / 4;
    double sum = 0;
    while (s->n < trials) {
        struct mu_reply reply = ask(s, 4);
        for (size_t i = 0; i < 4; i++) {
            assert_new(s, &reply, i);
        }
        for (size_t i = 0; i < 4; i++) {
            double value = worth(text_of(&reply, i), 5);
            sum += s->n >= trials - quarter ? value : 0;
            tell(s, &reply.suggestions[i], SUCCEEDED, mu_arena_format(arena, "%.17g", value));
        }
    }
    return sum / (double)quarter;
}

/* Random choice is worth 0.7 / 3 + 0.3 / 2 = 0.383 in the mean, with a standard deviation of 0.15
 * per trial: 25 of them exceed 0.6 once in more than a million times. */
static void both_searches_learn(void **state) {
    (void)state;
    assert_true(learned(SURROGATE, 100) > 0.7);
    assert_true(learned(CONTROLLER, 100) > 0.6);
}

/* Only `search: controller` trains one: by default its settings change nothing. */
static void the_controller_is_trained_on_request(void **state) {
    (void)state;
    static const struct mu_pair other[] = {
        {"controller_hidden_size", "3"}, {"search", "controller"}};
    struct mu_network network = network_of(5, SMALL, 2);
    for (size_t n_settings = SURROGATE; n_settings <= CONTROLLER; n_settings++) {
        struct session *a = session_of(&network, QUICK, n_settings);
        struct session *b = session_of(&network, other, n_settings);
        struct mu_reply start = ask(a, 12);
        for (size_t i = 0; i < 12; i++) {
            const char *value = mu_arena_format(arena, "%.17g", worth(text_of(&start, i), 5));
            tell(a, &start.suggestions[i], SUCCEEDED, value);
            tell(b, &start.suggestions[i], SUCCEEDED, value);
        }
        struct mu_reply of_a = ask(a, 1);
        struct mu_reply of_b = ask(b, 1);
        bool same = strcmp(text_of(&of_a, 0), text_of(&of_b, 0)) == 0;
        assert_int_equal(same, n_settings == SURROGATE);
    }
}

static struct mu_enas_arch *parsed(const struct mu_enas_space *space, const char *text) {
    struct mu_enas_arch *arch = mu_enas_archs(space, 1, arena);
    assert_true(mu_enas_parse(space, text, arch));
    return arch;
}

static size_t differing_decisions(
    const struct mu_enas_space *space, const struct mu_enas_arch *a, const struct mu_enas_arch *b) {
    size_t n = 0;
    for (size_t l = 0; l < space->layers; l++) {
        n += a->ops[l] != b->ops[l];
        for (size_t j = 0; j < l; j++) {
            n += mu_enas_skip(a, l, j) != mu_enas_skip(b, l, j);
        }
    }
    return n;
}

/* Before 8 observations: of 3 suggestions in a row every layer has every operation once, and a pair
 * of suggestions has opposite skips. */
static void the_start_is_balanced(void **state) {
    (void)state;
    struct mu_network network = network_of(5, SMALL, 2);
    struct mu_enas_space space;
    space_of(&space, &network);
    struct session *s = session_of(&network, NULL, 0);
    struct mu_reply reply = ask(s, 6);
    struct mu_enas_arch *archs[6];
    for (size_t i = 0; i < 6; i++) {
        archs[i] = parsed(&space, text_of(&reply, i));
    }
    for (size_t l = 0; l < 5; l++) {
        for (size_t i = 0; i < 6; i += 3) {
            assert_int_equal(
                1 << archs[i]->ops[l] | 1 << archs[i + 1]->ops[l] | 1 << archs[i + 2]->ops[l], 7);
        }
    }
    for (size_t i = 0; i < 6; i += 2) {
        assert_int_equal(archs[i]->skips[0] ^ archs[i + 1]->skips[0], (1 << 10) - 1);
    }
}

/* What a batch has beyond 32 changes one to three decisions of an observation, mostly of a good
 * one: the best of 8 draws out of 16 is of the better half 255 times in 256. (One in about 60
 * changes a decision and changes it back; random ones take its place.) */
static void further_suggestions_vary_good_ones(void **state) {
    (void)state;
    struct mu_network network = network_of(12, KATIB, 4);
    struct mu_enas_space space;
    space_of(&space, &network);
    struct session *s = session_of(&network, NULL, 0);
    struct mu_reply start = ask(s, 16);
    for (size_t i = 0; i < 16; i++) {
        tell(s, &start.suggestions[i], SUCCEEDED, mu_arena_format(arena, "%zu", i * 7 % 16));
    }
    struct mu_reply reply = ask(s, 64);
    size_t of_good = 0;
    for (size_t i = 32; i < 64; i++) {
        struct mu_enas_arch *arch = parsed(&space, text_of(&reply, i));
        for (size_t j = 0; j < 16; j++) {
            size_t n = differing_decisions(&space, arch, parsed(&space, text_of(&start, j)));
            of_good += n >= 1 && n <= 3 && j * 7 % 16 >= 8;
        }
    }
    assert_true(of_good >= 28);
}

static void the_same_request_gives_the_same_answer(void **state) {
    (void)state;
    for (size_t n_settings = SURROGATE; n_settings <= CONTROLLER; n_settings++) {
        struct mu_network network = network_of(4, KATIB, 4);
        struct session *s = session_of(&network, QUICK, n_settings);
        struct session *other = session_of(&network, QUICK, n_settings);
        while (s->n < 40) {
            struct mu_reply reply = ask(s, 4);
            for (size_t i = 0; i < 4; i++) {
                int condition = s->n % 9 == 3    ? FAILED
                                : s->n % 11 == 5 ? EARLYSTOPPED
                                : s->n > 37      ? RUNNING
                                                 : SUCCEEDED;
                tell(s, &reply.suggestions[i], condition,
                    condition == FAILED || condition == RUNNING
                        ? NULL
                        : mu_arena_format(arena, "%zu", s->n * 7 % 13));
            }
        }
        for (size_t i = 0; i < s->n; i++) { /* the trials in another order */
            other->records[i] = s->records[(i * 7 + 3) % s->n];
        }
        other->n = s->n;
        struct mu_reply a = ask(s, 5);
        struct mu_reply b = ask(other, 5);
        for (size_t i = 0; i < 5; i++) {
            assert_string_equal(text_of(&a, i), text_of(&b, i));
            assert_string_equal(
                a.suggestions[i].assignments[1].value, b.suggestions[i].assignments[1].value);
        }
    }
}

/* One layer of three operations: three architectures, then repeats of the best. */
static void an_exhausted_space_repeats_the_best(void **state) {
    (void)state;
    for (size_t n_settings = SURROGATE; n_settings <= CONTROLLER; n_settings++) {
        struct mu_network network = network_of(1, SMALL, 2);
        struct session *s = session_of(&network, QUICK, n_settings);
        struct mu_reply reply = ask(s, 3);
        for (size_t i = 0; i < 3; i++) {
            assert_new(s, &reply, i);
        }
        for (size_t i = 0; i < 3; i++) {
            tell(s, &reply.suggestions[i], SUCCEEDED, i == 1 ? "0.9" : "0.1");
        }
        for (int i = 0; i < 10; i++) {
            struct mu_reply again = ask(s, 1);
            assert_string_equal(text_of(&again, 0), text_of(&reply, 1));
            tell(s, &again.suggestions[0], SUCCEEDED, "0.9");
        }
    }
}

/* Two layers of three operations: eighteen architectures, every one proposed once before any is
 * repeated. */
static void a_small_space_is_searched_without_repeats(void **state) {
    (void)state;
    for (size_t n_settings = SURROGATE; n_settings <= CONTROLLER; n_settings++) {
        struct mu_network network = network_of(2, SMALL, 2);
        struct session *s = session_of(&network, QUICK, n_settings);
        while (s->n < 18) {
            struct mu_reply reply = ask(s, 3);
            for (size_t i = 0; i < 3; i++) {
                assert_new(s, &reply, i);
            }
            for (size_t i = 0; i < 3; i++) {
                tell(s, &reply.suggestions[i], SUCCEEDED,
                    mu_arena_format(arena, "%g", worth(text_of(&reply, i), 2)));
            }
        }
        (void)ask(s, 4);
    }
}

static void odd_results_never_block(void **state) {
    (void)state;
    static const char *const metrics[] = {NULL, "1", "1e308", "-1e308", "nan", "", "1e-320"};
    static const int conditions[] = {FAILED, KILLED, SUCCEEDED, EARLYSTOPPED, RUNNING};
    for (size_t n_settings = SURROGATE; n_settings <= CONTROLLER; n_settings++) {
        for (size_t kind = 0; kind < 5; kind++) {
            struct mu_network network = network_of(6, KATIB, 4);
            struct session *s = session_of(&network, QUICK, n_settings);
            while (s->n < 24) {
                struct mu_reply reply = ask(s, 4);
                for (size_t i = 0; i < 4; i++) {
                    assert_new(s, &reply, i);
                }
                for (size_t i = 0; i < 4; i++) {
                    int condition = kind == 1   ? SUCCEEDED
                                    : kind == 4 ? conditions[s->n % 5]
                                                : conditions[kind == 0 ? 0 : kind];
                    tell(s, &reply.suggestions[i], condition, kind == 1 ? "1" : metrics[s->n % 7]);
                }
            }
            static const struct mu_pair foreign[] = {{"lr", "0.1"}};
            tell(s, &(struct mu_suggestion){.assignments = foreign, .n_assignments = 1}, SUCCEEDED,
                "0.5");
            struct mu_reply reply = ask(s, 40); /* more than are modelled */
            for (size_t i = 0; i < 40; i++) {
                assert_new(s, &reply, i);
            }
        }
    }
}

static void large_networks_stay_within_their_memory(void **state) {
    (void)state;
    static const struct mu_parameter_text many[] = {
        {.name = "a", .type = MU_INT, .min = "1", .max = "64"},
        {.name = "b", .type = MU_INT, .min = "1", .max = "64"}};
    static const struct mu_operation operation = {"convolution", many, 2};
    static const struct mu_pair settings[] = {
        {"controller_hidden_size", "100000"}, {"controller_train_steps", "1000000000"}};
    struct mu_network network = network_of(MU_ENAS_MOST_LAYERS, &operation, 1);
    struct session *s = session_of(&network, settings, 2);
    struct mu_reply reply = ask(s, 12);
    for (size_t i = 0; i < 12; i++) {
        tell(s, &reply.suggestions[i], SUCCEEDED, mu_arena_format(arena, "%zu", i));
    }
    size_t before = mu_arena_used(arena);
    reply = ask(s, 1);
    assert_new(s, &reply, 0);
    assert_true(mu_arena_used(arena) - before < 48 << 20);
}

/* Katib's webhook takes only one of the two; with both, trials would belong to neither. */
static void parameters_beside_a_network_are_refused(void **state) {
    (void)state;
    static const struct mu_parameter_text lr = {
        .name = "lr", .type = MU_DOUBLE, .min = "0", .max = "1"};
    struct mu_experiment e = {.name = "both", .network = network_of(2, SMALL, 2)};
    struct mu_error error = {0};
    assert_int_equal(mu_algorithm_validate(&mu_enas, &e, arena, &error), MU_OK);
    assert_int_equal(mu_space_init(&e.space, &lr, 1, arena, &error), MU_OK);
    assert_int_equal(mu_algorithm_validate(&mu_enas, &e, arena, &error), MU_INVALID_ARGUMENT);
    assert_non_null(strstr(error.text, "the parameter lr"));
}

static void settings_are_checked(void **state) {
    (void)state;
    static const struct setting_case cases[] = {
        {{"controller_temperature", "None"}, NULL},
        {{"controller_tanh_const", "None"}, NULL},
        {{"controller_entropy_weight", "None"}, NULL},
        {{"controller_skip_weight", "None"}, NULL},
        {{"controller_hidden_size", "64"}, NULL},
        {{"controller_learning_rate", "1"}, NULL},
        {{"search", "controller"}, NULL},
        {{"controller_colour", "1"}, "Unknown Algorithm Setting name: controller_colour"},
        {{"controller_hidden_size", "None"},
            "Algorithm Setting controller_hidden_size must be int type: exception invalid literal "
            "for int() with base 10: 'None'"},
        {{"controller_train_steps", "0"},
            "Algorithm Setting controller_train_steps: 0 with int type must be in range [1, inf)"},
        {{"controller_log_every_steps", "0"}, "Algorithm Setting controller_log_every_steps: 0 "
                                              "with int type must be in range [1, inf)"},
        {{"controller_hidden_size", "x"},
            "Algorithm Setting controller_hidden_size must be int type: exception invalid literal "
            "for int() with base 10: 'x'"},
        {{"controller_temperature", "0"}, "Algorithm Setting controller_temperature: 0 with float "
                                          "type must be in range (0, inf)"},
        {{"controller_temperature", "nan"},
            "Algorithm Setting controller_temperature must be float type: exception could not "
            "convert string to float: 'nan'"},
        {{"controller_tanh_const", "-1"}, "Algorithm Setting controller_tanh_const: -1 with float "
                                          "type must be in range (0, inf)"},
        {{"controller_entropy_weight", "0"}, "Algorithm Setting controller_entropy_weight: 0 with "
                                             "float type must be in range (0, inf)"},
        {{"controller_skip_weight", "0"}, "Algorithm Setting controller_skip_weight: 0 with float "
                                          "type must be in range (0, inf)"},
        {{"controller_baseline_decay", "1.5"}, "Algorithm Setting controller_baseline_decay: 1.5 "
                                               "with float type must be in range (0, 1)"},
        {{"controller_learning_rate", "0"}, "Algorithm Setting controller_learning_rate: 0 with "
                                            "float type must be in range (0, 1)"},
        {{"controller_skip_target", "2"},
            "Algorithm Setting controller_skip_target: 2 with float type must be in range (0, 1)"},
        {{"controller_skip_target", "None"},
            "Algorithm Setting controller_skip_target must be float type: exception could not "
            "convert string to float: 'None'"},
        {{"search", "luck"}, "setting search: luck is not one of surrogate, controller"},
    };
    assert_settings(&mu_enas, cases, COUNT(cases));
}

/* Scores 0 to 7 and one of -1e300, drawn in to ten interquartile ranges below the median: still
 * ascending by equal steps. */
static void one_diverged_training_flattens_no_others(void **state) {
    (void)state;
    struct mu_network network = network_of(3, SMALL, 2);
    struct mu_enas_space space;
    struct mu_history history;
    struct mu_enas_observations e;
    struct session *s = session_of(&network, QUICK, SURROGATE);
    struct mu_reply reply = ask(s, 9);
    for (size_t i = 0; i < 9; i++) {
        tell(s, &reply.suggestions[i], SUCCEEDED,
            i == 8 ? "-1e300" : mu_arena_format(arena, "%zu", i));
    }
    space_of(&space, &network);
    build_history(&history, &s->experiment, s->records, s->n, arena);
    mu_enas_observations_init(&e, &space, &history, 1, arena);
    assert_int_equal(e.n, 9);
    for (size_t i = 2; i < 8; i++) {
        assert_true(e.scores[i] - e.scores[i - 1] > 0.05);
        assert_close(e.scores[i] - e.scores[i - 1], e.scores[1] - e.scores[0], 1e-12);
    }
}

/* Four networks around one with the score 1, four around one with 0, and a failure among each: the
 * first counts as the mean of its four neighbours and the worst, the second as the worst. */
static void a_failure_is_as_bad_as_its_neighbourhood(void **state) {
    (void)state;
    static const char *const texts[] = {"[[2],[2,1],[2,1,1]]", "[[2],[2,0],[2,1,1]]",
        "[[2],[2,1],[2,0,1]]", "[[2],[2,1],[2,1,0]]", "[[0],[0,0],[0,0,0]]", "[[0],[0,1],[0,0,0]]",
        "[[0],[0,0],[0,1,0]]", "[[0],[0,1],[0,0,1]]", "[[2],[2,0],[2,0,1]]", "[[0],[0,1],[0,1,0]]"};
    struct mu_network network = network_of(3, SMALL, 2);
    struct mu_enas_space space;
    struct mu_history history;
    struct mu_enas_observations e;
    struct session *s = session_of(&network, NULL, 0);
    for (size_t i = 0; i < COUNT(texts); i++) {
        const struct mu_pair pair = {"architecture", texts[i]};
        struct mu_pair *own = MU_ARRAY(arena, 1, struct mu_pair);
        own[0] = pair;
        const struct mu_suggestion suggestion = {.assignments = own, .n_assignments = 1};
        tell(s, &suggestion, i < 8 ? SUCCEEDED : FAILED, i < 4 ? "1" : i < 8 ? "0" : NULL);
    }
    space_of(&space, &network);
    build_history(&history, &s->experiment, s->records, s->n, arena);
    mu_enas_observations_init(&e, &space, &history, 1, arena);
    assert_int_equal(e.n, 10);
    assert_int_equal(e.n_observed, 8);
    assert_close(e.scores[0], 1, 1e-12);
    assert_close(e.scores[8], (4 * 1 - 1) / 5.0, 1e-12);
    assert_close(e.scores[9], -1, 1e-12);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(settings_are_checked),
        arena_test(parameters_beside_a_network_are_refused),
        arena_test(the_controller_is_trained_on_request),
        arena_test(the_start_is_balanced),
        arena_test(further_suggestions_vary_good_ones),
        arena_test(the_same_request_gives_the_same_answer),
        arena_test(an_exhausted_space_repeats_the_best),
        arena_test(a_small_space_is_searched_without_repeats),
        arena_test(odd_results_never_block),
        arena_test(large_networks_stay_within_their_memory),
        arena_test(one_diverged_training_flattens_no_others),
        arena_test(a_failure_is_as_bad_as_its_neighbourhood),
        arena_test(both_searches_learn),
    };
    return cmocka_run_group_tests_name("enas", tests, NULL, NULL);
}
