/* The contract's messages as the domain's structs, which borrow them. Private to common/wire. */
#ifndef MUSHIR_WIRE_READ_H
#define MUSHIR_WIRE_READ_H

#include "common/wire/metrics.h"

/* |in| may be NULL: an experiment without a name. |metrics| are those of |out|. */
MU_MUST_USE enum mu_status mu_wire_read_experiment(struct mu_experiment *out,
    struct mu_wire_metrics *metrics, const Api__V1__Beta1__Experiment *in, struct mu_arena *arena,
    struct mu_error *error);

/* |metrics|: the experiment's. */
void mu_wire_read_trial(struct mu_trial_record *out, const Api__V1__Beta1__Trial *in,
    const struct mu_wire_metrics *metrics, struct mu_arena *arena);

#endif
