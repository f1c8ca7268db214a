/* The functional analysis of variance of a function over a space: f(u) = mean + sum_j f_j(u_j) +
 * sum_jk f_jk(u_j, u_k) + ..., every parameter by its own distribution, all parts uncorrelated
 * (Sobol, "Sensitivity estimates for nonlinear mathematical models", 1993).
 *
 * Means over other parameters are taken at the same Sobol points for every position of one, so that
 * what the others do by themselves falls out: for sums of functions of one parameter the parts are
 * exact up to the grid, which has 16 positions of a parameter of more levels. */
#ifndef MUSHIR_MODEL_ANOVA_H
#define MUSHIR_MODEL_ANOVA_H

#include "common/model/frame.h"

struct mu_anova {
    const struct mu_frame *frame;
    double (*value)(void *user, const double *u); /* the function at dimensions of the frame */
    void *user;
    double *u; /* scratch: a point */
};

/* Var f, from 1,024 evaluations. */
double mu_anova_variance(const struct mu_anova *f);

/* Var f_j: what dimension |j| does by itself. 1,024 evaluations, and fewer in spaces of more than
 * 19 dimensions. */
double mu_anova_main(const struct mu_anova *f, size_t j);

/* The variance of all parts that dimension |j| has a share in: half the mean square of what changes
 * when it alone is drawn again (Jansen, "Analysis of variance designs for model output", 1999). 256
 * evaluations, and fewer in spaces of more than 78 dimensions. */
double mu_anova_total(const struct mu_anova *f, size_t j);

/* Var f_jk: what two dimensions do together and neither alone. 1,024 evaluations. */
double mu_anova_pair(const struct mu_anova *f, size_t j, size_t k);

#endif
