/* Limited-memory BFGS inside a box. */
#ifndef MUSHIR_NUM_LBFGS_H
#define MUSHIR_NUM_LBFGS_H

#include "common/base/arena.h"

/* f(x) and its gradient into |g| (n values); INFINITY where f is not defined. */
typedef double (*mu_objective)(const double *x, double *g, size_t n, void *user);

struct mu_lbfgs {
    const double *low, *high; /* the box, n values each */
    int iterations;           /* at most */
    double gradient;          /* stop when the largest projected gradient component is below */
    double decrease;          /* stop when the relative decrease is below */
};

/* Minimize from |x| (inside the box after clamping), in place; returns f at the end, never above f
 * at the start. Memory 8; two-loop recursion of Nocedal (1980) on the variables that are free
 * (Bertsekas 1982: a variable at a bound with the gradient pointing outwards is fixed), Armijo
 * backtracking along the projected path. Scratch memory from |arena| is given back. */
double mu_lbfgs_minimize(const struct mu_lbfgs *options, mu_objective f, void *user, double *x,
    size_t n, struct mu_arena *arena);

#endif
