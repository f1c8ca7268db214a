/* Random streams: the published known answers of Philox, uniformity, independence of keys. */
#include "common/num/stream.h"

#include <gsl/gsl_cdf.h>

#include "common/num/stream_gsl.h"
#include "tests/support/cmocka.h"

/* Known-answer vectors of philox4x32-10 from the Random123 distribution (kat_vectors). */
static void philox_gives_the_known_answers(void **state) {
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } KNOWN[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0},
            {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof KNOWN / sizeof *KNOWN; i++) {
        struct mu_stream s = {.used = 4};
        for (int k = 0; k < 4; k++) {
            s.counter[k] = KNOWN[i].counter[k];
        }
        s.key[0] = KNOWN[i].key[0];
        s.key[1] = KNOWN[i].key[1];
        gsl_rng generator = mu_stream_gsl(&s);
        for (int k = 0; k < 4; k++) {
            assert_true(gsl_rng_get(&generator) == KNOWN[i].out[k]);
        }
    }
}

/* Chi-square with 1000 cells over 10^6 draws; false alarms one in 10^4 for a random seed, the seed
 * is fixed. */
static void draws_are_uniform(void **state) {
    (void)state;
    struct mu_stream s;
    mu_stream_init(&s, 1, 0, "uniform");
    double count[1000] = {0};
    double below[7] = {0};
    double chi = 0;
    double chi7 = 0;
    for (int i = 0; i < 1000000; i++) {
        count[(int)(mu_uniform(&s) * 1000)]++;
        below[mu_uniform_below(&s, 7)]++;
    }
    for (int i = 0; i < 1000; i++) {
        chi += (count[i] - 1000) * (count[i] - 1000) / 1000;
    }
    for (int i = 0; i < 7; i++) {
        chi7 += (below[i] - 1e6 / 7) * (below[i] - 1e6 / 7) / (1e6 / 7);
    }
    assert_true(gsl_cdf_chisq_Q(chi, 999) > 1e-4);
    assert_true(gsl_cdf_chisq_Q(chi7, 6) > 1e-4);
}

/* Streams with different keys: their correlation over 10^5 draws stays within 4.5 standard
 * deviations. */
static void keys_give_independent_streams(void **state) {
    (void)state;
    const struct {
        uint64_t seed, number;
        const char *purpose;
    } KEYS[] = {{1, 0, "a"}, {1, 1, "a"}, {2, 0, "a"}, {1, 0, "b"}, {1, 0, "ab"},
        {UINT64_MAX, UINT64_MAX, ""}};
    for (size_t i = 0; i < 6; i++) {
        for (size_t j = i + 1; j < 6; j++) {
            struct mu_stream a;
            struct mu_stream b;
            mu_stream_init(&a, KEYS[i].seed, KEYS[i].number, KEYS[i].purpose);
            mu_stream_init(&b, KEYS[j].seed, KEYS[j].number, KEYS[j].purpose);
            double sum = 0;
            for (int k = 0; k < 100000; k++) {
                sum += (mu_uniform(&a) - 0.5) * (mu_uniform(&b) - 0.5) * 12;
            }
            assert_true(fabs(sum / sqrt(1e5)) < 4.5);
        }
    }
}

static void normals_have_the_moments(void **state) {
    (void)state;
    struct mu_stream s;
    mu_stream_init(&s, 1, 0, "normal");
    double m1 = 0;
    double m2 = 0;
    double m4 = 0;
    const int n = 1000000;
    for (int i = 0; i < n; i++) {
        double z = mu_normal(&s);
        m1 += z / n;
        m2 += z * z / n;
        m4 += z * z * z * z / n;
    }
    assert_true(
        fabs(m1) < 4.5e-3 && fabs(m2 - 1) < 4.5 * sqrt(2e-6) && fabs(m4 - 3) < 4.5 * sqrt(96e-6));
}

static void a_shuffle_is_a_permutation(void **state) {
    (void)state;
    struct mu_stream s;
    mu_stream_init(&s, 3, 0, "shuffle");
    size_t order[50];
    size_t seen[50] = {0};
    mu_shuffle(&s, order, 50);
    for (int i = 0; i < 50; i++) {
        seen[order[i]]++;
    }
    for (int i = 0; i < 50; i++) {
        assert_int_equal(seen[i], 1);
    }
}

/* The six orders of three are equally frequent: chi square of five degrees of freedom, false alarms
 * below 1e-6. */
static void every_order_is_as_likely(void **state) {
    (void)state;
    const int n = 12000;
    struct mu_stream s;
    double count[3][3] = {{0}};
    double chi2 = 0;
    mu_stream_init(&s, 4, 0, "shuffle");
    for (int i = 0; i < n; i++) {
        size_t order[3];
        mu_shuffle(&s, order, 3);
        count[order[0]][order[1]]++;
    }
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < 3; j++) {
            double expected = i == j ? 0 : n / 6.0;
            chi2 += i == j ? count[i][j] : pow(count[i][j] - expected, 2) / expected;
        }
    }
    assert_true(chi2 < 36);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_gives_the_known_answers),
        cmocka_unit_test(draws_are_uniform),
        cmocka_unit_test(keys_give_independent_streams),
        cmocka_unit_test(normals_have_the_moments),
        cmocka_unit_test(a_shuffle_is_a_permutation),
        cmocka_unit_test(every_order_is_as_likely),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
