/* Texts on a terminal and in a shell: what is shown, how wide it is, what a shell reads. */
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "client/text/shell.h"
#include "client/text/visible.h"
#include "tests/support/cmocka.h"

static void check_shown(const char *text, size_t columns, const char *expected) {
    char *bytes = NULL;
    size_t size;
    FILE *out = open_memstream(&bytes, &size);
    cl_visible_write_columns(out, text, columns);
    fclose(out);
    assert_string_equal(bytes, expected);
    free(bytes);
}

static void what_moves_the_cursor_is_escaped(void **state) {
    (void)state;
    check_shown("a\nb\rc\td\033[2J\177", 100, "a\\nb\\rc\\td\\x1b[2J\\x7f");
    check_shown("\xc2\x9b"
                "2J",
        100,
        "\\xc2\\x9b"
        "2J"); /* a control sequence in one character */
    check_shown("caf\xc3\xa9", 100, "caf\xc3\xa9");
}

static void bytes_that_are_no_characters_are_escaped(void **state) {
    (void)state;
    check_shown("a\xff"
                "b",
        100,
        "a\\xff"
        "b");
    check_shown("cut \xe6\xbc", 100, "cut \\xe6\\xbc");
}

static void width_is_in_columns(void **state) {
    (void)state;
    assert_int_equal(cl_visible_width("caf\xc3\xa9"), 4);
    assert_int_equal(cl_visible_width("\xe6\xbc\xa2\xe5\xad\x97"), 4); /* two wide characters */
    assert_int_equal(cl_visible_width("e\xcc\x81"), 1);                /* e and an accent */
    assert_int_equal(cl_visible_width("\n"), 2);
}

static void a_wide_character_is_not_cut_in_two(void **state) {
    (void)state;
    check_shown("\xe6\xbc\xa2\xe5\xad\x97", 3, "\xe6\xbc\xa2");
    check_shown("ab\n", 3, "ab");
    check_shown("abc", 0, "");
}

static void a_shell_reads_a_word_as_it_was(void **state) {
    (void)state;
    struct mu_arena *arena = mu_arena_create(1 << 20);
    assert_string_equal(cl_shell_word("--lr=1e-4", arena), "--lr=1e-4");
    assert_string_equal(cl_shell_word("", arena), "''");
    assert_string_equal(cl_shell_word("it's $HOME", arena), "'it'\\''s $HOME'");
    assert_false(cl_shell_plain("~"));
    assert_false(cl_shell_plain("{a,b}"));
    mu_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_moves_the_cursor_is_escaped),
        cmocka_unit_test(bytes_that_are_no_characters_are_escaped),
        cmocka_unit_test(width_is_in_columns),
        cmocka_unit_test(a_wide_character_is_not_cut_in_two),
        cmocka_unit_test(a_shell_reads_a_word_as_it_was),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
