/* What the trials say, as rows of numbers that models learn from.
 *
 * A row is a point: its coordinates in a frame, then |extra| ones of the caller's. It has a value
 * in every column (smaller is better, NAN where it is missing), column 0 being the objective;
 * others are further objectives, and behind them constraints, which are met where the value is <=
 * 0. A row is *known* when column 0 has a value or the trial failed; the others are *pending*. */
#ifndef MUSHIR_MODEL_DATASET_H
#define MUSHIR_MODEL_DATASET_H

#include "common/model/frame.h"
#include "common/model/gp.h"
#include "common/search/outcomes.h"

struct mu_column {
    double *loss;   /* per row; smaller is better; NAN: missing */
    double *target; /* per row, by mu_dataset_learn: standardised, larger is better; NAN: missing */
    double bound;   /* of a constraint: the target of the value 0, by mu_dataset_learn */
    bool varied;    /* the targets differ: there is something to learn */
};

struct mu_dataset {
    const struct mu_frame *frame;
    size_t width;   /* coordinates of a row: frame->n and the extra ones */
    size_t n, room; /* rows, in canonical order, then those added as pending */
    double *u;      /* room x width */
    enum mu_trial_state *state;
    size_t n_columns, n_objectives; /* columns, and those of them that are no constraints */
    struct mu_column *columns;
    size_t *known, n_known; /* rows, by mu_dataset_learn: the best target of column 0 first, the
                               failures last */
    size_t n_observed;      /* of those, the ones with a value */

    /* What a caller may set before mu_dataset_learn. */
    bool (*transform)(const double *loss, double *target, size_t n, struct mu_arena *arena);
    /* of losses into targets, see targets.h: mu_targets */
    double (*distance)(const void *user, size_t a, size_t b);
    /* of two rows, where coordinates do not tell it; NULL: the squared distance of coordinates */
    const void *user;
};

/* Nothing known yet, with room for |room| rows. Arena-owned; |frame| is borrowed. */
struct mu_dataset *mu_dataset_new(const struct mu_frame *frame, size_t extra, size_t columns,
    size_t room, struct mu_arena *arena);

/* Append the point |x| (coordinates of the space). |values| are a trial's (mu_trial.values), one
 * per column at least, NULL: all missing; the one of column 0 counts for MU_DONE only, because what
 * a failed trial reported last is no result. Returns its row, whose extra coordinates are the
 * caller's to fill. */
double *mu_dataset_add(
    struct mu_dataset *data, const double *x, enum mu_trial_state state, const double *values);

/* All of |history|, a column for each of |outcomes|, with room for |more| rows; learned. Targets of
 * several objectives keep their proportions, which hypervolumes are made of (mu_linear_targets). */
struct mu_dataset *mu_dataset_of(const struct mu_frame *frame, const struct mu_outcomes *outcomes,
    const struct mu_history *history, size_t more, struct mu_arena *arena);

/* Targets of every column (targets.h), and the order of the known rows. A failure without a value
 * is as bad as its neighbourhood: docs/adr/0016-failures.md. */
void mu_dataset_learn(struct mu_dataset *data, struct mu_arena *arena);

/* The rows that have a target in |column|, the best first and the failures without a value last,
 * into |rows|; returns how many, and in |observed| how many are no such failures. After
 * mu_dataset_learn. */
size_t mu_dataset_rank(const struct mu_dataset *data, size_t column, size_t *rows, size_t *observed,
    struct mu_arena *arena);

/* Coordinates of row |i|. */
const double *mu_dataset_row(const struct mu_dataset *data, size_t i);

/* At most |most| of the |n| |rows|, which are ordered from the best to the worst and numbered by
 * age, that say the most: the best third, the newest third, and of the rest every so many. Into
 * |chosen|, ascending; returns how many. */
size_t mu_subset(const size_t *rows, size_t n, size_t most, size_t *chosen, struct mu_arena *arena);

/* At most |most| of the |n| |rows|, which are ordered by |column|, as a process takes them. */
struct mu_gp_data mu_dataset_observations(const struct mu_dataset *data, size_t column,
    const size_t *rows, size_t n, size_t most, struct mu_arena *arena);

#endif
