#include "common/model/targets.h"

#include <math.h>
#include <string.h>

#include "common/num/sort.h"

double mu_yeo_johnson(double z, double lambda) {
    double l = log1p(fabs(z));
    double power = z < 0 ? 2 - lambda : lambda;
    double value = fabs(power) < 1e-12 ? l : expm1(power * l) / power;
    return z < 0 ? -value : value;
}

static double profile(const double *z, size_t n, double lambda) {
    double mean = 0;
    double square = 0;
    double jacobian = 0;
    for (size_t i = 0; i < n; i++) {
        double value = mu_yeo_johnson(z[i], lambda);
        double gap = value - mean;
        mean += gap / (double)(i + 1);
        square += gap * (value - mean);
        jacobian += copysign(log1p(fabs(z[i])), z[i]);
    }
    double result = -0.5 * (double)n * log(square / (double)n) + (lambda - 1) * jacobian;
    return isfinite(result) ? result : -HUGE_VAL;
}

double mu_yeo_johnson_lambda(const double *z, size_t n) {
    const double golden = 0.61803398874989484820;
    double low = -2;
    double high = 4;
    double a = high - golden * (high - low);
    double b = low + golden * (high - low);
    double at_a = profile(z, n, a);
    double at_b = profile(z, n, b);
    for (int i = 0; i < 40; i++) {
        if (at_a >= at_b) {
            high = b, b = a, at_b = at_a;
            a = high - golden * (high - low);
            at_a = profile(z, n, a);
        } else {
            low = a, a = b, at_a = at_b;
            b = low + golden * (high - low);
            at_b = profile(z, n, b);
        }
    }
    return (low + high) / 2;
}

bool mu_standardise(double *t, size_t n) {
    double mean = 0;
    double square = 0;
    double largest = 0;
    for (size_t i = 0; i < n; i++) {
        largest = fmax(largest, fabs(t[i]));
    }
    for (size_t i = 0; i < n && largest > 0; i++) {
        t[i] /= largest;
        mean += t[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        square += (t[i] - mean) * (t[i] - mean) / (double)n;
    }
    double scale = sqrt(square);
    bool varied = scale > 1e-14 && isfinite(scale);
    for (size_t i = 0; i < n; i++) {
        t[i] = varied ? (t[i] - mean) / scale : 0;
    }
    return varied;
}

double mu_loss_limit(const double *loss, size_t n, struct mu_arena *arena) {
    struct mu_arena_mark mark = mu_arena_mark(arena);
    double *sorted = MU_ARRAY(arena, n, double);
    memcpy(sorted, loss, n * sizeof *loss);
    mu_sort(sorted, n);
    double spread = sorted[3 * n / 4] - sorted[n / 4];
    double limit = sorted[n / 2] + 10 * spread;
    mu_arena_release(arena, mark);
    return spread > 0 ? limit : HUGE_VAL;
}

/* -loss, scaled to the largest magnitude so that 1e308 does not overflow, with bad outliers
 * clipped. */
static void clipped(const double *loss, double *target, size_t n, struct mu_arena *arena) {
    double largest = 0;
    for (size_t i = 0; i < n; i++) {
        largest = fmax(largest, fabs(loss[i]));
    }
    for (size_t i = 0; i < n; i++) {
        target[i] = largest > 0 ? loss[i] / largest : 0;
    }
    double limit = mu_loss_limit(target, n, arena);
    for (size_t i = 0; i < n; i++) {
        target[i] = -fmin(target[i], limit);
    }
}

bool mu_linear_targets(const double *loss, double *target, size_t n, struct mu_arena *arena) {
    if (n) {
        clipped(loss, target, n, arena);
    }
    return mu_standardise(target, n);
}

bool mu_targets(const double *loss, double *target, size_t n, struct mu_arena *arena) {
    if (!mu_linear_targets(loss, target, n, arena)) {
        return false;
    }
    struct mu_arena_mark mark = mu_arena_mark(arena);
    double *warped = MU_ARRAY(arena, n, double);
    double lambda = mu_yeo_johnson_lambda(target, n);
    for (size_t i = 0; i < n; i++) {
        warped[i] = mu_yeo_johnson(target[i], lambda);
    }
    if (mu_standardise(warped, n)) {
        memcpy(target, warped, n * sizeof *target);
    }
    mu_arena_release(arena, mark);
    return true;
}

/* Where |values|, which became |standardised| by a line, have the value 0. */
static double zero_of(const double *values, const double *standardised, size_t n) {
    size_t low = 0;
    size_t high = 0;
    for (size_t i = 1; i < n; i++) {
        low = values[i] < values[low] ? i : low;
        high = values[i] > values[high] ? i : high;
    }
    double slope = (standardised[high] - standardised[low]) / (values[high] - values[low]);
    return standardised[low] - slope * values[low];
}

bool mu_excess_targets(
    const double *excess, double *target, size_t n, double *bound, struct mu_arena *arena) {
    struct mu_arena_mark mark = mu_arena_mark(arena);
    double *size = MU_ARRAY(arena, n, double);
    double *warped = MU_ARRAY(arena, n, double);
    for (size_t i = 0; i < n; i++) {
        size[i] = fabs(excess[i]);
    }
    mu_sort(size, n);
    double scale = n && size[n / 2] > 0 ? size[n / 2] : 1;
    for (size_t i = 0; i < n; i++) {
        warped[i] = -copysign(log1p(fabs(excess[i]) / scale), excess[i]);
    }
    memcpy(target, warped, n * sizeof *target);
    bool varied = mu_standardise(target, n);
    *bound = varied ? zero_of(warped, target, n) : n && warped[0] < 0 ? 1 : -1;
    mu_arena_release(arena, mark);
    return varied;
}
