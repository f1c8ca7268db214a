/* Numbers in order. */
#ifndef MUSHIR_NUM_SORT_H
#define MUSHIR_NUM_SORT_H

#include <stddef.h>

/* Sort |n| numbers, none of them NAN, in place, ascending. */
void mu_sort(double *values, size_t n);

#endif
