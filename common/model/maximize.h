/* The search for the point that an acquisition function values most: candidates, gradient steps on
 * lines, sweeps over levels. */
#ifndef MUSHIR_MODEL_MAXIMIZE_H
#define MUSHIR_MODEL_MAXIMIZE_H

#include "common/model/frame.h"

enum {
    MU_MAXIMIZE_LEAST = 16, /* evaluations */
    MU_MAXIMIZE_PARENTS = 4 /* points that candidates are mutations of, at most */
};

/* Value of the point |u| (frame.n dimensions), larger is better, finite. With |gradient| not NULL
 * also its derivatives by the lines and ladders (categories: anything); |u| may then lie between
 * the levels of ladders. */
typedef double (*mu_criterion)(void *user, const double *u, double *gradient);

struct mu_maximizer {
    const struct mu_frame *frame;
    mu_criterion criterion;
    void *user;
    const struct mu_seen *seen; /* never proposed while anything else is found */
    const double *good; /* n_good points, best first, row-major: perturbed into candidates, the
                           first also where climbs start */
    size_t n_good;
    const double *scale; /* length per dimension, preconditions the gradient search; NULL: 1 */
    bool climb;    /* gradient steps and sweeps from the best candidates; false: candidates only */
    bool gradient; /* the criterion has one; false: lines are searched like long ladders */
    size_t evaluations; /* of the criterion, about so many at most; at least MU_MAXIMIZE_LEAST */
    uint64_t seed, number;
};

/* Change the point |u| here and there: a small step of one random size on about half of the ordered
 * dimensions (on the only one always), reflected at the ends; another value on about a third of the
 * categories. */
void mu_frame_mutate(const struct mu_frame *frame, struct mu_stream *stream, double *u);

/* The best unseen point found, into |x| (coordinates of the space). False when every point met was
 * seen. Scratch is given back. */
bool mu_maximize(const struct mu_maximizer *maximizer, double *x, struct mu_arena *arena);

#endif
