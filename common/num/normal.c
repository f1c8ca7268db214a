#include "common/num/normal.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_sf_erf.h>
#include <math.h>

static const double LOG_ROOT = 0.91893853320467274178; /* ln sqrt(2 pi) */

void mu_num_never_abort(void) {
    gsl_set_error_handler_off();
}

double mu_normal_cdf(double z) {
    return gsl_cdf_ugaussian_P(z);
}

double mu_normal_quantile(double p) {
    return gsl_cdf_ugaussian_Pinv(p);
}

double mu_student_quantile(double p, double freedom) {
    return gsl_cdf_tdist_Pinv(p, freedom);
}

double mu_normal_log_cdf(double z) {
    return z > -8 ? log(gsl_cdf_ugaussian_P(z)) : gsl_sf_log_erfc(-z / M_SQRT2) - M_LN2;
}

double mu_normal_hazard(double z) {
    if (z < -30) { /* Phi(-z) is 1, and GSL's takes the underflow of phi for an error */
        return exp(-0.5 * z * z - LOG_ROOT);
    }
    return z > 50 ? z + 1 / z - 2 / (z * z * z) : gsl_sf_hazard(z);
}

double mu_log_improvement(double z, double *slope) {
    if (z > -1) {
        double cdf = gsl_cdf_ugaussian_P(z);
        double h = exp(-0.5 * z * z - LOG_ROOT) + z * cdf;
        *slope = cdf / h;
        return log(h);
    }
    double t = -z;
    if (t > 50) {
        double u = 1 / (t * t);
        *slope = t * (1 + 2 * u);
        return -0.5 * t * t - LOG_ROOT - 2 * log(t) + log1p(u * (-3 + 15 * u));
    }
    double hazard = gsl_sf_hazard(t);
    *slope = 1 / (hazard - t);
    return -0.5 * t * t - LOG_ROOT + log1p(-t / hazard);
}
