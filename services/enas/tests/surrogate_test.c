/* The surrogate's features, its noise and what it believes; the process itself is tested with
 * common/model. */
#include "services/enas/tests/support.h"

#include <math.h>

#include "common/num/cholesky.h"
#include "common/num/linalg.h"
#include "services/enas/surrogate.h"

enum { N = 12 };

static struct mu_enas_arch *parsed(const struct mu_enas_space *space, const char *text) {
    struct mu_enas_arch *arch = mu_enas_archs(space, 1, arena);
    assert_true(mu_enas_parse(space, text, arch));
    return arch;
}

/* N random architectures; the score counts layers whose operation is of the first family. */
static struct mu_enas_observations observations_of(
    const struct mu_enas_space *space, struct mu_enas_arch *archs, double *scores, bool *partial) {
    struct mu_stream stream;
    mu_stream_init(&stream, 1, 0, "test");
    for (size_t i = 0; i < N; i++) {
        mu_enas_draw(space, &archs[i], &stream);
        scores[i] = -1;
        for (size_t l = 0; l < space->layers; l++) {
            scores[i] += 0.5 * (space->table.family[archs[i].ops[l]] == 0);
        }
    }
    size_t *ranks = MU_ARRAY(arena, N, size_t);
    for (size_t i = 0; i < N; i++) {
        ranks[i] = i; /* all of them take part, so any order will do */
    }
    return (struct mu_enas_observations){.archs = archs,
        .scores = scores,
        .partial = partial,
        .ranks = ranks,
        .n = N,
        .n_observed = N,
        .size = UINT64_MAX};
}

/* Operation 0 is a convolution (3, 32, 1), 1 the same with stride 2, 2 one with 48 filters, 102 a
 * reduction. */
static void features_count_decisions(void **state) {
    (void)state;
    struct mu_network network = network_of(4, KATIB, 4);
    struct mu_enas_space space;
    space_of(&space, &network);
    const struct mu_enas_arch *a = parsed(&space, "[[0],[0,0],[0,0,0],[0,0,0,0]]");
    static const struct {
        const char *text;
        double distance, types, skips;
    } cases[] = {
        {"[[0],[0,0],[0,0,0],[0,0,0,0]]", 0, 0, 0},
        {"[[1],[0,0],[0,0,0],[0,0,0,0]]", 1.0 / 3 / 4, 0, 0},
        {"[[3],[0,0],[0,0,0],[2,0,0,0]]", (2.0 / 3 + 1.0 / 3) / 4, 0, 0},
        {"[[102],[0,0],[1,0,0],[0,0,0,0]]", (1 + 1.0 / 3) / 4, 1.0 / 4, 0},
        {"[[0],[0,1],[0,0,0],[0,0,1,1]]", 0, 0, 3.0 / 6},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        void *store = mu_enas_metric.store(&space, 1, arena);
        double z[MU_ENAS_FEATURES];
        mu_enas_metric.place(store, 0, parsed(&space, cases[i].text));
        mu_enas_metric.measure(store, a, 1, 1, z);
        assert_true(fabs(z[0] - cases[i].distance) < 1e-15);
        assert_true(fabs(z[1] - cases[i].types) < 1e-15);
        assert_true(fabs(z[2] - cases[i].skips) < 1e-15);
    }
}

static void every_length_makes_a_positive_definite_kernel(void **state) {
    (void)state;
    struct mu_network network = network_of(1, KATIB, 4);
    struct mu_enas_space space;
    space_of(&space, &network);
    size_t n = space.table.n;
    double *z = MU_ARRAY(arena, MU_ENAS_FEATURES * n, double);
    double *k = MU_ARRAY(arena, n * n, double);
    struct mu_enas_arch *archs = mu_enas_archs(&space, n, arena);
    void *store = mu_enas_metric.store(&space, n, arena);
    for (size_t i = 0; i < n; i++) {
        mu_enas_at(&space, &archs[i], i);
        mu_enas_metric.place(store, i, &archs[i]);
    }
    for (double s_0 = 1e-2; s_0 < 1e3; s_0 *= 10) {
        for (double s_1 = 1e-2; s_1 < 1e3; s_1 *= 10) {
            for (size_t i = 0; i < n; i++) {
                mu_enas_metric.measure(store, &archs[i], n, n, z);
                for (size_t j = 0; j < n; j++) {
                    k[i * n + j] = exp(-s_0 * z[j] - s_1 * z[n + j]) + (i == j ? 1e-12 : 0);
                }
            }
            assert_true(mu_cholesky(k, n, n));
        }
    }
}

