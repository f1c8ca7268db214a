/* The controller that chooses alone: budgets, the baseline, the trust region, the skip penalty, and
 * that samples are untried. */
#include "services/enas/tests/support.h"

#include <math.h>

#include "services/enas/controller_search.h"

static const struct mu_parameter_text WIDE[] = {
    {.name = "a", .type = MU_INT, .min = "1", .max = "64"},
    {.name = "b", .type = MU_INT, .min = "1", .max = "64"}};
static const struct mu_operation OPERATION = {"convolution", WIDE, 2};

/* 50 steps of 8 architectures of 4 layers at 64 units take 50 8 cost = 0.8e9 of 1.6e9 operations.
 */
static void what_is_asked_for_is_used_where_it_fits(void **state) {
    (void)state;
    struct mu_network network = network_of(4, SMALL, 2);
    struct mu_enas_space space;
    space_of(&space, &network);
    struct mu_enas_controller_size size = mu_enas_controller_size_of(&space, 64, 50);
    assert_int_equal(size.hidden, 64);
    assert_int_equal(size.steps, 50);
    assert_int_equal(size.batch, 8);
}

/* Fewer architectures in a step come first, fewer steps then. */
static void training_keeps_to_its_budget(void **state) {
    (void)state;
    struct mu_network network = network_of(8, KATIB, 4);
    struct mu_enas_space space;
    space_of(&space, &network);
    double passes = 1.6e9 / mu_enas_controller_cost(&space, 64);
    for (size_t steps = 1; steps < 5000; steps = steps * 3 / 2 + 1) {
        struct mu_enas_controller_size size = mu_enas_controller_size_of(&space, 64, steps);
        assert_true((double)(size.steps * size.batch) <= passes);
        assert_true(size.steps == steps || size.batch == 1);
        assert_true(size.batch == 8 || (double)(steps * (size.batch + 1)) > passes);
    }
    assert_int_equal(mu_enas_controller_size_of(&space, 64, (size_t)-1).steps, (size_t)passes);
}

static void memory_keeps_to_its_budget(void **state) {
    (void)state;
    struct mu_network network = network_of(MU_ENAS_MOST_LAYERS, &OPERATION, 1);
    struct mu_enas_space space;
    space_of(&space, &network);
    assert_int_equal(mu_enas_controller_size_of(&space, 1000, 1).hidden, 131072 / 4096);
    size_t batch = mu_enas_controller_size_of(&space, 1000, 1).batch;
    assert_int_equal(batch, (size_t)(2e6 / mu_enas_controller_state(&space, 32)));
    network = network_of(4, SMALL, 2);
    space_of(&space, &network);
    assert_int_equal(mu_enas_controller_size_of(&space, 1000, 1).hidden, 192);
}

static void advantages_count_inside_the_trust_region(void **state) {
    (void)state;
    assert_true(mu_enas_trusted_advantage(2, 0.9, 1) == 2);
    assert_true(mu_enas_trusted_advantage(2, 1.1, 1) == 0);
    assert_true(mu_enas_trusted_advantage(2, -5, 1) == 2); /* the way back is free */
    assert_true(mu_enas_trusted_advantage(-2, -0.9, 1) == -2);
    assert_true(mu_enas_trusted_advantage(-2, -1.1, 1) == 0);
    assert_true(mu_enas_trusted_advantage(-2, 5, 1) == -2);
}

/* Two architectures with the scores 1 and -1, trained for long: without the trust region the better
 * one's probability goes to 1. With it, it stops near the square root of the uniform one's, where
 * Adam's momentum takes it on a little. */
static void training_stops_at_the_trust_region(void **state) {
    (void)state;
    struct mu_network network = network_of(4, SMALL, 2);
    struct mu_enas_space space;
    space_of(&space, &network);
    struct mu_enas_arch *archs = mu_enas_archs(&space, 2, arena);
    static const double scores[] = {1, -1};
    struct mu_enas_controller_options options = {
        .hidden = 16, .batch = 2, .temperature = 1, .bound = 0, .skip_target = 0.5};
    struct mu_enas_learning learning = {.steps = 2000, .batch = 2, .rate = 0.0005, .decay = 1};
    struct mu_enas_observations e = {.archs = archs, .scores = scores, .n = 2};
    struct mu_stream stream;
    mu_stream_init(&stream, 1, 0, "test");
    mu_enas_at(&space, &archs[1], mu_enas_space_size(&space) - 1);
    struct mu_enas_controller *c = mu_enas_controller_new(&space, &options, &stream, arena);
    mu_enas_learn(c, &e, &learning, &stream, arena);
    mu_enas_controller_forward(c, archs, 2, NULL);
    double uniform = -log((double)mu_enas_space_size(&space));
    assert_true(fabs(c->log_probability[0] - 0.5 * uniform) < -0.15 * uniform);
    assert_true(c->log_probability[1] < 1.3 * uniform);
}

