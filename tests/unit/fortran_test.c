/* What LAPACK calls in place of Fortran's runtime. */
#include <lapacke.h>

#include "tests/support/cmocka.h"

void _gfortran_concat_string(/* NOLINT(*-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
    size_t size, char *text, size_t n, const char *first, size_t m, const char *second);

static void check_joined(size_t size, const char *expected) {
    char text[8] = "#######";
    _gfortran_concat_string(size, text, 2, "ab", 3, "cde");
    assert_string_equal(text, expected);
}

static void strings_are_joined_cut_off_and_filled(void **state) {
    (void)state;
    check_joined(5, "abcde##");
    check_joined(7, "abcde  ");
    check_joined(4, "abcd###");
    check_joined(1, "a######");
    check_joined(0, "#######");
}

static void a_wrong_argument_is_returned_and_ends_nothing(void **state) {
    (void)state;
    double a = 1;
    assert_int_equal(LAPACKE_dpotri_work(LAPACK_COL_MAJOR, '?', 1, &a, 1), -2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_are_joined_cut_off_and_filled),
        cmocka_unit_test(a_wrong_argument_is_returned_and_ends_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
