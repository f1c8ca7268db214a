/* Gaussian processes over the unit cube with categories: fit, condition, extend, predict.
 *
 *     k(u, u') = a^2 ((1 - w) M(r^2) + w / d sum_j Q(z_j)) + noise [same observation],    r^2 =
 * sum_j z_j,    z_j = d_j^2 / l_j^2
 *
 * d_j is the difference on an ordered dimension and 0 or 1 on a category; M is the Matern function
 * with nu 5/2 or 3/2 (Rasmussen and Williams, "Gaussian Processes for Machine Learning", 2006,
 * eq. 4.17), Q(z) = 1 / (1 + z) the rational quadratic one (eq. 4.19, alpha 1). The sum of
 * functions of one dimension each (Duvenaud, Nickisch and Rasmussen, "Additive Gaussian processes",
 * NeurIPS 2011) lets an observation speak about all points that share a value with it: most of what
 * hyper-parameters do, they do alone (Hutter, Hoos and Leyton-Brown, ICML 2014). Without it every
 * corner of the cube is as unknown as the first, and expected improvement visits them all.
 *
 * The hyper-parameters theta = (ln s_j, ln a^2, ln n^2, ln w/(1 - w)), s_j = 1 / l_j^2, noise = n^2
 * + 1e-6, are at the maximum of the posterior (eq. 5.8 plus a prior, see mu_gp_fit). Targets are
 * standardised and larger is better.
 *
 * Unobserved points are integrated over |draws| joint samples of their values (fantasies): every
 * draw has targets of its own. */
#ifndef MUSHIR_MODEL_GP_H
#define MUSHIR_MODEL_GP_H

#include "common/model/posterior.h"

struct mu_gp_kernel {
    size_t n_dims;
    const bool *category; /* per dimension */
    bool rough;           /* nu = 3/2 instead of 5/2 */
    double *sharpness;    /* s_j per dimension */
    double amplitude;     /* a^2 */
    double separate;      /* w: share of the amplitude in functions of one dimension each */
    double noise;         /* variance of an observation around the function */
};

struct mu_gp {
    struct mu_gp_kernel kernel;
    struct mu_posterior posterior;
    double *x;               /* n_dims x capacity: coordinate j of point i is x[j * capacity + i] */
    double *scratch, *slope; /* capacity each; slope: that of the first part of the latest
                                prediction's covariances, by r^2 */
    double sd;               /* of the latest prediction */
};

/* Negative log posterior of theta (d + 3 values) for |n| points and targets, and its gradient;
 * exposed for tests. */
struct mu_gp_likelihood {
    const struct mu_gp_kernel *kernel;
    size_t n;
    const double *y,
        *distances; /* n_dims x n(n-1)/2 squared differences, pairs (1,0), (2,0), (2,1), ... */
    double *matrix, *alpha, *value, *slope, *sum; /* scratch: n x n, n, and n(n-1)/2 each */
};
void mu_gp_likelihood_init(struct mu_gp_likelihood *likelihood, const struct mu_gp_kernel *kernel,
    const double *points, const double *y, size_t n, struct mu_arena *arena);
double mu_gp_objective(const double *theta, double *gradient, size_t n_theta, void *likelihood);

/* Find |kernel|'s sharpness, amplitude and noise for |n| >= 1 |points| (n x n_dims, row-major) with
 * standardised targets |y|. Priors (negative logarithms): up to 10 dimensions sum 0.1 (s_j + 1/s_j)
 * - ln a^2 + a^2 - 0.1 ln noise + 30 noise (Optuna's form); beyond, ln l_j ~ N(-1.5 + ln(d)/2,
 * 0.7), ln a^2 ~ N(0, 1), ln n^2 ~ N(-4, 1), which keeps lengths apart in high dimension. Always -
 * 0.1 ln w (1 - w). |starts| local searches of at most |iterations| steps. Scratch is given back;
 * cost starts x iterations x n^3. */
void mu_gp_fit(struct mu_gp_kernel *kernel, const double *points, const double *y, size_t n,
    int starts, int iterations, struct mu_arena *arena);

/* Condition on |n| points with targets |y|, with room for |room| more points and |draws| >= 1
 * draws. Never fails, see mu_posterior_condition. Arena-owned. */
void mu_gp_condition(struct mu_gp *gp, const struct mu_gp_kernel *kernel, const double *points,
    const double *y, size_t n, size_t room, size_t draws, struct mu_arena *arena);

/* Posterior mean of every draw into |means|, posterior standard deviation of the function as the
 * result. */
double mu_gp_predict(struct mu_gp *gp, const double *u, double *means);

/* sum_s mean_weights[s] d mean_s / du + sd_weight d sd / du into |gradient| (0 for categories), at
 * the latest predicted |u|. */
void mu_gp_gradient(struct mu_gp *gp, const double *u, const double *mean_weights, double sd_weight,
    double *gradient);

/* Add the point |u| with one value per draw, right after mu_gp_predict at |u|; false without room.
 */
bool mu_gp_extend(struct mu_gp *gp, const double *u, const double *values);

#endif
