/* The queue: which experiments run, so that no more than so many trials run at a time.
 *
 * Each experiment is run by a `mushir run --resume` of its own, first come, first served: the first
 * in the queue waits until its trials at a time fit, and the others wait behind it. */
#ifndef MUSHIR_CLIENT_SERVE_QUEUE_H
#define MUSHIR_CLIENT_SERVE_QUEUE_H

#include "client/serve/catalog.h"

struct cl_queue {
    struct cl_catalog *catalog;
    int limit;           /* trials at a time, of all experiments */
    const char *address; /* of a suggestion service; NULL: each run starts its own */
    bool closed;         /* nothing is started any more */
};

/* Start what fits; where no process can be started, the first waits for the next tick. */
void cl_queue_advance(struct cl_queue *queue);

/* Time went by: the first in the queue may wait for the end of a run that is not ours, such as one
 * of a server that was killed a moment ago. */
void cl_queue_tick(struct cl_queue *queue);

/* Put an experiment at the queue's end, or back into it: one that is pausing or stopping goes on.
 */
void cl_queue_run(struct cl_queue *queue, struct cl_entry *entry);

/* Start no new trials of it, or end its trials; out of the queue in any case. */
void cl_queue_pause(struct cl_queue *queue, struct cl_entry *entry);
void cl_queue_stop(struct cl_queue *queue, struct cl_entry *entry);

/* Have its run read the experiment anew; its trials run on meanwhile. */
void cl_queue_renew(struct cl_entry *entry);

/* The process |pid| has ended with |status|, as waitpid tells; false when it is no run. */
bool cl_queue_ended(struct cl_queue *queue, pid_t pid, int status);

/* End all trials and start nothing more: what was wanted stays wanted. The number of runs that have
 * not ended yet. */
size_t cl_queue_close(struct cl_queue *queue);

/* How many are before |entry| in the queue. */
size_t cl_queue_before(const struct cl_queue *queue, const struct cl_entry *entry);

#endif
