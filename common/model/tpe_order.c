#include "common/model/tpe_order.h"

#include <math.h>

#include "common/model/targets.h"
#include "common/num/pareto.h"

/* |values| without explosions (mu_loss_limit): beside a distance to one of those all others would
 * be equal. */
static const double *limited(const double *values, size_t n, size_t m, struct mu_arena *arena) {
    double *result = MU_MATRIX(arena, n, m, double);
    double *column = MU_ARRAY(arena, n, double);
    for (size_t k = 0; k < m && n > 0; k++) {
        for (size_t i = 0; i < n; i++) {
            column[i] = values[i * m + k];
        }
        double limit = mu_loss_limit(column, n, arena);
        for (size_t i = 0; i < n; i++) {
            result[i * m + k] = fmin(column[i], limit);
        }
    }
    return result;
}

static const double *reference_of(
    const double *values, size_t n, size_t m, struct mu_arena *arena) {
    static const double BEYOND = 0.1; /* of the range, as is usual (Ishibuchi et al. 2018) */
    double *reference = MU_ARRAY(arena, m, double);
    for (size_t k = 0; k < m; k++) {
        double low = HUGE_VAL;
        double high = -HUGE_VAL;
        for (size_t i = 0; i < n; i++) {
            low = fmin(low, values[i * m + k]);
            high = fmax(high, values[i * m + k]);
        }
        reference[k] = high > low ? high + BEYOND * (high - low) : high + 1;
    }
    return reference;
}

void mu_tpe_order(const double *values, size_t n, size_t m, const double *violation, size_t most,
    size_t *order, struct mu_arena *arena) {
    size_t *rank = MU_ARRAY(arena, n, size_t);
    const double *limits = limited(values, n, m, arena);
    const double *reference = reference_of(limits, n, m, arena);
    mu_pareto_ranks(values, n, m, violation, rank, arena);
    mu_order_by_rank(rank, n, order, arena);
    most = most < n ? most : n;
    for (size_t from = 0, to; from < most; from = to) {
        for (to = from; to < n && rank[order[to]] == rank[order[from]];) {
            to++;
        }
        mu_order_by_volume(limits, m, reference, order + from, to - from, most - from, arena);
    }
}
