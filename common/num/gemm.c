#include "common/num/gemm.h"

#include "common/base/wide.h"

enum { ROWS = 4, COLUMNS = 2 * MU_LANES };

/* The last columns, in the same order of summation as the tiles. */
static void edge(size_t m, size_t n, size_t k, const double *a, size_t a_row, size_t a_column,
    const double *b, size_t b_row, double *c, size_t c_row) {
    for (size_t i = 0; i < m; i++) {
        for (size_t l = 0; l < k; l++) {
            double x = a[i * a_row + l * a_column];
            for (size_t j = 0; j < n; j++) {
                c[i * c_row + j] += x * b[l * b_row + j];
            }
        }
    }
}

/* |rows| <= ROWS (a constant where it is inlined) rows of C, |n| a multiple of COLUMNS: tiles of C
 * stay in registers while k runs. */
static inline __attribute__((always_inline)) void strip(size_t rows, size_t n, size_t k,
    const double *a, size_t a_row, size_t a_column, const double *b, size_t b_row, double *c,
    size_t c_row) {
    for (size_t j = 0; j < n; j += COLUMNS) {
        mu_lanes sum[ROWS][2];
        for (size_t r = 0; r < rows; r++) {
            sum[r][0] = *(const mu_lanes *)(c + r * c_row + j);
            sum[r][1] = *(const mu_lanes *)(c + r * c_row + j + MU_LANES);
        }
        for (size_t l = 0; l < k; l++) {
            mu_lanes left = *(const mu_lanes *)(b + l * b_row + j);
            mu_lanes right = *(const mu_lanes *)(b + l * b_row + j + MU_LANES);
            for (size_t r = 0; r < rows; r++) {
                double x = a[r * a_row + l * a_column];
                sum[r][0] += x * left;
                sum[r][1] += x * right;
            }
        }
        for (size_t r = 0; r < rows; r++) {
            *(mu_lanes *)(c + r * c_row + j) = sum[r][0];
            *(mu_lanes *)(c + r * c_row + j + MU_LANES) = sum[r][1];
        }
    }
}

MU_WIDE static void tiles(size_t m, size_t n, size_t k, const double *a, size_t a_row,
    size_t a_column, const double *b, size_t b_row, double *c, size_t c_row) {
    size_t i = 0;
    for (; i + ROWS <= m; i += ROWS) {
        strip(ROWS, n, k, a + i * a_row, a_row, a_column, b, b_row, c + i * c_row, c_row);
    }
    switch (m - i) {
    case 3:
        strip(3, n, k, a + i * a_row, a_row, a_column, b, b_row, c + i * c_row, c_row);
        break;
    case 2:
        strip(2, n, k, a + i * a_row, a_row, a_column, b, b_row, c + i * c_row, c_row);
        break;
    case 1:
        strip(1, n, k, a + i * a_row, a_row, a_column, b, b_row, c + i * c_row, c_row);
        break;
    default:
        break;
    }
}

void mu_gemm(size_t m, size_t n, size_t k, const double *a, size_t a_row, size_t a_column,
    const double *b, size_t b_row, double *c, size_t c_row) {
    size_t columns = n - n % COLUMNS;
    tiles(m, columns, k, a, a_row, a_column, b, b_row, c, c_row);
    edge(m, n - columns, k, a, a_row, a_column, b + columns, b_row, c + columns, c_row);
}

void mu_transpose(const double *a, size_t rows, size_t columns, double *b) {
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < columns; j++) {
            b[j * rows + i] = a[i * columns + j];
        }
    }
}
