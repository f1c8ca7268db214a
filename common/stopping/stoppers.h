/* What the files of common/stopping share. */
#ifndef MUSHIR_STOPPING_STOPPERS_H
#define MUSHIR_STOPPING_STOPPERS_H

#include "common/stopping/stopping.h"

extern const struct mu_stopper mu_medianstop, mu_percentilestop, mu_curvestop;

/* The setting of that name, which all of them have, as a member of their options. */
#define MU_MIN_TRIALS_REQUIRED(options, trials)                                 \
    {                                                                           \
        .name = "min_trials_required", .value = MU_MEMBER(options, min_trials), \
        .fallback = trials, .min = 1, .max = INFINITY,                          \
        .out_of_range = "min_trials_required must be greater than zero (>0)",   \
        .help = "No trial is stopped before so many have ended of themselves."  \
    }

/* The |p| quantile of |values|, which are sorted, between the neighbours linearly (Hyndman and Fan
 * 1996, type 7). |n| is at least 1. */
double mu_sorted_quantile(const double *values, size_t n, double p);

#endif
