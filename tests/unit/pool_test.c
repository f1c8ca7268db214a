/* The threads of a server: somebody always polls, whatever a job does. No clock is read: what could
 * go wrong shows as a test that hangs. */
#include <pthread.h>
#include <stdatomic.h>

#include "common/rpc/pool.h"
#include "tests/support/cmocka.h"

enum { WORKERS = 2, CAPACITY = 4, BRIEF_JOBS = 2000 };

/* What polling brings, call by call: a job or nothing; after the last it is over. */
struct stage {
    struct mu_pool *pool;
    struct mu_job *jobs[BRIEF_JOBS + 8];
    size_t n_jobs, next;
    atomic_size_t polled, run, refused;
    atomic_int polling, crowded; /* threads in poll; how often there was more than one */
    pthread_mutex_t lock;
    pthread_cond_t moved;
};

static struct stage stage;

static void reset(void) {
    stage = (struct stage){.lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER};
}

static bool poll_stage(void *user) {
    (void)user;
    atomic_fetch_add(&stage.crowded, atomic_fetch_add(&stage.polling, 1) > 0);
    size_t i = stage.next++;
    if (i < stage.n_jobs && stage.jobs[i] && mu_pool_offer(stage.pool, stage.jobs[i])) {
        atomic_fetch_add(&stage.refused, 1);
    }
    pthread_mutex_lock(&stage.lock);
    atomic_fetch_add(&stage.polled, 1);
    pthread_cond_broadcast(&stage.moved);
    pthread_mutex_unlock(&stage.lock);
    atomic_fetch_sub(&stage.polling, 1);
    return i < stage.n_jobs;
}

static void run_brief(struct mu_job *job) {
    (void)job;
    atomic_fetch_add(&stage.run, 1);
}

/* A job that ends only when all polling is over. */
static void run_until_polled(struct mu_job *job) {
    (void)job;
    pthread_mutex_lock(&stage.lock);
    while (atomic_load(&stage.polled) <= stage.n_jobs) {
        pthread_cond_wait(&stage.moved, &stage.lock);
    }
    pthread_mutex_unlock(&stage.lock);
    atomic_fetch_add(&stage.run, 1);
}

static void perform(void) {
    stage.pool = mu_pool_create(WORKERS, CAPACITY, poll_stage, NULL);
    assert_non_null(stage.pool);
    mu_pool_start(stage.pool);
    mu_pool_destroy(stage.pool);
    assert_int_equal(atomic_load(&stage.crowded), 0);
}

static void every_brief_job_runs(void **state) {
    (void)state;
    struct mu_job brief = {.run = run_brief};
    reset();
    stage.n_jobs = BRIEF_JOBS;
    for (size_t i = 0; i < stage.n_jobs; i++) {
        stage.jobs[i] = &brief;
    }
    perform();
    assert_int_equal(atomic_load(&stage.run) + atomic_load(&stage.refused), BRIEF_JOBS);
}

/* After many brief jobs the leader takes the next for brief too; when it is not, somebody else must
 * poll. */
static void a_long_job_does_not_stop_the_polling(void **state) {
    (void)state;
    struct mu_job brief = {.run = run_brief};
    struct mu_job lengthy = {.run = run_until_polled};
    for (size_t at = 0; at < 40; at++) {
        reset();
        stage.n_jobs = 44;
        for (size_t i = 0; i < stage.n_jobs; i++) {
            stage.jobs[i] = i == at ? &lengthy : i < at ? &brief : NULL;
        }
        perform();
        assert_int_equal(atomic_load(&stage.run) + atomic_load(&stage.refused), at + 1);
    }
}

/* Workers that are all busy leave one thread that polls, a queue, and refusals beyond it. */
static void a_full_server_queues_and_refuses(void **state) {
    (void)state;
    struct mu_job lengthy = {.run = run_until_polled};
    reset();
    stage.n_jobs = WORKERS + CAPACITY + 2;
    for (size_t i = 0; i < stage.n_jobs; i++) {
        stage.jobs[i] = &lengthy;
    }
    perform();
    size_t run = atomic_load(
        &stage.run); /* threads that have not begun to wait when the jobs come count as busy */
    assert_int_equal(run + atomic_load(&stage.refused), stage.n_jobs);
    assert_in_range(run, CAPACITY, WORKERS + CAPACITY);
}

static void one_that_never_started_ends(void **state) {
    (void)state;
    mu_pool_destroy(mu_pool_create(WORKERS, CAPACITY, poll_stage, NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_brief_job_runs),
        cmocka_unit_test(a_long_job_does_not_stop_the_polling),
        cmocka_unit_test(a_full_server_queues_and_refuses),
        cmocka_unit_test(one_that_never_started_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
