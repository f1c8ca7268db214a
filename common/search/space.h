/* The search space and the set of points already tried. */
#ifndef MUSHIR_SEARCH_SPACE_H
#define MUSHIR_SEARCH_SPACE_H

#include "common/num/stream.h"
#include "common/search/parameter.h"
#include "common/search/settings.h"

struct mu_space {
    const struct mu_parameter *parameters;
    size_t n;
};

/* Read |n| parameters; names must be present and unique. Errors as mu_parameter_init. */
MU_MUST_USE enum mu_status mu_space_init(struct mu_space *space,
    const struct mu_parameter_text *texts, size_t n, struct mu_arena *arena,
    struct mu_error *error);

/* Index of the parameter called |name|, or -1. */
ptrdiff_t mu_space_find(const struct mu_space *space, const char *name);

/* Number of distinct points; UINT64_MAX when infinite or larger than that. */
uint64_t mu_space_size(const struct mu_space *space);

/* Draw a point from the declared distributions into |x| (n coordinates), each parameter from a
 * stream of its own keyed by its name, so that adding a parameter does not change the others.
 * |attempt| tells redraws apart. */
void mu_space_draw(
    const struct mu_space *space, uint64_t seed, uint64_t number, unsigned attempt, double *x);

/* Point number |index| of a finite space, index < mu_space_size, into |x|: mixed radix, the last
 * parameter's level changes fastest. */
void mu_space_at(const struct mu_space *space, uint64_t index, double *x);

/* The point |x| as texts, |n| of them in the order of the parameters. Arena-owned. */
const struct mu_pair *mu_space_print(
    const struct mu_space *space, const double *x, struct mu_arena *arena);

/* The lowest digit of |*number| in a numeral system of |base| digits; moves |*number| to the rest:
 * one step of a mixed radix. */
static inline uint64_t mu_digit(uint64_t *number, uint64_t base) {
    uint64_t digit = *number % base;
    *number /= base;
    return digit;
}

/* A set of points, arena-owned, that grows beyond |expected|. Points are equal when all levels are
 * equal and continuous coordinates agree to 1e-9. */
struct mu_seen;
struct mu_seen *mu_seen_of(const struct mu_space *space, size_t expected, struct mu_arena *arena);
void mu_seen_add(struct mu_seen *seen, const double *x);
bool mu_seen_has(const struct mu_seen *seen, const double *x);

/* True when every point of a finite space is in |seen|. */
bool mu_seen_exhausted(const struct mu_seen *seen);

/* Point |number| of the initial design that models start from: the middle of the space first, for
 * people put their ranges around what they believe in (categories have no middle and follow the
 * sequence); then scrambled Sobol points. */
void mu_space_design(const struct mu_space *space, uint64_t seed, uint64_t number, double *x);

/* Whether every continuous coordinate of |x| is at an end of its range: places where different
 * models meet. False in a finite space. */
bool mu_space_is_corner(const struct mu_space *space, const double *x);

/* A point drawn from the declared distributions that is not in |seen| while one exists (64 redraws,
 * then a full-cycle walk over the finite space that ends after at most as many steps as points are
 * seen); any point once the space is exhausted. Does not add it. */
void mu_space_draw_unseen(const struct mu_space *space, const struct mu_seen *seen, uint64_t seed,
    uint64_t number, double *x);

#endif
