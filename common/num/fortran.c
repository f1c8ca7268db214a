/* What the routines of LAPACK and BLAS need of Fortran. Fortran's own runtime, of which these two
 * functions would be called, brings its input and output, and with that libquadmath, which hooks
 * itself into printf: every conversion of the program would take glibc's slow path. */
#include <stddef.h>
#include <string.h>

/* NOLINTBEGIN(*-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): Fortran's compiler names it */

void xerbla_(const char *routine, const int *argument, size_t length);
void _gfortran_concat_string(
    size_t size, char *text, size_t n, const char *first, size_t m, const char *second);

/* An argument that |routine| does not allow. The routine returns its number as well, as `info`,
 * which is what callers look at; the original prints it and ends the process. */
void xerbla_(const char *routine, const int *argument, size_t length) {
    (void)routine;
    (void)argument;
    (void)length;
}

/* |first| and |second| of |n| and |m| characters in |text| of |size|, cut off or followed by
 * spaces. */
void _gfortran_concat_string(
    size_t size, char *text, size_t n, const char *first, size_t m, const char *second) {
    n = n < size ? n : size;
    m = m < size - n ? m : size - n;
    memcpy(text, first, n);
    memcpy(text + n, second, m);
    memset(text + n + m, ' ', size - n - m);
}

/* NOLINTEND(*-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
