/* The standard normal distribution. */
#ifndef MUSHIR_NUM_NORMAL_H
#define MUSHIR_NUM_NORMAL_H

/* Phi(z). Accurate in both tails to full relative precision of the smaller one's representation (GSL's cdf_ugaussian_P). */
double mu_normal_cdf(double z);

/* Phi^-1(p), p in (0, 1); -INFINITY and INFINITY at the ends (GSL's cdf_ugaussian_Pinv). */
double mu_normal_quantile(double p);

#endif
