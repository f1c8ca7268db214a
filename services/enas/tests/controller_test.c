/* The controller's derivatives against central differences, and its draws against its own
 * probabilities. */
#include "services/enas/tests/support.h"

#include <math.h>
#include <string.h>

#include "services/enas/controller.h"

enum { BATCH = 3 };

static const double COEFFICIENTS[BATCH] = {1.3, -0.7, 0.4};

static double objective(struct mu_enas_controller *c, struct mu_enas_arch *archs,
    double entropy_weight, double skip_weight) {
    double sum = 0;
    mu_enas_controller_forward(c, archs, BATCH, NULL);
    for (size_t m = 0; m < BATCH; m++) {
        sum += COEFFICIENTS[m] * c->log_probability[m] + entropy_weight * c->entropy[m] -
               skip_weight * c->penalty[m];
    }
    return sum;
}

/* Largest difference between backward pass and central differences, relative to the largest
 * derivative. */
static double largest_error(int layers, const struct mu_enas_controller_options *options,
    double entropy_weight, double skip_weight) {
    struct mu_network network = network_of(layers, SMALL, 2);
    struct mu_enas_space space;
    space_of(&space, &network);
    struct mu_stream stream;
    mu_stream_init(&stream, 1, (uint64_t)layers, "test");
    struct mu_enas_controller *c = mu_enas_controller_new(&space, options, &stream, arena);
    struct mu_enas_arch *archs = mu_enas_archs(&space, BATCH, arena);
    for (size_t m = 0; m < BATCH; m++) {
        mu_enas_draw(&space, &archs[m], &stream);
    }
    for (size_t i = 0; i < c->n_weights; i++) {
        c->weights[i] *= 8; /* far from the linear range of the nonlinearities */
    }
    double *gradient = MU_ARRAY(arena, c->n_weights, double);
    double worst = 0;
    double largest = 0;
    (void)objective(c, archs, entropy_weight, skip_weight);
    mu_enas_controller_backward(c, COEFFICIENTS, entropy_weight, skip_weight, gradient);
    for (size_t i = 0; i < c->n_weights; i++) {
        double kept = c->weights[i];
        double step = 1e-5;
        c->weights[i] = kept + step;
        double above = objective(c, archs, entropy_weight, skip_weight);
        c->weights[i] = kept - step;
        double below = objective(c, archs, entropy_weight, skip_weight);
        c->weights[i] = kept;
        worst = fmax(worst, fabs((above - below) / (2 * step) - gradient[i]));
        largest = fmax(largest, fabs(gradient[i]));
    }
    assert_true(largest > 1e-3);
    return worst / largest;
}

static void backward_is_the_derivative(void **state) {
    (void)state;
    struct mu_enas_controller_options o = {
        .hidden = 5, .batch = BATCH, .temperature = 1.7, .bound = 2.25, .skip_target = 0.4};
    assert_true(largest_error(5, &o, 0, 0) < 1e-7);
    assert_true(largest_error(5, &o, 0.3, 0.8) < 1e-7);
    assert_true(largest_error(1, &o, 0.3, 0.8) < 1e-7);
    assert_true(largest_error(2, &o, 0.3, 0.8) < 1e-7);
    o.bound = 0;
    o.hidden = 8;
    assert_true(largest_error(4, &o, 0.3, 0.8) < 1e-7);
}

/* Of all 3^2 * 2 architectures of two layers the probabilities sum to 1, and the entropy is the
 * mean of -log p over the policy: the two decisions after the first depend on it, so the sum of the
 * conditional entropies along a path is compared in the mean over all paths. */
static void probabilities_and_entropy_agree(void **state) {
    (void)state;
    struct mu_network network = network_of(2, SMALL, 2);
    struct mu_enas_space space;
    space_of(&space, &network);
    struct mu_stream stream;
    mu_stream_init(&stream, 3, 0, "test");
    struct mu_enas_controller_options o = {
        .hidden = 6, .batch = 18, .temperature = 0.5, .bound = 0, .skip_target = 0.4};
    struct mu_enas_controller *c = mu_enas_controller_new(&space, &o, &stream, arena);
    struct mu_enas_arch *archs = mu_enas_archs(&space, 18, arena);
    assert_int_equal(mu_enas_space_size(&space), 18);
    for (size_t i = 0; i < c->n_weights; i++) {
        c->weights[i] *= 10;
    }
    for (size_t m = 0; m < 18; m++) {
        mu_enas_at(&space, &archs[m], m);
    }
    mu_enas_controller_forward(c, archs, 18, NULL);
    double sum = 0;
    double information = 0;
    double entropy = 0;
    for (size_t m = 0; m < 18; m++) {
        double p = exp(c->log_probability[m]);
        sum += p;
        information -= p * c->log_probability[m];
        entropy += p * c->entropy[m];
    }
    assert_true(fabs(sum - 1) < 1e-12);
    assert_true(fabs(information - entropy) < 1e-12);
    assert_true(
        information < log(18) - 0.05); /* the policy is not uniform, or this would test little */
}

/* 4,000 draws against the probabilities: chi-squared with 17 degrees of freedom exceeds 46.0 once
 * in 5,000 times; the seed is fixed. */
static void draws_follow_the_probabilities(void **state) {
    (void)state;
    struct mu_network network = network_of(2, SMALL, 2);
    struct mu_enas_space space;
    space_of(&space, &network);
    struct mu_stream stream;
    mu_stream_init(&stream, 5, 0, "test");
    struct mu_enas_controller_options o = {
        .hidden = 6, .batch = 18, .temperature = 0.5, .bound = 2.25, .skip_target = 0.4};
    struct mu_enas_controller *c = mu_enas_controller_new(&space, &o, &stream, arena);
    struct mu_enas_arch *archs = mu_enas_archs(&space, 18, arena);
    struct mu_enas_arch *all = mu_enas_archs(&space, 18, arena);
    double expected[18];
    double statistic = 0;
    size_t seen[18] = {0};
    size_t n = 0;
    for (size_t i = 0; i < c->n_weights; i++) {
        c->weights[i] *= 10;
    }
    for (size_t m = 0; m < 18; m++) {
        mu_enas_at(&space, &all[m], m);
    }
    mu_enas_controller_forward(c, all, 18, NULL);
    for (size_t m = 0; m < 18; m++) {
        expected[m] = exp(c->log_probability[m]);
    }
    while (n < 4000) {
        mu_enas_controller_forward(c, archs, 16, &stream);
        for (size_t m = 0; m < 16; m++, n++) {
            for (size_t i = 0; i < 18; i++) {
                seen[i] += mu_enas_equal(&space, &archs[m], &all[i]);
            }
        }
    }
    for (size_t i = 0; i < 18; i++) {
        double mean = expected[i] * (double)n;
        statistic += ((double)seen[i] - mean) * ((double)seen[i] - mean) / mean;
    }
    assert_true(statistic < 46.0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(backward_is_the_derivative),
        arena_test(probabilities_and_entropy_agree),
        arena_test(draws_follow_the_probabilities),
    };
    return cmocka_run_group_tests_name("controller", tests, NULL, NULL);
}
