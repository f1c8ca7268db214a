#include "common/search/space.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/set.h"
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
    mu_sobol_point(seed, number, x, space->n);
    for (size_t i = 0; i < space->n; i++) {
        bool middle = number == 0 && space->parameters[i].ordered;
        x[i] = mu_parameter_at(&space->parameters[i], middle ? 0.5 : x[i]);
    }
}

/* The points themselves beside a set of their numbers. */
struct mu_seen {
    const struct mu_space *space;
    struct mu_arena *arena;
    struct mu_set set;
    double *points; /* |capacity| x space->n */
    size_t capacity;
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

struct mu_seen *mu_seen_of(const struct mu_space *space, size_t expected, struct mu_arena *arena) {
    struct mu_seen *seen = MU_NEW(arena, struct mu_seen);
    size_t capacity = expected < 8 ? 8 : expected;
    *seen = (struct mu_seen){.space = space,
        .arena = arena,
        .points = MU_MATRIX(arena, capacity, space->n, double),
        .capacity = capacity,
        .size = mu_space_size(space)};
    mu_set_init(&seen->set, capacity, arena);
    return seen;
}

/* A point and where to look for it. */
struct wanted {
    const struct mu_seen *seen;
    const double *x;
};

static bool is_wanted(const void *user, size_t number) {
    const struct wanted *w = user;
    const struct mu_space *space = w->seen->space;
    return same(space, w->seen->points + number * space->n, w->x);
}

static bool has(const struct mu_seen *seen, const double *x, uint64_t hash) {
    return mu_set_find(&seen->set, hash, is_wanted, &(struct wanted){seen, x}) != MU_SET_NONE;
}

bool mu_seen_has(const struct mu_seen *seen, const double *x) {
    return has(seen, x, hash_of(seen->space, x));
}

static void grow(struct mu_seen *seen) {
    const double *old = seen->points;
    seen->points = MU_MATRIX(seen->arena, 2 * seen->capacity, seen->space->n, double);
    memcpy(seen->points, old, seen->capacity * seen->space->n * sizeof *old);
    seen->capacity *= 2;
}

void mu_seen_add(struct mu_seen *seen, const double *x) {
    uint64_t hash = hash_of(seen->space, x);
    size_t n = seen->space->n;
    if (has(seen, x, hash)) {
        return;
    }
    if (seen->set.n == seen->capacity) {
        grow(seen);
    }
    for (size_t i = 0; i < n; i++) { /* not memcpy: without parameters |x| may be NULL */
        seen->points[seen->set.n * n + i] = x[i];
    }
    mu_set_add(&seen->set, hash);
}

bool mu_seen_exhausted(const struct mu_seen *seen) {
    return seen->set.n >= seen->size;
}

void mu_space_at(const struct mu_space *space, uint64_t index, double *x) {
    for (size_t i = space->n; i-- > 0;) {
        assert(space->parameters[i].levels);
        x[i] = (double)mu_digit(&index, space->parameters[i].levels);
    }
}

const struct mu_pair *mu_space_print(
    const struct mu_space *space, const double *x, struct mu_arena *arena) {
    struct mu_pair *pairs = MU_ARRAY(arena, space->n, struct mu_pair);
    for (size_t i = 0; i < space->n; i++) {
        const struct mu_parameter *parameter = &space->parameters[i];
        pairs[i] = (struct mu_pair){parameter->name, mu_parameter_print(parameter, x[i], arena)};
    }
    return pairs;
}

bool mu_space_is_corner(const struct mu_space *space, const double *x) {
    static const double NEAR = 1e-9; /* as in key_of */
    bool corner = false;
    for (size_t i = 0; i < space->n; i++) {
        const struct mu_parameter *p = &space->parameters[i];
        if (p->levels) {
            continue;
        }
        double u = mu_parameter_unit(p, x[i]);
        if (u > NEAR && u < 1 - NEAR) {
            return false;
        }
        corner = true;
    }
    return corner;
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
    for (size_t step = 0; step <= seen->set.n;
         step++) { /* at most n of n + 1 distinct points are seen */
        mu_space_at(space, index, x);
        if (!mu_seen_has(seen, x)) {
            return;
        }
        index = index + 1 == seen->size ? 0 : index + 1;
    }
}
