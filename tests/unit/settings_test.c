/* Settings tables: parsing, ranges, texts, documentation. */
#include "common/search/settings.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/arena.h"

static struct mu_error error;

static const char *const COLOURS[] = {"red", "green", NULL};
static const struct mu_setting_spec SPECS[] = {
    MU_SETTING_RANDOM_STATE,
    {.name = "gamma",
        .type = MU_SETTING_REAL,
        .fallback = "0.25",
        .max = 1,
        .min_open = true,
        .max_open = true,
        .out_of_range = "gamma should be in the range of (0, 1)",
        .help = "Share of good trials."},
    {.name = "steps", .type = MU_SETTING_INT, .fallback = "10", .min = 1, .max = INFINITY},
    {.name = "weight",
        .type = MU_SETTING_REAL,
        .fallback = "0.8",
        .min = 0,
        .max = INFINITY,
        .min_open = true,
        .none_allowed = true},
    {.name = "colour",
        .type = MU_SETTING_CHOICE,
        .fallback = "red",
        .choices = COLOURS,
        .not_supported = "%s %s is not supported"},
};
enum { N_SPECS = sizeof SPECS / sizeof *SPECS };

static enum mu_status read_one(const char *name, const char *value, struct mu_settings *settings) {
    struct mu_pair pair = {name, value};
    return mu_settings_read(settings, SPECS, N_SPECS, &pair, 1, arena, &error);
}

static void defaults_fill_what_is_not_given(void **state) {
    (void)state;
    struct mu_settings s;
    assert_int_equal(mu_settings_read(&s, SPECS, N_SPECS, NULL, 0, arena, &error), MU_OK);
    assert_true(mu_setting(&s, "gamma")->set && !mu_setting(&s, "gamma")->given &&
                mu_setting(&s, "gamma")->real == 0.25);
    assert_false(mu_setting(&s, "random_state")->set);
    assert_int_equal(mu_setting(&s, "colour")->choice, 0);
}

static void values_are_read_exactly(void **state) {
    (void)state;
    struct mu_settings s;
    assert_int_equal(read_one("random_state", "18446744073709551615", &s), MU_OK);
    assert_true(mu_setting(&s, "random_state")->integer == UINT64_MAX &&
                mu_setting(&s, "random_state")->given);
    assert_int_equal(read_one("random_state", "4294967296", &s), MU_OK);
    assert_true(mu_setting(&s, "random_state")->integer == 4294967296u);
    assert_int_equal(read_one("steps", "3.0", &s), MU_OK);
    assert_true(mu_setting(&s, "steps")->integer == 3);
    assert_int_equal(read_one("weight", "None", &s), MU_OK);
    assert_true(!mu_setting(&s, "weight")->set && !mu_setting(&s, "weight")->given);
    assert_int_equal(read_one("colour", "green", &s), MU_OK);
    assert_int_equal(mu_setting(&s, "colour")->choice, 1);
}

static void mistakes_are_named(void **state) {
    (void)state;
    static const char *const CASES[][3] = {
        {"gamma", "1.5", "gamma should be in the range of (0, 1)"},
        {"gamma", "0", "gamma should be in the range of (0, 1)"},
        {"gamma", "nan", "failed to validate gamma(nan)"},
        {"random_state", "-1", "random_state should be great or equal than zero"},
        {"random_state", "x", "failed to validate random_state(x)"},
        {"steps", "2.5", "failed to validate steps(2.5)"},
        {"steps", "0", "setting steps: 0 is out of range, accepted is >= 1"},
        {"steps", "", "failed to validate steps()"},
        {"weight", "0", "setting weight: 0 is out of range, accepted is > 0"},
        {"colour", "blue", "colour blue is not supported"},
    };
    struct mu_settings s;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        assert_int_equal(read_one(CASES[i][0], CASES[i][1], &s), MU_INVALID_ARGUMENT);
        if (!strstr(error.text, CASES[i][2])) {
            fail_msg("\"%s\" does not contain \"%s\"", error.text, CASES[i][2]);
        }
    }
}

static void unknown_names_are_found(void **state) {
    (void)state;
    struct mu_pair pairs[] = {{"gamma", "0.1"}, {"gama", "0.1"}};
    assert_ptr_equal(mu_settings_unknown(SPECS, N_SPECS, pairs, 2), &pairs[1]);
    assert_null(mu_settings_unknown(SPECS, N_SPECS, pairs, 1));
    struct mu_settings s;
    assert_int_equal(mu_settings_read(&s, SPECS, N_SPECS, pairs, 2, arena, &error),
        MU_OK); /* reading ignores them */
}

static void the_table_documents_itself(void **state) {
    (void)state;
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    mu_settings_document(SPECS, N_SPECS, out);
    fclose(out);
    assert_non_null(
        strstr(text, "| `gamma` | float | (0.0, 1.0) | 0.25 | Share of good trials. |"));
    assert_non_null(strstr(text, "| `steps` | int | >= 1 | 10 |"));
    assert_non_null(strstr(text, "| `random_state` | int | >= 0 | unset |"));
    assert_non_null(strstr(text, "`red`, `green`"));
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(defaults_fill_what_is_not_given),
        arena_test(values_are_read_exactly),
        arena_test(mistakes_are_named),
        arena_test(unknown_names_are_found),
        arena_test(the_table_documents_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
