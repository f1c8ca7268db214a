/* A history from records, as the wire layer builds it from messages. */
#ifndef MUSHIR_TESTS_SUPPORT_HISTORY_H
#define MUSHIR_TESTS_SUPPORT_HISTORY_H

#include "common/search/experiment.h"

/* One metric, as most experiments have. */
static const struct mu_objective MINIMIZED[] = {{"loss", false}}, MAXIMIZED[] = {{"loss", true}};

static inline void build_history(struct mu_history *history, const struct mu_experiment *experiment,
    const struct mu_trial_record *records, size_t n, struct mu_arena *memory) {
    struct mu_trial *trials = MU_ARRAY(memory, n, struct mu_trial);
    const struct mu_trial **list = MU_ARRAY(memory, n, const struct mu_trial *);
    for (size_t i = 0; i < n; i++) {
        mu_trial_read(&trials[i], experiment, &records[i], memory);
        list[i] = &trials[i];
    }
    mu_history_of(history, list, n, memory);
}

#endif
