/* The service that a command talks to. */
#include "client/run/service.h"

#include <fcntl.h>
#include <unistd.h>

#include "tests/support/cmocka.h"

/* A command that fails before it asks closes what it never opened. */
static void closing_a_zeroed_service_closes_no_descriptor(void **state) {
    (void)state;
    struct cl_service service = {0};
    cl_service_close(&service);
    assert_true(fcntl(STDIN_FILENO, F_GETFD) >= 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closing_a_zeroed_service_closes_no_descriptor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
