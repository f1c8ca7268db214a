/* What a point is worth, given a prediction of its value (larger is better). */
#ifndef MUSHIR_MODEL_ACQUISITION_H
#define MUSHIR_MODEL_ACQUISITION_H

#include <stddef.h>

enum mu_acquisition { MU_LOG_EI, MU_LOG_PI, MU_UCB };

/* The acquisition of N(mean, sd^2) over |best| and its derivatives by mean and sd. MU_LOG_EI: ln
 * E[max(f - best, 0)] (Ament et al. 2023); MU_LOG_PI: ln P(f > best + 0.01); MU_UCB: mean + 1.96
 * sd. sd > 0. */
double mu_acquisition_value(
    enum mu_acquisition kind, double mean, double sd, double best, double *by_mean, double *by_sd);

/* ln P(f >= least) of f ~ N(mean, sd^2) and its derivatives by mean and sd: of a constraint, ln of
 * the probability that it is met (Gardner et al., "Bayesian optimization with inequality
 * constraints", ICML 2014). sd > 0. */
double mu_log_probability(double mean, double sd, double least, double *by_mean, double *by_sd);

/* The mean of |n| acquisition values that differ in what they imagine: of the improvements, whose
 * logarithms the values are, or of the bounds. |weight|: the derivative by each value. */
double mu_acquisition_mean(enum mu_acquisition kind, const double *value, size_t n, double *weight);

#endif
