/* A space as a surrogate model sees it: one dimension per parameter that has a choice.
 *
 *   line      continuous parameters and grids of more than MU_FRAME_LEVELS levels: u in [0, 1]
 *   ladder    smaller grids: u of the level's centre
 *   category  the index as a number; only equality means something */
#ifndef MUSHIR_MODEL_FRAME_H
#define MUSHIR_MODEL_FRAME_H

#include "common/search/space.h"

enum { MU_FRAME_LEVELS = 4096 };

enum mu_frame_kind { MU_FRAME_LINE, MU_FRAME_LADDER, MU_FRAME_CATEGORY };

struct mu_frame {
    const struct mu_space *space;
    size_t n;                /* dimensions; constants are left out */
    const size_t *parameter; /* index into the space */
    const enum mu_frame_kind *kind;
    const bool *category;
    const uint64_t *levels; /* 0 on lines */
};

/* The frame of |space|, arena-owned. */
struct mu_frame mu_frame_of(const struct mu_space *space, struct mu_arena *arena);

/* The parameter of dimension |j|. */
const struct mu_parameter *mu_frame_parameter(const struct mu_frame *frame, size_t j);

/* Coordinates of the space -> dimensions of the frame, and back to the nearest feasible
 * coordinates. */
void mu_frame_encode(const struct mu_frame *frame, const double *x, double *u);
void mu_frame_decode(const struct mu_frame *frame, const double *u, double *x);

/* The squared distance of the points |u| and |v|; categories are 0 or 1 apart. */
double mu_frame_distance(const struct mu_frame *frame, const double *u, const double *v);

/* The value of dimension |j| at a position in [0, 1]: a category's index, a ladder's nearest level
 * centre, or the position itself. */
double mu_frame_at(const struct mu_frame *frame, size_t j, double position);

/* u of level |level| of a ladder or category. */
double mu_frame_level(const struct mu_frame *frame, size_t j, uint64_t level);

#endif
