#include "services/enas/architecture.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/set.h"
#include "common/search/space.h"

enum { WORD = 64 }; /* bits of a word of skips */

static size_t bit(size_t layer, size_t from) {
    return layer * (layer - 1) / 2 + from;
}

static enum mu_status missing(
    struct mu_error *error, const char *what, const struct mu_network *network) {
    return mu_fail(error, MU_INVALID_ARGUMENT,
        "Missing %s in GraphConfig:\nnum_layers: %d\ninput_sizes: %zu given\noutput_sizes: %zu "
        "given",
        what, network->layers, network->n_input_sizes, network->n_output_sizes);
}

enum mu_status mu_enas_space_init(struct mu_enas_space *space, const struct mu_network *network,
    struct mu_arena *arena, struct mu_error *error) {
    if (!network->present) {
        return mu_fail(error, MU_INVALID_ARGUMENT, "the experiment has no nasConfig");
    }
    if (network->n_input_sizes == 0) {
        return missing(error, "InputSizes", network);
    }
    if (network->n_output_sizes == 0) {
        return missing(error, "OutputSizes", network);
    }
    if (network->layers < 1) {
        return missing(error, "NumLayers", network);
    }
    if (network->layers > MU_ENAS_MOST_LAYERS) {
        return mu_fail(error, MU_INVALID_ARGUMENT, "num_layers is %d, accepted are 1 to %d",
            network->layers, MU_ENAS_MOST_LAYERS);
    }
    size_t layers = (size_t)network->layers;
    size_t skips = layers * (layers - 1) / 2;
    *space = (struct mu_enas_space){
        .network = network, .layers = layers, .skips = skips, .words = (skips + WORD - 1) / WORD};
    return mu_enas_table_init(&space->table, network, arena, error);
}

uint64_t mu_enas_space_size(const struct mu_enas_space *space) {
    if (space->skips >= WORD - 1) {
        return UINT64_MAX;
    }
    uint64_t size = (uint64_t)1 << space->skips;
    for (size_t i = 0; i < space->layers; i++) {
        if (size > UINT64_MAX / space->table.n) {
            return UINT64_MAX;
        }
        size *= space->table.n;
    }
    return size;
}

struct mu_enas_arch *mu_enas_archs(
    const struct mu_enas_space *space, size_t n, struct mu_arena *arena) {
    struct mu_enas_arch *archs = MU_ARRAY(arena, n, struct mu_enas_arch);
    uint16_t *ops = MU_MATRIX(arena, n, space->layers, uint16_t);
    uint64_t *skips =
        MU_ARRAY(arena, n * space->words + 1, uint64_t); /* a network of one layer has no words */
    for (size_t i = 0; i < n; i++) {
        archs[i] = (struct mu_enas_arch){ops + i * space->layers, skips + i * space->words};
    }
    return archs;
}

void mu_enas_copy(
    const struct mu_enas_space *space, struct mu_enas_arch *to, const struct mu_enas_arch *from) {
    memcpy(to->ops, from->ops, space->layers * sizeof *to->ops);
    memcpy(to->skips, from->skips, space->words * sizeof *to->skips);
}

bool mu_enas_equal(
    const struct mu_enas_space *space, const struct mu_enas_arch *a, const struct mu_enas_arch *b) {
    return memcmp(a->ops, b->ops, space->layers * sizeof *a->ops) == 0 &&
           memcmp(a->skips, b->skips, space->words * sizeof *a->skips) == 0;
}

struct mu_enas_differences mu_enas_differences_of(
    const struct mu_enas_space *space, const struct mu_enas_arch *a, const struct mu_enas_arch *b) {
    const struct mu_enas_table *table = &space->table;
    const double layer = 1 / (double)space->layers;
    struct mu_enas_differences d = {0};
    int skips = 0;
    for (size_t l = 0; l < space->layers; l++) {
        d.operations += layer * mu_enas_table_distance(table, a->ops[l], b->ops[l]);
        d.types += layer * (table->family[a->ops[l]] != table->family[b->ops[l]]);
    }
    for (size_t w = 0; w < space->words; w++) {
        skips += __builtin_popcountll(a->skips[w] ^ b->skips[w]);
    }
    d.skips = space->skips ? (double)skips / (double)space->skips : 0;
    return d;
}

bool mu_enas_skip(const struct mu_enas_arch *arch, size_t layer, size_t from) {
    size_t b = bit(layer, from);
    return arch->skips[b / WORD] >> (b % WORD) & 1;
}

void mu_enas_set_skip(struct mu_enas_arch *arch, size_t layer, size_t from, bool on) {
    size_t b = bit(layer, from);
    uint64_t mask = (uint64_t)1 << (b % WORD);
    arch->skips[b / WORD] = on ? arch->skips[b / WORD] | mask : arch->skips[b / WORD] & ~mask;
}

