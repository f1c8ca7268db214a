/* What Katib's admission webhook refuses, beyond what a run here needs: the rules of
 * kubeflow/katib's validator.go, after the defaults of experiment_defaults.go. */
#ifndef MUSHIR_CLIENT_EXPERIMENT_WEBHOOK_H
#define MUSHIR_CLIENT_EXPERIMENT_WEBHOOK_H

#include "client/experiment/experiment.h"

/* Add what Katib would refuse of the experiment |e|, whose tree is e->root, to |problems|, and warn
 * of what it takes but does otherwise than one may think. */
void cl_webhook_check(
    const struct cl_experiment *e, struct mu_arena *arena, struct cl_problems *problems);

#endif
