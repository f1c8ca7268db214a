#include "common/search/front.h"

#include <string.h>

#include "common/num/pareto.h"

size_t mu_front_of(const struct mu_outcomes *outcomes, const struct mu_history *history,
    const struct mu_trial *const **front, struct mu_arena *arena) {
    size_t m = outcomes->n_objectives;
    size_t n = 0;
    double *row = MU_ARRAY(arena, outcomes->n, double);
    double *values = MU_MATRIX(arena, history->n, m, double);
    const struct mu_trial **feasible = MU_ARRAY(arena, history->n, const struct mu_trial *);
    for (size_t i = 0; i < history->n; i++) {
        mu_outcomes_of(outcomes, &history->trials[i], row);
        if (mu_outcomes_complete(outcomes, row) && mu_outcomes_violation(outcomes, row) <= 0) {
            memcpy(values + n * m, row, m * sizeof *row);
            feasible[n++] = &history->trials[i];
        }
    }
    size_t *index = MU_ARRAY(arena, n, size_t);
    size_t count = mu_pareto_front(values, n, m, index, arena);
    const struct mu_trial **list = MU_ARRAY(arena, count, const struct mu_trial *);
    for (size_t i = 0; i < count; i++) {
        list[i] = feasible[index[i]];
    }
    *front = list;
    return count;
}

/* Bytes that the names of |most| of |n| take, each with a comma or the end behind it. */
static size_t size_of_names(const struct mu_trial *const *front, size_t n, size_t most) {
    size_t size = 0;
    for (size_t i = 0; i < n && i < most; i++) {
        size += strlen(front[mu_front_spread(i, n, most)]->name) + 1;
    }
    return size;
}

const char *mu_front_names(
    const struct mu_outcomes *outcomes, const struct mu_history *history, struct mu_arena *arena) {
    const struct mu_trial *const *front;
    size_t n = mu_front_of(outcomes, history, &front, arena);
    size_t most = MU_FRONT_MOST;
    const char *names = "";
    while (most > 1 && size_of_names(front, n, most) > MU_FRONT_BYTES) {
        most--;
    }
    for (size_t i = 0; i < n && i < most && most > 1; i++) {
        const char *name = front[mu_front_spread(i, n, most)]->name;
        names = mu_arena_format(arena, "%s%s%s", names, i ? "," : "", name);
    }
    return names;
}
