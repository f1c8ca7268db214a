#include "common/base/set.h"

#include <assert.h>
#include <string.h>

/* At most half of the slots are taken, which keeps searches at 1.5 to 2.5 probes (ibid.). */
static void make_tables(struct mu_set *set, size_t capacity) {
    size_t slots = 16;
    while (slots < capacity * 2) {
        slots *= 2;
    }
    set->hashes = MU_ARRAY(set->arena, capacity, uint64_t);
    set->slots = MU_ARRAY(set->arena, slots, uint32_t);
    set->capacity = capacity;
    set->mask = slots - 1;
}

void mu_set_init(struct mu_set *set, size_t expected, struct mu_arena *arena) {
    *set = (struct mu_set){.arena = arena};
    make_tables(set, expected < 8 ? 8 : expected);
}

size_t mu_set_find(const struct mu_set *set, uint64_t hash,
    bool (*same)(const void *user, size_t number), const void *user) {
    for (size_t at = hash & set->mask; set->slots[at]; at = (at + 1) & set->mask) {
        size_t number = set->slots[at] - 1;
        if (set->hashes[number] == hash && same(user, number)) {
            return number;
        }
    }
    return MU_SET_NONE;
}

static void take_slot(struct mu_set *set, size_t number) {
    size_t at = set->hashes[number] & set->mask;
    while (set->slots[at]) {
        at = (at + 1) & set->mask;
    }
    set->slots[at] = (uint32_t)number + 1;
}

static void grow(struct mu_set *set) {
    const uint64_t *old = set->hashes;
    make_tables(set, set->capacity * 2);
    memcpy(set->hashes, old, set->n * sizeof *old);
    for (size_t i = 0; i < set->n; i++) {
        take_slot(set, i);
    }
}

void mu_set_add(struct mu_set *set, uint64_t hash) {
    assert(set->n < UINT32_MAX - 1);
    if (set->n == set->capacity) {
        grow(set);
    }
    set->hashes[set->n] = hash;
    take_slot(set, set->n++);
}
