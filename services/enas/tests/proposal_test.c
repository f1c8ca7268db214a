/* The search for a proposal: what it maximizes, that generations take it further, and that it is
 * taken for known. */
#include "services/enas/tests/support.h"

#include <math.h>

#include "common/model/acquisition.h"
#include "common/model/targets.h"
#include "services/enas/proposal.h"

static double improvement(struct mu_enas_surrogate *s, const struct mu_enas_arch *arch) {
    double mean;
    double ignored;
    double sd = mu_gp_predict(&s->gp, arch, &mean);
    return mu_acquisition_value(MU_LOG_EI, mean, sd, s->leaders[0].value, &ignored, &ignored);
}

/* Of all 18 architectures of two layers every third was tried: the proposal is the best of the
 * other twelve, and what is proposed next is another one. */
static void a_small_space_yields_its_largest_improvement(void **state) {
    (void)state;
    struct mu_network network = network_of(2, SMALL, 2);
    struct mu_enas_space space;
    space_of(&space, &network);
    struct mu_enas_arch *archs = mu_enas_archs(&space, 6, arena);
    struct mu_enas_arch *other = mu_enas_archs(&space, 1, arena);
    struct mu_enas_arch *proposed = mu_enas_archs(&space, 2, arena);
    static const double scores[6] = {0.3, -1.2, 1.5, -0.4, 0.8, -1};
    static const bool partial[6] = {0};
    static const size_t ranks[6] = {2, 4, 0, 3, 5, 1};
    struct mu_enas_observations e = {.archs = archs,
        .scores = scores,
        .partial = partial,
        .ranks = ranks,
        .n = 6,
        .n_observed = 6,
        .size = 18};
    struct mu_stream stream;
    mu_stream_init(&stream, 1, 0, "test");
    e.tried = mu_enas_set_of(&space, 6, arena);
    for (size_t i = 0; i < 6; i++) {
        mu_enas_at(&space, &archs[i], 3 * i);
        mu_enas_set_add(e.tried, &archs[i]);
    }
    struct mu_enas_surrogate *s = mu_enas_surrogate_of(&space, &e, 2, arena);
    struct mu_enas_surrogate *again = mu_enas_surrogate_of(&space, &e, 2, arena);
    mu_enas_propose(&space, &e, s, &proposed[0], &stream, arena);
    assert_false(mu_enas_set_has(e.tried, &proposed[0]));
    for (size_t i = 0; i < 18; i++) {
        mu_enas_at(&space, other, i);
        bool tried = mu_enas_set_has(e.tried, other);
        assert_true(tried || improvement(again, other) <= improvement(again, &proposed[0]) + 1e-8);
    }
    double mean;
    double before = mu_gp_predict(&again->gp, &proposed[0], &mean);
    double after = mu_gp_predict(&s->gp, &proposed[0], &mean);
    assert_true(after < 0.1 * before); /* taken for known */
}

/* The score is the number of layers with operation 2, and no observation has more than 4 of 12. An
 * offspring of observations changes three decisions at most, each to something better once in six
 * times; only generations get far. */
static void generations_join_what_was_good(void **state) {
    (void)state;
    struct mu_network network = network_of(12, SMALL, 2);
    struct mu_enas_space space;
    space_of(&space, &network);
    enum { N = 60 };
    struct mu_enas_arch *archs = mu_enas_archs(&space, N, arena);
    struct mu_enas_arch *proposed = mu_enas_archs(&space, 1, arena);
    double scores[N];
    size_t ranks[N]; /* all of them take part, so any order will do */
    static const bool partial[N] = {0};
    struct mu_enas_observations e = {.archs = archs,
        .scores = scores,
        .partial = partial,
        .ranks = ranks,
        .n = N,
        .n_observed = N,
        .size = UINT64_MAX};
    struct mu_stream stream;
    mu_stream_init(&stream, 1, 0, "test");
    e.tried = mu_enas_set_of(&space, N, arena);
    for (size_t i = 0; i < N; i++) {
        mu_enas_draw(&space, &archs[i], &stream);
        size_t good = 0;
        for (size_t l = 0; l < 12; l++) {
            archs[i].ops[l] = archs[i].ops[l] == 2 && good == 4 ? 0 : archs[i].ops[l];
            good += archs[i].ops[l] == 2;
        }
        scores[i] = (double)good;
        ranks[i] = i;
        mu_enas_set_add(e.tried, &archs[i]);
    }
    (void)mu_standardise(scores, N);
    struct mu_enas_surrogate *s = mu_enas_surrogate_of(&space, &e, 1, arena);
    mu_enas_propose(&space, &e, s, proposed, &stream, arena);
    size_t good = 0;
    for (size_t l = 0; l < 12; l++) {
        good += proposed->ops[l] == 2;
    }
    assert_true(good >= 11);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(a_small_space_yields_its_largest_improvement),
        arena_test(generations_join_what_was_good),
    };
    return cmocka_run_group_tests_name("proposal", tests, NULL, NULL);
}
