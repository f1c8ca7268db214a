/* What waits: bounded by its bytes, too, however many requests the queue has room for; in turns of
 * connections; and what becomes of it when the server stops. */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/rpc/rpc.h"
#include "tests/support/call.h"
#include "tests/support/cmocka.h"
#include "tests/support/eventually.h"

enum { LARGEST = 1 << 20 };

static atomic_bool open_gate;
static atomic_int entered;

static enum mu_status wait_for_gate(void *user, struct mu_call *request, struct mu_error *error) {
    (void)user, (void)request, (void)error;
    atomic_fetch_add(&entered, 1);
    EVENTUALLY(atomic_load(&open_gate));
    return MU_OK;
}

/* A reply of as many bytes as the message says. */
static enum mu_status fill(void *user, struct mu_call *request, struct mu_error *error) {
    (void)user;
    size_t size = 0;
    memcpy(&size, request->bytes, sizeof size);
    uint8_t *reply = mu_call_make_reply(request, size, error);
    if (!reply) {
        return error->code;
    }
    memset(reply, 'r', size);
    return MU_OK;
}

static const struct mu_endpoint ENDPOINTS[] = {{"/t.T/Wait", wait_for_gate}, {"/t.T/Fill", fill}};
static const struct mu_contract CONTRACT = {
    .name = "t.T", .endpoints = ENDPOINTS, .n_endpoints = 2};

static struct mu_rpc_server *start(size_t queue) {
    struct mu_error error;
    atomic_store(&open_gate, false);
    atomic_store(&entered, 0);
    alarm(PATIENCE);
    return mu_rpc_start(&(const struct mu_rpc_options){.host = "127.0.0.1",
                            .contracts = (const struct mu_contract *const[]){&CONTRACT, NULL},
                            .states = (void *const[]){NULL},
                            .workers = 1,
                            .queue = queue,
                            .arena_limit = 8 << 20,
                            .max_request = LARGEST,
                            .clients = 5 * LARGEST / 2},
        &error);
}

static void stop(struct mu_rpc_server *server) {
    mu_rpc_stop(server);
    mu_rpc_destroy(server);
}

/* Start a call that will wait for the gate, and see it wait: for the first, that it runs. */
static void start_waiting(struct call *call, struct mu_rpc_server *server, grpc_channel *channel,
    const char *bytes, size_t size) {
    bool first = atomic_load(&entered) == 0;
    size_t queued = mu_rpc_queued(server);
    call_start(call, channel, "/t.T/Wait", bytes, size, PATIENCE, 1);
    EVENTUALLY(first ? atomic_load(&entered) > 0 : mu_rpc_queued(server) > queued);
}

static void assert_ends(struct call *call, int status) {
    assert_int_equal(call_read(call), status == GRPC_STATUS_OK);
    assert_int_equal(call_status(call), status);
    call_finish(call);
}

/* There is room for two of the largest messages, so the third is refused, and a brief one after it
 * is not. */
static void waiting_messages_are_bounded(void **state) {
    (void)state;
    struct call calls[3];
    struct call refused;
    char *bytes = calloc(1, LARGEST);
    struct mu_rpc_server *server = start(8);
    assert_non_null(server);
    grpc_channel *channel = channel_to(mu_rpc_port(server));
    start_waiting(&calls[0], server, channel, bytes, LARGEST);
    start_waiting(&calls[1], server, channel, bytes, LARGEST - 1);
    assert_int_equal(call_unary(&refused, channel, "/t.T/Wait", bytes, LARGEST, PATIENCE),
        GRPC_STATUS_RESOURCE_EXHAUSTED);
    start_waiting(&calls[2], server, channel, bytes, 1);
    atomic_store(&open_gate, true);
    for (size_t i = 0; i < 3; i++) {
        assert_ends(&calls[i], GRPC_STATUS_OK);
    }
    grpc_channel_destroy(channel);
    stop(server);
    free(bytes);
}

/* The queue is full of one connection's calls: its own next is refused, another's takes the place
 * of its last. */
