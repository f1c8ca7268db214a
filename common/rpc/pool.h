/* The threads of a server: one of them waits for events, the others run jobs or are idle.
 *
 * Leader and followers (Schmidt, O'Ryan, Kircher, Pyarali and Buschmann, "Leader/Followers", PLoP
 * 2000): the thread that receives a request runs it itself, so that no answer is delayed by waking
 * another thread. Jobs that take long by the running average are run after the lead has been handed
 * on to an idle thread. Brief ones are not worth that: the leader runs them and goes on waiting,
 * and an idle thread, the watcher, takes the lead should one last longer than some two
 * milliseconds. When all others are busy, the leader does not compute but queues the jobs. So
 * nothing that a job does keeps probes waiting. docs/adr/0030-threads-of-the-server.md has the
 * figures. */
#ifndef MUSHIR_RPC_POOL_H
#define MUSHIR_RPC_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "common/rpc/queue.h"

struct mu_pool;

/* |workers| + 1 threads, of which at most one is in |poll| (wait for one event and handle it;
 * false: there will be none any more) and at most |workers| run jobs; |capacity| jobs can wait.
 * Nobody polls yet. NULL when threads or memory lack. */
struct mu_pool *mu_pool_create(
    size_t workers, size_t capacity, bool (*poll)(void *user), void *user);

/* Begin to poll; once. */
void mu_pool_start(struct mu_pool *pool);

/* Have |job| run (owned by the caller; its run must keep it alive). Returns the job that there is
 * no room for and that will not run, |job| or one that waited; NULL: none. Only inside |poll|, and
 * at most one job per call of it. */
struct mu_job *mu_pool_offer(struct mu_pool *pool, struct mu_job *job);

/* Jobs that wait. Any thread. */
size_t mu_pool_waiting(struct mu_pool *pool);

/* If it was started, wait until |poll| has returned false and every job has run. Free all. NULL is
 * allowed. */
void mu_pool_destroy(struct mu_pool *pool);

#endif
