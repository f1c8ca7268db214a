/* JSON as it is written. */
#include <stdio.h>
#include <stdlib.h>

#include "client/text/json.h"
#include "tests/support/cmocka.h"

static void expect(const char *text, const char *expected) {
    char *written = NULL;
    size_t size;
    FILE *out = open_memstream(&written, &size);
    assert_non_null(out);
    cl_json_string(out, text);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(written, expected);
    free(written);
}

static void a_string_is_json_whatever_its_bytes(void **state) {
    (void)state;
    expect("", "\"\"");
    expect("a \"b\" \\c", "\"a \\\"b\\\" \\\\c\"");
    expect("\n\x01\x7f", "\"\\u000a\\u0001\\u007f\"");
    expect("</script>", "\"\\u003c/script>\"");
    expect("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x99\x82", "\"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x99\x82\"");
    expect("a\xff\xc3", "\"a\\ufffd\\ufffd\"");
    expect("\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""); /* half of a surrogate pair */
}

/* The ends of lines and the letters of YAML 1.1 (sections 4.2 and 4.1), beside others. */
static void a_string_is_yaml_too(void **state) {
    (void)state;
    expect("\xc2\x80\xc2\x85\xc2\x9f\xc2\xa0", "\"\\u0080\\u0085\\u009f\xc2\xa0\"");
    expect("\xe2\x80\xa7\xe2\x80\xa8 \xe2\x80\xa9\xe2\x80\xaf",
        "\"\xe2\x80\xa7\\u2028 \\u2029\xe2\x80\xaf\"");
    expect("\xef\xbf\xbd\xef\xbf\xbe\xef\xbf\xbf", "\"\xef\xbf\xbd\\ufffe\\uffff\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_string_is_json_whatever_its_bytes),
        cmocka_unit_test(a_string_is_yaml_too)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
