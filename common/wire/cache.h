/* Trials that were read before.
 *
 * A controller sends the whole history with every request; of a finished trial whose bytes are
 * known nothing needs to be unpacked or parsed again. The cache only saves time: what it gives is
 * what reading the same bytes in the same context would give. It is bounded, shared by all threads,
 * and keeps its own copies. */
#ifndef MUSHIR_WIRE_CACHE_H
#define MUSHIR_WIRE_CACHE_H

#include "common/base/slice.h"
#include "common/search/experiment.h"

struct mu_trial_cache;

/* A cache that takes at most |limit| bytes; NULL when memory lacks, which every function below
 * accepts. */
struct mu_trial_cache *mu_trial_cache_create(size_t limit);
void mu_trial_cache_destroy(struct mu_trial_cache *cache);

/* The trials of a request, looked up. */
struct mu_trial_lookup {
    const struct mu_trial *
        *trials; /* in the order of the bytes; NULL: not known, the caller fills it */
    size_t *unknown, n_unknown; /* the indices of those */
    uint64_t *hashes;           /* of the bytes */
    struct mu_trial_cache *cache;
    uint64_t context;
};

/* Look up |n| trials by their |bytes|. |context| is all else that reading them depends on. What is
 * found is valid until |arena| is destroyed. */
void mu_trial_cache_find(struct mu_trial_cache *cache, struct mu_slice context,
    const struct mu_slice *bytes, size_t n, struct mu_trial_lookup *lookup, struct mu_arena *arena);

/* Remember the trials of |lookup| that were unknown, now read, except unfinished ones, whose bytes
 * will change. */
void mu_trial_cache_add(const struct mu_trial_lookup *lookup, const struct mu_slice *bytes);

#endif
