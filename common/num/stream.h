/* Random streams: counter-based generators keyed by (seed, number, purpose), so that any suggestion
 * can be recomputed alone.
 *
 * The generator is Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy
 * as 1, 2, 3", SC 2011), wrapped as a gsl_rng so that every GSL distribution draws from it
 * (num/stream_gsl.h, inside common/num only). */
#ifndef MUSHIR_NUM_STREAM_H
#define MUSHIR_NUM_STREAM_H

#include <stddef.h>
#include <stdint.h>

struct mu_stream {
    uint32_t key[2], counter[4], block[4];
    uint32_t used; /* words of |block| already handed out */
};

/* Start the stream of (|seed|, |number|, |purpose|): equal arguments give equal draws, different
 * ones independent streams. |number| is usually the number of the suggestion; |purpose| is a word
 * such as "candidates" or a parameter's name. */
void mu_stream_init(struct mu_stream *stream, uint64_t seed, uint64_t number, const char *purpose);

/* 64 random bits. */
uint64_t mu_stream_bits(struct mu_stream *stream);

/* Uniform in the open interval (0, 1), with 53 random bits. */
double mu_uniform(struct mu_stream *stream);

/* Uniform integer in [0, n), without bias; n > 0. */
uint64_t mu_uniform_below(struct mu_stream *stream, uint64_t n);

/* Standard normal. */
double mu_normal(struct mu_stream *stream);

/* A random permutation of 0..n-1 into |order| (Fisher-Yates). */
void mu_shuffle(struct mu_stream *stream, size_t *order, size_t n);

/* A 64-bit hash of |size| bytes continuing from |hash| (FNV-1a, finished with SplitMix64's mixer).
 * |hash| may be a small number: it is mixed first, or it would cancel with a first byte. Not for
 * adversaries. */
uint64_t mu_hash(uint64_t hash, const void *bytes, size_t size);

#endif
