/* What matters: the functional analysis of variance of an experiment's metric.
 *
 * f(u) = mean + sum_j f_j(u_j) + sum_jk f_jk(u_j, u_k) + ..., over the space as it is declared,
 * every parameter by its own distribution (Hutter, Hoos and Leyton-Brown, "An efficient approach
 * for assessing hyperparameter importance", ICML 2014, section 3). f is the mean of a Gaussian
 * process, not of a forest: trials gather at the optimum, and a forest knows nothing between the
 * few others (docs/adr/0080-importance.md). */
#ifndef MUSHIR_MODEL_EFFECTS_H
#define MUSHIR_MODEL_EFFECTS_H

#include "common/search/experiment.h"

enum {
    MU_EFFECTS_LEAST = 4, /* trials with a value, for anything to be said */
    MU_EFFECTS_SURE = 30  /* with fewer, shares are a guess: callers warn */
};

struct mu_effect {
    double share; /* Var f_j / Var, from 0 to 1 */
    double error; /* standard error of it: what half of the trials would say instead */
    double good;  /* share of what tells the best trials from good ones; all sum to 1, or to 0 */
};

struct mu_interaction {
    size_t a, b;  /* parameters of the space, a < b */
    double share; /* Var f_ab / Var: what both explain together and neither alone */
};

struct mu_effects {
    size_t observed;              /* trials with a value of the metric */
    struct mu_effect *of;         /* per parameter of the space; zero for constants */
    struct mu_interaction *pairs; /* of the parameters that matter most, the largest first */
    size_t n_pairs;
    double noise; /* share of what no parameter explains: the shares of parameters and pairs and
                     this sum to 1 at most, and what is missing is due to more than two, or to pairs
                     that were not looked at */
};

/* The effects on metric number |metric| of the finished trials in |history|; arena-owned. The same
 * for the same trials. Sampled at Sobol points and grids: exact for sums of functions of one
 * parameter, within a few points where parameters interact. |stopped| (or NULL) is polled with
 * |user|. NULL: less than MU_EFFECTS_LEAST trials have a value, their values do not differ, no
 * parameter has a choice, or it was stopped. Good trials: the best half, and the best tenth of all,
 * compared as in PED-ANOVA (Watanabe, Bansal and Hutter, IJCAI 2023, eq. 10). */
struct mu_effects *mu_effects_of(const struct mu_space *space, const struct mu_history *history,
    size_t metric, bool (*stopped)(void *user), void *user, struct mu_arena *arena);

#endif
