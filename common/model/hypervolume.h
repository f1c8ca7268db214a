/* Expected hypervolume improvement: what a point is worth when several objectives count. */
#ifndef MUSHIR_MODEL_HYPERVOLUME_H
#define MUSHIR_MODEL_HYPERVOLUME_H

#include "common/num/pareto.h"

/* What a front leaves below its reference, in a form from which improvements are computed. */
struct mu_ehvi {
    size_t m, n;       /* objectives, boxes */
    size_t *n_edges;   /* m: the different ends of boxes in an objective, .. */
    double **edge;     /* .. ascending */
    size_t *low, *top; /* n x m: an end of a box as a number from 1 in |edge|; 0: it has none */
    double **log_h, **slope, **z; /* scratch, per edge */
    double *value;                /* scratch, n */
};

/* |boxes| are borrowed. Arena-owned. */
struct mu_ehvi mu_ehvi_of(const struct mu_boxes *boxes, struct mu_arena *arena);

/* ln E[the hypervolume that Y adds to the front], Y_k ~ N(mean_k, sd_k^2) independent, sd_k > 0,
 * and its derivatives by the means and standard deviations (m each). Smaller Y is better.
 *
 * The improvement of Y is the sum over the boxes of prod_k (u_k - max(l_k, Y_k))+, so its mean is
 * exactly the sum of prod_k sd_k (h((u_k - mean_k) / sd_k) - h((l_k - mean_k) / sd_k)), with
 * h(z) = phi(z) + z Phi(z) (Yang et al., "Multi-objective Bayesian global optimization using
 * expected hypervolume improvement gradient", Swarm Evol. Comput. 2019); in logarithms after Ament
 * et al., NeurIPS 2023. O(edges + m n). For one objective it is the expected improvement. */
double mu_log_ehvi(
    const struct mu_ehvi *e, const double *mean, const double *sd, double *by_mean, double *by_sd);

#endif
