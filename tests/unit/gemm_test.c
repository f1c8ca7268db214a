/* Products against the definition, bit for bit: the order of summation is part of the promise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/num/gemm.h"
#include "common/num/stream.h"

static void fill(double *x, size_t n, struct mu_stream *stream) {
    for (size_t i = 0; i < n; i++) {
        x[i] = mu_normal(stream);
    }
}

static void every_shape_sums_in_order(void **state) {
    (void)state;
    static double a[400];
    static double b[400];
    static double c[400];
    static double expected[400];
    struct mu_stream stream;
    mu_stream_init(&stream, 1, 1, "gemm");
    for (size_t m = 1; m <= 9; m++) {
        for (size_t n = 1; n <= 19; n++) {
            for (size_t k = 1; k <= 7; k += 2) {
                for (int transposed = 0; transposed < 2; transposed++) {
                    size_t row = transposed ? 1 : k;
                    size_t column = transposed ? m : 1;
                    fill(a, m * k, &stream);
                    fill(b, k * n, &stream);
                    fill(c, m * n, &stream);
                    memcpy(expected, c, sizeof c);
                    for (size_t l = 0; l < k; l++) {
                        for (size_t i = 0; i < m; i++) {
                            for (size_t j = 0; j < n; j++) {
                                double product = a[i * row + l * column] * b[l * n + j];
                                expected[i * n + j] += product;
                            }
                        }
                    }
                    mu_gemm(m, n, k, a, row, column, b, n, c, n);
                    assert_memory_equal(c, expected, m * n * sizeof *c);
                }
            }
        }
    }
}

static void transposed_twice_is_the_same(void **state) {
    (void)state;
    static double a[3 * 5];
    static double b[5 * 3];
    static double c[3 * 5];
    struct mu_stream stream;
    mu_stream_init(&stream, 1, 2, "gemm");
    fill(a, 15, &stream);
    mu_transpose(a, 3, 5, b);
    assert_true(b[4 * 3 + 1] == a[1 * 5 + 4]);
    mu_transpose(b, 5, 3, c);
    assert_memory_equal(a, c, sizeof a);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_shape_sums_in_order),
        cmocka_unit_test(transposed_twice_is_the_same)};
    return cmocka_run_group_tests_name("gemm", tests, NULL, NULL);
}
