/* A set of numbered things that are found again by what they are equal to: open addressing over
 * 64-bit hashes (Knuth, "The art of computer programming", volume 3, section 6.4, algorithm L). The
 * things themselves stay with the caller, thing number i at his index i; the set asks him about
 * equality when hashes agree. */
#ifndef MUSHIR_BASE_SET_H
#define MUSHIR_BASE_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"

struct mu_set {
    struct mu_arena *arena;
    uint64_t *hashes; /* of thing i */
    uint32_t *slots;  /* number of a thing + 1; 0: free */
    size_t n;         /* things */
    size_t capacity, mask;
};

#define MU_SET_NONE SIZE_MAX

/* An empty set in the caller's storage, its tables in |arena|; it grows beyond |expected|. */
void mu_set_init(struct mu_set *set, size_t expected, struct mu_arena *arena);

/* The number of the thing with |hash| that |same|(|user|, number) says is the one that is looked
 * for, or MU_SET_NONE. */
size_t mu_set_find(const struct mu_set *set, uint64_t hash,
    bool (*same)(const void *user, size_t number), const void *user);

/* Add thing number |set->n|, which is not in the set; at most 2^32 - 2 of them. */
void mu_set_add(struct mu_set *set, uint64_t hash);

#endif
