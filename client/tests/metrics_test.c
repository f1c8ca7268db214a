/* Metrics from lines. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/experiment/filter.h"
#include "client/run/metrics.h"
#include "client/text/json.h"
#include "tests/support/cmocka.h"

static struct cl_metric_spec specs[] = {
    {"loss", CL_STRATEGY_MIN}, {"valid_1 auc", CL_STRATEGY_MAX}, {"acc", CL_STRATEGY_LATEST}};

static void collect(void *user, size_t metric, const char *value, const char *time) {
    char *text = user;
    snprintf(text + strlen(text), 256 - strlen(text), "%zu=%s@%s;", metric, value, time);
}

static void expect(const char *filter, bool json, const char *line, const char *expected) {
    struct cl_experiment e = {.metrics = specs,
        .n_metrics = 3,
        .collector = {.json = json, .filters = &filter, .n_filters = filter != NULL}};
    struct cl_metric_parser *parser = cl_metric_parser_create(&e);
    char text[256] = "";
    cl_metric_parse_line(parser, line, strlen(line), collect, text);
    assert_string_equal(text, expected);
    cl_metric_parser_destroy(parser);
}

static void the_default_filter_reads_what_katib_reads(void **state) {
    (void)state;
    expect(NULL, false, "loss=0.5", "0=0.5@;");
    expect(NULL, false, "epoch 3: loss = -1.5e-3, acc=.7", "0=-1.5e-3@;2=.7@;");
    expect(NULL, false, "loss=1 loss=2", "0=1@;0=2@;");
    expect(NULL, false, "my-loss=1", ""); /* another word */
    expect(NULL, false, "loss: 1", "");
    expect(NULL, false, "loss=nan", "0=@;"); /* the value part is empty */
    expect(NULL, false, "loss=+7\r", "0=+7@;");
    expect(NULL, false, "", "");
    expect(NULL, false, "2024-05-01T10:00:00.5Z loss=1", "0=1@2024-05-01T10:00:00.5Z;");
    expect(NULL, false, "2024-05-01 loss=1", "0=1@;");
}

static void custom_filters_have_two_groups(void **state) {
    char why[256];
    (void)state;
    expect("([a-z0-9_ ]+)'s value: ([0-9.]+)", false, "valid_1 auc's value: 0.75", "1=0.75@;");
    expect("([\\w-]+)=(Genotype.*)", false, "loss=Genotype(a, b=[1])", "0=Genotype(a, b=[1])@;");
    expect("(loss)()", false, "loss loss", "0=@;0=@;");
    assert_true(cl_filter_valid("(a)(b)", why, sizeof why));
    assert_false(cl_filter_valid("(a)b", why, sizeof why));
    assert_non_null(strstr(why, "two groups"));
    assert_false(cl_filter_valid("(a)(b", why, sizeof why));
    assert_true(cl_filter_valid(CL_DEFAULT_FILTER, why, sizeof why));
}

static void json_lines_are_flat_objects(void **state) {
    (void)state;
    expect(NULL, true, "{\"loss\": \"0.5\", \"acc\": 0.7, \"timestamp\": \"t\"}", "0=0.5@;2=0.7@;");
    expect(NULL, true, "{\"timestamp\": \"2024-05-01T10:00:00.5Z\", \"loss\": \"1\"}",
        "0=1@2024-05-01T10:00:00.5Z;");
    expect(NULL, true, "{\"loss\": null, \"acc\": true, \"loss\": -1, \"acc\": \"G(a)\"}",
        "0=-1@;2=G(a)@;");
    expect(NULL, true, "{\"acc\": \"1\", \"loss\": \"2\", \"loss\": \"3\", \"acc\": {}}", "0=3@;");
    expect(NULL, true,
        "{\"loss\": 1, \"loss\": [2], \"timestamp\": 0, \"timestamp\": \"t\", \"acc\": 4}",
        "2=4@;");
    expect(NULL, true, "{\"nested\": {\"loss\": 1, \"x\": [\"}\"]}, \"loss\": 2}", "0=2@;");
    expect(NULL, true, "{\"loss\": \"\\u0031\\n\"}", "0=1\n@;");
    static const char *const broken[] = {"", "{", "[1]", "{\"loss\"", "{\"loss\":", "{\"loss\": 1",
        "{\"loss\": \"1", "loss=1", "{\"a\\", "{}", "{,}"};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        expect(NULL, true, broken[i], "");
    }
}

static void strategies_choose_among_values(void **state) {
    struct cl_metric_summary s = {0};
    (void)state;
    assert_null(cl_metric_summary_value(&s, CL_STRATEGY_MIN));
    cl_metric_summary_add(&s, "3");
    cl_metric_summary_add(&s, "1e0");
    cl_metric_summary_add(&s, "2.0");
    assert_string_equal(cl_metric_summary_value(&s, CL_STRATEGY_MIN), "1e0");
    assert_string_equal(cl_metric_summary_value(&s, CL_STRATEGY_MAX), "3");
    assert_string_equal(cl_metric_summary_value(&s, CL_STRATEGY_LATEST), "2.0");
    struct cl_metric_summary text = {0};
    cl_metric_summary_add(&text, "Genotype()");
    assert_string_equal(text.min, "unavailable");
    assert_string_equal(cl_metric_summary_value(&text, CL_STRATEGY_MAX), "Genotype()");
}

static void what_is_no_finite_number_is_no_text_either(void **state) {
    static const char *const none[] = {
        "", " ", "-", "+", "nan", "-inf", "1e400", "0x1p3", "Infinity "};
    static const char *const texts[] = {"infinite", "nan(", "a", "1e400 a", "-x"};
    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        struct cl_metric_summary s = {0};
        cl_metric_summary_add(&s, none[i]);
        assert_null(cl_metric_summary_value(&s, CL_STRATEGY_MIN));
        cl_metric_summary_add(&s, "2");
        assert_string_equal(cl_metric_summary_value(&s, CL_STRATEGY_MIN), "2");
    }
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct cl_metric_summary s = {0};
        cl_metric_summary_add(&s, texts[i]);
        assert_string_equal(cl_metric_summary_value(&s, CL_STRATEGY_MIN), texts[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_filter_reads_what_katib_reads),
        cmocka_unit_test(custom_filters_have_two_groups),
        cmocka_unit_test(json_lines_are_flat_objects),
        cmocka_unit_test(strategies_choose_among_values),
        cmocka_unit_test(what_is_no_finite_number_is_no_text_either),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
