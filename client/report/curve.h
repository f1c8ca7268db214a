/* Curves with fewer points, for a page. */
#ifndef MUSHIR_CLIENT_REPORT_CURVE_H
#define MUSHIR_CLIENT_REPORT_CURVE_H

#include <stddef.h>

enum { CL_CURVE_LEAST = 4 };

/* The indices of at most |most| >= CL_CURVE_LEAST of |n| finite |values| into |kept|, ascending;
 * returns how many. All of them when they are no more; else of each of most / 4 equally long parts
 * the first, the last, the smallest and the largest value: M4 (Jugel, Jerzak, Hackenbroich and
 * Markl, "M4: A Visualization-Oriented Time Series Data Aggregation", VLDB 2014), so that no peak
 * goes and the ends stay. |kept| has room for |most|. */
size_t cl_curve_thin(const double *values, size_t n, size_t most, size_t *kept);

#endif
