/* The best compromises that an experiment has found: the trials that meet every constraint and that
 * no other such trial dominates. */
#ifndef MUSHIR_SEARCH_FRONT_H
#define MUSHIR_SEARCH_FRONT_H

#include "common/search/outcomes.h"

/* Those of |history| that have every outcome into |front|, by the first objective, the best first;
 * of equal ones all. Returns how many. Arena-owned, borrows the trials. */
size_t mu_front_of(const struct mu_outcomes *outcomes, const struct mu_history *history,
    const struct mu_trial *const **front, struct mu_arena *arena);

/* The setting of a reply that names them, how many it names at most, and in how many bytes, the end
 * among them: it stays in a controller's object. As many names fit as labels of Kubernetes are
 * long, 63 characters; of names, which may have 253, at least 16. */
#define MU_FRONT_SETTING "pareto_front"
enum { MU_FRONT_MOST = 64, MU_FRONT_BYTES = 64 * MU_FRONT_MOST };

/* Their names with commas between: all, or the most that fit, spread evenly over the front, both
 * ends among them. "" when there are none, or not even two fit. Arena-owned. */
const char *mu_front_names(
    const struct mu_outcomes *outcomes, const struct mu_history *history, struct mu_arena *arena);

/* The place in a front of |n| of the |i|th of at most |most| > 1 that are spread evenly. */
static inline size_t mu_front_spread(size_t i, size_t n, size_t most) {
    return n > most ? i * (n - 1) / (most - 1) : i;
}

#endif
