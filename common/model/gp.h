/* Gaussian processes: fit, condition, predict, extend. What a point is and how alike two of them
 * are is a metric's and a kernel's affair (kernel.h).
 *
 *     cov(y_a, y_b) = a^2 k(s_f z_f(a, b)) + level [last feature 0] + c_a n^2 [a = b]
 *
 * with k the kernel, z_f the features of the pair, s_f = 1 / l_f^2, the level that some kernels
 * have, the noise n^2 = exp(theta) + MU_GP_NOISE_FLOOR and the observation's noise factor c_a. The
 * hyper-parameters
 *
 *     theta = (ln l_f per feature, ln w / (1 - w) per share w of the kernel, ln a^2, ln n^2)
 *
 * are at the maximum of the posterior (Rasmussen and Williams, "Gaussian Processes for Machine
 * Learning", 2006, eq. 5.8) under a normal prior each. Targets are standardised; which sign is
 * better is the caller's affair.
 *
 * Predicted is the function, without level and noise. Unobserved points are integrated over |draws|
 * joint samples of their values (fantasies): every draw has targets of its own. */
#ifndef MUSHIR_MODEL_GP_H
#define MUSHIR_MODEL_GP_H

#include "common/model/kernel.h"
#include "common/model/posterior.h"

#define MU_GP_NOISE_FLOOR 1e-6

/* theta ~ N(mean, sd^2), searched from the mean on, MU_GP_REACH standard deviations to both sides.
 */
struct mu_gp_prior {
    double mean, sd;
};
enum { MU_GP_REACH = 4 };

/* A family of processes. */
struct mu_gp_model {
    const struct mu_kernel *kernel;
    const struct mu_metric *metric;
    const void *space; /* what the metric's store wants */
    size_t n_features;
    const struct mu_gp_prior *prior; /* mu_gp_parameters of them, in the order of theta */
};

/* Number of hyper-parameters. */
size_t mu_gp_parameters(const struct mu_gp_model *model);

/* Observations. */
struct mu_gp_data {
    size_t n;
    const void *const *points; /* n, as the metric understands them */
    const double *y;           /* n */
    const double *noise;       /* n: c of each; NULL: 1 */
};

/* The mode of the posterior of theta from data->n >= 1 observations, into |theta|: at most
 * MU_GP_ITERATIONS steps of O(n^3). Scratch is given back. */
void mu_gp_fit(const struct mu_gp_model *model, const struct mu_gp_data *data, double *theta,
    struct mu_arena *arena);
enum { MU_GP_ITERATIONS = 30 };

/* ---- budgets: how many rows so many floating-point operations are enough for, at least 1 ---- */

/* A fit takes MU_GP_ITERATIONS x (n^3 + 4 features n^2) operations. */
size_t mu_gp_fit_rows(const struct mu_gp_model *model, double operations);

/* |evaluations| predictions with gradient take evaluations x (2 n^2 + 8 features n). */
size_t mu_gp_known_rows(const struct mu_gp_model *model, size_t evaluations, double operations);

/* What the fit minimizes; exposed for tests. */
struct mu_gp_likelihood;
struct mu_gp_likelihood *mu_gp_likelihood_of(
    const struct mu_gp_model *model, const struct mu_gp_data *data, struct mu_arena *arena);
/* Negative log posterior of |theta| and its gradient (without the constants of the likelihood and
 * of the priors); INFINITY when the covariance cannot be factored. */
double mu_gp_objective(const double *theta, double *gradient, size_t n_theta, void *likelihood);

struct mu_gp {
    const struct mu_gp_model *model;
    struct mu_scales scales;
    double *length;          /* l_f */
    double amplitude, noise; /* a^2, n^2 */
    struct mu_posterior posterior;
    void *store;                     /* of the known points */
    struct mu_pairs pairs;           /* of the latest predicted point with the known ones */
    double *z, *weight, *by, *means; /* scratch */
    double sd;                       /* of the latest prediction */
};

/* Condition on |data| under |theta|, with room for |room| more points and |draws| >= 1 draws. Never
 * fails, see mu_posterior_condition. |model| is borrowed. Arena-owned. */
void mu_gp_condition(struct mu_gp *gp, const struct mu_gp_model *model, const double *theta,
    const struct mu_gp_data *data, size_t room, size_t draws, struct mu_arena *arena);

/* Take what is expected at the points of |data|, which |gp| was conditioned on, for known there:
 * the means stay, and neither noise nor level is a reason to observe a point again
 * (re-interpolation; Forrester, Keane and Bressloff, "Design and analysis of noisy computer
 * experiments", AIAA Journal 44, 2006). O(n^3). */
void mu_gp_reinterpolate(struct mu_gp *gp, const struct mu_gp_data *data, struct mu_arena *arena);

/* Posterior mean of every draw into |means|, posterior standard deviation of the function as the
 * result. */
double mu_gp_predict(struct mu_gp *gp, const void *point, double *means);

/* The means alone: O(n) instead of O(n^2). */
void mu_gp_means(struct mu_gp *gp, const void *point, double *means);

/* sum_s mean_weights[s] d mean_s + sd_weight d sd by the coordinates of the latest predicted
 * |point| into |gradient| (n_features; 0 where the metric has no slope). */
void mu_gp_gradient(struct mu_gp *gp, const void *point, const double *mean_weights,
    double sd_weight, double *gradient);

/* Add |point| with one value per draw, right after mu_gp_predict at it; false without room. */
bool mu_gp_extend(struct mu_gp *gp, const void *point, const double *values);

/* Take |point| for known to be what is expected in every draw (Kriging believer; Ginsbourger, Le
 * Riche and Carraro, 2010): no mean changes, the uncertainty around it goes. False without room. */
bool mu_gp_believe(struct mu_gp *gp, const void *point);

/* Add |point| with a value drawn from its posterior in every draw, by a Sobol sequence of |seed|;
 * the values into |values|. False without room. */
bool mu_gp_fantasize(struct mu_gp *gp, const void *point, uint64_t seed, double *values);

#endif
