/* cmocka with the headers that it wants before it, and comparisons of doubles that print what
 * differs. */
#ifndef MUSHIR_TESTS_SUPPORT_CMOCKA_H
#define MUSHIR_TESTS_SUPPORT_CMOCKA_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* |a| and |b| differ by at most |tolerance| (absolute) or the same share of |b|. */
#define assert_close(a, b, tolerance)                                                             \
    do {                                                                                          \
        double close_a = (a);                                                                     \
        double close_b = (b);                                                                     \
        double close_t = (tolerance);                                                             \
        if (!(fabs(close_a - close_b) <= close_t * fmax(1, fabs(close_b)))) {                     \
            fail_msg("%s = %.17g, expected %.17g (tolerance %g)", #a, close_a, close_b, close_t); \
        }                                                                                         \
    } while (0)

#endif
