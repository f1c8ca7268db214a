/* Jobs that wait, in turns of those whom they are for: in every round each of them is served once
 * (Nagle, RFC 970). Whoever has many waiting is not served before others who have
 * few, and gives up a place to them when there is none left. */
#ifndef MUSHIR_RPC_QUEUE_H
#define MUSHIR_RPC_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mu_job {
    void (*run)(struct mu_job *job);
    uint64_t owner; /* any number that tells those apart who take turns */
};

struct mu_queue {
    struct mu_queued {
        struct mu_job *job;
        uint64_t round;
    } * places; /* by round, and by arrival within one */
    size_t capacity, waiting;
    uint64_t round; /* of the job that was taken last */
};

/* An empty queue with room for |capacity| jobs; false: out of memory. */
bool mu_queue_init(struct mu_queue *queue, size_t capacity);
void mu_queue_finish(struct mu_queue *queue);

/* Queue |job|. Returns the job that there is no room for, |job| or one that waited; NULL: none. */
struct mu_job *mu_queue_push(struct mu_queue *queue, struct mu_job *job);

/* The next job of a queue that is not empty. */
struct mu_job *mu_queue_pop(struct mu_queue *queue);

#endif
