/* The metrics of an experiment, found by name. Private to common/wire. */
#ifndef MUSHIR_WIRE_METRICS_H
#define MUSHIR_WIRE_METRICS_H

#include "api.pb-c.h"
#include "common/base/set.h"
#include "common/search/experiment.h"

struct mu_wire_metrics {
    struct mu_objective *list; /* set.n of them, the objective first, no name twice */
    struct mu_set set;
};

/* The metrics that |in| names (NULL: one without a name), arena-owned. The contract tells the
 * direction of the objective alone; Katib takes it for the additional ones too. */
void mu_wire_metrics_init(struct mu_wire_metrics *metrics, const Api__V1__Beta1__ObjectiveSpec *in,
    struct mu_arena *arena);

/* The text of each metric in the trial's observation, NULL where it is missing; of a name that is
 * reported twice the first. When the experiment does not name its objective, the trial does. Linear
 * in what is reported. Arena-owned. */
const char *const *mu_wire_metrics_read(
    const struct mu_wire_metrics *metrics, const Api__V1__Beta1__Trial *in, struct mu_arena *arena);

/* What the trial reports, as "a, b", when the objective is not among it; NULL when it is, or when
 * nothing is reported. At most 256 bytes of names. Arena-owned. */
const char *mu_wire_metrics_others(
    const struct mu_wire_metrics *metrics, const Api__V1__Beta1__Trial *in, struct mu_arena *arena);

#endif
