/* Cholesky factor and inverse of a symmetric matrix, by halves, so that nearly all of the work is
 * matrix products (mu_gemm).
 *
 * Matrices are row-major, n x n, with row stride |stride| >= n. The bytes do not depend on the
 * processor: every sum has one order, as in mu_gemm.
 * Source: Gustavson, Recursion leads to automatic variable blocking for dense linear-algebra
 * algorithms, IBM J. Res. Dev. 41 (1997), and the inverse by the Schur complement. */
#ifndef MUSHIR_NUM_CHOLESKY_H
#define MUSHIR_NUM_CHOLESKY_H

#include <stdbool.h>
#include <stddef.h>

/* In place Cholesky factor of the symmetric |a| (its lower triangle is read and replaced by L, A =
 * L L^T; what stood above the diagonal is lost). False when |a| is not positive definite or not
 * finite; then |a| holds nothing of use. */
bool mu_cholesky(double *a, size_t n, size_t stride);

/* In place inverse from a Cholesky factor: the lower triangle of |l| is read, and all of |l|
 * becomes A^-1 = L^-T L^-1, the same above the diagonal as below. False when the diagonal has a
 * zero. */
bool mu_cholesky_inverse(double *l, size_t n, size_t stride);

#endif
