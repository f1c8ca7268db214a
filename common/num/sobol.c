#include "common/num/sobol.h"

#include <assert.h>

#include "common/num/stream.h"

enum { BITS = 32, LONGEST = 12 };

static const struct {
    uint16_t polynomial, initial[LONGEST];
} TABLE[MU_SOBOL_DIMENSIONS - 1] = {
#include "common/num/sobol_table.inc"
};

static int degree_of(unsigned polynomial) {
    int degree = -1;
    for (; polynomial; polynomial >>= 1) {
        degree++;
    }
    return degree;
}

/* v[k], k = 0 .. n - 1, most significant first: m_k 2^(31-k) for the given ones, then the
 * recurrence of Bratley and Fox (1988), eq. 2. */
static void directions(size_t dimension, uint32_t v[BITS], int n) {
    if (dimension == 0) {
        for (int k = 0; k < n; k++) {
            v[k] = 1u << (BITS - 1 - k);
        }
        return;
    }
    unsigned polynomial = TABLE[dimension - 1].polynomial;
    int s = degree_of(polynomial);
    assert(s > 0);
    for (int k = 0; k < s && k < n; k++) {
        v[k] = (uint32_t)TABLE[dimension - 1].initial[k] << (BITS - 1 - k);
    }
    for (int k = s; k < n; k++) {
        v[k] = v[k - s] ^ (v[k - s] >> s);
        for (int l = 1; l < s; l++) {
            v[k] ^= (polynomial >> (s - l) & 1) ? v[k - l] : 0;
        }
    }
}

static uint32_t reverse(uint32_t x) {
    x = (x >> 1 & 0x55555555u) | (x & 0x55555555u) << 1;
    x = (x >> 2 & 0x33333333u) | (x & 0x33333333u) << 2;
    x = (x >> 4 & 0x0F0F0F0Fu) | (x & 0x0F0F0F0Fu) << 4;
    return __builtin_bswap32(x);
}

/* A permutation whose every output bit depends only on lower input bits: on reversed bits, a nested
 * uniform scramble. */
static uint32_t laine_karras(uint32_t x, uint32_t seed) {
    x += seed;
    x ^= x * 0x6C50B47Cu;
    x ^= x * 0xB82F1E52u;
    x ^= x * 0xC7AFE638u;
    x ^= x * 0x8D22F6E6u;
    return x;
}

/* Coordinate |dimension| of point |index| in the order of its binary digits, 32 bits. */
static uint32_t unscrambled(uint32_t index, size_t dimension) {
    uint32_t v[BITS] = {0};
    uint32_t x = 0;
    int n = index ? BITS - __builtin_clz(index) : 0;
    directions(dimension, v, n);
    for (int k = 0; k < n; k++) {
        x ^= (index >> k & 1) ? v[k] : 0;
    }
    return x;
}

double mu_sobol_coordinate(uint64_t seed, uint64_t index, size_t dimension) {
    if (dimension >= MU_SOBOL_DIMENSIONS) {
        struct mu_stream beyond;
        mu_stream_init(&beyond, mu_hash(seed, &dimension, sizeof dimension), index, "sobol");
        return mu_uniform(&beyond);
    }
    uint32_t x = reverse(unscrambled((uint32_t)index, dimension));
    uint32_t scramble = (uint32_t)mu_hash(seed, &dimension, sizeof dimension);
    return ((double)reverse(laine_karras(x, scramble)) + 0.5) * 0x1p-32;
}

void mu_sobol_point(uint64_t seed, uint64_t index, double *x, size_t n) {
    for (size_t i = 0; i < n; i++) {
        x[i] = mu_sobol_coordinate(seed, index, i);
    }
}

void mu_sobol_unscrambled(uint64_t index, double *x, size_t n) {
    uint32_t gray = (uint32_t)(index ^ index >> 1);
    assert(n <= MU_SOBOL_DIMENSIONS);
    for (size_t i = 0; i < n; i++) {
        x[i] = (double)unscrambled(gray, i) * 0x1p-32;
    }
}
