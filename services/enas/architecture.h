/* Architectures: how they are held, read, written, drawn and changed. */
#ifndef MUSHIR_ENAS_ARCHITECTURE_H
#define MUSHIR_ENAS_ARCHITECTURE_H

#include "common/num/stream.h"
#include "services/enas/operations.h"

/* What there is to choose: an operation per layer, and for each pair of layers whether the later
 * one also reads the earlier one. */
struct mu_enas_space {
    const struct mu_network *network;
    struct mu_enas_table table;
    size_t layers, skips, words; /* skips = layers (layers - 1) / 2, in |words| 64-bit words */
};

/* Skip bit number l (l-1) / 2 + j tells whether layer l reads layer j; unused bits are zero. */
struct mu_enas_arch {
    uint16_t *ops;   /* layers */
    uint64_t *skips; /* words */
};

/* The space of |network|. MU_INVALID_ARGUMENT as mu_enas_table_init, or when sizes or layers are
 * missing (Katib's texts) or too many. */
MU_MUST_USE enum mu_status mu_enas_space_init(struct mu_enas_space *space,
    const struct mu_network *network, struct mu_arena *arena, struct mu_error *error);

/* Number of architectures; UINT64_MAX when there are more. */
uint64_t mu_enas_space_size(const struct mu_enas_space *space);

/* Memory for |n| architectures, all operations and skips zero. */
struct mu_enas_arch *mu_enas_archs(
    const struct mu_enas_space *space, size_t n, struct mu_arena *arena);

/* Copy the operations and skips of |from|; whether those of two architectures are the same. */
void mu_enas_copy(
    const struct mu_enas_space *space, struct mu_enas_arch *to, const struct mu_enas_arch *from);
bool mu_enas_equal(
    const struct mu_enas_space *space, const struct mu_enas_arch *a, const struct mu_enas_arch *b);

/* How different two architectures are, in [0, 1] each: |operations| is the mean over the layers of
 * mu_enas_table_distance, |types| the share of layers whose operations are of different types,
 * |skips| the share of skips that differ. */
struct mu_enas_differences {
    double operations, types, skips;
};
struct mu_enas_differences mu_enas_differences_of(
    const struct mu_enas_space *space, const struct mu_enas_arch *a, const struct mu_enas_arch *b);

/* Whether |layer| reads the output of the earlier layer |from| too, and to say so. */
bool mu_enas_skip(const struct mu_enas_arch *arch, size_t layer, size_t from);
void mu_enas_set_skip(struct mu_enas_arch *arch, size_t layer, size_t from, bool on);

/* Every operation and every skip equally likely. */
void mu_enas_draw(
    const struct mu_enas_space *space, struct mu_enas_arch *arch, struct mu_stream *stream);

/* Change |steps| random decisions of |arch|: a skip flips, an operation becomes another one (of the
 * same family half of the time, where it has other entries). */
void mu_enas_mutate(const struct mu_enas_space *space, struct mu_enas_arch *arch, unsigned steps,
    struct mu_stream *stream);

enum { MU_ENAS_PARENTS = 8 }; /* of the best, that are bred from */

/* An offspring of |parent| into |arch|: one to three decisions changed. */
void mu_enas_breed(const struct mu_enas_space *space, struct mu_enas_arch *arch,
    const struct mu_enas_arch *parent, struct mu_stream *stream);

/* Architecture number |index| in [0, mu_enas_space_size): mixed radix, operations first. */
void mu_enas_at(const struct mu_enas_space *space, struct mu_enas_arch *arch, uint64_t index);

/* Read the text that mu_enas_print_arch writes (blanks are free, apostrophes are not needed). False
 * when it is no architecture of |space|.
 */
bool mu_enas_parse(const struct mu_enas_space *space, const char *text, struct mu_enas_arch *arch);

/* "[[1], [2, 1]]": per layer the operation and a bit for each earlier layer. Arena-owned. */
const char *mu_enas_print_arch(
    const struct mu_enas_space *space, const struct mu_enas_arch *arch, struct mu_arena *arena);

/* The configuration that the trial image builds the network from: JSON with apostrophes for quotes,
 * the operations that |arch| uses in the order of their first use. Arena-owned. */
const char *mu_enas_print_config(
    const struct mu_enas_space *space, const struct mu_enas_arch *arch, struct mu_arena *arena);

/* A set of architectures. */
struct mu_enas_set;
struct mu_enas_set *mu_enas_set_of(
    const struct mu_enas_space *space, size_t most, struct mu_arena *arena);
bool mu_enas_set_has(const struct mu_enas_set *set, const struct mu_enas_arch *arch);
/* Add |arch| (borrowed, must not change); at most |most| of them. False when it is in already. */
bool mu_enas_set_add(struct mu_enas_set *set, const struct mu_enas_arch *arch);
size_t mu_enas_set_size(const struct mu_enas_set *set);

#endif
