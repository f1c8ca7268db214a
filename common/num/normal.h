/* The standard normal distribution, and Student's t. */
#ifndef MUSHIR_NUM_NORMAL_H
#define MUSHIR_NUM_NORMAL_H

/* GSL's default handler ends the process at a number that underflows; from now on the number is the
 * answer. For the program's start: it holds for all threads. */
void mu_num_never_abort(void);

/* Phi(z). Accurate in both tails to full relative precision of the smaller one's representation
 * (GSL's cdf_ugaussian_P). */
double mu_normal_cdf(double z);

/* Phi^-1(p), p in (0, 1); -INFINITY and INFINITY at the ends (GSL's cdf_ugaussian_Pinv). */
double mu_normal_quantile(double p);

/* The |p| quantile of Student's t with |freedom| degrees of freedom, p in (0, 1) (GSL's
 * cdf_tdist_Pinv). */
double mu_student_quantile(double p, double freedom);

/* ln Phi(z), accurate far into the lower tail. */
double mu_normal_log_cdf(double z);

/* phi(z) / Phi(-z), finite for every finite z. */
double mu_normal_hazard(double z);

/* ln h(z) and its derivative h'/h = Phi/h into |slope|, for h(z) = phi(z) + z Phi(z): expected
 * improvement is sd h((mean - best) / sd). Finite where h underflows (Ament et al., "Unexpected
 * improvements to expected improvement", NeurIPS 2023, section 4). */
double mu_log_improvement(double z, double *slope);

#endif
