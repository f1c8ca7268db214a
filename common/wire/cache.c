#include "common/wire/cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Nobody may make a lookup long by sending trials of one hash: what is not found within so many
 * slots is unknown. */
enum { PROBES = 8, FIRST_SLOTS = 256 };

struct entry {
    uint64_t key;
    uint64_t context;
    struct mu_slice bytes;
    struct mu_trial trial;
};

struct known_context {
    struct known_context *older;
    struct mu_slice bytes;
    uint64_t number;
};

/* Entries are never changed and freed only all together, while nobody holds the cache. So whoever
 * holds it hashes and compares without the lock, which guards the slots: they are searched by key
 * alone. */
struct mu_trial_cache {
    pthread_mutex_t lock;
    size_t limit;
    struct mu_arena *memory;
    struct known_context *contexts;
    uint64_t n_contexts;
    struct entry **slots;
    size_t n, mask;
    size_t holders;
    bool full, stale; /* no more room; and a request knew none of what is there */
};

static bool empty(struct mu_trial_cache *cache) {
    mu_arena_destroy(cache->memory);
    free(cache->slots);
    cache->memory = mu_arena_create(cache->limit);
    cache->slots = calloc(FIRST_SLOTS, sizeof(struct entry *));
    cache->mask = FIRST_SLOTS - 1;
    cache->contexts = NULL;
    cache->n = 0;
    cache->full = cache->memory == NULL || cache->slots == NULL;
    cache->stale = false;
    return !cache->full;
}

struct mu_trial_cache *mu_trial_cache_create(size_t limit) {
    struct mu_trial_cache *cache = calloc(1, sizeof *cache);
    if (!cache) {
        return NULL;
    }
    cache->limit = limit;
    pthread_mutex_init(&cache->lock, NULL);
    if (!empty(cache)) {
        mu_trial_cache_destroy(cache);
        return NULL;
    }
    return cache;
}

