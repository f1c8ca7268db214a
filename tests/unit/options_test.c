/* Options from the command line and the environment, and what the machine grants. */
#include <stdlib.h>
#include <string.h>

#include "common/service/machine.h"
#include "common/service/options.h"
#include "tests/support/cmocka.h"

static enum mu_status read_two(
    struct mu_options *options, const char *first, const char *second, struct mu_error *error) {
    char *argv[] = {
        (char *)(uintptr_t) "program", (char *)(uintptr_t)first, (char *)(uintptr_t)second, NULL};
    *options = mu_default_options;
    return mu_flags_read(
        mu_option_flags, mu_n_option_flags, options, first ? second ? 3 : 2 : 1, argv, error);
}

static void values_come_in_both_forms(void **state) {
    (void)state;
    struct mu_options options;
    struct mu_error error;
    assert_int_equal(read_two(&options, "--port", "0", &error), MU_OK);
    assert_int_equal(options.port, 0);
    assert_int_equal(read_two(&options, "--log-format=json", "--settings", &error), MU_OK);
    assert_string_equal(options.log_format, "json");
    assert_true(options.settings && !options.help);
    assert_int_equal(read_two(&options, "--tls-cert=/a=b", NULL, &error), MU_OK);
    assert_string_equal(options.tls_cert, "/a=b");
}

static void defaults_are_the_contracts(void **state) {
    (void)state;
    struct mu_options options;
    struct mu_error error;
    assert_int_equal(read_two(&options, NULL, NULL, &error), MU_OK);
    assert_int_equal(options.port, 6789);
    assert_int_equal(options.admin_port, -1);
    assert_null(options.host);
}

static void mistakes_are_named(void **state) {
    static const struct {
        const char *first, *second, *expected;
    } WRONG[] = {
        {"--port", "x", "--port is \"x\""},
        {"--port", "65536", "0 to 65535"},
        {"--port", "-1", "--port is \"-1\""},
        {"--port", "1 ", "--port is \"1 \""},
        {"--port", "+1", "--port is \"+1\""},
        {"--port", "99999999999999999999", "--port"},
        {"--port=", NULL, "--port is \"\""},
        {"--port", NULL, "--port needs a value"},
        {"--log-format", "xml", "text, json"},
        {"--host=", NULL, "--host needs a value"},
        {"--help=1", NULL, "--help takes no value"},
        {"--portt=1", NULL, "unknown option --portt=1"},
        {"--por", "1", "unknown option --por"},
        {"6789", NULL, "unknown option 6789"},
        {"-h", NULL, "unknown option -h"},
        {"--", NULL, "unknown option --"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
        struct mu_options options;
        struct mu_error error;
        assert_int_equal(
            read_two(&options, WRONG[i].first, WRONG[i].second, &error), MU_INVALID_ARGUMENT);
        assert_non_null(strstr(error.text, WRONG[i].expected));
    }
}

static void the_command_line_beats_the_environment(void **state) {
    (void)state;
    struct mu_options options;
    struct mu_error error;
    setenv("MUSHIR_PORT", "7001", 1);
    setenv("MUSHIR_MAX_REQUEST_MIB", "3", 1);
    assert_int_equal(read_two(&options, "--port", "7002", &error), MU_OK);
    assert_int_equal(options.port, 7002);
    assert_int_equal(options.max_request_mib, 3);
    setenv(
        "MUSHIR_PORT", "tcp://10.0.0.1:6789", 1); /* Kubernetes' link to a Service called mushir */
    setenv("MUSHIR_MAX_REQUEST_MIB", "", 1);
    assert_int_equal(read_two(&options, NULL, NULL, &error), MU_OK);
    assert_int_equal(options.port, 6789);
    assert_int_equal(options.max_request_mib, mu_default_options.max_request_mib);
    setenv("MUSHIR_PORT", "many", 1);
    assert_int_equal(read_two(&options, NULL, NULL, &error), MU_INVALID_ARGUMENT);
    assert_non_null(strstr(error.text, "MUSHIR_PORT is \"many\""));
    unsetenv("MUSHIR_PORT");
    unsetenv("MUSHIR_MAX_REQUEST_MIB");
}

static void every_option_is_in_the_help(void **state) {
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    mu_flags_help(mu_option_flags, mu_n_option_flags, &mu_default_options, out);
    fclose(out);
    for (size_t i = 0; i < mu_n_option_flags; i++) {
        assert_non_null(strstr(text, mu_option_flags[i].name));
    }
    assert_non_null(strstr(text, "(default 6789)"));
    assert_null(strstr(text, "-1"));
    free(text);
}

static void quotas_round_up(void **state) {
    (void)state;
    assert_int_equal(mu_machine_parse_quota("max 100000\n"), 0);
    assert_int_equal(mu_machine_parse_quota("50000 100000\n"), 1);
    assert_int_equal(mu_machine_parse_quota("150000 100000\n"), 2);
    assert_int_equal(mu_machine_parse_quota("400000 100000\n"), 4);
    assert_int_equal(mu_machine_parse_quota(""), 0);
    assert_int_equal(mu_machine_parse_quota("1 0"), 0);
    assert_int_equal(mu_machine_parse_quota_v1("-1\n", "100000\n"), 0);
    assert_int_equal(mu_machine_parse_quota_v1("250000\n", "100000\n"), 3);
}

static void limits_are_bytes_or_none(void **state) {
    (void)state;
    assert_int_equal(mu_machine_parse_limit("max\n"), 0);
    assert_int_equal(mu_machine_parse_limit("104857600\n"), 104857600);
    assert_int_equal(
        mu_machine_parse_limit("9223372036854771712\n"), 0); /* cgroup v1 without a limit */
    assert_int_equal(mu_machine_parse_limit(""), 0);
}

static void this_machine_has_cpus_and_memory(void **state) {
    (void)state;
    assert_in_range(mu_machine_cpus(), 1, 1 << 16);
    assert_in_range(mu_machine_resident(), 1 << 16, UINT64_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_in_both_forms),
        cmocka_unit_test(defaults_are_the_contracts),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(the_command_line_beats_the_environment),
        cmocka_unit_test(every_option_is_in_the_help),
        cmocka_unit_test(quotas_round_up),
        cmocka_unit_test(limits_are_bytes_or_none),
        cmocka_unit_test(this_machine_has_cpus_and_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
