#include "client/options.h"

#include <string.h>

#include "tests/support/cmocka.h"

static void each_option_says_how_it_is_read(void **state) {
    (void)state;
    for (size_t i = 0; i < cl_n_options; i++) {
        const struct cl_option *o = &cl_option_table[i];
        bool number = o->member.kind == MU_MEMBER_COUNT || o->member.kind == MU_MEMBER_REAL;
        assert_true(number || o->member.kind == MU_MEMBER_SWITCH ||
                    o->member.kind == MU_MEMBER_TEXT || o->read);
        assert_int_equal(number, o->most > 0);
        assert_int_equal(o->member.kind == MU_MEMBER_SWITCH, !o->value);
        assert_true(strlen(o->help) > 0);
    }
}

static void no_two_options_have_one_name(void **state) {
    (void)state;
    for (size_t i = 0; i < cl_n_options; i++) {
        for (size_t j = 0; j < i; j++) {
            const struct cl_option *a = &cl_option_table[i];
            const struct cl_option *b = &cl_option_table[j];
            assert_string_not_equal(a->name, b->name);
            assert_true(!a->letter || a->letter != b->letter);
            assert_true(a->read || b->read || a->member.offset != b->member.offset);
        }
    }
}

/* The names that an option is for are commands, with one blank between. */
static void options_are_of_commands(void **state) {
    (void)state;
    for (size_t i = 0; i < cl_n_options; i++) {
        const char *at = cl_option_table[i].commands;
        while (at && *at) {
            char name[32] = "";
            size_t length = strcspn(at, " ");
            memcpy(name, at, length);
            assert_non_null(cl_command_find(name));
            assert_true(cl_option_is_of(&cl_option_table[i], name));
            at += length + (at[length] == ' ');
        }
    }
}

static void a_name_is_taken_as_a_whole(void **state) {
    (void)state;
    struct cl_option option = {.commands = "validate run"};
    assert_true(cl_option_is_of(&option, "run"));
    assert_true(cl_option_is_of(&option, "validate"));
    assert_false(cl_option_is_of(&option, "valid"));
    assert_false(cl_option_is_of(&option, "ru"));
    assert_false(cl_option_is_of(&option, "date"));
    assert_false(cl_option_is_of(&option, "katib"));
    option.commands = NULL;
    assert_true(cl_option_is_of(&option, "katib"));
    assert_null(cl_command_find("ru"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_option_says_how_it_is_read),
        cmocka_unit_test(no_two_options_have_one_name),
        cmocka_unit_test(options_are_of_commands),
        cmocka_unit_test(a_name_is_taken_as_a_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
