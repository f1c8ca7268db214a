/* How much each parameter matters. */
#ifndef MUSHIR_CLIENT_REPORT_IMPORTANCE_H
#define MUSHIR_CLIENT_REPORT_IMPORTANCE_H

#include <stddef.h>

/* The share of the variance of the objective's ranks that groups of a parameter's values explain,
 * corrected for chance: epsilon squared (Kelley, "An unbiased correlation ratio measure", 1935) =
 * (SS_between - (k - 1) MS_within) / SS_total, at least 0. Ranks, so that one exploded trial does
 * not decide; groups are the values themselves when there are at most 8 different, else up to 6 of
 * equal size by order. |values|, |objective|: n of each, finite. 0 when n < 3 or nothing varies.
 * Cost O(n log n). */
double cl_importance(const double *values, const double *objective, size_t n);

#endif
