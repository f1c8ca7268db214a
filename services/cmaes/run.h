/* One run of CMA-ES between two restarts: distributions over a space's parameters, and how they
 * learn from a generation of trials. */
#ifndef MUSHIR_SERVICES_CMAES_RUN_H
#define MUSHIR_SERVICES_CMAES_RUN_H

#include "common/search/experiment.h"
#include "services/cmaes/categories.h"
#include "services/cmaes/gaussian.h"

/* How the parameters of a space take part: continuous ones and grids of more than two levels by a
 * normal coordinate in [0, 1], categories and pairs by a categorical distribution, constants not at
 * all. */
struct mu_cma_frame {
    const struct mu_space *space;
    size_t n_normal, n_grids, n_categories;
    const size_t *normal;     /* the parameters with a normal coordinate */
    const size_t *categories; /* those with a categorical distribution */
    const size_t *sizes;      /* and how many values these have */
};

/* The frame of |space|, which is borrowed. Arena-owned. */
void mu_cma_frame_of(
    struct mu_cma_frame *frame, const struct mu_space *space, struct mu_arena *arena);

struct mu_cma_run {
    const struct mu_cma_frame *frame;
    struct mu_gaussian gaussian;
    struct mu_categories categories;
    size_t lambda;
    double *best; /* the best loss of each generation so far */
    size_t generations;
    bool broken; /* the covariance cannot be decomposed any more */
    /* workspace */
    double *y;         /* lambda x n_normal */
    double *precision; /* C^-1, n_normal x n_normal */
    size_t *rows;      /* lambda x n_categories */
    double *shares;    /* lambda */
    struct mu_individual *individuals;
    struct mu_arena *arena;
};

/* A run from |mean| (n_normal coordinates) that will see at most |most| generations. */
struct mu_cma_run *mu_cma_run_of(const struct mu_cma_frame *frame, size_t lambda,
    const double *mean, double sigma, size_t most, struct mu_arena *arena);

/* Learn from a generation: |trials|, |run->lambda| of them, are sorted from best to worst, failures
 * last. A grid's raw coordinate inside its level's cell is drawn again by |seed|. A generation of
 * equals teaches nothing. */
void mu_cma_run_learn(struct mu_cma_run *run, const struct mu_trial **trials, uint64_t seed);

/* Whether the run has converged, stagnates or is broken. */
bool mu_cma_run_ended(const struct mu_cma_run *run);

/* Logarithm of the normal density at the point |x| (space.n coordinates), up to a constant. */
double mu_cma_run_density(const struct mu_cma_run *run, const double *x);

/* A point into |x| from uniform coordinates |u| in (0, 1), n_normal + n_categories of them. False
 * when a continuous coordinate fell outside [0, 1] and was clipped. */
bool mu_cma_run_draw(const struct mu_cma_run *run, const double *u, double *x);

#endif
