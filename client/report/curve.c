#include "client/report/curve.h"

/* The part [from, to) of the values; its indices behind the |m| kept ones. */
static size_t keep_part(const double *values, size_t from, size_t to, size_t *kept, size_t m) {
    size_t least = from;
    size_t most = from;
    for (size_t i = from + 1; i < to; i++) {
        least = values[i] < values[least] ? i : least;
        most = values[i] > values[most] ? i : most;
    }
    size_t four[] = {from, least < most ? least : most, least < most ? most : least, to - 1};
    for (size_t k = 0; k < CL_CURVE_LEAST; k++) {
        if (m == 0 || four[k] > kept[m - 1]) {
            kept[m++] = four[k];
        }
    }
    return m;
}

size_t cl_curve_thin(const double *values, size_t n, size_t most, size_t *kept) {
    size_t parts = most / CL_CURVE_LEAST;
    size_t m = 0;
    if (n <= most) {
        for (; m < n; m++) {
            kept[m] = m;
        }
        return n;
    }
    for (size_t p = 0; p < parts; p++) {
        m = keep_part(values, p * n / parts, (p + 1) * n / parts, kept, m);
    }
    return m;
}
