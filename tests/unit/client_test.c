/* The gRPC client where there is no server: nothing listens at the address, so a call that waits
 * for a connection waits for ever. */
#include "common/rpc/client.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/cmocka.h"
#include "tests/support/eventually.h"

static const double FOR_EVER = 1e6;

static enum mu_status call(struct mu_rpc_client *client, double seconds_to_connect) {
    struct mu_error error;
    uint8_t *reply = NULL;
    size_t size;
    enum mu_status status = mu_rpc_client_call(client, "/t.T/Echo", (const uint8_t *)"x", 1,
        seconds_to_connect, PATIENCE, &reply, &size, &error);
    free(reply);
    return status;
}

static struct mu_rpc_client *client_of_nobody(void) {
    struct mu_error error;
    struct mu_rpc_client *client = mu_rpc_client_create("127.0.0.1:1", 0, &error);
    assert_non_null(client);
    return client;
}

static void an_empty_address_is_refused(void **state) {
    (void)state;
    struct mu_error error;
    assert_null(mu_rpc_client_create("", 0, &error));
    assert_int_equal(error.code, MU_INVALID_ARGUMENT);
    assert_non_null(strstr(error.text, "is no address"));
}

static void who_stays_away_is_unavailable(void **state) {
    (void)state;
    struct mu_rpc_client *client = client_of_nobody();
    assert_int_equal(call(client, 0.01), MU_UNAVAILABLE);
    mu_rpc_client_destroy(client);
}

static void *wait_for_ever(void *client) {
    return call(client, FOR_EVER) == MU_CANCELLED ? client : NULL;
}

static void a_call_that_waits_for_a_connection_can_be_cancelled(void **state) {
    (void)state;
    struct mu_rpc_client *client = client_of_nobody();
    pthread_t thread;
    void *result;
    alarm(PATIENCE);
    assert_int_equal(pthread_create(&thread, NULL, wait_for_ever, client), 0);
    mu_rpc_client_cancel(client); /* before it waits or while it does */
    pthread_join(thread, &result);
    assert_non_null(result);
    assert_int_equal(call(client, FOR_EVER), MU_CANCELLED); /* and all later ones */
    alarm(0);
    mu_rpc_client_destroy(client);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_address_is_refused),
        cmocka_unit_test(who_stays_away_is_unavailable),
        cmocka_unit_test(a_call_that_waits_for_a_connection_can_be_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
