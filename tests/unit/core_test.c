/* gRPC core as we have it: what its locks remember. */
#include <grpc/support/sync.h>

#include "common/rpc/core.h"
#include "tests/support/cmocka.h"

static void lock_both(gpr_mu *first, gpr_mu *second) {
    gpr_mu_lock(first);
    gpr_mu_lock(second);
    gpr_mu_unlock(second);
    gpr_mu_unlock(first);
}

/* Abseil that remembers them ends the process at the second. */
static void orders_of_locks_are_not_remembered(void **state) {
    gpr_mu a;
    gpr_mu b;
    (void)state;
    mu_core_init();
    gpr_mu_init(&a);
    gpr_mu_init(&b);
    lock_both(&a, &b);
    lock_both(&b, &a);
    gpr_mu_destroy(&a);
    gpr_mu_destroy(&b);
    grpc_shutdown();
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(orders_of_locks_are_not_remembered)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
