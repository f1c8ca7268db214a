#include "common/search/space.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/num/sobol.h"

static int by_name(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum mu_status names_unique(const struct mu_parameter_text *texts, size_t n,
    struct mu_arena *arena, struct mu_error *error) {
    const char **names = MU_ARRAY(arena, n, const char *);
    for (size_t i = 0; i < n; i++) {
        names[i] = texts[i].name;
    }
    qsort(names, n, sizeof *names, by_name);
    for (size_t i = 1; i < n; i++) {
        if (strcmp(names[i - 1], names[i]) == 0) {
            return mu_fail(
                error, MU_INVALID_ARGUMENT, "parameter %.200s: the name is used twice", names[i]);
        }
    }
    return MU_OK;
}

enum mu_status mu_space_init(struct mu_space *space, const struct mu_parameter_text *texts,
    size_t n, struct mu_arena *arena, struct mu_error *error) {
    struct mu_parameter *parameters = MU_ARRAY(arena, n, struct mu_parameter);
    for (size_t i = 0; i < n; i++) {
        enum mu_status status = mu_parameter_init(&parameters[i], &texts[i], arena, error);
        if (status) {
            return status;
        }
    }
    *space = (struct mu_space){parameters, n};
    return names_unique(texts, n, arena, error);
}

ptrdiff_t mu_space_find(const struct mu_space *space, const char *name) {
    for (size_t i = 0; i < space->n; i++) {
        if (strcmp(space->parameters[i].name, name) == 0) {
            return (ptrdiff_t)i;
        }
    }
    return -1;
}

uint64_t mu_space_size(const struct mu_space *space) {
    uint64_t size = 1;
    for (size_t i = 0; i < space->n; i++) {
        uint64_t levels = space->parameters[i].levels;
        if (levels == 0 || __builtin_mul_overflow(size, levels, &size)) {
            return UINT64_MAX;
        }
    }
    return size;
}

void mu_space_draw(
    const struct mu_space *space, uint64_t seed, uint64_t number, unsigned attempt, double *x) {
    for (size_t i = 0; i < space->n; i++) {
        struct mu_stream stream;
        mu_stream_init(&stream, seed + (uint64_t)attempt * 0x9E3779B97F4A7C15u, number,
            space->parameters[i].name);
        x[i] = mu_parameter_at(&space->parameters[i], mu_uniform(&stream));
    }
}

void mu_space_design(const struct mu_space *space, uint64_t seed, uint64_t number, double *x) {
    mu_sobol(seed, number, x, space->n);
    for (size_t i = 0; i < space->n; i++) {
        bool middle = number == 0 && space->parameters[i].ordered;
        x[i] = mu_parameter_at(&space->parameters[i], middle ? 0.5 : x[i]);
    }
}

/* An open-addressing table of 64-bit keys with the points themselves beside it. */
struct mu_seen {
    const struct mu_space *space;
    struct mu_arena *arena;
    double *points;
    uint32_t *slots; /* point number + 1; 0: empty */
    size_t n, capacity, mask;
    uint64_t size; /* of the space */
};

static double key_of(const struct mu_parameter *p, double x) {
    return (p->levels ? x : round(x * 1e9)) + 0.0; /* -0 becomes 0 */
}

/* Word by word; only where a point lands in the table depends on it. */
static uint64_t hash_of(const struct mu_space *space, const double *x) {
    uint64_t hash = 0;
    for (size_t i = 0; i < space->n; i++) {
        double key = key_of(&space->parameters[i], x[i]);
        uint64_t word;
        memcpy(&word, &key, sizeof word);
        hash = (hash ^ word) * 0xD6E8FEB86659FD93u;
        hash ^= hash >> 32;
    }
    return hash;
}

static bool same(const struct mu_space *space, const double *a, const double *b) {
    for (size_t i = 0; i < space->n; i++) {
        if (key_of(&space->parameters[i], a[i]) != key_of(&space->parameters[i], b[i])) {
            return false;
        }
    }
    return true;
}

static void make_tables(struct mu_seen *seen, size_t capacity) {
    size_t slots = 16;
    while (slots < capacity * 2) {
        slots *= 2;
    }
    seen->points = MU_ARRAY(seen->arena, capacity * seen->space->n, double);
    seen->slots = MU_ARRAY(seen->arena, slots, uint32_t);
    seen->capacity = capacity;
    seen->mask = slots - 1;
}

struct mu_seen *mu_seen_create(
    const struct mu_space *space, size_t expected, struct mu_arena *arena) {
    struct mu_seen *seen = MU_NEW(arena, struct mu_seen);
    seen->space = space;
    seen->arena = arena;
    seen->size = mu_space_size(space);
    make_tables(seen, expected < 8 ? 8 : expected);
    return seen;
}

/* The slot that holds |x|, or the empty one where it belongs. */
static uint32_t *slot_of(const struct mu_seen *seen, const double *x) {
    size_t i = hash_of(seen->space, x) & seen->mask;
    while (seen->slots[i] &&
           !same(seen->space, seen->points + (seen->slots[i] - 1) * seen->space->n, x)) {
        i = (i + 1) & seen->mask;
    }
    return &seen->slots[i];
}

bool mu_seen_has(const struct mu_seen *seen, const double *x) {
    return *slot_of(seen, x) != 0;
}

static void grow(struct mu_seen *seen) {
    const double *old = seen->points;
    make_tables(seen, seen->capacity * 2);
    memcpy(seen->points, old, seen->n * seen->space->n * sizeof *old);
    for (size_t i = 0; i < seen->n; i++) {
        *slot_of(seen, seen->points + i * seen->space->n) = (uint32_t)i + 1;
    }
}

void mu_seen_add(struct mu_seen *seen, const double *x) {
    uint32_t *slot = slot_of(seen, x);
    if (*slot) {
        return;
    }
    if (seen->n == seen->capacity) {
        grow(seen);
        slot = slot_of(seen, x);
    }
    for (size_t i = 0; i < seen->space->n;
         i++) { /* not memcpy: in a space without parameters |x| may be NULL */
        seen->points[seen->n * seen->space->n + i] = x[i];
    }
    *slot = (uint32_t)++seen->n;
}

bool mu_seen_exhausted(const struct mu_seen *seen) {
    return seen->n >= seen->size;
}

/* Point number |index| of a finite space, mixed radix. */
static void decode(const struct mu_space *space, uint64_t index, double *x) {
    for (size_t i = space->n; i-- > 0;) {
        uint64_t levels = space->parameters[i].levels;
        x[i] = (double)(index % levels);
        index /= levels;
    }
}

void mu_space_draw_unseen(const struct mu_space *space, const struct mu_seen *seen, uint64_t seed,
    uint64_t number, double *x) {
    enum { REDRAWS = 64 };
    for (unsigned attempt = 0; attempt < REDRAWS; attempt++) {
        mu_space_draw(space, seed, number, attempt, x);
        if (!mu_seen_has(seen, x) || mu_seen_exhausted(seen)) {
            return;
        }
    }
    if (seen->size == UINT64_MAX) {
        return; /* an infinite space whose distribution hardly leaves one place: a repeat is what it
                   asks for */
    }
    struct mu_stream stream;
    mu_stream_init(&stream, seed, number, "walk");
    uint64_t index = mu_uniform_below(&stream, seen->size);
    for (size_t step = 0; step <= seen->n;
         step++) { /* at most n of n + 1 distinct points are seen */
        decode(space, index, x);
        if (!mu_seen_has(seen, x)) {
            return;
        }
        index = index + 1 == seen->size ? 0 : index + 1;
    }
}
