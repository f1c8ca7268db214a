/* Reading what is searched: parameters, or the network of an architecture search. */
#ifndef MUSHIR_CLIENT_EXPERIMENT_READ_SPACE_H
#define MUSHIR_CLIENT_EXPERIMENT_READ_SPACE_H

#include "client/experiment/experiment.h"
#include "client/experiment/schema.h"

/* Fill |e| from |spec|; mistakes go to the checker's problems, and reading goes on. */
void cl_read_parameters(
    const struct cl_checker *c, const struct cl_node *spec, struct cl_experiment *e);
void cl_read_network(
    const struct cl_checker *c, const struct cl_node *spec, struct cl_experiment *e);

#endif
