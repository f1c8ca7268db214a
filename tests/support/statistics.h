/* Tail probabilities that statistical tests compare with their false-alarm rate. */
#ifndef MUSHIR_TESTS_SUPPORT_STATISTICS_H
#define MUSHIR_TESTS_SUPPORT_STATISTICS_H

#include <gsl/gsl_cdf.h>

/* P(chi-square with |freedom| degrees > |chi|). */
static inline double chi_square_tail(double chi, double freedom) {
    return gsl_cdf_chisq_Q(chi, freedom);
}

#endif
