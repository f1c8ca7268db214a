#include "common/num/moments.h"

double mu_variance(const double *values, size_t n) {
    double mean = 0;
    double square = 0;
    for (size_t i = 0; i < n; i++) {
        mean += values[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        square += (values[i] - mean) * (values[i] - mean) / (double)n;
    }
    return square;
}
