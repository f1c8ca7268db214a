#include "common/num/normal.h"

#include <gsl/gsl_cdf.h>

double mu_normal_cdf(double z) {
    return gsl_cdf_ugaussian_P(z);
}

double mu_normal_quantile(double p) {
    return gsl_cdf_ugaussian_Pinv(p);
}
