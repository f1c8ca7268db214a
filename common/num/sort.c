#include "common/num/sort.h"

#include <stdlib.h>

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

void mu_sort(double *values, size_t n) {
    qsort(values, n, sizeof *values, by_value);
}
