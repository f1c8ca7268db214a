/* Dense linear algebra on row-major matrices, over LAPACKE and CBLAS.
 *
 * Row-major lower triangles are handed over as column-major upper ones, so nothing is transposed.
 * Shapes: n x n unless said. */
#ifndef MUSHIR_NUM_LINALG_H
#define MUSHIR_NUM_LINALG_H

#include <stdbool.h>
#include <stddef.h>

/* Solve L x = b (|transposed|: L^T x = b) in place of |b|. */
void mu_solve_lower(const double *l, size_t n, size_t stride, bool transposed, double *b);

/* Sum of the logarithms of the diagonal: half the log determinant of A. */
double mu_log_diagonal(const double *l, size_t n, size_t stride);

/* Eigenvalues, ascending, into |values| and orthonormal eigenvectors of the symmetric |a|, which is
 * replaced: row k becomes the vector of values[k]. |work| holds 3n numbers. False when |a| is not
 * finite or the iteration fails (LAPACK's dsyev). */
bool mu_eigen(double *a, size_t n, double *values, double *work);

/* The inner product of |n| numbers. */
double mu_dot(const double *a, const double *b, size_t n);

#endif
