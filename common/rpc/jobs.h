/* A bounded queue of jobs and the threads that run them. */
#ifndef MUSHIR_RPC_JOBS_H
#define MUSHIR_RPC_JOBS_H

#include <stdbool.h>
#include <stddef.h>

struct mu_job {
    void (*run)(struct mu_job *job);
};

struct mu_jobs;

/* |workers| threads and room for |capacity| waiting jobs. NULL when threads or memory lack. */
struct mu_jobs *mu_jobs_create(size_t workers, size_t capacity);

/* Queue |job| (owned by the caller; its run must keep it alive). False, at once, when the queue is full. Any thread. */
bool mu_jobs_push(struct mu_jobs *jobs, struct mu_job *job);

/* Jobs that wait. Any thread. */
size_t mu_jobs_waiting(struct mu_jobs *jobs);

/* Run what is queued, end the threads, free all. NULL is allowed. */
void mu_jobs_destroy(struct mu_jobs *jobs);

#endif
