#include "services/grid/order.h"

#include <math.h>

#include "common/num/sobol.h"

static uint64_t common_divisor(uint64_t a, uint64_t b) {
    while (b) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* The step that visits all of |levels| with the gaps of a golden rotation: the integer nearest to
 * levels / phi that shares no divisor with it. */
static uint64_t golden_step(uint64_t levels) {
    static const double GOLDEN = 0.61803398874989484820;
    uint64_t nearest = (uint64_t)round((double)levels * GOLDEN);
    for (uint64_t away = 0; away < nearest; away++) {
        if (common_divisor(nearest - away, levels) == 1) {
            return nearest - away;
        }
        if (common_divisor(nearest + away, levels) == 1) {
            return nearest + away;
        }
    }
    return 1;
}

/* The largest level not above u levels. */
static uint64_t level_at(double u, uint64_t levels) {
    uint64_t level = (uint64_t)(u * (double)levels);
    return level < levels ? level : levels - 1;
}

static uint64_t product_modulo(uint64_t a, uint64_t b, uint64_t modulus) {
    return (uint64_t)((unsigned __int128)a * b % modulus);
}

void mu_grid_point(
    uint64_t seed, uint64_t index, const uint64_t *levels, size_t n, uint64_t *point) {
    uint64_t before = 1; /* combinations of the digits before this one */
    uint64_t rest = index;
    for (size_t j = 0; j < n; j++) {
        uint64_t digit = rest % levels[j];
        double turn = mu_sobol_coordinate(seed, index % before, j);
        uint64_t stepped = product_modulo(digit, golden_step(levels[j]), levels[j]);
        point[j] = (stepped + level_at(turn, levels[j])) % levels[j];
        rest /= levels[j];
        before *= levels[j];
    }
}