void mu_enas_draw(
    const struct mu_enas_space *space, struct mu_enas_arch *arch, struct mu_stream *stream) {
    for (size_t l = 0; l < space->layers; l++) {
        arch->ops[l] = (uint16_t)mu_uniform_below(stream, space->table.n);
    }
    for (size_t w = 0; w < space->words; w++) {
        arch->skips[w] = mu_stream_bits(stream);
    }
    if (space->skips % WORD) {
        arch->skips[space->words - 1] &= ((uint64_t)1 << (space->skips % WORD)) - 1;
    }
}

/* Another entry than |id|, drawn among |n| from |first| on (which holds |id|). */
static uint16_t other(size_t id, size_t first, size_t n, struct mu_stream *stream) {
    size_t drawn = first + mu_uniform_below(stream, n - 1);
    return (uint16_t)(drawn < id ? drawn : drawn + 1);
}

static uint16_t mutate_op(const struct mu_enas_table *table, size_t id, struct mu_stream *stream) {
    const struct mu_enas_family *f = &table->families[table->family[id]];
    bool inside = mu_uniform(stream) < 0.5 && f->n > 1;
    if (inside) {
        return other(id, f->first, f->n, stream);
    }
    return table->n > 1 ? other(id, 0, table->n, stream) : (uint16_t)id;
}

void mu_enas_mutate(const struct mu_enas_space *space, struct mu_enas_arch *arch, unsigned steps,
    struct mu_stream *stream) {
    for (unsigned i = 0; i < steps; i++) {
        /* A layer first, then one of its decisions: an operation weighs more than a single skip. */
        size_t l = mu_uniform_below(stream, space->layers);
        size_t decision = mu_uniform_below(stream, l + 1);
        if (decision == 0) {
            arch->ops[l] = mutate_op(&space->table, arch->ops[l], stream);
        } else {
            mu_enas_set_skip(arch, l, decision - 1, !mu_enas_skip(arch, l, decision - 1));
        }
    }
}

void mu_enas_breed(const struct mu_enas_space *space, struct mu_enas_arch *arch,
    const struct mu_enas_arch *parent, struct mu_stream *stream) {
    mu_enas_copy(space, arch, parent);
    mu_enas_mutate(space, arch, 1 + (unsigned)mu_uniform_below(stream, 3), stream);
}

void mu_enas_at(const struct mu_enas_space *space, struct mu_enas_arch *arch, uint64_t index) {
    for (size_t l = 0; l < space->layers; l++) {
        arch->ops[l] = (uint16_t)mu_digit(&index, space->table.n);
    }
    if (space->words) {
        memset(arch->skips, 0, space->words * sizeof *arch->skips);
        arch->skips[0] = index;
    }
}

/* ---- sets ---- */

struct mu_enas_set {
    const struct mu_enas_space *space;
    struct mu_set set;
    const struct mu_enas_arch **archs;
    size_t most;
};

struct mu_enas_set *mu_enas_set_of(
    const struct mu_enas_space *space, size_t most, struct mu_arena *arena) {
    struct mu_enas_set *set = MU_NEW(arena, struct mu_enas_set);
    set->space = space;
    set->archs = MU_ARRAY(arena, most, const struct mu_enas_arch *);
    set->most = most;
    mu_set_init(&set->set, most, arena);
    return set;
}

/* An architecture and where to look for it. */
struct wanted {
    const struct mu_enas_set *set;
    const struct mu_enas_arch *arch;
};

static bool is_wanted(const void *user, size_t number) {
    const struct wanted *w = user;
    return mu_enas_equal(w->set->space, w->set->archs[number], w->arch);
}

static bool has(const struct mu_enas_set *set, const struct mu_enas_arch *arch, uint64_t hash) {
    return mu_set_find(&set->set, hash, is_wanted, &(struct wanted){set, arch}) != MU_SET_NONE;
}

static uint64_t hash_of(const struct mu_enas_space *space, const struct mu_enas_arch *arch) {
    return mu_hash(mu_hash(0, arch->ops, space->layers * sizeof *arch->ops), arch->skips,
        space->words * sizeof *arch->skips);
}

bool mu_enas_set_has(const struct mu_enas_set *set, const struct mu_enas_arch *arch) {
    return has(set, arch, hash_of(set->space, arch));
}

bool mu_enas_set_add(struct mu_enas_set *set, const struct mu_enas_arch *arch) {
    uint64_t hash = hash_of(set->space, arch);
    if (has(set, arch, hash)) {
        return false;
    }
    assert(set->set.n < set->most);
    set->archs[set->set.n] = arch;
    mu_set_add(&set->set, hash);
    return true;
}

size_t mu_enas_set_size(const struct mu_enas_set *set) {
    return set->set.n;
}
