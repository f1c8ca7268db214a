/* What waits is bounded by its bytes, too, however many requests the queue has room for. */
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/rpc/rpc.h"
#include "tests/support/call.h"
#include "tests/support/cmocka.h"

enum { PATIENCE = 60, LARGEST = 1 << 20 };

static atomic_bool open_gate;
static atomic_int entered;

static enum mu_status wait_for_gate(void *user, struct mu_call *request, struct mu_error *error) {
    (void)user, (void)request, (void)error;
    atomic_fetch_add(&entered, 1);
    while (!atomic_load(&open_gate)) {
        sched_yield();
    }
    return MU_OK;
}

static const struct mu_endpoint ENDPOINTS[] = {{"/t.T/Wait", wait_for_gate}};
static const struct mu_contract CONTRACT = {
    .name = "t.T", .endpoints = ENDPOINTS, .n_endpoints = 1};

/* There is room for two of the largest messages, so the third is refused, and a brief one after it
 * is not. */
static void waiting_messages_are_bounded(void **state) {
    (void)state;
    struct mu_error error;
    struct call calls[3];
    struct call refused;
    char *bytes = calloc(1, LARGEST);
    grpc_init();
    struct mu_rpc_server *server =
        mu_rpc_start(&(const struct mu_rpc_options){.host = "127.0.0.1",
                         .contracts = (const struct mu_contract *const[]){&CONTRACT, NULL},
                         .states = (void *const[]){NULL},
                         .workers = 1,
                         .queue = 8,
                         .arena_limit = 8 << 20,
                         .max_request = LARGEST,
                         .clients = 5 * LARGEST / 2},
            &error);
    assert_non_null(server);
    grpc_channel *channel = channel_to(mu_rpc_port(server));
    alarm(PATIENCE);
    call_start(&calls[0], channel, "/t.T/Wait", bytes, LARGEST, PATIENCE, 1);
    while (atomic_load(&entered) < 1) {
        sched_yield();
    }
    call_start(&calls[1], channel, "/t.T/Wait", bytes, LARGEST - 1, PATIENCE, 1);
    while (mu_rpc_queued(server) < 1) {
        sched_yield();
    }
    assert_int_equal(call_unary(&refused, channel, "/t.T/Wait", bytes, LARGEST, PATIENCE),
        GRPC_STATUS_RESOURCE_EXHAUSTED);
    call_start(&calls[2], channel, "/t.T/Wait", bytes, 1, PATIENCE, 1);
    while (mu_rpc_queued(server) < 2) {
        sched_yield();
    }
    atomic_store(&open_gate, true);
    for (size_t i = 0; i < 3; i++) {
        assert_true(call_read(&calls[i]));
        assert_int_equal(call_status(&calls[i]), GRPC_STATUS_OK);
        call_finish(&calls[i]);
    }
    grpc_channel_destroy(channel);
    mu_rpc_stop(server);
    mu_rpc_destroy(server);
    grpc_shutdown();
    free(bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(waiting_messages_are_bounded)};
    mu_log_setup(false, MU_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
