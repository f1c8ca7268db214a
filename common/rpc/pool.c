#include "common/rpc/pool.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

/* The states of a thread; all begin as followers.
 *
 *   FOLLOWER --nobody leads--> LEADER --a job, brief on average--> LEADER, RUNNING
 *   waits                      polls                               nobody polls
 *      ^                        |  ^                                |          |
 *      |                        |  +---------- done in time --------+          |
 *      |                        | a job, long on average:                      | the watcher
 *      |                        v hands the lead on                            | took the lead
 *      +------- done -------- RUNNING <----------------------------------------+
 *
 * A follower also runs what is queued. One follower at most is the watcher: it looks every TICK
 * whether the leader still runs the same job. It is ASLEEP until a leader that begins to run calls
 * it, and again when no leader ran for IDLE_TICKS.
 *
 * Nanoseconds: to wake a thread costs some 50 us, so jobs are brief below BRIEF. */
enum { BRIEF = 100 * 1000, TICK = 1000 * 1000, IDLE_TICKS = 2 };

enum watcher { ASLEEP, CALLED, WATCHING };

struct mu_pool {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool (*poll)(void *user);
    void *user;
    struct mu_queue queue;
    size_t idle; /* followers that wait */
    bool started;
    bool has_leader, finished; /* finished: there is nothing more to poll for */
    struct mu_job *leaders;    /* the job that the leader will run itself */
    bool leader_runs;          /* a job, so nobody polls */
    enum watcher watcher;
    uint64_t leader_jobs; /* how many jobs leaders have begun to run */
    uint64_t takeovers;   /* how often a watcher took the lead */
    int64_t mean;         /* running average of what a job takes */
    pthread_t *threads;
    size_t n_threads;
};

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* Whether there is something to do for a thread that waits. */
static bool has_work(const struct mu_pool *pool) {
    return pool->queue.waiting > 0 || !pool->has_leader || pool->finished;
}

/* Run |job|, with the lock held before and after. */
static void run(struct mu_pool *pool, struct mu_job *job) {
    pthread_mutex_unlock(&pool->lock);
    int64_t begun = now();
    job->run(job);
    int64_t taken = now() - begun;
    pthread_mutex_lock(&pool->lock);
    pool->mean += (taken - pool->mean) / 8;
}

static void call_watcher(struct mu_pool *pool) {
    pool->watcher = CALLED;
    pthread_cond_signal(&pool->changed);
}

/* Run |job| and stay the leader; false: the watcher has taken the lead. */
static bool run_as_leader(struct mu_pool *pool, struct mu_job *job) {
    uint64_t takeovers = pool->takeovers;
    pool->leader_runs = true;
    pool->leader_jobs++;
    if (pool->watcher == ASLEEP) {
        call_watcher(pool);
    }
    run(pool, job);
    if (pool->takeovers != takeovers) {
        return false;
    }
    pool->leader_runs = false;
    return true;
}

/* Lead until the lead is handed on, taken, or there is nothing more to poll for. With the lock held
 * before and after. */
static void lead(struct mu_pool *pool) {
    pool->has_leader = true;
    for (;;) {
        pthread_mutex_unlock(&pool->lock);
        bool more = true;
        while (more && !pool->leaders) {
            more = pool->poll(pool->user);
        }
        pthread_mutex_lock(&pool->lock);
        struct mu_job *job = pool->leaders;
        pool->leaders = NULL;
        if (!more) {
            pool->finished = true;
            pool->has_leader = false;
            pthread_cond_broadcast(&pool->changed);
            return;
        }
        if (pool->mean >= BRIEF) {
            pool->has_leader = false;
            pthread_cond_signal(&pool->changed);
            run(pool, job);
            return;
        }
        if (!run_as_leader(pool, job)) {
            return;
        }
    }
}

/* Watch until there is something else to do or, for a while, nothing to watch. */
static void watch(struct mu_pool *pool) {
    pool->watcher = WATCHING;
    for (int idle = 0; idle < IDLE_TICKS && !has_work(pool);) {
        uint64_t jobs = pool->leader_jobs;
        int64_t until = now() + TICK;
        struct timespec time = {until / 1000000000, until % 1000000000};
        if (pthread_cond_timedwait(&pool->changed, &pool->lock, &time) != ETIMEDOUT) {
            continue;
        }
        if (pool->leader_runs && pool->leader_jobs == jobs) {
            pool->takeovers++;
            pool->leader_runs = false;
            pool->has_leader = false;
        }
        idle = pool->leader_jobs == jobs ? idle + 1 : 0;
    }
    pool->watcher = ASLEEP;
    if (pool->leader_runs) {
        call_watcher(pool);
    }
}

static void *work(void *user) {
    struct mu_pool *pool = user;
    pthread_mutex_lock(&pool->lock);
    while (!pool->finished || pool->queue.waiting > 0) {
        if (pool->queue.waiting > 0) {
            run(pool, mu_queue_pop(&pool->queue));
        } else if (!pool->has_leader) {
            lead(pool);
        } else {
            pool->idle++;
            if (pool->watcher == CALLED) {
                watch(pool);
            } else {
                pthread_cond_wait(&pool->changed, &pool->lock);
            }
            pool->idle--;
        }
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

struct mu_pool *mu_pool_create(
    size_t workers, size_t capacity, bool (*poll)(void *user), void *user) {
    struct mu_pool *pool = calloc(1, sizeof *pool);
    if (!pool) {
        return NULL;
    }
    pthread_mutex_init(&pool->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&pool->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pool->poll = poll;
    pool->user = user;
    pool->has_leader = true; /* nobody polls before mu_pool_start */
    pool->threads = calloc(workers + 1, sizeof *pool->threads);
    bool room = mu_queue_init(&pool->queue, capacity) && pool->threads;
    while (room && pool->n_threads <= workers &&
           pthread_create(&pool->threads[pool->n_threads], NULL, work, pool) == 0) {
        pool->n_threads++;
    }
    if (pool->n_threads <= workers) {
        mu_pool_destroy(pool);
        return NULL;
    }
    return pool;
}

void mu_pool_start(struct mu_pool *pool) {
    pthread_mutex_lock(&pool->lock);
    pool->started = true;
    pool->has_leader = false;
    pthread_cond_signal(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
}

struct mu_job *mu_pool_offer(struct mu_pool *pool, struct mu_job *job) {
    pthread_mutex_lock(&pool->lock);
    struct mu_job *refused = NULL;
    if (pool->idle > 0) {
        pool->leaders = job;
    } else {
        refused = mu_queue_push(&pool->queue, job);
    }
    pthread_mutex_unlock(&pool->lock);
    return refused;
}

size_t mu_pool_waiting(struct mu_pool *pool) {
    pthread_mutex_lock(&pool->lock);
    size_t waiting = pool->queue.waiting;
    pthread_mutex_unlock(&pool->lock);
    return waiting;
}

void mu_pool_destroy(struct mu_pool *pool) {
    if (!pool) {
        return;
    }
    pthread_mutex_lock(&pool->lock);
    pool->finished |= !pool->started;
    pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
    for (size_t i = 0; i < pool->n_threads; i++) {
        pthread_join(pool->threads[i], NULL);
    }
    pthread_cond_destroy(&pool->changed);
    pthread_mutex_destroy(&pool->lock);
    free(pool->threads);
    mu_queue_finish(&pool->queue);
    free(pool);
}
