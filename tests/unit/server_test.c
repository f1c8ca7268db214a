/* The server end to end over a real socket: answers, refusals, cancellation, deadlines, a full
 * queue, and every way to stop. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/rpc/rpc.h"
#include "tests/support/call.h"
#include "tests/support/cmocka.h"
#include "tests/support/eventually.h"

static struct {
    atomic_bool open, saw_stop, stopped;
    atomic_int entered, finished;
} gate;

static enum mu_status echo(void *user, struct mu_call *request, struct mu_error *error) {
    (void)user, (void)error;
    request->reply = request->bytes;
    request->reply_size = request->size;
    return MU_OK;
}

static enum mu_status refuse(void *user, struct mu_call *request, struct mu_error *error) {
    (void)user, (void)request;
    return mu_fail(error, MU_INVALID_ARGUMENT, "lr: \"0,1\" is \xC3\xA9t 100%%\nno number");
}

static enum mu_status devour(void *user, struct mu_call *request, struct mu_error *error) {
    (void)user;
    for (int i = 0; i < 1000; i++) {
        memset(mu_arena_alloc(request->arena, 1 << 16), i, 1 << 16);
    }
    return mu_fail(error, MU_INTERNAL, "the limit did not hold");
}

static enum mu_status wait_for_gate(void *user, struct mu_call *request, struct mu_error *error) {
    (void)user;
    atomic_fetch_add(&gate.entered, 1);
    EVENTUALLY(atomic_load(&gate.open) || mu_call_is_over(request));
    if (mu_call_is_over(request)) {
        atomic_store(&gate.saw_stop, true);
        return mu_fail(error, MU_CANCELLED, "nobody waits");
    }
    return echo(user, request, error);
}

/* |state| is the address of another server, which answers instead. */
static enum mu_status pass_on(void *state, struct mu_call *request, struct mu_error *error) {
    const struct mu_asked asked = {request->bytes, request->size};
    struct mu_asked answer = {NULL, 0};
    enum mu_status status = mu_call_ask(request, state, "/t.T/Echo", &asked, &answer, error);
    request->reply = answer.bytes;
    request->reply_size = answer.size;
    return status;
}

static const struct mu_endpoint OWN[] = {{"/t.T/Echo", echo}, {"/t.T/Refuse", refuse},
    {"/t.T/Devour", devour}, {"/t.T/Wait", wait_for_gate}};
static const struct mu_endpoint OTHER[] = {{"/t.Other/PassOn", pass_on}};
static const char *const NAMES[] = {"manager.T", NULL};
static const struct mu_contract FIRST = {
    .name = "t.T", .health_names = NAMES, .endpoints = OWN, .n_endpoints = 4};
static const struct mu_contract SECOND = {.name = "t.Other", .endpoints = OTHER, .n_endpoints = 1};
static const struct mu_contract *const CONTRACTS[] = {&FIRST, &SECOND, NULL};
static char other_server[32];
static void *const STATES[] = {NULL, other_server};

static void on_stopped(void *observer) {
    (void)observer;
    atomic_store(&gate.stopped, true);
}

static void count(void *observer, const struct mu_rpc_outcome *outcome) {
    (void)observer, (void)outcome;
    atomic_fetch_add(&gate.finished, 1);
}

struct fixture {
    struct mu_rpc_server *server;
    grpc_channel *channel;
    bool stopping;
};

static atomic_size_t looks; /* at the memory */

/* Always too much: reading is slow, and nothing else changes. */
static uint64_t resident(void) {
    atomic_fetch_add(&looks, 1);
    return UINT64_MAX;
}

static struct mu_rpc_server *start(int port, struct mu_error *error) {
    return mu_rpc_start(&(const struct mu_rpc_options){.host = "127.0.0.1",
                            .port = port,
                            .contracts = CONTRACTS,
                            .states = STATES,
                            .workers = 1,
                            .queue = 1,
                            .arena_limit = 8 << 20,
                            .max_request = 2 << 20,
                            .clients = 32 << 20,
                            .resident = resident,
                            .before_reply = count,
                            .stopped = on_stopped},
        error);
}

