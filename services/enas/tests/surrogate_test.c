/* The surrogate against formulas evaluated in another way. */
#include "services/enas/tests/support.h"

#include <math.h>
#include <string.h>

#include "common/num/linalg.h"
#include "services/enas/surrogate.h"
#include "tests/support/elimination.h"

enum { N = 12 };

/* N random architectures; the score counts layers whose operation is of the first family. */
static struct mu_enas_evidence evidence_of(
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
    return (struct mu_enas_evidence){
        .archs = archs, .scores = scores, .partial = partial, .n = N, .size = UINT64_MAX};
}

static double kernel(const struct mu_enas_space *space, struct mu_enas_scales s,
    const struct mu_enas_arch *a, const struct mu_enas_arch *b) {
    double ops = 0;
    double skips = 0;
    for (size_t l = 0; l < space->layers; l++) {
        ops += mu_enas_table_distance(&space->table, a->ops[l], b->ops[l], s.within);
        for (size_t j = 0; j < l; j++) {
            skips += mu_enas_skip(a, l, j) != mu_enas_skip(b, l, j);
        }
    }
    return exp(-s.ops * ops / (double)space->layers - s.skips * skips / (double)space->skips);
}

static void solve(const double *k, const double *b, double *x) {
    double matrix[N * N];
    memcpy(matrix, k, sizeof matrix);
    memcpy(x, b, N * sizeof *x);
    eliminate(matrix, x, N);
}

static void posterior_is_that_of_the_formula(void **state) {
    (void)state;
    struct mu_network network = network_of(4, KATIB, 4);
    struct mu_enas_space space;
    space_of(&space, &network);
    struct mu_enas_arch *archs = mu_enas_archs(&space, N + 2, arena);
    double scores[N];
    double k[N * N];
    double at[N];
    double alpha[N];
    double beta[N];
    double signal = 1;
    bool partial[N] = {[3] = true};
    struct mu_enas_evidence e = evidence_of(&space, archs, scores, partial);
    struct mu_enas_surrogate *s = mu_enas_surrogate_fit(&space, &e, 1, arena);
    struct mu_enas_scales scales = mu_enas_surrogate_scales(s);
    struct mu_stream stream;
    mu_stream_init(&stream, 2, 0, "test");
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < N; j++) {
            k[i * N + j] = kernel(&space, scales, &archs[i], &archs[j]) +
                           (i == j ? scales.noise * (partial[i] ? 4 : 1) : 0);
        }
    }
    solve(k, scores, alpha);
    for (size_t i = 0; i < N; i++) {
        signal += scores[i] * alpha[i];
    }
    signal /= N + 1; /* its variance: that of the profile likelihood with one observation of
                        variance 1 more */
    for (size_t p = 0; p < 2; p++) {
        double mean;
        double deviation;
        double expected = 0;
        double variance = 1;
        mu_enas_draw(&space, &archs[N + p], &stream);
        for (size_t i = 0; i < N; i++) {
            at[i] = kernel(&space, scales, &archs[N + p], &archs[i]);
            expected += at[i] * alpha[i];
        }
        solve(k, at, beta);
        for (size_t i = 0; i < N; i++) {
            variance -= at[i] * beta[i];
        }
        mu_enas_surrogate_predict(s, &archs[N + p], &mean, &deviation);
        assert_true(fabs(mean - expected) < 1e-9);
        assert_true(fabs(mu_enas_surrogate_mean(s, &archs[N + p]) - expected) < 1e-9);
        assert_true(fabs(deviation - sqrt(signal * variance)) < 1e-9);
    }
}

static void what_is_expected_keeps_means_and_takes_uncertainty(void **state) {
    (void)state;
    struct mu_network network = network_of(4, KATIB, 4);
    struct mu_enas_space space;
    space_of(&space, &network);
    struct mu_enas_arch *archs = mu_enas_archs(&space, N + 2, arena);
    double scores[N];
    double before[2];
    double deviation[2];
    double mean;
    double after;
    bool partial[N] = {0};
    struct mu_enas_evidence e = evidence_of(&space, archs, scores, partial);
    struct mu_enas_surrogate *s = mu_enas_surrogate_fit(&space, &e, 1, arena);
    struct mu_stream stream;
    mu_stream_init(&stream, 3, 0, "test");
    for (size_t p = 0; p < 2; p++) {
        mu_enas_draw(&space, &archs[N + p], &stream);
        mu_enas_surrogate_predict(s, &archs[N + p], &before[p], &deviation[p]);
    }
    mu_enas_surrogate_expect(s, &archs[N]);
    mu_enas_surrogate_expect(s, &archs[N + 1]); /* no room: ignored */
    for (size_t p = 0; p < 2; p++) {
        mu_enas_surrogate_predict(s, &archs[N + p], &mean, &after);
        assert_true(fabs(mean - before[p]) < 1e-9);
        assert_true(p ? after <= deviation[p] : after < 0.5 * deviation[p]);
    }
}

static void distances_make_a_positive_definite_kernel(void **state) {
    (void)state;
    struct mu_network network = network_of(1, KATIB, 4);
    struct mu_enas_space space;
    space_of(&space, &network);
    size_t n = space.table.n;
    for (double within = 0.05; within <= 1; within += 0.19) {
        for (double scale = 0.1; scale < 60; scale *= 5) {
            double *k = MU_ARRAY(arena, n * n, double);
            for (size_t i = 0; i < n; i++) {
                for (size_t j = 0; j < n; j++) {
                    k[i * n + j] = exp(-scale * mu_enas_table_distance(&space.table, i, j, within));
                }
                k[i * n + i] += 1e-12;
            }
            assert_true(mu_cholesky(k, n, n));
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(posterior_is_that_of_the_formula),
        arena_test(what_is_expected_keeps_means_and_takes_uncertainty),
        arena_test(distances_make_a_positive_definite_kernel),
    };
    return cmocka_run_group_tests_name("surrogate", tests, NULL, NULL);
}
