/* Loops over several numbers at once, compiled twice, for wider vectors where the processor has
 * them: the same operations in the same order, so the same bits. */
#ifndef MUSHIR_BASE_WIDE_H
#define MUSHIR_BASE_WIDE_H

/* Before the definition of a function whose time is in its loops. What it calls must be inlined to
 * gain. Only gcc for x86-64 with optimization does it; sanitizers do not get along with functions
 * chosen at load time. */
#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__clang__) && \
    defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define MU_WIDE __attribute__((target_clones("avx2", "default")))
#else
#define MU_WIDE
#endif

/* Four numbers that are added and multiplied at once; may stand anywhere in an array of doubles. */
enum { MU_LANES = 4 };
typedef double mu_lanes
    __attribute__((vector_size(MU_LANES * sizeof(double)), aligned(sizeof(double)), may_alias));

#endif