static int set_up(void **state) {
    static struct fixture fixture;
    struct mu_error error;
    atomic_store(&gate.open, false);
    atomic_store(&gate.saw_stop, false);
    atomic_store(&gate.stopped, false);
    atomic_store(&gate.entered, 0);
    atomic_store(&gate.finished, 0);
    grpc_init();
    fixture.server = start(0, &error);
    fixture.channel = fixture.server ? channel_to(mu_rpc_port(fixture.server)) : NULL;
    fixture.stopping = false;
    *state = &fixture;
    alarm(PATIENCE);
    return fixture.server ? 0 : -1;
}

static int tear_down(void **state) {
    struct fixture *fixture = *state;
    grpc_channel_destroy(fixture->channel);
    if (!fixture->stopping) {
        mu_rpc_stop(fixture->server);
    }
    mu_rpc_destroy(fixture->server);
    grpc_shutdown();
    return atomic_load(&gate.stopped) ? 0 : -1;
}

static void messages_of_every_size_come_back(void **state) {
    static const size_t SIZES[] = {0, 1, 23, 24, 5000, 1000000};
    struct fixture *f = *state;
    unsigned char *bytes = malloc(1000000);
    for (size_t i = 0; i < 1000000; i++) {
        bytes[i] = (unsigned char)(i * 2654435761u >> 13);
    }
    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
        struct call call;
        assert_int_equal(
            call_unary(&call, f->channel, "/t.T/Echo", bytes, SIZES[i], PATIENCE), GRPC_STATUS_OK);
        assert_int_equal(call.size, SIZES[i]);
        assert_memory_equal(call.reply, bytes, SIZES[i]);
        free(call.reply);
    }
    free(bytes);
    assert_int_equal(atomic_load(&gate.finished), sizeof SIZES / sizeof *SIZES);
    assert_true(atomic_load(&looks) > 0); /* of the largest there are whole turns */
}

static void a_handler_may_ask_another_server(void **state) {
    struct fixture *f = *state;
    struct call call;
    struct mu_error error;
    struct mu_rpc_server *other = start(0, &error);
    assert_non_null(other);
    snprintf(other_server, sizeof other_server, "127.0.0.1:%d", mu_rpc_port(other));
    assert_int_equal(
        call_unary(&call, f->channel, "/t.Other/PassOn", "far", 3, PATIENCE), GRPC_STATUS_OK);
    assert_int_equal(call.size, 3);
    assert_memory_equal(call.reply, "far", 3);
    free(call.reply);
    mu_rpc_stop(other);
    mu_rpc_destroy(other);
}

static void error_texts_travel(void **state) {
    struct fixture *f = *state;
    struct call call;
    assert_int_equal(call_unary(&call, f->channel, "/t.T/Refuse", "x", 1, PATIENCE),
        GRPC_STATUS_INVALID_ARGUMENT);
    assert_string_equal(call.text, "lr: \"0,1\" is \xC3\xA9t 100%\nno number");
}

static void unknown_methods_are_refused(void **state) {
    static const char *const PATHS[] = {
        "/t.T/Nothing", "/api.v1.beta1.Suggestion/Other", "/x", "/"};
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof PATHS / sizeof *PATHS; i++) {
        struct call call;
        assert_int_equal(
            call_unary(&call, f->channel, PATHS[i], "x", 1, PATIENCE), GRPC_STATUS_UNIMPLEMENTED);
        assert_non_null(strstr(call.text, PATHS[i]));
    }
}

static void a_call_without_a_message_is_refused(void **state) {
    struct fixture *f = *state;
    struct call call;
    assert_int_equal(
        call_unary(&call, f->channel, "/t.T/Echo", NULL, 0, PATIENCE), GRPC_STATUS_INTERNAL);
    assert_int_equal(
        call_unary(&call, f->channel, "/grpc.health.v1.Health/Check", NULL, 0, PATIENCE),
        GRPC_STATUS_INTERNAL);
}

static void oversize_requests_are_refused(void **state) {
    struct fixture *f = *state;
    struct call call;
    char *bytes = calloc(1, (2 << 20) + 1);
    assert_int_equal(call_unary(&call, f->channel, "/t.T/Echo", bytes, (2 << 20) + 1, PATIENCE),
        GRPC_STATUS_RESOURCE_EXHAUSTED);
    assert_int_equal(
        call_unary(&call, f->channel, "/t.T/Echo", bytes, 2 << 20, PATIENCE), GRPC_STATUS_OK);
    free(call.reply);
    free(bytes);
}

