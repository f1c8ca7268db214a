/* The tree-structured Parzen estimator: propose where good points are dense and bad ones are not.
 *
 * Bergstra, Bardenet, Bengio and Kegl, "Algorithms for hyper-parameter optimization", NeurIPS 2011;
 * joint kernels after Falkner, Klein and Hutter (BOHB, ICML 2018). What is ours is told in
 * services/tpe/README.md. */
#ifndef MUSHIR_MODEL_TPE_H
#define MUSHIR_MODEL_TPE_H

#include "common/search/outcomes.h"

/* Suggestions that an estimator makes; then it draws random points, which keeps the cost of a
 * request bounded. */
enum { MU_TPE_MOST = 256 };

/* Observations that are good at most, as in hyperopt and Optuna. */
enum { MU_TPE_MOST_GOOD = 25 };

struct mu_tpe_options {
    size_t startup; /* below this many observations: an initial design instead of the model; 0: the
                       default */
    size_t candidates; /* points drawn from the good density, the best of which is proposed; 0: the
                          default */
    double gamma; /* ceil(gamma sqrt(n)) points are good, as in hyperopt; 0: 0.15 n. Also half and
                     twice as many, each at most 25 */
    double prior_weight; /* of the wide prior kernel in units of a point's; 0: the default 1 */
};

/* What is known of a constraint: |n| points, the first |n_met| of which meet it, one at least. */
struct mu_tpe_constraint {
    const double *const *x;
    size_t n, n_met;
};

/* What is known: |n| points of the space with their losses (smaller is better, finite), in
 * canonical order; and of constraints. */
struct mu_tpe_data {
    const struct mu_space *space;
    const double *const *x;
    const double *loss;
    size_t n;
    const struct mu_tpe_constraint *constraints;
    size_t n_constraints;
};

/* The logarithm of c-TPE's relative density ratio (Watanabe and Hutter 2023, equation 8): of the
 * observations |share| meet a constraint; the logarithms of the densities of those that do and of
 * those that miss it. It is the probability that the constraint is met, over |share|. */
double mu_tpe_log_feasibility(double share, double log_met, double log_missed);

struct mu_tpe_model;

/* The estimator of |data|, which is borrowed, with room for |room| points to keep away from.
 * Arena-owned. */
struct mu_tpe_model *mu_tpe_new(const struct mu_tpe_options *options,
    const struct mu_tpe_data *data, size_t room, struct mu_arena *arena);

/* The estimator of |history| for |outcomes|, all borrowed: trials that have every objective are
 * data, the others are kept away from, as |wanted| suggestions can be. Of several objectives or
 * with constraints the loss is the place in mu_tpe_order (MOTPE: Ozaki et al., JAIR 2022), and the
 * constraints are regarded as in c-TPE (Watanabe and Hutter, IJCAI 2023), each by the trials that
 * have a value of it; docs/adr/0094. Once some are feasible, the violation is one objective more of
 * that order; docs/adr/0113. */
struct mu_tpe_model *mu_tpe_of_history(const struct mu_tpe_options *options,
    const struct mu_space *space, const struct mu_outcomes *outcomes,
    const struct mu_history *history, size_t wanted, struct mu_arena *arena);

/* Keep away from |x|, a point without a value: a running trial, a failure, or an earlier suggestion
 * of the same batch. Borrowed. Without effect when there is no more room. */
void mu_tpe_avoid(struct mu_tpe_model *tpe, const double *x);

/* Propose a point that is not in |seen| (while the space has one) into |x| (space.n coordinates). A
 * pure function of what the estimator was given, |seed| and |number| (of the suggestion within the
 * experiment), which key the random streams. Adds the point neither to |seen| nor to those avoided.
 * The first call builds the densities, linear in all points, with room for MU_TPE_MOST more to
 * avoid; they stay with the arena, and later calls only add to them. */
void mu_tpe_propose(struct mu_tpe_model *tpe, const struct mu_seen *seen, uint64_t seed,
    uint64_t number, double *x);

#endif
