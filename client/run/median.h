/* The median stopping rule (Golovin et al., "Google Vizier", 2017, section 3.2.2), as Katib applies
 * it: a threshold fixed when a trial begins. */
#ifndef MUSHIR_CLIENT_RUN_MEDIAN_H
#define MUSHIR_CLIENT_RUN_MEDIAN_H

#include <stdbool.h>
#include <stddef.h>

/* The objective values that a succeeded trial reported, in order. */
struct cl_series {
    const double *values;
    size_t n;
};

/* The median over |trials| of the mean of their first |start_step| values; trials without values
 * are left out. False while fewer than |min_trials| (all of |n| counted) have succeeded, or none
 * has a value. Cost O(n * start_step + n log n). */
bool cl_median_threshold(const struct cl_series *trials, size_t n, size_t min_trials,
    size_t start_step, double *threshold);

/* Whether a trial whose best value so far is |best| after |reports| reports must stop: judged at
 * report |start_step| and never again. */
bool cl_median_stops(
    double best, size_t reports, size_t start_step, double threshold, bool maximize);

#endif