static void the_memory_of_a_request_is_limited(void **state) {
    struct fixture *f = *state;
    struct call call;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(call_unary(&call, f->channel, "/t.T/Devour", "x", 1, PATIENCE),
            GRPC_STATUS_RESOURCE_EXHAUSTED);
        assert_non_null(strstr(call.text, "8 MiB"));
    }
    assert_int_equal(call_unary(&call, f->channel, "/t.T/Echo", "x", 1, PATIENCE), GRPC_STATUS_OK);
    free(call.reply);
}

static void a_cancelled_call_stops_its_handler(void **state) {
    struct fixture *f = *state;
    struct call call;
    call_start(&call, f->channel, "/t.T/Wait", "x", 1, PATIENCE, 1);
    EVENTUALLY(atomic_load(&gate.entered) == 1);
    grpc_call_cancel(call.call, NULL);
    assert_int_equal(call_status(&call), GRPC_STATUS_CANCELLED);
    EVENTUALLY(atomic_load(&gate.saw_stop));
    call_finish(&call);
}

static void a_passed_deadline_stops_its_handler(void **state) {
    struct fixture *f = *state;
    struct call call;
    call_start(&call, f->channel, "/t.T/Wait", "x", 1, 0.3, 1);
    assert_int_equal(call_status(&call), GRPC_STATUS_DEADLINE_EXCEEDED);
    EVENTUALLY(atomic_load(&gate.entered) == 0 || atomic_load(&gate.saw_stop));
    call_finish(&call);
}

static void a_full_queue_refuses_at_once_and_probes_are_answered(void **state) {
    struct fixture *f = *state;
    struct call first;
    struct call second;
    struct call third;
    struct call probe;
    call_start(&first, f->channel, "/t.T/Wait", "a", 1, PATIENCE, 1);
    EVENTUALLY(atomic_load(&gate.entered) == 1);
    call_start(&second, f->channel, "/t.T/Wait", "b", 1, PATIENCE, 1);
    EVENTUALLY(mu_rpc_queued(f->server) == 1);
    assert_int_equal(mu_rpc_running(f->server), 1);
    assert_int_equal(call_unary(&third, f->channel, "/t.T/Echo", "c", 1, PATIENCE),
        GRPC_STATUS_RESOURCE_EXHAUSTED);
    assert_int_equal(
        call_unary(&probe, f->channel, "/grpc.health.v1.Health/Check", "", 0, PATIENCE),
        GRPC_STATUS_OK);
    free(probe.reply);
    assert_int_equal(atomic_load(&gate.entered), 1); /* all that while the worker was busy */
    atomic_store(&gate.open, true);
    assert_true(call_read(&first) && call_read(&second));
    assert_int_equal(call_status(&first), GRPC_STATUS_OK);
    assert_int_equal(call_status(&second), GRPC_STATUS_OK);
    call_finish(&first);
    call_finish(&second);
}

static void a_request_whose_client_left_is_not_started(void **state) {
    struct fixture *f = *state;
    struct call first;
    struct call second;
    struct call probe;
    call_start(&first, f->channel, "/t.T/Wait", "a", 1, PATIENCE, 1);
    EVENTUALLY(atomic_load(&gate.entered) == 1);
    call_start(&second, f->channel, "/t.T/Wait", "b", 1, PATIENCE, 1);
    EVENTUALLY(mu_rpc_queued(f->server) == 1);
    grpc_call_cancel(second.call, NULL);
    assert_int_equal(call_status(&second), GRPC_STATUS_CANCELLED);
    for (int i = 0; i < 3; i++) { /* what comes later on the same connection is answered after the
                                     server saw the cancellation */
        assert_int_equal(
            call_unary(&probe, f->channel, "/grpc.health.v1.Health/Check", "", 0, PATIENCE),
            GRPC_STATUS_OK);
        free(probe.reply);
    }
    atomic_store(&gate.open, true);
    assert_true(call_read(&first));
    assert_int_equal(call_status(&first), GRPC_STATUS_OK);
    EVENTUALLY(atomic_load(&gate.finished) == 2);
    assert_int_equal(atomic_load(&gate.entered), 1);
    call_finish(&first);
    call_finish(&second);
}

