/* What clients can make a server hold is bounded: calls without a message, streams, and what they
 * leave for the others. */
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/rpc/budget.h"
#include "common/rpc/rpc.h"
#include "tests/support/call.h"
#include "tests/support/cmocka.h"
#include "tests/support/eventually.h"

enum { CLIENTS = 1 << 20, MANY = 64 };

static const char WATCH[] = "/grpc.health.v1.Health/Watch";

static enum mu_status echo(void *user, struct mu_call *request, struct mu_error *error) {
    (void)user, (void)error;
    request->reply = request->bytes;
    request->reply_size = request->size;
    return MU_OK;
}

static const struct mu_endpoint ENDPOINTS[] = {{"/t.T/Echo", echo}};
static const struct mu_contract CONTRACT = {
    .name = "t.T", .endpoints = ENDPOINTS, .n_endpoints = 1};

struct fixture {
    struct mu_rpc_server *server;
    grpc_channel *channel;
    struct mu_rpc_budget budget; /* the same as the server's */
};

static int set_up(void **state) {
    static struct fixture f;
    struct mu_error error;
    grpc_init();
    f.server = mu_rpc_start(&(const struct mu_rpc_options){.host = "127.0.0.1",
                                .contracts = (const struct mu_contract *const[]){&CONTRACT, NULL},
                                .states = (void *const[]){NULL},
                                .workers = 1,
                                .queue = 8,
                                .arena_limit = 8 << 20,
                                .max_request = CLIENTS,
                                .clients = CLIENTS},
        &error);
    f.channel = f.server ? channel_to(mu_rpc_port(f.server)) : NULL;
    mu_rpc_budget_init(&f.budget, CLIENTS, false);
    *state = &f;
    alarm(PATIENCE);
    return f.server ? 0 : -1;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    grpc_channel_destroy(f->channel);
    mu_rpc_stop(f->server);
    mu_rpc_destroy(f->server);
    grpc_shutdown();
    return 0;
}

static void the_parts_leave_room_for_a_message(void **state) {
    (void)state;
    struct mu_rpc_budget budget;
    mu_rpc_budget_init(&budget, 100 << 20, true);
    assert_in_range(budget.connections, 400, 1000);
    mu_rpc_budget_init(&budget, 100 << 20, false);
    assert_in_range(budget.connections, 1000, 5000);
    assert_in_range(budget.calls, 500, 2000);
    assert_in_range(budget.streams, budget.calls / 4, budget.calls / 2);
    for (size_t i = 0; i < budget.calls; i++) {
        assert_true(mu_rpc_budget_enter(&budget));
    }
    assert_false(mu_rpc_budget_enter(&budget));
    assert_true(mu_rpc_budget_hold(&budget, 80 << 20));
    assert_false(mu_rpc_budget_hold(&budget, 20 << 20)); /* with the calls that is too much */
    mu_rpc_budget_release(&budget, 20 << 20);
    assert_true(mu_rpc_budget_hold(&budget, 1 << 20));
}

/* Memory goes back when a crowd has gone, whether it called or not, and once. */
static void memory_goes_back_when_connections_or_calls_are_gone(void **state) {
    (void)state;
    struct mu_rpc_budget budget;
    mu_rpc_budget_init(&budget, 100 << 20, false);
    assert_false(mu_rpc_budget_trim(&budget, 1000));
    assert_false(mu_rpc_budget_trim(&budget, 990)); /* ten are too few */
    assert_true(mu_rpc_budget_enter(&budget));
    assert_false(mu_rpc_budget_trim(&budget, 0));
    mu_rpc_budget_leave(&budget);
    assert_true(mu_rpc_budget_trim(&budget, 0));
    assert_false(mu_rpc_budget_trim(&budget, 0));
    (void)mu_rpc_budget_hold(&budget, 8 << 20);
    mu_rpc_budget_release(&budget, 8 << 20);
    assert_true(mu_rpc_budget_trim(&budget, 0));
}

/* Calls whose message never comes do not add up, and whoever comes after them is served. */
static void a_call_without_a_message_makes_room(void **state) {
    struct fixture *f = *state;
    struct call silent[MANY];
    for (size_t i = 0; i < MANY; i++) {
        struct call probe;
        call_start(&silent[i], f->channel, "/t.T/Echo", NULL, 0, PATIENCE, 0);
        assert_int_equal(
            call_unary(&probe, f->channel, "/t.T/Echo", "x", 1, PATIENCE), GRPC_STATUS_OK);
        free(probe.reply);
    }
    EVENTUALLY(mu_rpc_active(f->server) <= f->budget.calls);
    for (size_t i = 0; i < MANY; i++) {
        if (i >= MANY - f->budget.calls) {
            grpc_call_cancel(silent[i].call, NULL);
            (void)call_status(&silent[i]);
        } else {
            assert_int_equal(call_status(&silent[i]), GRPC_STATUS_RESOURCE_EXHAUSTED);
        }
        call_finish(&silent[i]);
    }
}

static void streams_leave_calls_to_others(void **state) {
    struct fixture *f = *state;
    struct call streams[MANY];
    struct call probe;
    for (size_t i = 0; i < MANY; i++) {
        call_start(&streams[i], f->channel, WATCH, "", 0, PATIENCE, 1);
        assert_int_equal(call_read(&streams[i]), i < f->budget.streams);
    }
    assert_int_equal(call_unary(&probe, f->channel, "/t.T/Echo", "x", 1, PATIENCE), GRPC_STATUS_OK);
    free(probe.reply);
    for (size_t i = 0; i < MANY; i++) {
        if (i < f->budget.streams) {
            grpc_call_cancel(streams[i].call, NULL);
            assert_int_equal(call_status(&streams[i]), GRPC_STATUS_CANCELLED);
        } else {
            assert_int_equal(call_status(&streams[i]), GRPC_STATUS_RESOURCE_EXHAUSTED);
        }
        call_finish(&streams[i]);
    }
    EVENTUALLY(mu_rpc_active(f->server) == 0);
    call_start(&streams[0], f->channel, WATCH, "", 0, PATIENCE, 1); /* there is room again */
    assert_true(call_read(&streams[0]));
    grpc_call_cancel(streams[0].call, NULL);
    assert_int_equal(call_status(&streams[0]), GRPC_STATUS_CANCELLED);
    call_finish(&streams[0]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_parts_leave_room_for_a_message),
        cmocka_unit_test(memory_goes_back_when_connections_or_calls_are_gone),
        TEST(a_call_without_a_message_makes_room),
        TEST(streams_leave_calls_to_others),
    };
    mu_log_setup(false, MU_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
