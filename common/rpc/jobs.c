#include "common/rpc/jobs.h"

#include <pthread.h>
#include <stdlib.h>

struct mu_jobs {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct mu_job **ring;
    size_t capacity, first, waiting;
    size_t sleeping;
    bool closing;
    pthread_t *threads;
    size_t n_threads;
};

/* The next job, or NULL when the queue is closed and empty. */
static struct mu_job *pop(struct mu_jobs *jobs) {
    struct mu_job *job = NULL;
    pthread_mutex_lock(&jobs->lock);
    while (jobs->waiting == 0 && !jobs->closing) {
        jobs->sleeping++;
        pthread_cond_wait(&jobs->changed, &jobs->lock);
        jobs->sleeping--;
    }
    if (jobs->waiting > 0) {
        job = jobs->ring[jobs->first];
        jobs->first = (jobs->first + 1) % jobs->capacity;
        jobs->waiting--;
    }
    pthread_mutex_unlock(&jobs->lock);
    return job;
}

static void *work(void *user) {
    struct mu_jobs *jobs = user;
    for (struct mu_job *job; (job = pop(jobs));) {
        job->run(job);
    }
    return NULL;
}

struct mu_jobs *mu_jobs_create(size_t workers, size_t capacity) {
    struct mu_jobs *jobs = calloc(1, sizeof *jobs);
    if (!jobs) {
        return NULL;
    }
    pthread_mutex_init(&jobs->lock, NULL);
    pthread_cond_init(&jobs->changed, NULL);
    jobs->capacity = capacity;
    jobs->ring = calloc(capacity, sizeof *jobs->ring);
    jobs->threads = calloc(workers, sizeof *jobs->threads);
    while (jobs->ring && jobs->threads && jobs->n_threads < workers &&
           pthread_create(&jobs->threads[jobs->n_threads], NULL, work, jobs) == 0) {
        jobs->n_threads++;
    }
    if (jobs->n_threads < workers) {
        mu_jobs_destroy(jobs);
        return NULL;
    }
    return jobs;
}

bool mu_jobs_push(struct mu_jobs *jobs, struct mu_job *job) {
    pthread_mutex_lock(&jobs->lock);
    bool room = jobs->waiting < jobs->capacity && !jobs->closing;
    if (room) {
        jobs->ring[(jobs->first + jobs->waiting++) % jobs->capacity] = job;
    }
    bool wake = room && jobs->sleeping > 0;
    pthread_mutex_unlock(&jobs->lock);
    if (wake) {
        pthread_cond_signal(&jobs->changed);
    }
    return room;
}

size_t mu_jobs_waiting(struct mu_jobs *jobs) {
    pthread_mutex_lock(&jobs->lock);
    size_t waiting = jobs->waiting;
    pthread_mutex_unlock(&jobs->lock);
    return waiting;
}

void mu_jobs_destroy(struct mu_jobs *jobs) {
    if (!jobs) {
        return;
    }
    pthread_mutex_lock(&jobs->lock);
    jobs->closing = true;
    pthread_cond_broadcast(&jobs->changed);
    pthread_mutex_unlock(&jobs->lock);
    for (size_t i = 0; i < jobs->n_threads; i++) {
        pthread_join(jobs->threads[i], NULL);
    }
    pthread_cond_destroy(&jobs->changed);
    pthread_mutex_destroy(&jobs->lock);
    free(jobs->threads);
    free(jobs->ring);
    free(jobs);
}
