/* Handlers that ask other servers, and those that go on when their caller has left. */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/rpc/rpc.h"
#include "tests/support/call.h"
#include "tests/support/cmocka.h"
#include "tests/support/eventually.h"

enum { QUESTIONS = 50 };

static struct {
    atomic_bool open;
    atomic_int entered, finished, together, most;
} gate;

/* A server that replies with the message, but refuses "7", and never replies to "8". */
static enum mu_status echo(void *user, struct mu_call *call, struct mu_error *error) {
    (void)user;
    int together = atomic_fetch_add(&gate.together, 1) + 1;
    for (int most = atomic_load(&gate.most);
         together > most && !atomic_compare_exchange_weak(&gate.most, &most, together);) {
    }
    call->reply = call->bytes;
    call->reply_size = call->size;
    bool refused = call->size == 1 && *call->bytes == '7';
    EVENTUALLY(call->size != 1 || *call->bytes != '8' || mu_call_is_over(call));
    atomic_fetch_sub(&gate.together, 1);
    return refused ? mu_fail(error, MU_NOT_FOUND, "there is no 7") : MU_OK;
}

struct answers {
    size_t n, sum, last;
};

static void add_up(void *user, size_t number, const struct mu_asked *answer) {
    struct answers *answers = user;
    assert_int_equal(answer->size, 1);
    answers->n++;
    answers->sum += *answer->bytes;
    answers->last = number;
}

/* |state| is the address of another server, which is asked for each byte of the message. */
static enum mu_status ask_each(void *state, struct mu_call *call, struct mu_error *error) {
    struct answers *answers = MU_NEW(call->arena, struct answers);
    struct mu_asked *asked = MU_ARRAY(call->arena, call->size, struct mu_asked);
    for (size_t i = 0; i < call->size; i++) {
        asked[i] = (struct mu_asked){call->bytes + i, 1};
    }
    const struct mu_questions questions = {state, "/t.T/Echo", asked, call->size,
        call->bytes[0] == '8' ? 0.2 : PATIENCE, add_up, answers};
    enum mu_status status = mu_call_ask_each(call, &questions, error);
    call->reply = (const uint8_t *)mu_arena_format(
        call->arena, "%zu %zu %s", answers->n, answers->sum, status ? error->text : "");
    call->reply_size = strlen((const char *)call->reply);
    return MU_OK;
}

static enum mu_status finish(void *user, struct mu_call *call, struct mu_error *error) {
    (void)user, (void)call, (void)error;
    atomic_fetch_add(&gate.entered, 1);
    EVENTUALLY(atomic_load(&gate.open));
    atomic_fetch_add(&gate.finished, 1);
    return MU_OK;
}

static const struct mu_endpoint ENDPOINTS[] = {{"/t.T/Echo", echo}, {"/t.T/Ask", ask_each}};
static const struct mu_contract CONTRACT = {
    .name = "t.T", .endpoints = ENDPOINTS, .n_endpoints = 2};
static const struct mu_endpoint FINISHING[] = {{"/t.F/Finish", finish}};
static const struct mu_contract CONTRACT_OF_FINISHING = {
    .name = "t.F", .endpoints = FINISHING, .n_endpoints = 1, .finishes = true};
static const struct mu_contract *const CONTRACTS[] = {&CONTRACT, &CONTRACT_OF_FINISHING, NULL};

struct fixture {
    struct mu_rpc_server *server, *asked;
    grpc_channel *channel;
    char address[32];
    void *states[2];
};

static struct mu_rpc_server *serve(struct fixture *f, size_t workers) {
    struct mu_error error;
    return mu_rpc_start(&(const struct mu_rpc_options){.host = "127.0.0.1",
                            .contracts = CONTRACTS,
                            .states = f->states,
                            .workers = workers,
                            .queue = 64,
                            .arena_limit = 8 << 20,
                            .max_request = 2 << 20,
                            .clients = 16 << 20},
        &error);
}

static int set_up(void **state) {
    struct fixture *f = *state = calloc(1, sizeof *f);
    memset(&gate, 0, sizeof gate);
    alarm(PATIENCE);
    f->states[0] = f->address;
    f->asked = serve(f, 4);
    snprintf(f->address, sizeof f->address, "127.0.0.1:%d", mu_rpc_port(f->asked));
    f->server = serve(f, 1);
    f->channel = channel_to(mu_rpc_port(f->server));
    return 0;
}

static void stop(struct mu_rpc_server *server) {
    mu_rpc_stop(server);
    mu_rpc_cancel(server);
    mu_rpc_destroy(server);
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    grpc_channel_destroy(f->channel);
    stop(f->server);
    if (f->asked) {
        stop(f->asked);
    }
    free(f);
    alarm(0);
    return 0;
}

static void assert_asked(const struct fixture *f, const char *bytes, const char *reply) {
    struct call call;
    assert_int_equal(
        call_unary(&call, f->channel, "/t.T/Ask", bytes, strlen(bytes), PATIENCE), GRPC_STATUS_OK);
    if (strncmp((const char *)call.reply, reply, strlen(reply)) != 0) {
        fail_msg("%.*s, expected %s", (int)call.size, (const char *)call.reply, reply);
    }
    free(call.reply);
}

static void several_questions_are_asked_at_once_but_not_all(void **state) {
    char bytes[QUESTIONS + 1] = "";
    memset(bytes, 'a', QUESTIONS);
    assert_asked(*state, bytes, "50 4850 ");
    assert_in_range(atomic_load(&gate.most), 1, 8);
}

static void one_that_fails_spoils_no_other(void **state) {
    assert_asked(*state, "ab7cd", "4 394 there is no 7");
}

static void nothing_is_asked_of_who_is_not_there(void **state) {
    struct fixture *f = *state;
    stop(f->asked);
    f->asked = NULL;
    assert_asked(f, "abcdefghijklmnopqrstuvwxyz", "0 0 ");
}

static void the_time_is_for_all_of_them(void **state) {
    assert_asked(*state, "8abc8", "3 294 Deadline");
}

static void a_caller_that_left_is_not_needed(void **state) {
    struct fixture *f = *state;
    struct call calls[3];
    for (size_t i = 0; i < 3; i++) { /* one runs, the others wait for the worker */
        call_start(&calls[i], f->channel, "/t.F/Finish", "x", 1, PATIENCE, 1);
    }
    EVENTUALLY(atomic_load(&gate.entered) == 1 && mu_rpc_queued(f->server) == 2);
    for (size_t i = 0; i < 3; i++) {
        grpc_call_cancel(calls[i].call, NULL);
        assert_int_equal(call_status(&calls[i]), GRPC_STATUS_CANCELLED);
        call_finish(&calls[i]);
    }
    atomic_store(&gate.open, true);
    EVENTUALLY(atomic_load(&gate.finished) == 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(several_questions_are_asked_at_once_but_not_all),
        TEST(one_that_fails_spoils_no_other),
        TEST(nothing_is_asked_of_who_is_not_there),
        TEST(the_time_is_for_all_of_them),
        TEST(a_caller_that_left_is_not_needed),
    };
    mu_log_setup(false, MU_LOG_OFF);
    grpc_init();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    grpc_shutdown();
    return failed;
}
