/* Drawing and changing architectures. */
#include "services/enas/tests/support.h"

#include <math.h>

/* A mutation takes a layer and then one of its decisions, so of 4 layers an operation (1 + 1/2 +
 * 1/3 + 1/4) / 4 = 0.521 of the time; and the new operation is one of the 29 others of its type
 * half of the time, and by chance (29 of 105) in the other half: 0.638. Each share of so many draws
 * is further than 4.5 standard errors from its mean once in 150,000 times; the seed is fixed. */
static void mutations_follow_their_law(void **state) {
    (void)state;
    struct mu_network network = network_of(4, KATIB, 4);
    struct mu_enas_space space;
    space_of(&space, &network);
    struct mu_enas_arch *arch = mu_enas_archs(&space, 1, arena);
    struct mu_stream stream;
    enum { N = 20000 };
    double ops = 0;
    double of_type = 0;
    mu_stream_init(&stream, 1, 0, "test");
    for (size_t i = 0; i < N; i++) {
        mu_enas_at(&space, arch, 0); /* no skips, and operation 0: a convolution */
        mu_enas_mutate(&space, arch, 1, &stream);
        size_t changed = (size_t)__builtin_popcountll(arch->skips[0]);
        for (size_t l = 0; l < 4; l++) {
            changed += arch->ops[l] != 0;
            ops += arch->ops[l] != 0;
            of_type += arch->ops[l] != 0 && space.table.family[arch->ops[l]] == 0;
        }
        assert_int_equal(changed, 1);
    }
    double share = (1 + 1.0 / 2 + 1.0 / 3 + 1.0 / 4) / 4;
    double within = 0.5 + 0.5 * 29 / 105;
    assert_true(fabs(ops / N - share) < 4.5 * sqrt(share * (1 - share) / N));
    assert_true(fabs(of_type / ops - within) < 4.5 * sqrt(within * (1 - within) / ops));
}

/* All 18 architectures of two layers, drawn 3,600 times: chi-squared with 17 degrees of freedom
 * exceeds 46.0 once in 5,000 times; the seed is fixed. */
static void draws_are_uniform(void **state) {
    (void)state;
    struct mu_network network = network_of(2, SMALL, 2);
    struct mu_enas_space space;
    space_of(&space, &network);
    struct mu_enas_arch *archs = mu_enas_archs(&space, 19, arena);
    struct mu_stream stream;
    size_t seen[18] = {0};
    double statistic = 0;
    mu_stream_init(&stream, 1, 0, "test");
    for (size_t i = 0; i < 18; i++) {
        mu_enas_at(&space, &archs[i], i);
    }
    for (size_t n = 0; n < 3600; n++) {
        mu_enas_draw(&space, &archs[18], &stream);
        for (size_t i = 0; i < 18; i++) {
            seen[i] += mu_enas_equal(&space, &archs[18], &archs[i]);
        }
    }
    for (size_t i = 0; i < 18; i++) {
        statistic += pow((double)seen[i] - 200, 2) / 200;
    }
    assert_true(statistic < 46.0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(mutations_follow_their_law),
        arena_test(draws_are_uniform),
    };
    return cmocka_run_group_tests_name("architecture", tests, NULL, NULL);
}