/* One observation of score 1: the mean there is a^2 / (a^2 + c n^2), with c = 4 when its trial was
 * stopped early. */
static void a_partial_result_is_noisier(void **state) {
    (void)state;
    struct mu_network network = network_of(4, KATIB, 4);
    struct mu_enas_space space;
    space_of(&space, &network);
    struct mu_enas_arch *archs = mu_enas_archs(&space, 1, arena);
    static const double scores[] = {1};
    static const size_t ranks[] = {0};
    for (int stopped = 0; stopped < 2; stopped++) {
        const bool partial[] = {stopped == 1};
        struct mu_enas_observations e = {.archs = archs,
            .scores = scores,
            .partial = partial,
            .ranks = ranks,
            .n = 1,
            .n_observed = 1};
        struct mu_enas_surrogate *s = mu_enas_surrogate_of(&space, &e, 1, arena);
        double noise = s->gp.noise * (stopped ? 4 : 1);
        double expected = s->gp.amplitude / (s->gp.amplitude + noise);
        assert_true(fabs(s->leaders[0].value - expected) < 1e-9);
    }
}

static void leaders_come_in_the_order_of_their_means(void **state) {
    (void)state;
    struct mu_network network = network_of(4, KATIB, 4);
    struct mu_enas_space space;
    space_of(&space, &network);
    struct mu_enas_arch *archs = mu_enas_archs(&space, N, arena);
    double scores[N];
    bool partial[N] = {0};
    struct mu_enas_observations e = observations_of(&space, archs, scores, partial);
    struct mu_enas_surrogate *s = mu_enas_surrogate_of(&space, &e, 1, arena);
    assert_int_equal(s->n_leaders, N);
    for (size_t i = 0; i < N; i++) {
        double mean;
        mu_gp_means(&s->gp, s->leaders[i].arch, &mean);
        assert_true(s->leaders[i].value == mean);
        assert_true(i == 0 || mean <= s->leaders[i - 1].value);
    }
}

/* Two trials under way: their uncertainty is gone, and no mean changed. */
static void pending_trials_are_believed(void **state) {
    (void)state;
    struct mu_network network = network_of(4, KATIB, 4);
    struct mu_enas_space space;
    space_of(&space, &network);
    struct mu_enas_arch *archs = mu_enas_archs(&space, N + 2, arena);
    double scores[N];
    bool partial[N] = {0};
    struct mu_stream stream;
    mu_stream_init(&stream, 2, 0, "test");
    mu_enas_draw(&space, &archs[N], &stream);
    mu_enas_draw(&space, &archs[N + 1], &stream);
    struct mu_enas_observations e = observations_of(&space, archs, scores, partial);
    struct mu_enas_surrogate *without = mu_enas_surrogate_of(&space, &e, 1, arena);
    e.n_pending = 2;
    struct mu_enas_surrogate *with = mu_enas_surrogate_of(&space, &e, 1, arena);
    for (size_t i = N; i < N + 2; i++) {
        double mean[2];
        double before = mu_gp_predict(&without->gp, &archs[i], &mean[0]);
        double after = mu_gp_predict(&with->gp, &archs[i], &mean[1]);
        assert_true(fabs(mean[0] - mean[1]) < 1e-9);
        assert_true(after < 0.1 * before);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(features_count_decisions),
        arena_test(every_length_makes_a_positive_definite_kernel),
        arena_test(a_partial_result_is_noisier),
        arena_test(leaders_come_in_the_order_of_their_means),
        arena_test(pending_trials_are_believed),
    };
    return cmocka_run_group_tests_name("surrogate", tests, NULL, NULL);
}
