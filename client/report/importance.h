/* How much each parameter matters. */
#ifndef MUSHIR_CLIENT_REPORT_IMPORTANCE_H
#define MUSHIR_CLIENT_REPORT_IMPORTANCE_H

#include "client/run/state.h"
#include "common/model/effects.h"

/* The run as a service would read it; NULL when it is an architecture search. Owned by |arena|. */
const struct mu_wire_suggestions *cl_importance_read(
    const struct cl_run *run, struct mu_arena *arena);

/* The effects of the run's parameters, in the order of the experiment (mu_effects_of): what a
 * service would say of the same trials, computed here. NULL: the trials say nothing yet, or the
 * experiment is an architecture search. Owned by |arena|. */
const struct mu_effects *cl_importance_of(const struct cl_run *run, struct mu_arena *arena);

/* The same in JSON: {"observed": trials with a value, "sure": whether they are enough,
 * "noise": share, "pairs": [{"a": name, "b": name, "share": share}, ...], largest first}. |effects|
 * may be NULL: nothing observed. */
void cl_importance_write(const struct cl_run *run, const struct mu_effects *effects, FILE *out);

/* What it says of parameter |i|: "importance": share, "error": its standard error, "good": share of
 * what tells the best trials from good ones; each null without |effects|. */
void cl_importance_write_parameter(const struct mu_effects *effects, size_t i, FILE *out);

#endif