void mu_trial_cache_destroy(struct mu_trial_cache *cache) {
    if (!cache) {
        return;
    }
    mu_arena_destroy(cache->memory);
    free(cache->slots);
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

static bool same(struct mu_slice a, struct mu_slice b) {
    return a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
}

/* ---- slots ---- */

static uint64_t word_at(const uint8_t *bytes) {
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

/* Of the beginning, where the name is (63 bytes at most in Kubernetes), and the end, where the
 * times are; the rest is only compared. */
static uint64_t hash_of(struct mu_slice s) {
    enum { HEAD = 80, TAIL = 24 };
    uint64_t hash = s.size;
    if (s.size < HEAD + TAIL) {
        return mu_hash(hash, s.bytes, s.size);
    }
    for (size_t at = 0; at < HEAD + TAIL; at += 8) {
        hash = (hash ^ word_at(s.bytes + (at < HEAD ? at : s.size - TAIL + (at - HEAD)))) *
               0xD6E8FEB86659FD93u;
        hash ^= hash >> 32;
    }
    return hash;
}

static uint64_t key_of(uint64_t context, uint64_t hash) {
    return hash + context * 0x9E3779B97F4A7C15u;
}

/* The slot of the entry with this key, or a free one for it; NULL when neither is near. */
static struct entry **slot_of(const struct mu_trial_cache *cache, uint64_t key) {
    for (size_t i = 0; i < PROBES; i++) {
        struct entry **slot = &cache->slots[(key + i) & cache->mask];
        if (!*slot || (*slot)->key == key) {
            return slot;
        }
    }
    return NULL;
}

/* Twice the slots. Entries that find no place any more are forgotten. */
static void grow(struct mu_trial_cache *cache) {
    struct entry **old = cache->slots;
    size_t n = cache->mask + 1;
    struct entry **slots = calloc(2 * n, sizeof(struct entry *));
    if (!slots) {
        cache->full = true;
        return;
    }
    cache->slots = slots;
    cache->mask = 2 * n - 1;
    for (size_t i = 0; i < n; i++) {
        struct entry **slot = old[i] ? slot_of(cache, old[i]->key) : NULL;
        if (slot) {
            *slot = old[i];
        }
    }
    free(old);
}

/* ---- holding ---- */

static void release(void *user) {
    struct mu_trial_cache *cache = user;
    pthread_mutex_lock(&cache->lock);
    if (--cache->holders == 0 && cache->stale) {
        empty(cache);
    }
    pthread_mutex_unlock(&cache->lock);
}

static struct mu_slice copy(struct mu_slice s, uint8_t *to) {
    memcpy(to, s.bytes, s.size);
    return (struct mu_slice){to, s.size};
}

/* The number of the context; a new one when it is not known. */
static uint64_t number_of(struct mu_trial_cache *cache, struct mu_slice bytes) {
    enum { MOST = 64 };
    struct known_context *e = cache->contexts;
    size_t seen = 0;
    for (; e && !same(e->bytes, bytes); e = e->older) {
        seen++;
    }
    if (e) {
        return e->number;
    }
    uint64_t number = ++cache->n_contexts;
    e = seen < MOST ? mu_arena_try_alloc(cache->memory, sizeof *e + bytes.size) : NULL;
    if (e) {
        *e = (struct known_context){cache->contexts, copy(bytes, (uint8_t *)(e + 1)), number};
        cache->contexts = e;
    } else {
        cache->full = true;
    }
    return number;
}

/* The entries with the keys of |lookup|, with the lock held; nothing is known to a cache that lost
 * its memory. */
static void match(struct mu_trial_cache *cache, struct mu_slice context, size_t n,
    struct mu_trial_lookup *lookup, const struct entry **entries) {
    size_t matched = 0;
    if (!cache->memory || !cache->slots) {
        return;
    }
    lookup->context = number_of(cache, context);
    for (size_t i = 0; i < n; i++) {
        struct entry **slot = slot_of(cache, key_of(lookup->context, lookup->hashes[i]));
        entries[i] = slot ? *slot : NULL;
        matched += entries[i] != NULL;
    }
    cache->stale |= cache->full && n > 0 && matched == 0;
}

void mu_trial_cache_find(struct mu_trial_cache *cache, struct mu_slice context,
    const struct mu_slice *bytes, size_t n, struct mu_trial_lookup *lookup,
    struct mu_arena *arena) {
    const struct entry **entries = MU_ARRAY(arena, n, const struct entry *);
    *lookup = (struct mu_trial_lookup){.trials = MU_ARRAY(arena, n, const struct mu_trial *),
        .unknown = MU_ARRAY(arena, n, size_t),
        .hashes = MU_ARRAY(arena, n, uint64_t),
        .cache = cache};
    if (cache) {
        for (size_t i = 0; i < n; i++) {
            lookup->hashes[i] = hash_of(bytes[i]);
        }
        mu_arena_defer(arena, release, cache);
        pthread_mutex_lock(&cache->lock);
        cache->holders++;
        match(cache, context, n, lookup, entries);
        pthread_mutex_unlock(&cache->lock);
    }
    for (size_t i = 0; i < n; i++) {
        const struct entry *e = entries[i];
        if (e && e->context == lookup->context && same(e->bytes, bytes[i])) {
            lookup->trials[i] = &e->trial;
        } else {
            lookup->unknown[lookup->n_unknown++] = i;
        }
    }
}

/* ---- adding ---- */

static size_t pairs_size(const struct mu_pair *pairs, size_t n) {
    size_t size = 0;
    for (size_t i = 0; i < n; i++) {
        size += strlen(pairs[i].name) + strlen(pairs[i].value) + 2;
    }
    return size;
}

static size_t text_size(const struct mu_trial *trial) {
    size_t size = strlen(trial->name) + strlen(trial->completed) + strlen(trial->started) + 3;
    return size + pairs_size(trial->assignments, trial->n_assignments) +
           pairs_size(trial->labels, trial->n_labels);
}

static const char *copy_text(const char *text, uint8_t **to) {
    size_t size = strlen(text) + 1;
    char *copied = memcpy(*to, text, size);
    *to += size;
    return copied;
}

/* |n| numbers to |*to|. */
static const double *copy_numbers(const double *numbers, size_t n, double **to) {
    double *copied = *to;
    for (size_t i = 0; i < n; i++) {
        copied[i] = numbers[i];
    }
    *to += n;
    return copied;
}

/* |n| pairs to |*to|, their texts to |*texts|. */
static const struct mu_pair *copy_pairs(
    const struct mu_pair *pairs, size_t n, struct mu_pair **to, uint8_t **texts) {
    struct mu_pair *copied = *to;
    for (size_t i = 0; i < n; i++) {
        copied[i].name = copy_text(pairs[i].name, texts);
        copied[i].value = copy_text(pairs[i].value, texts);
    }
    *to += n;
    return copied;
}

/* One block: the entry, numbers, pairs, the bytes, the texts. NULL when there is no room. */
static struct entry *make_entry(struct mu_trial_cache *cache, uint64_t key, uint64_t context,
    struct mu_slice bytes, const struct mu_trial *trial) {
    size_t n_x = trial->x ? trial->n_assignments : 0;
    size_t n_numbers = n_x + trial->n_values;
    size_t n_pairs = trial->n_assignments + trial->n_labels;
    struct entry *entry = mu_arena_try_alloc(
        cache->memory, sizeof *entry + n_numbers * sizeof(double) +
                           n_pairs * sizeof(struct mu_pair) + bytes.size + text_size(trial));
    if (!entry) {
        return NULL;
    }
    double *numbers = (double *)(entry + 1);
    struct mu_pair *pairs = (struct mu_pair *)(numbers + n_numbers);
    uint8_t *at = (uint8_t *)(pairs + n_pairs);
    *entry = (struct entry){key, context, copy(bytes, at), *trial};
    at += bytes.size;
    struct mu_trial *t = &entry->trial;
    t->x = trial->x ? copy_numbers(trial->x, n_x, &numbers) : NULL;
    t->values = copy_numbers(trial->values, trial->n_values, &numbers);
    t->assignments = copy_pairs(trial->assignments, trial->n_assignments, &pairs, &at);
    t->labels = copy_pairs(trial->labels, trial->n_labels, &pairs, &at);
    t->name = copy_text(trial->name, &at);
    t->completed = copy_text(trial->completed, &at);
    t->started = copy_text(trial->started, &at);
    return entry;
}

static void add(struct mu_trial_cache *cache, uint64_t key, uint64_t context, struct mu_slice bytes,
    const struct mu_trial *trial) {
    if (cache->n * 2 > cache->mask) {
        grow(cache);
    }
    struct entry **slot = slot_of(cache, key);
    if (!slot || *slot) {
        return;
    }
    *slot = make_entry(cache, key, context, bytes, trial);
    cache->n += *slot != NULL;
    cache->full |= !*slot;
}

void mu_trial_cache_add(const struct mu_trial_lookup *lookup, const struct mu_slice *bytes) {
    struct mu_trial_cache *cache = lookup->cache;
    if (!cache || lookup->n_unknown == 0) {
        return;
    }
    pthread_mutex_lock(&cache->lock);
    for (size_t k = 0; k < lookup->n_unknown && !cache->full; k++) {
        size_t i = lookup->unknown[k];
        const struct mu_trial *trial = lookup->trials[i];
        if (trial->state != MU_PENDING && trial->belongs != MU_FOREIGN) {
            uint64_t key = key_of(lookup->context, lookup->hashes[i]);
            add(cache, key, lookup->context, bytes[i], trial);
        }
    }
    pthread_mutex_unlock(&cache->lock);
}
