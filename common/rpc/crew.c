#include "common/rpc/crew.h"

#include <pthread.h>
#include <stdlib.h>

struct mu_crew {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool (*poll)(void *user);
    void *user;
    struct mu_job **ring;
    size_t capacity, first, waiting;
    size_t idle;
    bool led, over;     /* somebody polls; there is nothing more to poll for */
    struct mu_job *own; /* the polling thread's: the job it will run itself */
    pthread_t *threads;
    size_t n_threads;
};

static struct mu_job *pop(struct mu_crew *crew) {
    struct mu_job *job = crew->ring[crew->first];
    crew->first = (crew->first + 1) % crew->capacity;
    crew->waiting--;
    return job;
}

/* Poll until there is a job to run, and pass the lead on; NULL: it is over. */
static struct mu_job *lead(struct mu_crew *crew) {
    bool more = true;
    while (more && !crew->own) {
        more = crew->poll(crew->user);
    }
    struct mu_job *job = crew->own;
    pthread_mutex_lock(&crew->lock);
    crew->own = NULL;
    crew->led = false;
    crew->over |= !more;
    pthread_mutex_unlock(&crew->lock);
    if (more) {
        pthread_cond_signal(&crew->changed);
    } else {
        pthread_cond_broadcast(&crew->changed);
    }
    return job;
}

/* The next job, from the queue or by leading; NULL: there will be none. */
static struct mu_job *next(struct mu_crew *crew) {
    for (;;) {
        struct mu_job *job = NULL;
        pthread_mutex_lock(&crew->lock);
        while (crew->waiting == 0 && crew->led && !crew->over) {
            crew->idle++;
            pthread_cond_wait(&crew->changed, &crew->lock);
            crew->idle--;
        }
        bool leads = crew->waiting == 0 && !crew->over;
        if (crew->waiting > 0) {
            job = pop(crew);
        }
        crew->led |= leads;
        pthread_mutex_unlock(&crew->lock);
        job = leads ? lead(crew) : job;
        if (job || !leads) {
            return job;
        }
    }
}

static void *work(void *user) {
    struct mu_crew *crew = user;
    for (struct mu_job *job; (job = next(crew));) {
        job->run(job);
    }
    return NULL;
}

struct mu_crew *mu_crew_create(size_t workers, size_t capacity, bool (*poll)(void *user), void *user) {
    struct mu_crew *crew = calloc(1, sizeof *crew);
    if (!crew) {
        return NULL;
    }
    pthread_mutex_init(&crew->lock, NULL);
    pthread_cond_init(&crew->changed, NULL);
    crew->poll = poll;
    crew->user = user;
    crew->capacity = capacity;
    crew->led = true; /* nobody polls before all threads are there */
    crew->ring = calloc(capacity, sizeof *crew->ring);
    crew->threads = calloc(workers + 1, sizeof *crew->threads);
    while (crew->ring && crew->threads && crew->n_threads <= workers &&
           pthread_create(&crew->threads[crew->n_threads], NULL, work, crew) == 0) {
        crew->n_threads++;
    }
    bool complete = crew->n_threads > workers;
    pthread_mutex_lock(&crew->lock);
    crew->led = false;
    crew->over = !complete;
    pthread_cond_broadcast(&crew->changed);
    pthread_mutex_unlock(&crew->lock);
    if (!complete) {
        mu_crew_destroy(crew);
        return NULL;
    }
    return crew;
}

bool mu_crew_offer(struct mu_crew *crew, struct mu_job *job) {
    pthread_mutex_lock(&crew->lock);
    bool room = true;
    if (crew->idle > 0) {
        crew->own = job;
    } else if (crew->waiting < crew->capacity) {
        crew->ring[(crew->first + crew->waiting++) % crew->capacity] = job;
    } else {
        room = false;
    }
    pthread_mutex_unlock(&crew->lock);
    return room;
}

size_t mu_crew_waiting(struct mu_crew *crew) {
    pthread_mutex_lock(&crew->lock);
    size_t waiting = crew->waiting;
    pthread_mutex_unlock(&crew->lock);
    return waiting;
}

void mu_crew_destroy(struct mu_crew *crew) {
    if (!crew) {
        return;
    }
    for (size_t i = 0; i < crew->n_threads; i++) {
        pthread_join(crew->threads[i], NULL);
    }
    pthread_cond_destroy(&crew->changed);
    pthread_mutex_destroy(&crew->lock);
    free(crew->threads);
    free(crew->ring);
    free(crew);
}