static void health_knows_its_names(void **state) {
    static const struct {
        const char *request;
        size_t size;
        int status;
    } ASKED[] = {{"", 0, GRPC_STATUS_OK}, {"\x0A\x03t.T", 5, GRPC_STATUS_OK},
        {"\x0A\x09manager.T", 11, GRPC_STATUS_OK}, {"\x0A\x07t.Other", 9, GRPC_STATUS_OK},
        {"\x0A\x05other", 7, GRPC_STATUS_NOT_FOUND},
        {"\x0A\x05oth", 5, GRPC_STATUS_INVALID_ARGUMENT}};
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof ASKED / sizeof *ASKED; i++) {
        struct call call;
        assert_int_equal(call_unary(&call, f->channel, "/grpc.health.v1.Health/Check",
                             ASKED[i].request, ASKED[i].size, PATIENCE),
            ASKED[i].status);
        if (ASKED[i].status == GRPC_STATUS_OK) {
            assert_int_equal(call.size, 2);
            assert_memory_equal(call.reply, "\x08\x01", 2); /* SERVING */
        }
        free(call.reply);
    }
}

static void a_watch_sees_the_end(void **state) {
    struct fixture *f = *state;
    struct call known;
    struct call unknown;
    call_start(&known, f->channel, "/grpc.health.v1.Health/Watch", "", 0, PATIENCE, 1);
    call_start(&unknown, f->channel, "/grpc.health.v1.Health/Watch", "\x0A\x01x", 3, PATIENCE, 1);
    assert_true(call_read(&known) && call_read(&unknown));
    assert_memory_equal(known.reply, "\x08\x01", 2);
    assert_memory_equal(unknown.reply, "\x08\x03", 2); /* SERVICE_UNKNOWN */
    f->stopping = true;
    mu_rpc_stop(f->server);
    assert_true(call_read(&known));
    assert_memory_equal(known.reply, "\x08\x02", 2); /* NOT_SERVING */
    assert_int_equal(call_status(&known), GRPC_STATUS_UNAVAILABLE);
    assert_int_equal(call_status(&unknown), GRPC_STATUS_UNAVAILABLE);
    call_finish(&known);
    call_finish(&unknown);
}

