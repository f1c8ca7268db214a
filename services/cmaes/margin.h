/* CMA-ES with margin: grids stay alive. Hamano, Saito, Nomura and Shirakawa, "CMA-ES with margin:
 * lower-bounding marginal probability for mixed-integer black-box optimization", GECCO 2022. */
#ifndef MUSHIR_SERVICES_CMAES_MARGIN_H
#define MUSHIR_SERVICES_CMAES_MARGIN_H

/* The marginal distribution of a grid's coordinate, N(mean, (scale deviation)^2). */
struct mu_marginal {
    double mean, scale;
    double deviation; /* sigma sqrt(C_jj); > 0 */
};

/* Correct mean and scale so that the levels to both sides of the mean's keep a probability of at
 * least |margin| / 2 each, or, where the mean lies beyond the outermost threshold, the level on its
 * other side |margin|. |below| and |above| are the thresholds around the mean; beyond the outermost
 * both are that one. Eqs. 10 to 17. */
void mu_margin_correct(struct mu_marginal *marginal, double below, double above, double margin);

#endif
