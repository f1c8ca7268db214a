/* Whose turn it is: the steps that a suggestion goes through until one has a point. */
#ifndef MUSHIR_BAYESOPT_SCHEDULE_H
#define MUSHIR_BAYESOPT_SCHEDULE_H

#include "services/bayesopt/study.h"

/* One way to a point. */
struct mu_bayesopt_step {
    const char *name;
    bool (*applies)(const struct mu_bayesopt_study *study, uint64_t number);
    bool (*propose)(struct mu_bayesopt_study *study, uint64_t number, double *x);
};

/* The first step that applies to suggestion |number| of |study|, beginning at |from|; NULL behind
 * the last. Exposed for tests. */
const struct mu_bayesopt_step *mu_bayesopt_next_step(
    const struct mu_bayesopt_study *study, uint64_t number, const struct mu_bayesopt_step *from);

/* The point of suggestion |number| into |x|: that of the first step that applies and finds one;
 * false when none does. */
bool mu_bayesopt_propose(struct mu_bayesopt_study *study, uint64_t number, double *x);

#endif