static void watchers_that_leave_do_no_harm(void **state) {
    struct fixture *f = *state;
    for (int i = 0; i < 50; i++) {
        struct call call;
        call_start(&call, f->channel,
            i % 2 ? "/grpc.health.v1.Health/Watch"
                  : "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            "", 0, PATIENCE, 0);
        if (i % 3) {
            assert_true(call_read(&call));
        }
        grpc_call_cancel(call.call, NULL);
        assert_int_equal(call_status(&call), GRPC_STATUS_CANCELLED);
        call_finish(&call);
    }
}

static void reflection_lists_what_is_served(void **state) {
    static const char *const PATHS[] = {"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"};
    struct fixture *f = *state;
    for (size_t i = 0; i < 2; i++) {
        struct call call;
        call_start(&call, f->channel, PATHS[i], "\x3A\x01*", 3, PATIENCE, 1);
        assert_true(call_read(&call));
        assert_true(call_says(&call, "t.T"));
        assert_true(call_says(&call, "t.Other"));
        assert_true(call_says(&call, "grpc.health.v1.Health"));
        assert_false(call_says(&call, "EarlyStopping"));
        assert_false(call_read(&call));
        assert_int_equal(call_status(&call), GRPC_STATUS_OK);
        call_finish(&call);
    }
}

static void a_stop_finishes_what_runs(void **state) {
    struct fixture *f = *state;
    struct call running;
    struct call waiting;
    call_start(&running, f->channel, "/t.T/Wait", "a", 1, PATIENCE, 1);
    EVENTUALLY(atomic_load(&gate.entered) == 1);
    call_start(&waiting, f->channel, "/t.T/Echo", "b", 1, PATIENCE, 1);
    EVENTUALLY(mu_rpc_queued(f->server) == 1);
    f->stopping = true;
    mu_rpc_stop(f->server);
    assert_false(atomic_load(&gate.stopped));
    atomic_store(&gate.open, true);
    assert_true(call_read(&running) && call_read(&waiting));
    assert_int_equal(call_status(&running), GRPC_STATUS_OK);
    assert_int_equal(call_status(&waiting), GRPC_STATUS_OK);
    call_finish(&running);
    call_finish(&waiting);
    EVENTUALLY(atomic_load(&gate.stopped));
}

static void a_stop_can_be_hurried(void **state) {
    struct fixture *f = *state;
    struct call running;
    call_start(&running, f->channel, "/t.T/Wait", "a", 1, PATIENCE, 1);
    EVENTUALLY(atomic_load(&gate.entered) == 1);
    f->stopping = true;
    mu_rpc_stop(f->server);
    mu_rpc_cancel(f->server);
    assert_int_equal(call_status(&running), GRPC_STATUS_UNAVAILABLE);
    EVENTUALLY(atomic_load(&gate.saw_stop) && atomic_load(&gate.stopped));
    call_finish(&running);
}

static void a_taken_port_is_an_error(void **state) {
    struct fixture *f = *state;
    struct mu_error error;
    assert_null(start(mu_rpc_port(f->server), &error));
    assert_int_equal(error.code, MU_UNAVAILABLE);
    assert_non_null(strstr(error.text, "Address already in use"));
    assert_false(atomic_load(&gate.stopped)); /* a server that never ran does not end */
}

static void unusable_certificates_are_errors(void **state) {
    (void)state;
    struct mu_error error;
    struct mu_rpc_options options = {.host = "127.0.0.1",
        .workers = 1,
        .queue = 1,
        .max_request = 1 << 20,
        .clients = 32 << 20,
        .contracts = CONTRACTS,
        .states = STATES,
        .tls_cert = "/dev/null"};
    assert_null(mu_rpc_start(&options, &error));
    assert_int_equal(error.code, MU_INVALID_ARGUMENT);
    options.tls_key = "/nonexistent";
    assert_null(mu_rpc_start(&options, &error));
    assert_non_null(strstr(error.text, "/dev/null"));
}

struct caller {
    pthread_t thread;
    grpc_channel *channel;
    int bad;
};

static void *call_often(void *user) {
    struct caller *caller = user;
    for (int i = 0; i < 200; i++) {
        struct call call;
        int status = call_unary(
            &call, caller->channel, i % 5 ? "/t.T/Echo" : "/t.T/Devour", &i, sizeof i, PATIENCE);
        bool same = status == GRPC_STATUS_OK && call.size == sizeof i &&
                    memcmp(call.reply, &i, sizeof i) == 0;
        caller->bad += !same && status != GRPC_STATUS_RESOURCE_EXHAUSTED;
        free(call.reply);
    }
    return NULL;
}

static void many_callers_get_their_own_answers(void **state) {
    struct fixture *f = *state;
    struct caller callers[4];
    for (size_t i = 0; i < 4; i++) {
        callers[i] = (struct caller){.channel = f->channel};
        assert_int_equal(pthread_create(&callers[i].thread, NULL, call_often, &callers[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(callers[i].thread, NULL);
        assert_int_equal(callers[i].bad, 0);
    }
    assert_int_equal(atomic_load(&gate.finished), 800);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(messages_of_every_size_come_back),
        TEST(a_handler_may_ask_another_server),
        TEST(error_texts_travel),
        TEST(unknown_methods_are_refused),
        TEST(a_call_without_a_message_is_refused),
        TEST(oversize_requests_are_refused),
        TEST(the_memory_of_a_request_is_limited),
        TEST(a_cancelled_call_stops_its_handler),
        TEST(a_passed_deadline_stops_its_handler),
        TEST(a_full_queue_refuses_at_once_and_probes_are_answered),
        TEST(a_request_whose_client_left_is_not_started),
        TEST(health_knows_its_names),
        TEST(a_watch_sees_the_end),
        TEST(watchers_that_leave_do_no_harm),
        TEST(reflection_lists_what_is_served),
        TEST(a_stop_finishes_what_runs),
        TEST(a_stop_can_be_hurried),
        TEST(a_taken_port_is_an_error),
        TEST(unusable_certificates_are_errors),
        TEST(many_callers_get_their_own_answers),
    };
    mu_log_setup(false, MU_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