static void a_connection_gives_up_a_place_to_another(void **state) {
    (void)state;
    struct call greedy[3];
    struct call other;
    struct call refused;
    struct mu_rpc_server *server = start(2);
    assert_non_null(server);
    grpc_channel *channels[] = {channel_to(mu_rpc_port(server)), channel_to(mu_rpc_port(server))};
    for (size_t i = 0; i < 3; i++) {
        start_waiting(&greedy[i], server, channels[0], "x", 1);
    }
    assert_int_equal(call_unary(&refused, channels[0], "/t.T/Wait", "x", 1, PATIENCE),
        GRPC_STATUS_RESOURCE_EXHAUSTED);
    call_start(&other, channels[1], "/t.T/Wait", "x", 1, PATIENCE, 1);
    assert_ends(&greedy[2], GRPC_STATUS_RESOURCE_EXHAUSTED);
    atomic_store(&open_gate, true);
    assert_ends(&other, GRPC_STATUS_OK);
    assert_ends(&greedy[0], GRPC_STATUS_OK);
    assert_ends(&greedy[1], GRPC_STATUS_OK);
    grpc_channel_destroy(channels[0]);
    grpc_channel_destroy(channels[1]);
    stop(server);
}

static void a_reply_is_as_large_as_it_may_be(void **state) {
    (void)state;
    static const size_t SIZES[] = {0, 1, 1000, LARGEST, LARGEST + 1};
    struct mu_rpc_server *server = start(8);
    assert_non_null(server);
    grpc_channel *channel = channel_to(mu_rpc_port(server));
    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
        struct call call;
        int status = call_unary(&call, channel, "/t.T/Fill", &SIZES[i], sizeof SIZES[i], PATIENCE);
        assert_int_equal(
            status, SIZES[i] > LARGEST ? GRPC_STATUS_RESOURCE_EXHAUSTED : GRPC_STATUS_OK);
        if (call.reply) {
            assert_int_equal(call.size, SIZES[i]);
            assert_true(call.size == 0 || call.reply[call.size - 1] == 'r');
        }
        free(call.reply);
    }
    grpc_channel_destroy(channel);
    stop(server);
}

static void assert_health(struct call *watch, unsigned char expected) {
    assert_true(call_read(watch));
    assert_int_equal(watch->size, 2);
    assert_true(watch->reply && watch->reply[1] == expected);
}

/* What is said and done before a stop, in its order. */
static void a_stop_is_announced(void **state) {
    (void)state;
    enum { SERVING = 1, NOT_SERVING = 2 };
    struct call watch;
    struct call running;
    struct call call;
    struct mu_rpc_server *server = start(8);
    assert_non_null(server);
    grpc_channel *channel = channel_to(mu_rpc_port(server));
    call_start(&watch, channel, "/grpc.health.v1.Health/Watch", "", 0, PATIENCE, 1);
    assert_health(&watch, SERVING);
    start_waiting(&running, server, channel, "x", 1);
    mu_rpc_drain(server);
    mu_rpc_tend(server);
    assert_false(mu_rpc_serving(server));
    assert_health(&watch, NOT_SERVING);
    start_waiting(&call, server, channel, "x", 1);
    mu_rpc_refuse_calls(server);
    struct call refused;
    assert_int_equal(
        call_unary(&refused, channel, "/t.T/Wait", "x", 1, PATIENCE), GRPC_STATUS_UNAVAILABLE);
    atomic_store(&open_gate, true);
    assert_ends(&running, GRPC_STATUS_OK);
    assert_ends(&call, GRPC_STATUS_OK);
    mu_rpc_stop(server);
    assert_ends(&watch, GRPC_STATUS_UNAVAILABLE);
    grpc_channel_destroy(channel);
    mu_rpc_destroy(server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waiting_messages_are_bounded),
        cmocka_unit_test(a_connection_gives_up_a_place_to_another),
        cmocka_unit_test(a_reply_is_as_large_as_it_may_be),
        cmocka_unit_test(a_stop_is_announced),
    };
    mu_log_setup(false, MU_LOG_ERROR);
    grpc_init();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    grpc_shutdown();
    return failed;
}
