/* Moments of samples. */
#ifndef MUSHIR_NUM_MOMENTS_H
#define MUSHIR_NUM_MOMENTS_H

#include <stddef.h>

/* The mean squared deviation of |n| numbers from their mean; 0 for none. */
double mu_variance(const double *values, size_t n);

#endif
