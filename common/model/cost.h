/* What a trial costs, learned from what trials cost: ln cost is linear in the coordinates.
 *
 * Of hyper-parameters that drive a training's time most do so by factors, and a simple model of low
 * variance is what predicts it best from a few trials (Lee, Perrone, Archambeau and Seeger,
 * "Cost-aware Bayesian optimization", 2020, section 4). */
#ifndef MUSHIR_MODEL_COST_H
#define MUSHIR_MODEL_COST_H

#include "common/model/frame.h"

struct mu_cost {
    const struct mu_frame *frame;
    size_t n;       /* weights: of 1, of each ordered dimension, of each value of a category */
    size_t *first;  /* per dimension: number of its first weight */
    double *weight; /* n */
};

/* The model of |n| costs > 0 at the points |u| (rows of frame.n dimensions), or NULL when fewer
 * than MU_COST_LEAST points are different or more than MU_COST_MOST weights would be needed. Of
 * several costs of one point the least counts, since what is added to it (a queue, an image that is
 * pulled) is not the trial's; of the rest those far from the line count little (Huber's weights,
 * tuned to 95 % efficiency). Arena-owned; |frame| is borrowed. */
struct mu_cost *mu_cost_of(const struct mu_frame *frame, const double *u, const double *costs,
    size_t n, struct mu_arena *arena);
enum { MU_COST_LEAST = 4, MU_COST_MOST = 128 };

/* ln cost at |u|, and its derivatives by the ordered dimensions into |gradient| (frame.n, 0 for
 * categories) unless it is NULL. */
double mu_cost_log(const struct mu_cost *cost, const double *u, double *gradient);

#endif
