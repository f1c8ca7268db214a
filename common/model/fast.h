/* exp for inner loops: plain arithmetic that a compiler turns into vector code, the same
 * bits on every processor (libm picks variants by processor, which can turn a comparison of two
 * scores around between two replicas). */
#ifndef MUSHIR_MODEL_FAST_H
#define MUSHIR_MODEL_FAST_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "common/base/wide.h"

/* Sums are formed in lanes, which a processor adds at once; the order is fixed, so is the result.
 */
static inline double mu_sum_of_lanes(const double lanes[MU_LANES]) {
    return lanes[0] + lanes[1] + (lanes[2] + lanes[3]);
}

/* exp(|x|) for x <= 700 to 1e-13 relative; 0 below -700 (so the smallest positive result is
 * 1e-304). Reduction x = k ln 2 + r with the shift trick, |r| <= 0.35, and the Taylor polynomial of
 * degree 11. */
static inline double mu_fast_exp(double x) {
    const double shift = 6755399441055744.0; /* 1.5 * 2^52: adding it rounds to an integer that sits
                                                in the low bits */
    double clamped = x < -700 ? -700 : x;
    double shifted = clamped * 1.4426950408889634 + shift;
    double k = shifted - shift;
    double r = clamped - k * 0.693147180369123816490 - k * 1.90821492927058770002e-10;
    double p = 2.5052108385441720e-08;
    p = p * r + 2.7557319223985893e-07;
    p = p * r + 2.7557319223985888e-06;
    p = p * r + 2.4801587301587302e-05;
    p = p * r + 1.9841269841269841e-04;
    p = p * r + 1.3888888888888889e-03;
    p = p * r + 8.3333333333333332e-03;
    p = p * r + 4.1666666666666664e-02;
    p = p * r + 1.6666666666666666e-01;
    p = p * r + 0.5;
    p = p * r + 1;
    p = p * r + 1;
    uint64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 1023) << 52;
    double power;
    memcpy(&power, &bits, sizeof power);
    return x < -700 ? 0 : p * power;
}

#endif
