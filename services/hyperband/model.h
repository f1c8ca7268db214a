/* A Gaussian process over (assignment, resource) that learns from every rung at once.
 *
 *     k((u, t), (u', t')) = a^2 M(|u - u'| / l) M(|t - t'| / l_t) + c^2 [t = t'] + noise [same
 * point]
 *
 * with the Matern-5/2 function M, one length per parameter (a mismatch of categories counts as
 * distance 1), and t the position on the ladder, 1 at the full resource. The second term gives each
 * rung a level of its own, so that promoted configurations being better than the rest does not bend
 * the first term, which is what predictions are made of. Lengths, a^2 and the noise are at the
 * maximum of the posterior under ln l ~ N(-0.7, 0.7), ln l_t ~ N(0, 0.7), ln a^2 ~ N(0, 1), ln
 * noise ~ N(-5, 1.4); c = 2 for standardised losses. */
#ifndef MUSHIR_HYPERBAND_MODEL_H
#define MUSHIR_HYPERBAND_MODEL_H

#include "common/model/posterior.h"
#include "common/search/space.h"

struct mu_model {
    const struct mu_space *space;
    struct mu_posterior posterior; /* of one draw: the results, then the believed points */
    double *u;         /* space->n x capacity: coordinate j of point i is u[j * capacity + i] */
    double *fade;      /* capacity: M(|1 - t| / l_t) of each point */
    double *slope;     /* capacity: scratch */
    double *sharpness; /* 1 / l^2 of each parameter, then 1 / l_t^2 */
    double amplitude, noise;
};

/* Fit to |n| >= 1 results: row i of |u| has the unit coordinates of point i (space->n of them),
 * t[i] its position, y[i] its standardised loss. Room for |extra| points without result.
 * Arena-owned. */
void mu_model_init(struct mu_model *model, const struct mu_space *space, const double *u,
    const double *t, const double *y, size_t n, size_t extra, struct mu_arena *arena);

/* Mean and standard deviation (|sd| may be NULL) of the loss at |u| and t = 1, without the rung's
 * level. */
void mu_model_predict(struct mu_model *model, const double *u, double *mean, double *sd);

/* Take the value at |u| and t = 1 as known to be what the model expects (Kriging believer;
 * Ginsbourger, Le Riche and Carraro, 2010): there is nothing more to learn around there. Without
 * effect when there is no more room. */
void mu_model_believe(struct mu_model *model, const double *u);

/* private: find sharpness, amplitude and noise for |n| results (unit coordinates in model->u) and
 * leave their covariances in the lower triangle of |k|, n x n */
void mu_model_fit(struct mu_model *model, const double *t, const double *y, size_t n, double *k,
    struct mu_arena *arena);

#endif
