#include "common/num/lbfgs.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { MEMORY = 8, BACKTRACKS = 15 };

struct state {
    const struct mu_lbfgs *options;
    size_t n;
    double *g, *p, *x_new, *g_new; /* n each */
    double *s, *y;                 /* MEMORY x n */
    double rho[MEMORY];
    int pairs, newest;
    bool *fixed;
};

static double clamp(double v, double low, double high) {
    return v < low ? low : v > high ? high : v;
}

/* Largest component of P(x - g) - x; marks the variables that cannot move. */
static double projected_gradient(struct state *t, const double *x) {
    double largest = 0;
    for (size_t i = 0; i < t->n; i++) {
        double low = t->options->low[i];
        double high = t->options->high[i];
        t->fixed[i] = (x[i] <= low && t->g[i] > 0) || (x[i] >= high && t->g[i] < 0) || low >= high;
        largest = fmax(largest, fabs(clamp(x[i] - t->g[i], low, high) - x[i]));
    }
    return largest;
}

static double free_dot(const struct state *t, const double *a, const double *b) {
    double sum = 0;
    for (size_t i = 0; i < t->n; i++) {
        sum += t->fixed[i] ? 0 : a[i] * b[i];
    }
    return sum;
}

/* p = -H g on the free variables. */
static void direction(struct state *t) {
    double alpha[MEMORY];
    double scale = 0;
    for (size_t i = 0; i < t->n; i++) {
        t->p[i] = t->fixed[i] ? 0 : -t->g[i];
    }
    for (int k = 0; k < t->pairs; k++) {
        int m = (t->newest - k + MEMORY) % MEMORY;
        const double *s = t->s + (size_t)m * t->n;
        const double *y = t->y + (size_t)m * t->n;
        alpha[m] = t->rho[m] * free_dot(t, s, t->p);
        for (size_t i = 0; i < t->n; i++) {
            t->p[i] -= alpha[m] * y[i];
        }
        scale = k == 0 ? 1 / (t->rho[m] * free_dot(t, y, y)) : scale;
    }
    if (t->pairs == 0) {
        double largest = 0;
        for (size_t i = 0; i < t->n; i++) {
            largest = fmax(largest, fabs(t->p[i]));
        }
        scale = largest > 1 ? 1 / largest : 1;
    }
    for (size_t i = 0; i < t->n; i++) {
        t->p[i] *= isfinite(scale) && scale > 0 ? scale : 1;
    }
    for (int k = t->pairs - 1; k >= 0; k--) {
        int m = (t->newest - k + MEMORY) % MEMORY;
        const double *s = t->s + (size_t)m * t->n;
        const double *y = t->y + (size_t)m * t->n;
        double beta = t->rho[m] * free_dot(t, y, t->p);
        for (size_t i = 0; i < t->n; i++) {
            t->p[i] += (alpha[m] - beta) * s[i];
        }
    }
    for (size_t i = 0; i < t->n; i++) {
        t->p[i] = t->fixed[i] ? 0 : t->p[i];
    }
}

static void steepest(struct state *t) {
    t->pairs = 0;
    direction(t);
}

/* Backtrack along the projected path from |x|; the new point and gradient are in x_new, g_new.
 * INFINITY when no step is good. */
static double search(struct state *t, mu_objective f, void *user, const double *x, double fx) {
    double step = 1;
    for (int k = 0; k < BACKTRACKS; k++, step *= 0.4) {
        double slope = 0;
        for (size_t i = 0; i < t->n; i++) {
            t->x_new[i] = clamp(x[i] + step * t->p[i], t->options->low[i], t->options->high[i]);
            slope += t->g[i] * (t->x_new[i] - x[i]);
        }
        double value = f(t->x_new, t->g_new, t->n, user);
        if (value <= fx + 1e-4 * slope && slope < 0) {
            return value;
        }
    }
    return INFINITY;
}

static void remember(struct state *t, const double *x) {
    int m = (t->newest + 1) % MEMORY;
    double *s = t->s + (size_t)m * t->n;
    double *y = t->y + (size_t)m * t->n;
    double sy = 0;
    for (size_t i = 0; i < t->n; i++) {
        s[i] = t->x_new[i] - x[i];
        y[i] = t->g_new[i] - t->g[i];
        sy += s[i] * y[i];
    }
    if (sy > 1e-12) {
        t->newest = m;
        t->rho[m] = 1 / sy;
        t->pairs = t->pairs < MEMORY ? t->pairs + 1 : MEMORY;
    }
}

static double iterate(struct state *t, mu_objective f, void *user, double *x) {
    double fx = f(x, t->g, t->n, user);
    for (int k = 0; k < t->options->iterations && isfinite(fx); k++) {
        if (projected_gradient(t, x) < t->options->gradient) {
            break;
        }
        direction(t);
        if (!(free_dot(t, t->p, t->g) < 0)) {
            steepest(t);
        }
        double next = search(t, f, user, x, fx);
        if (!isfinite(next) && t->pairs > 0) {
            steepest(t);
            next = search(t, f, user, x, fx);
        }
        if (!isfinite(next)) {
            break;
        }
        remember(t, x);
        double decrease = (fx - next) / fmax(1, fabs(fx));
        memcpy(x, t->x_new, t->n * sizeof *x);
        memcpy(t->g, t->g_new, t->n * sizeof *x);
        fx = next;
        if (decrease < t->options->decrease) {
            break;
        }
    }
    return fx;
}

double mu_lbfgs_minimize(const struct mu_lbfgs *options, mu_objective f, void *user, double *x,
    size_t n, struct mu_arena *arena) {
    struct mu_arena_mark mark = mu_arena_mark(arena);
    double *work = MU_ARRAY(arena, n * (4 + 2 * MEMORY), double);
    struct state t = {.options = options,
        .n = n,
        .g = work,
        .p = work + n,
        .x_new = work + 2 * n,
        .g_new = work + 3 * n,
        .s = work + 4 * n,
        .y = work + (4 + MEMORY) * n,
        .fixed = MU_ARRAY(arena, n, bool)};
    for (size_t i = 0; i < n; i++) {
        x[i] = clamp(x[i], options->low[i], options->high[i]);
    }
    double fx = iterate(&t, f, user, x);
    mu_arena_release(arena, mark);
    return fx;
}
