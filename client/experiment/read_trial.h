/* Reading what a trial is: the objective, the metrics collector and the trial template. */
#ifndef MUSHIR_CLIENT_EXPERIMENT_READ_TRIAL_H
#define MUSHIR_CLIENT_EXPERIMENT_READ_TRIAL_H

#include "client/experiment/experiment.h"
#include "client/experiment/schema.h"

/* Fill |e| from |spec|; mistakes go to the checker's problems, and reading goes on. The template
 * is read last: it is compared with the parameters. */
void cl_read_objective(
    const struct cl_checker *c, const struct cl_node *spec, struct cl_experiment *e);
void cl_read_collector(
    const struct cl_checker *c, const struct cl_node *spec, struct cl_collector_spec *collector);
void cl_read_template(
    const struct cl_checker *c, const struct cl_node *spec, struct cl_experiment *e);

#endif
