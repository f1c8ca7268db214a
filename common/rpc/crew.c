#include "common/rpc/crew.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

/* Nanoseconds. To wake a thread costs some 50 us, so a leader whose jobs usually take less than
 * BRIEF runs them without passing the lead on. Should one take longer after all, the deputy sees it
 * within two ticks and takes the lead. */
enum { BRIEF = 100 * 1000, TICK = 1000 * 1000, CALM_TICKS = 2 };

/* The idle thread that looks every TICK whether the leader is away for too long; it sleeps again
 * after CALM_TICKS in which no leader was.
 */
enum deputy { ASLEEP, CALLED, WATCHING };

struct mu_crew {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool (*poll)(void *user);
    void *user;
    struct mu_queue queue;
    size_t idle;
    bool started;
    bool led, over;     /* somebody leads; there is nothing more to poll for */
    struct mu_job *own; /* the leader's: the job it will run itself */
    bool away;          /* the leader runs a job, so nobody polls */
    enum deputy deputy;
    uint64_t turns; /* how often a leader went away */
    uint64_t terms; /* how often a deputy took the lead */
    int64_t usual;  /* running average of what a job takes */
    pthread_t *threads;
    size_t n_threads;
};

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* Whether there is something to do for a thread that waits. */
static bool has_work(const struct mu_crew *crew) {
    return crew->queue.waiting > 0 || !crew->led || crew->over;
}

/* Run |job|, with the lock held before and after. */
static void run(struct mu_crew *crew, struct mu_job *job) {
    pthread_mutex_unlock(&crew->lock);
    int64_t begun = now();
    job->run(job);
    int64_t taken = now() - begun;
    pthread_mutex_lock(&crew->lock);
    crew->usual += (taken - crew->usual) / 8;
}

static void call_deputy(struct mu_crew *crew) {
    crew->deputy = CALLED;
    pthread_cond_signal(&crew->changed);
}

/* Run |job| and keep the lead; false: a deputy has taken it. */
static bool run_away(struct mu_crew *crew, struct mu_job *job) {
    uint64_t term = crew->terms;
    crew->away = true;
    crew->turns++;
    if (crew->deputy == ASLEEP) {
        call_deputy(crew);
    }
    run(crew, job);
    if (crew->terms != term) {
        return false;
    }
    crew->away = false;
    return true;
}

/* Lead until the lead is passed on, taken, or there is nothing more to poll for. With the lock held
 * before and after. */
static void lead(struct mu_crew *crew) {
    crew->led = true;
    for (;;) {
        pthread_mutex_unlock(&crew->lock);
        bool more = true;
        while (more && !crew->own) {
            more = crew->poll(crew->user);
        }
        pthread_mutex_lock(&crew->lock);
        struct mu_job *job = crew->own;
        crew->own = NULL;
        if (!more) {
            crew->over = true;
            crew->led = false;
            pthread_cond_broadcast(&crew->changed);
            return;
        }
        if (crew->usual >= BRIEF) {
            crew->led = false;
            pthread_cond_signal(&crew->changed);
            run(crew, job);
            return;
        }
        if (!run_away(crew, job)) {
            return;
        }
    }
}

/* Be the deputy until there is something else to do or, for a while, nothing to watch. */
static void watch(struct mu_crew *crew) {
    crew->deputy = WATCHING;
    for (int calm = 0; calm < CALM_TICKS && !has_work(crew);) {
        uint64_t turns = crew->turns;
        int64_t until = now() + TICK;
        struct timespec time = {until / 1000000000, until % 1000000000};
        if (pthread_cond_timedwait(&crew->changed, &crew->lock, &time) != ETIMEDOUT) {
            continue;
        }
        if (crew->away && crew->turns == turns) {
            crew->terms++;
            crew->away = false;
            crew->led = false;
        }
        calm = crew->turns == turns ? calm + 1 : 0;
    }
    crew->deputy = ASLEEP;
    if (crew->away) {
        call_deputy(crew);
    }
}

static void *work(void *user) {
    struct mu_crew *crew = user;
    pthread_mutex_lock(&crew->lock);
    while (!crew->over || crew->queue.waiting > 0) {
        if (crew->queue.waiting > 0) {
            run(crew, mu_queue_pop(&crew->queue));
        } else if (!crew->led) {
            lead(crew);
        } else {
            crew->idle++;
            if (crew->deputy == CALLED) {
                watch(crew);
            } else {
                pthread_cond_wait(&crew->changed, &crew->lock);
            }
            crew->idle--;
        }
    }
    pthread_mutex_unlock(&crew->lock);
    return NULL;
}

struct mu_crew *mu_crew_create(
    size_t workers, size_t capacity, bool (*poll)(void *user), void *user) {
    struct mu_crew *crew = calloc(1, sizeof *crew);
    if (!crew) {
        return NULL;
    }
    pthread_mutex_init(&crew->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&crew->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    crew->poll = poll;
    crew->user = user;
    crew->led = true; /* nobody polls before mu_crew_start */
    crew->threads = calloc(workers + 1, sizeof *crew->threads);
    bool room = mu_queue_init(&crew->queue, capacity) && crew->threads;
    while (room && crew->n_threads <= workers &&
           pthread_create(&crew->threads[crew->n_threads], NULL, work, crew) == 0) {
        crew->n_threads++;
    }
    if (crew->n_threads <= workers) {
        mu_crew_destroy(crew);
        return NULL;
    }
    return crew;
}

void mu_crew_start(struct mu_crew *crew) {
    pthread_mutex_lock(&crew->lock);
    crew->started = true;
    crew->led = false;
    pthread_cond_signal(&crew->changed);
    pthread_mutex_unlock(&crew->lock);
}

struct mu_job *mu_crew_offer(struct mu_crew *crew, struct mu_job *job) {
    pthread_mutex_lock(&crew->lock);
    struct mu_job *refused = NULL;
    if (crew->idle > 0) {
        crew->own = job;
    } else {
        refused = mu_queue_push(&crew->queue, job);
    }
    pthread_mutex_unlock(&crew->lock);
    return refused;
}

size_t mu_crew_waiting(struct mu_crew *crew) {
    pthread_mutex_lock(&crew->lock);
    size_t waiting = crew->queue.waiting;
    pthread_mutex_unlock(&crew->lock);
    return waiting;
}

void mu_crew_destroy(struct mu_crew *crew) {
    if (!crew) {
        return;
    }
    pthread_mutex_lock(&crew->lock);
    crew->over |= !crew->started;
    pthread_cond_broadcast(&crew->changed);
    pthread_mutex_unlock(&crew->lock);
    for (size_t i = 0; i < crew->n_threads; i++) {
        pthread_join(crew->threads[i], NULL);
    }
    pthread_cond_destroy(&crew->changed);
    pthread_mutex_destroy(&crew->lock);
    free(crew->threads);
    mu_queue_finish(&crew->queue);
    free(crew);
}