/* Of 18 architectures 17 were tried: the controller proposes the last one. */
static void samples_are_untried(void **state) {
    (void)state;
    struct mu_network network = network_of(2, SMALL, 2);
    struct mu_enas_space space;
    space_of(&space, &network);
    struct mu_enas_arch *archs = mu_enas_archs(&space, 19, arena);
    static const double scores[17] = {1};
    struct mu_enas_observations e = {.archs = archs, .scores = scores, .n = 17, .size = 18};
    struct mu_enas_controller_options options = {
        .hidden = 8, .batch = 8, .temperature = 1, .bound = 0, .skip_target = 0.5};
    struct mu_enas_learning learning = {.steps = 5, .batch = 8, .rate = 0.02, .decay = 1};
    struct mu_enas_controller_search search;
    struct mu_stream stream;
    mu_stream_init(&stream, 1, 0, "test");
    e.tried = mu_enas_set_of(&space, 18, arena);
    for (size_t i = 0; i < 18; i++) {
        mu_enas_at(&space, &archs[i], i);
        if (i < 17) {
            mu_enas_set_add(e.tried, &archs[i]);
        }
    }
    mu_enas_controller_search_init(&search, &space, &e, &options, &learning, &stream, arena);
    mu_enas_controller_search_next(&search, &archs[18], &stream);
    assert_true(mu_enas_equal(&space, &archs[18], &archs[17]));
}

static void the_baseline_is_a_weighted_mean(void **state) {
    (void)state;
    static const double scores[] = {4, 1, 2};
    assert_true(fabs(mu_enas_baseline(scores, 3, 1) - 7.0 / 3) < 1e-12);
    assert_true(fabs(mu_enas_baseline(scores, 3, 0.5) - (4 * 0.25 + 1 * 0.5 + 2) / 1.75) < 1e-12);
}

/* The skip penalty alone, without a difference between scores, draws the policy's share of skips to
 * the target. */
static void the_skip_penalty_draws_to_its_target(void **state) {
    (void)state;
    struct mu_network network = network_of(5, SMALL, 2);
    struct mu_enas_space space;
    space_of(&space, &network);
    struct mu_enas_controller_options options = {
        .hidden = 16, .batch = 8, .temperature = 1, .bound = 0, .skip_target = 0.2};
    struct mu_enas_arch *archs = mu_enas_archs(&space, 8, arena);
    static const double scores[8] = {0};
    struct mu_stream stream;
    mu_stream_init(&stream, 1, 0, "test");
    for (size_t i = 0; i < 8; i++) {
        mu_enas_draw(&space, &archs[i], &stream);
    }
    struct mu_enas_controller *c = mu_enas_controller_new(&space, &options, &stream, arena);
    struct mu_enas_observations e = {.archs = archs, .scores = scores, .n = 8};
    struct mu_enas_learning learning = {
        .steps = 100, .batch = 8, .rate = 0.02, .decay = 1, .skip_weight = 0.8};
    mu_enas_learn(c, &e, &learning, &stream, arena);
    double on = 0;
    for (int round = 0; round < 100; round++) {
        mu_enas_controller_forward(c, archs, 8, &stream);
        for (size_t m = 0; m < 8; m++) {
            on += __builtin_popcountll(archs[m].skips[0]);
        }
    }
    assert_true(fabs(on / 8000 - 0.2) <
                0.03); /* 8,000 bits: standard error 0.0045, the rest is left to training */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(what_is_asked_for_is_used_where_it_fits),
        arena_test(training_keeps_to_its_budget),
        arena_test(memory_keeps_to_its_budget),
        arena_test(advantages_count_inside_the_trust_region),
        arena_test(training_stops_at_the_trust_region),
        arena_test(samples_are_untried),
        arena_test(the_baseline_is_a_weighted_mean),
        arena_test(the_skip_penalty_draws_to_its_target),
    };
    return cmocka_run_group_tests_name("controller_search", tests, NULL, NULL);
}
