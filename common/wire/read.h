/* The contract's messages as the domain's structs, which borrow them. Private to common/wire. */
#ifndef MUSHIR_WIRE_READ_H
#define MUSHIR_WIRE_READ_H

#include "api.pb-c.h"
#include "common/search/experiment.h"

/* |in| may be NULL: an experiment without a name. */
MU_MUST_USE enum mu_status mu_wire_read_experiment(struct mu_experiment *out,
    const Api__V1__Beta1__Experiment *in, struct mu_arena *arena, struct mu_error *error);

/* |objective|: the experiment's, "" when the trial's own counts. */
void mu_wire_read_trial(struct mu_trial_record *out, const Api__V1__Beta1__Trial *in,
    const char *objective, struct mu_arena *arena);

#endif
