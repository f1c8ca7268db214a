/* Settings tables: parsing, ranges, texts, documentation. */
#include "common/search/settings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/cmocka.h"

static struct mu_error error;

enum colour { RED, GREEN };
static const char *const COLOURS[] = {"red", "green", NULL};

struct options {
    char before; /* members lie at their own offsets, whatever is between them */
    double gamma, weight;
    uint64_t steps;
    const char *steps_text;
    enum colour colour;
    const char *word;
    char after;
};
#define OPTION(member) MU_MEMBER(struct options, member)

static const struct mu_setting_spec SPECS[] = {
    {.name = "gamma",
        .value = OPTION(gamma),
        .fallback = "0.25",
        .max = 1,
        .min_open = true,
        .max_open = true,
        .out_of_range = "gamma should be in the range of (0, 1)",
        .help = "Share of good trials."},
    {.name = "steps",
        .value = OPTION(steps),
        .text = OPTION(steps_text),
        .min = 0,
        .max = INFINITY},
    {.name = "weight",
        .value = OPTION(weight),
        .fallback = "0.8",
        .min = 0,
        .max = INFINITY,
        .min_open = true,
        .none_allowed = true},
    {.name = "colour",
        .value = OPTION(colour),
        .fallback = "red",
        .choices = COLOURS,
        .not_supported = "%s %s is not supported"},
    {.name = "word", .value = OPTION(word), .fallback = ""},
    {.name = "ignored", .value = MU_CHECKED(MU_MEMBER_COUNT), .fallback = "4", .min = 1, .max = 9},
};
static const struct mu_settings SETTINGS = MU_SETTINGS(SPECS, struct options);

static enum mu_status read_one(const char *name, const char *value, struct options *options) {
    struct mu_pair pair = {name, value};
    *options = (struct options){.before = 'b', .after = 'a'};
    return mu_settings_read(&SETTINGS, &pair, name ? 1 : 0, options, &error);
}

static void defaults_fill_what_is_not_given(void **state) {
    (void)state;
    struct options o;
    assert_int_equal(read_one(NULL, NULL, &o), MU_OK);
    assert_true(o.gamma == 0.25 && o.weight == 0.8 && o.colour == RED && o.steps == 0);
    assert_string_equal(o.word, "");
    assert_null(o.steps_text);
}

static void values_go_to_their_members(void **state) {
    (void)state;
    struct options o;
    assert_int_equal(read_one("gamma", "0.5", &o), MU_OK);
    assert_true(o.gamma == 0.5);
    assert_int_equal(read_one("steps", "18446744073709551615", &o), MU_OK);
    assert_true(o.steps == UINT64_MAX);
    assert_int_equal(read_one("steps", "9007199254740993", &o), MU_OK);
    assert_true(o.steps == 9007199254740993u); /* which no double holds */
    assert_int_equal(read_one("steps", "3.0", &o), MU_OK);
    assert_true(o.steps == 3);
    assert_int_equal(read_one("steps", "1e3", &o), MU_OK);
    assert_true(o.steps == 1000);
    assert_int_equal(read_one("colour", "green", &o), MU_OK);
    assert_int_equal(o.colour, GREEN);
    assert_int_equal(read_one("word", "hello", &o), MU_OK);
    assert_string_equal(o.word, "hello");
    assert_true(o.before == 'b' && o.after == 'a');
}

static void a_zero_that_was_given_is_told_by_its_text(void **state) {
    (void)state;
    struct options o;
    assert_int_equal(read_one("steps", "0", &o), MU_OK);
    assert_int_equal(o.steps, 0);
    assert_string_equal(o.steps_text, "0");
}

static void none_leaves_the_member_zero(void **state) {
    (void)state;
    struct options o;
    assert_int_equal(read_one("weight", "None", &o), MU_OK);
    assert_true(o.weight == 0);
    assert_int_equal(read_one("weight", "none", &o), MU_OK);
    assert_true(o.weight == 0);
    assert_int_equal(read_one("gamma", "None", &o), MU_INVALID_ARGUMENT);
}

static void the_last_of_a_name_wins(void **state) {
    (void)state;
    struct mu_pair pairs[] = {{"steps", "x"}, {"gamma", "0.1"}, {"steps", "7"}};
    struct options o = {0};
    assert_int_equal(mu_settings_read(&SETTINGS, pairs, 3, &o, &error), MU_OK);
    assert_true(o.steps == 7 && o.gamma == 0.1);
    assert_string_equal(mu_pairs_find(pairs, 3, "steps"), "7");
    assert_string_equal(mu_pairs_find(pairs, 2, "steps"), "x");
    assert_null(mu_pairs_find(pairs, 3, "other"));
}

static void mistakes_are_named(void **state) {
    (void)state;
    static const char *const CASES[][3] = {
        {"gamma", "1.5", "gamma should be in the range of (0, 1)"},
        {"gamma", "0", "gamma should be in the range of (0, 1)"},
        {"gamma", "nan", "failed to validate gamma(nan)"},
        {"steps", "x", "failed to validate steps(x)"},
        {"steps", "2.5", "failed to validate steps(2.5)"},
        {"steps", "-1", "setting steps: -1 is out of range, accepted is >= 0"},
        {"ignored", "10", "setting ignored: 10 is out of range, accepted is [1, 9]"},
        {"steps", "", "failed to validate steps()"},
        {"weight", "0", "setting weight: 0 is out of range, accepted is > 0"},
        {"colour", "blue", "colour blue is not supported"},
    };
    struct options o;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        assert_int_equal(read_one(CASES[i][0], CASES[i][1], &o), MU_INVALID_ARGUMENT);
        if (!strstr(error.text, CASES[i][2])) {
            fail_msg("\"%s\" does not contain \"%s\"", error.text, CASES[i][2]);
        }
    }
}

static void rows_are_found_by_name_and_others_ignored(void **state) {
    (void)state;
    struct options o;
    assert_ptr_equal(mu_settings_find(&SETTINGS, "gamma"), &SPECS[0]);
    assert_null(mu_settings_find(&SETTINGS, "gama"));
    assert_int_equal(read_one("gama", "0.1", &o), MU_OK);
}

static void the_table_documents_itself(void **state) {
    (void)state;
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    mu_settings_document(&SETTINGS, out);
    fclose(out);
    assert_non_null(
        strstr(text, "| `gamma` | float | (0.0, 1.0) | 0.25 | Share of good trials. |"));
    assert_non_null(strstr(text, "| `steps` | int | >= 0 | unset |"));
    assert_non_null(strstr(text, "| `weight` | float | > 0.0 or None | 0.8 |"));
    assert_non_null(strstr(text, "| `word` | text | any | unset |"));
    assert_non_null(strstr(text, "`red`, `green`"));
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_fill_what_is_not_given),
        cmocka_unit_test(values_go_to_their_members),
        cmocka_unit_test(a_zero_that_was_given_is_told_by_its_text),
        cmocka_unit_test(none_leaves_the_member_zero),
        cmocka_unit_test(the_last_of_a_name_wins),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(rows_are_found_by_name_and_others_ignored),
        cmocka_unit_test(the_table_documents_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
