#include "client/run/median.h"

#include <stdlib.h>

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

bool cl_median_threshold(const struct cl_series *trials, size_t n, size_t min_trials,
    size_t start_step, double *threshold) {
    double *means = n >= min_trials && n > 0 ? calloc(n, sizeof *means) : NULL;
    size_t used = 0;
    if (!means) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        size_t steps = trials[i].n < start_step ? trials[i].n : start_step;
        double mean = 0;
        for (size_t k = 0; k < steps; k++) {
            mean += trials[i].values[k] /
                    (double)steps; /* divided first: the sum of huge values would overflow */
        }
        if (steps > 0) {
            means[used++] = mean;
        }
    }
    if (used > 0) {
        qsort(means, used, sizeof *means, ascending);
        *threshold = used % 2 ? means[used / 2] : means[used / 2 - 1] / 2 + means[used / 2] / 2;
    }
    free(means);
    return used > 0;
}

bool cl_median_stops(
    double best, size_t reports, size_t start_step, double threshold, bool maximize) {
    return reports == start_step && (maximize ? best < threshold : best > threshold);
}
