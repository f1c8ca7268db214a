#include "services/medianstop/curves.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/set.h"
#include "common/num/stream.h"

/* How many trials are remembered at most; their table takes 32 bytes for each. */
enum { MOST = 4096, TABLE = 32 * MOST + 4096 };

struct entry {
    const char *key;
    double *values;
    size_t n;
};

struct mu_curves {
    pthread_mutex_t lock;
    size_t limit;
    struct mu_arena *memory;
    struct mu_set set;
    struct entry *entries; /* set.n of them */
    size_t refused;        /* since the last one that was found */
};

/* What is looked for, and where. */
struct wanted {
    const struct entry *entries;
    const char *key;
};

static bool is_wanted(const void *user, size_t number) {
    const struct wanted *w = user;
    return strcmp(w->entries[number].key, w->key) == 0;
}

static bool forget(struct mu_curves *curves) {
    struct mu_arena *memory = mu_arena_create(curves->limit);
    if (!memory) {
        return false;
    }
    mu_arena_destroy(curves->memory);
    curves->memory = memory;
    curves->refused = 0;
    curves->entries = MU_ARRAY(curves->memory, MOST, struct entry);
    mu_set_init(&curves->set, MOST, curves->memory);
    return true;
}

struct mu_curves *mu_curves_create(size_t limit) {
    struct mu_curves *curves = limit > 2 * TABLE ? calloc(1, sizeof *curves) : NULL;
    if (!curves) {
        return NULL;
    }
    curves->limit = limit;
    if (!forget(curves)) {
        free(curves);
        return NULL;
    }
    pthread_mutex_init(&curves->lock, NULL);
    return curves;
}

void mu_curves_destroy(struct mu_curves *curves) {
    if (curves) {
        mu_arena_destroy(curves->memory);
        pthread_mutex_destroy(&curves->lock);
        free(curves);
    }
}

static uint64_t hash_of(const char *key) {
    return mu_hash(0, key, strlen(key));
}

/* With the lock held: the number of |key|'s entry, or MU_SET_NONE. */
static size_t find(const struct mu_curves *curves, const char *key) {
    const struct wanted wanted = {curves->entries, key};
    return mu_set_find(&curves->set, hash_of(key), is_wanted, &wanted);
}

/* Copy at most |room| values to |out|; how many there are. */
static size_t copy(struct mu_curves *curves, const char *key, double *out, size_t room) {
    pthread_mutex_lock(&curves->lock);
    size_t number = find(curves, key);
    size_t n = number == MU_SET_NONE ? 0 : curves->entries[number].n;
    for (size_t i = 0; i < n && i < room; i++) {
        out[i] = curves->entries[number].values[i];
    }
    curves->refused = n > 0 ? 0 : curves->refused;
    pthread_mutex_unlock(&curves->lock);
    return n;
}

/* The arena may jump away, so no lock is held while it gives memory. */
bool mu_curves_get(
    struct mu_curves *curves, const char *key, struct mu_arena *arena, double **values, size_t *n) {
    size_t expected = curves ? copy(curves, key, NULL, 0) : 0;
    if (expected == 0) {
        return false;
    }
    *values = MU_ARRAY(arena, expected, double);
    *n = copy(curves, key, *values, expected);
    return *n == expected;
}

static bool add(struct mu_curves *curves, const char *key, const double *values, size_t n) {
    size_t key_size = strlen(key) + 1;
    struct mu_arena *memory = curves->set.n < MOST ? curves->memory : NULL;
    double *kept = memory ? mu_arena_try_alloc(memory, n * sizeof *kept + key_size) : NULL;
    if (!kept) {
        return false;
    }
    char *text = (char *)(kept + n);
    memcpy(kept, values, n * sizeof *kept);
    memcpy(text, key, key_size);
    curves->entries[curves->set.n] = (struct entry){text, kept, n};
    mu_set_add(&curves->set, hash_of(key));
    return true;
}

void mu_curves_put(struct mu_curves *curves, const char *key, const double *values, size_t n) {
    if (!curves) {
        return;
    }
    pthread_mutex_lock(&curves->lock);
    if (find(curves, key) == MU_SET_NONE && !add(curves, key, values, n) &&
        ++curves->refused > curves->set.n && forget(curves)) {
        add(curves, key, values, n);
    }
    pthread_mutex_unlock(&curves->lock);
}
