#include "client/run/asker.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum asker_state { IDLE, ASKED, ANSWERED, QUIT };

struct cl_asker {
    struct cl_service *service;
    void (*answered)(void *user);
    void *user;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum asker_state state;
    const struct mu_wire_request *request;
    struct cl_answer answer;
};

static void *work(void *argument) {
    struct cl_asker *asker = argument;
    pthread_mutex_lock(&asker->lock);
    for (;;) {
        while (asker->state != ASKED && asker->state != QUIT) {
            pthread_cond_wait(&asker->changed, &asker->lock);
        }
        if (asker->state == QUIT) {
            break;
        }
        pthread_mutex_unlock(&asker->lock);
        struct cl_answer answer = {.arena = mu_arena_create(SIZE_MAX / 4)};
        answer.status = cl_service_suggest(
            asker->service, asker->request, answer.arena, &answer.reply, &answer.error);
        pthread_mutex_lock(&asker->lock);
        asker->answer = answer;
        asker->state = asker->state == QUIT ? QUIT : ANSWERED;
        asker->answered(asker->user);
    }
    pthread_mutex_unlock(&asker->lock);
    return NULL;
}

struct cl_asker *cl_asker_create(
    struct cl_service *service, void (*answered)(void *user), void *user) {
    struct cl_asker *asker = calloc(1, sizeof *asker);
    sigset_t all;
    sigset_t before;
    if (!asker) {
        abort();
    }
    *asker = (struct cl_asker){.service = service, .answered = answered, .user = user};
    pthread_mutex_init(&asker->lock, NULL);
    pthread_cond_init(&asker->changed, NULL);
    sigfillset(&all); /* signals are the loop's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&asker->thread, NULL, work, asker)) {
        abort();
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return asker;
}

void cl_asker_destroy(struct cl_asker *asker) {
    if (!asker) {
        return;
    }
    pthread_mutex_lock(&asker->lock);
    asker->state = QUIT;
    pthread_cond_signal(&asker->changed);
    pthread_mutex_unlock(&asker->lock);
    mu_rpc_client_cancel(asker->service->client);
    pthread_join(asker->thread, NULL);
    mu_arena_destroy(asker->answer.arena);
    pthread_mutex_destroy(&asker->lock);
    pthread_cond_destroy(&asker->changed);
    free(asker);
}

bool cl_asker_busy(struct cl_asker *asker) {
    pthread_mutex_lock(&asker->lock);
    bool busy = asker->state != IDLE;
    pthread_mutex_unlock(&asker->lock);
    return busy;
}

void cl_asker_ask(struct cl_asker *asker, const struct mu_wire_request *request) {
    pthread_mutex_lock(&asker->lock);
    asker->request = request;
    asker->state = ASKED;
    pthread_cond_signal(&asker->changed);
    pthread_mutex_unlock(&asker->lock);
}

bool cl_asker_take(struct cl_asker *asker, struct cl_answer *answer) {
    pthread_mutex_lock(&asker->lock);
    bool there = asker->state == ANSWERED;
    if (there) {
        *answer = asker->answer;
        asker->answer.arena = NULL;
        asker->state = IDLE;
    }
    pthread_mutex_unlock(&asker->lock);
    return there;
}
