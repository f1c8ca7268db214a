#include "common/num/stream.h"

#include <gsl/gsl_randist.h>
#include <string.h>

#include "common/num/stream_gsl.h"

/* The constants of Philox4x32 and its ten rounds (Salmon et al. 2011, table 2 and section 4.3). */
enum { ROUNDS = 10 };
static const uint32_t MULTIPLIER[2] = {0xD2511F53u, 0xCD9E8D57u};
static const uint32_t WEYL[2] = {0x9E3779B9u, 0xBB67AE85u};

static void philox_round(uint32_t c[4], const uint32_t k[2]) {
    uint64_t p0 = (uint64_t)MULTIPLIER[0] * c[0];
    uint64_t p1 = (uint64_t)MULTIPLIER[1] * c[2];
    uint32_t next[4] = {(uint32_t)(p1 >> 32) ^ c[1] ^ k[0], (uint32_t)p1,
        (uint32_t)(p0 >> 32) ^ c[3] ^ k[1], (uint32_t)p0};
    memcpy(c, next, sizeof next);
}

static void philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
    uint32_t k[2] = {key[0], key[1]};
    memcpy(out, counter, 4 * sizeof *out);
    for (int i = 0; i < ROUNDS; i++) {
        philox_round(out, k);
        k[0] += WEYL[0];
        k[1] += WEYL[1];
    }
}

static uint64_t mix(uint64_t h) { /* SplitMix64's finalizer (Steele, Lea and Flood 2014) */
    h = (h ^ (h >> 30)) * 0xBF58476D1CE4E5B9u;
    h = (h ^ (h >> 27)) * 0x94D049BB133111EBu;
    return h ^ (h >> 31);
}

uint64_t mu_hash(uint64_t hash, const void *bytes, size_t size) {
    const unsigned char *b = bytes;
    uint64_t h = mix(hash) ^ 0xCBF29CE484222325u;
    for (size_t i = 0; i < size; i++) {
        h = (h ^ b[i]) * 0x100000001B3u;
    }
    return mix(h + size);
}

/* Key: the seed. Counter: the block number (64 bits, so that a stream never ends), and a hash of
 * (number, purpose). */
void mu_stream_init(struct mu_stream *stream, uint64_t seed, uint64_t number, const char *purpose) {
    uint64_t which = mu_hash(number + 0x9E3779B97F4A7C15u, purpose, strlen(purpose));
    uint64_t key = mix(seed + 0x9E3779B97F4A7C15u);
    *stream = (struct mu_stream){.key = {(uint32_t)key, (uint32_t)(key >> 32)},
        .counter = {0, 0, (uint32_t)which, (uint32_t)(which >> 32)},
        .used = 4};
}

static uint32_t next_word(struct mu_stream *s) {
    if (s->used == 4) {
        philox(s->counter, s->key, s->block);
        s->used = 0;
        if (++s->counter[0] == 0) {
            s->counter[1]++;
        }
    }
    return s->block[s->used++];
}

uint64_t mu_stream_bits(struct mu_stream *stream) {
    uint64_t high = next_word(stream);
    return high << 32 | next_word(stream);
}

double mu_uniform(struct mu_stream *stream) {
    return ((double)(mu_stream_bits(stream) >> 12) + 0.5) * 0x1p-52;
}

uint64_t mu_uniform_below(struct mu_stream *stream, uint64_t n) {
    uint64_t reject =
        (0 - n) % n; /* 2^64 mod n values too many (Lemire 2019 calls this the classic rejection) */
    uint64_t bits;
    do {
        bits = mu_stream_bits(stream);
    } while (bits < reject);
    return bits % n;
}

double mu_normal(struct mu_stream *stream) {
    gsl_rng generator = mu_stream_gsl(stream);
    return gsl_ran_gaussian_ziggurat(&generator, 1);
}

void mu_shuffle(struct mu_stream *stream, size_t *order, size_t n) {
    for (size_t i = 0; i < n; i++) {
        order[i] = i;
    }
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)mu_uniform_below(stream, i);
        size_t t = order[i - 1];
        order[i - 1] = order[j];
        order[j] = t;
    }
}

static unsigned long gsl_get(void *state) {
    return next_word(state);
}

static double gsl_get_double(void *state) {
    return mu_uniform(state);
}

static void gsl_set(void *state, unsigned long seed) {
    mu_stream_init(state, seed, 0, "gsl");
}

static const gsl_rng_type PHILOX = {.name = "philox4x32-10",
    .max = 0xFFFFFFFFu,
    .min = 0,
    .size = sizeof(struct mu_stream),
    .set = gsl_set,
    .get = gsl_get,
    .get_double = gsl_get_double};

gsl_rng mu_stream_gsl(struct mu_stream *stream) {
    return (gsl_rng){.type = &PHILOX, .state = stream};
}
