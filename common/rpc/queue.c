#include "common/rpc/queue.h"

#include <stdlib.h>
#include <string.h>

bool mu_queue_init(struct mu_queue *queue, size_t capacity) {
    *queue = (struct mu_queue){
        .places = calloc(capacity + 1, sizeof *queue->places), .capacity = capacity};
    return queue->places != NULL;
}

void mu_queue_finish(struct mu_queue *queue) {
    free(queue->places);
}

/* The round of |owner|'s next job: the one after its own that waits, else the one after the job
 * that was taken last. Once a round is served nobody joins it, so every job's turn comes. */
static uint64_t round_of(const struct mu_queue *queue, uint64_t owner) {
    uint64_t round = queue->round + 1;
    for (size_t i = 0; i < queue->waiting; i++) {
        if (queue->places[i].job->owner == owner) {
            round = queue->places[i].round + 1;
        }
    }
    return round;
}

struct mu_job *mu_queue_push(struct mu_queue *queue, struct mu_job *job) {
    uint64_t round = round_of(queue, job->owner);
    size_t at = queue->waiting;
    while (at > 0 && queue->places[at - 1].round > round) {
        at--;
    }
    struct mu_queued *place = &queue->places[at];
    memmove(place + 1, place, (queue->waiting - at) * sizeof *place);
    *place = (struct mu_queued){job, round};
    queue->waiting++;
    return queue->waiting > queue->capacity ? queue->places[--queue->waiting].job : NULL;
}

struct mu_job *mu_queue_pop(struct mu_queue *queue) {
    struct mu_queued first = queue->places[0];
    queue->waiting--;
    memmove(queue->places, queue->places + 1, queue->waiting * sizeof *queue->places);
    queue->round = first.round;
    return first.job;
}
