#include "common/model/acquisition.h"

#include <math.h>

#include "common/num/normal.h"

/* scikit-optimize's xi and kappa. */
static const double MARGIN = 0.01;
static const double KAPPA = 1.96;

/* ln Phi(z) of z = (mean - a) / sd. */
static double log_probability(double z, double sd, double *by_mean, double *by_sd) {
    double slope = mu_normal_hazard(-z);
    *by_mean = slope / sd;
    *by_sd = -z * slope / sd;
    return mu_normal_log_cdf(z);
}

double mu_log_probability(double mean, double sd, double least, double *by_mean, double *by_sd) {
    return log_probability((mean - least) / sd, sd, by_mean, by_sd);
}

double mu_acquisition_value(
    enum mu_acquisition kind, double mean, double sd, double best, double *by_mean, double *by_sd) {
    double slope;
    double z;
    switch (kind) {
    case MU_LOG_EI:
        z = (mean - best) / sd;
        double improvement = mu_log_improvement(z, &slope);
        *by_mean = slope / sd;
        *by_sd = (1 - z * slope) / sd;
        return improvement + log(sd);
    case MU_LOG_PI:
        return log_probability((mean - best - MARGIN) / sd, sd, by_mean, by_sd);
    case MU_UCB:
        break;
    }
    *by_mean = 1;
    *by_sd = KAPPA;
    return mean + KAPPA * sd;
}

double mu_acquisition_mean(
    enum mu_acquisition kind, const double *value, size_t n, double *weight) {
    double highest = -HUGE_VAL;
    double sum = 0;
    double mean = 0;
    for (size_t i = 0; i < n; i++) {
        highest = fmax(highest, value[i]);
        mean += value[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        weight[i] = kind == MU_UCB ? 1 : exp(value[i] - highest);
        sum += weight[i];
    }
    for (size_t i = 0; i < n; i++) {
        weight[i] /= sum;
    }
    return kind == MU_UCB ? mean : highest + log(sum / (double)n);
}
