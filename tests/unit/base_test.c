/* Status texts, UTF-8 repair, the arena and its guard. */
#include <stdio.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/text.h"
#include "common/base/writer.h"
#include "tests/support/cmocka.h"

static void errors_are_cut_on_a_character_border(void **state) {
    (void)state;
    struct mu_error error;
    char wide[2100] = "";
    for (int i = 0; i < 1000; i++) {
        strcat(wide, "\xC3\xA9");
    }
    assert_int_equal(mu_fail(&error, MU_INVALID_ARGUMENT, "x%s", wide), MU_INVALID_ARGUMENT);
    assert_true(mu_text_valid(error.text, strlen(error.text)));
    assert_true(strlen(error.text) >= sizeof error.text - 3);
    assert_string_equal(mu_status_name(3), "INVALID_ARGUMENT");
    assert_string_equal(mu_status_name(99), "UNKNOWN");
}

/* Metrics have a series for each name. */
static void every_code_of_grpc_has_a_name_of_its_own(void **state) {
    (void)state;
    for (int code = 0; code <= 16; code++) {
        for (int other = 0; other < code; other++) {
            assert_string_not_equal(mu_status_name(code), mu_status_name(other));
        }
    }
}

static void text_is_strict_utf8(void **state) {
    (void)state;
    static const char *const GOOD[] = {"", "plain", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
    static const char *const BAD[] = {
        "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xFF", "\xC3", "a\x80"};
    for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++) {
        assert_true(mu_text_valid(GOOD[i], strlen(GOOD[i])));
    }
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        assert_false(mu_text_valid(BAD[i], strlen(BAD[i])));
    }
    assert_false(mu_text_valid("a\0b", 3));
    char line[] = "a\nb\x01\xFF!";
    mu_text_repair(line);
    assert_string_equal(line, "a\nb?"
                              "?!");
    char terminal[] = "\x1B]0;\xC2\x9B"
                      "31m\xC2\xA0";
    mu_text_repair(terminal);
    assert_string_equal(terminal, "?]0;?31m\xC2\xA0");
}

static void memory_is_zeroed_aligned_and_counted(void **state) {
    (void)state;
    struct mu_arena *arena = mu_arena_create(1 << 20);
    for (size_t size = 0; size < 300; size++) {
        unsigned char *p = mu_arena_alloc(arena, size);
        assert_true((uintptr_t)p % 16 == 0);
        for (size_t i = 0; i < size; i++) {
            assert_int_equal(p[i], 0);
        }
        memset(p, 0xAA, size);
    }
    assert_string_equal(mu_arena_format(arena, "%d-%s", 7, "x"), "7-x");
    assert_null(mu_arena_try_alloc(arena, 1 << 20));
    assert_null(mu_arena_try_alloc(arena, SIZE_MAX));
    mu_arena_destroy(arena);
    mu_arena_destroy(NULL);
}

static void a_matrix_has_room_for_all_its_rows(void **state) {
    (void)state;
    struct mu_arena *arena = mu_arena_create(1 << 16);
    size_t before = mu_arena_used(arena);
    double *matrix = MU_MATRIX(arena, 3, 50, double);
    assert_true(mu_arena_used(arena) - before >= 150 * sizeof *matrix);
    mu_arena_destroy(arena);
}

static void released_memory_is_handed_out_again(void **state) {
    (void)state;
    struct mu_arena *arena = mu_arena_create(1 << 20);
    char *kept = mu_arena_copy(arena, "kept");
    for (int i = 0; i < 1000; i++) { /* a thousand times half the limit */
        struct mu_arena_mark mark = mu_arena_mark(arena);
        memset(mu_arena_alloc(arena, 1 << 19), i, 1 << 19);
        mu_arena_release(arena, mark);
    }
    assert_string_equal(kept, "kept");
    assert_true(mu_arena_used(arena) <= 16);
    mu_arena_destroy(arena);
}

static void count_up(void *user) {
    ++*(int *)user;
}

static void what_was_deferred_runs_at_the_end(void **state) {
    (void)state;
    int first = 0;
    int second = 0;
    struct mu_arena *arena = mu_arena_create(1 << 16);
    mu_arena_defer(arena, count_up, &first);
    mu_arena_defer(arena, count_up, &second);
    mu_arena_defer(arena, count_up, &first);
    assert_int_equal(first + second, 0);
    mu_arena_destroy(arena);
    assert_int_equal(first, 2);
    assert_int_equal(second, 1);
}

static void past_the_limit_the_guard_is_reached(void **state) {
    (void)state;
    struct mu_arena *arena = mu_arena_create(1 << 16);
    volatile int reached = 0;
    if (mu_arena_enter(arena) == 0) {
        for (int i = 0; i < 66; i++) { /* 66 thousand bytes in steps, each below the limit */
            (void)mu_arena_alloc(arena, 1000);
        }
    } else {
        reached = 1;
    }
    assert_int_equal(reached, 1);
    if (mu_arena_enter(arena) == 0) {
        (void)mu_arena_array(arena, SIZE_MAX / 2, 16); /* the product overflows */
    } else {
        reached = 2;
    }
    assert_int_equal(reached, 2);
    if (mu_arena_enter(arena) == 0) {
        (void)MU_MATRIX(arena, (size_t)1 << 33, (size_t)1 << 31, char); /* 2^64 elements */
    } else {
        reached = 3;
    }
    assert_int_equal(reached, 3);
    mu_arena_leave(arena);
    mu_arena_destroy(arena);
}

/* The first piece makes room for few more; texts that are longer than the room, and empty ones. */
static void a_writer_grows(void **state) {
    (void)state;
    struct mu_arena *arena = mu_arena_create(1 << 20);
    struct mu_writer w = {.arena = arena};
    char expected[400] = "";
    mu_write(&w, "%s", "");
    assert_string_equal(w.text, "");
    for (int i = 0; i < 20; i++) {
        mu_write(&w, "%d:%.*s;", i, i, "abcdefghijklmnopqrstuvwxyz");
        sprintf(expected + strlen(expected), "%d:%.*s;", i, i, "abcdefghijklmnopqrstuvwxyz");
        assert_string_equal(w.text, expected);
        assert_int_equal(w.n, strlen(expected));
    }
    mu_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_writer_grows),
        cmocka_unit_test(errors_are_cut_on_a_character_border),
        cmocka_unit_test(every_code_of_grpc_has_a_name_of_its_own),
        cmocka_unit_test(text_is_strict_utf8),
        cmocka_unit_test(memory_is_zeroed_aligned_and_counted),
        cmocka_unit_test(a_matrix_has_room_for_all_its_rows),
        cmocka_unit_test(released_memory_is_handed_out_again),
        cmocka_unit_test(what_was_deferred_runs_at_the_end),
        cmocka_unit_test(past_the_limit_the_guard_is_reached),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
