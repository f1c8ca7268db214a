/* The tree-structured Parzen estimator: propose where good points are dense and bad ones are not.
 *
 * Bergstra, Bardenet, Bengio and Kegl, "Algorithms for hyper-parameter optimization", NeurIPS 2011; joint kernels after Falkner, Klein and
 * Hutter (BOHB, ICML 2018). What is ours is told in services/tpe/README.md. */
#ifndef MUSHIR_SURROGATE_TPE_H
#define MUSHIR_SURROGATE_TPE_H

#include "common/search/space.h"

struct mu_tpe_options {
    size_t startup;      /* below this many observations: an initial design instead of the model; 0: the default */
    size_t candidates;   /* points drawn from the good density, the best of which is proposed; 0: the default */
    double gamma;        /* hyperopt's: the good group holds ceil(gamma sqrt(n)) points; 0: the default, 0.15 n */
    double prior_weight; /* weight of the wide prior kernel in units of a point's; 0: the default 1 */
};

/* What is known. |x| and |loss| (smaller is better, finite) are in canonical order; |avoid| are points without a value that repel: running
 * trials, earlier suggestions of the same batch, failures. Every point has space.n coordinates. */
struct mu_tpe_data {
    const struct mu_space *space;
    const double *const *x;
    const double *loss;
    size_t n;
    const double *const *avoid;
    size_t n_avoid;
};

/* Propose a point that is not in |seen| (while the space has one) into |x| (space.n coordinates). A pure function of its arguments: |seed|
 * and |number| (of the suggestion within the experiment) key the random streams. Does not add the point to |seen|. Linear in n. Scratch
 * memory goes back to |arena|. */
void mu_tpe_propose(const struct mu_tpe_options *options, const struct mu_tpe_data *data, const struct mu_seen *seen, uint64_t seed,
                    uint64_t number, double *x, struct mu_arena *arena);

#endif
