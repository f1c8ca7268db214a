/* The fields of a Kubernetes Job, down to its containers: Katib refuses a template that loses
 * something when it is read as one, and Kubernetes a Job that lacks one it requires. */
#ifndef MUSHIR_CLIENT_EXPERIMENT_JOB_H
#define MUSHIR_CLIENT_EXPERIMENT_JOB_H

#include "client/experiment/schema.h"

/* Check the batch/v1 Job |spec|; what is wrong goes to the checker's problems. */
void cl_job_check(const struct cl_checker *c, const struct cl_node *spec);

#endif
