/* An arena that every test finds fresh: run tests as arena_test(name). */
#ifndef MUSHIR_TESTS_SUPPORT_ARENA_H
#define MUSHIR_TESTS_SUPPORT_ARENA_H

#include "common/base/arena.h"
#include "tests/support/cmocka.h"

static struct mu_arena *arena;

static int create_arena(void **state) {
    (void)state;
    arena = mu_arena_create((size_t)1 << 30);
    return arena ? 0 : -1;
}

static int destroy_arena(void **state) {
    (void)state;
    mu_arena_destroy(arena);
    return 0;
}

#define arena_test(name) cmocka_unit_test_setup_teardown(name, create_arena, destroy_arena)

#endif
