/* Log lines: both formats, and that nothing from outside can forge a line or a field. */
#include <string.h>

#include "common/base/log.h"
#include "common/base/text.h"
#include "tests/support/cmocka.h"

static const struct mu_log_field FIELDS[] = {
    {.name = "method", .text = "GetSuggestions"},
    {.name = "trials", .number = 1000},
    {.name = "milliseconds", .number = 1.23456, .decimals = 3},
    {.name = "error", .text = "a \"b\"\n\\ \x1b[31m\xC2\x85 \xC3\xA9 \xFF"},
};

static void text_lines_are_for_people(void **state) {
    (void)state;
    char line[512];
    size_t n = mu_log_format(
        line, sizeof line, false, MU_LOG_INFO, 1790000000, 7000000, "request", FIELDS, 4);
    assert_int_equal(n, strlen(line));
    assert_string_equal(line, "2026-09-21T14:13:20.007Z info    request method=GetSuggestions "
                              "trials=1000 milliseconds=1.235 "
                              "error=\"a \\\"b\\\"\\u000a\\\\ \\u001b[31m\\u0085 \xC3\xA9 ?\"");
}

static void json_lines_are_for_machines(void **state) {
    (void)state;
    char line[512];
    mu_log_format(line, sizeof line, true, MU_LOG_WARNING, 0, 0, "request", FIELDS, 4);
    assert_string_equal(line,
        "{\"time\":\"1970-01-01T00:00:00.000Z\",\"level\":\"warning\",\"message\":\"request\","
        "\"method\":\"GetSuggestions\","
        "\"trials\":1000,\"milliseconds\":1.235,"
        "\"error\":\"a \\\"b\\\"\\u000a\\\\ \\u001b[31m\\u0085 \xC3\xA9 ?\"}");
}

static void no_value_breaks_out(void **state) {
    (void)state;
    for (int byte = 1; byte < 256; byte++) {
        char value[] = {'a', (char)byte, 'b', 0};
        char line[256];
        const struct mu_log_field field = {.name = "x", .text = value};
        for (int json = 0; json < 2; json++) {
            size_t n = mu_log_format(line, sizeof line, json, MU_LOG_ERROR, 0, 0, "m", &field, 1);
            assert_true(mu_text_valid(line, n));
            for (size_t i = 0; i < n; i++) {
                assert_true((unsigned char)line[i] >= 0x20 && line[i] != 0x7F);
            }
            assert_null(strstr(line, json ? "a\"b" : "a b x="));
        }
    }
}

static void spaces_and_equals_signs_are_quoted(void **state) {
    (void)state;
    char line[256];
    const struct mu_log_field field = {.name = "experiment", .text = "x status=OK"};
    mu_log_format(line, sizeof line, false, MU_LOG_INFO, 0, 0, "m", &field, 1);
    assert_non_null(strstr(line, " experiment=\"x status=OK\""));
    const struct mu_log_field empty = {.name = "experiment", .text = ""};
    mu_log_format(line, sizeof line, false, MU_LOG_INFO, 0, 0, "m", &empty, 1);
    assert_non_null(strstr(line, " experiment=\"\""));
}

static void long_lines_lose_whole_fields(void **state) {
    (void)state;
    char value[2000];
    char line[4200];
    memset(value, 'v', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    const struct mu_log_field fields[] = {
        {.name = "a", .text = value}, {.name = "b", .text = value}, {.name = "c", .text = "short"}};
    for (size_t size = 100; size < sizeof line; size += 7) {
        size_t n = mu_log_format(line, size, true, MU_LOG_INFO, 0, 0, "m", fields, 3);
        assert_true(n < size);
        assert_int_equal(line[n - 1], '}');
        assert_true(line[n - 2] == '"');
        assert_true(size > 4060 || !strstr(line, "short"));
    }
    assert_non_null(strstr(line, "short"));
}

static void levels_are_a_threshold(void **state) {
    (void)state;
    mu_log_setup(false, MU_LOG_WARNING);
    assert_false(mu_log_enabled(MU_LOG_INFO));
    assert_true(mu_log_enabled(MU_LOG_WARNING) && mu_log_enabled(MU_LOG_ERROR));
    mu_log_setup(false, MU_LOG_OFF);
    assert_false(mu_log_enabled(MU_LOG_ERROR));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_lines_are_for_people),
        cmocka_unit_test(json_lines_are_for_machines),
        cmocka_unit_test(no_value_breaks_out),
        cmocka_unit_test(spaces_and_equals_signs_are_quoted),
        cmocka_unit_test(long_lines_lose_whole_fields),
        cmocka_unit_test(levels_are_a_threshold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
