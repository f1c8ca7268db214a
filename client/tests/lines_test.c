/* Lines of two versions: what stayed, and the difference. */
#include <stdlib.h>
#include <string.h>

#include "client/katib/embedded.h"
#include "client/text/lines.h"
#include "common/num/stream.h"
#include "tests/support/cmocka.h"

static void a_text_is_its_lines(void **state) {
    static const char *const texts[] = {"", "a", "a\n", "\n", "\n\na\n\nb"};
    static const size_t counts[] = {1, 1, 2, 2, 5};
    struct mu_arena *arena = mu_arena_create(1 << 20);
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct cl_lines lines = cl_lines_split(texts[i], arena);
        assert_int_equal(lines.n, counts[i]);
        assert_string_equal(cl_lines_join(&lines, arena), texts[i]);
    }
    struct cl_lines lines = cl_lines_split("a\nb\nc", arena);
    lines.items[0] = NULL;
    assert_string_equal(cl_lines_join(&lines, arena), "b\nc");
    mu_arena_destroy(arena);
}

static void the_difference_is_that_of_diff(void **state) {
    /* |difference|: what GNU diff 3.8 -U0 prints after its head. */
    static const struct {
        const char *before, *now, *difference;
    } cases[] = {{"a\nb", "a\nb", ""}, {"a\nb\nc", "a\nx\nc", "@@ -2 +2 @@\n-b\n+x\n"},
        {"a\nc", "a\nb\nb\nc", "@@ -1,0 +2,2 @@\n+b\n+b\n"},
        {"a\nb\nc\nd", "d", "@@ -1,3 +0,0 @@\n-a\n-b\n-c\n"},
        {"a\nb", "b\na", "@@ -1 +0,0 @@\n-a\n@@ -2,0 +2 @@\n+a\n"},
        {"a\033", "b", "@@ -1 +1 @@\n-a\\x1b\n+b\n"}};
    struct mu_arena *arena = mu_arena_create(1 << 20);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cl_lines before = cl_lines_split(cases[i].before, arena);
        struct cl_lines now = cl_lines_split(cases[i].now, arena);
        char *bytes = NULL;
        size_t size;
        FILE *out = open_memstream(&bytes, &size);
        cl_lines_diff(out, "x", &before, &now, cl_lines_match(&before, &now, arena));
        fclose(out);
        assert_string_equal(bytes, mu_arena_format(arena, "--- x\n+++ x\n%s", cases[i].difference));
        free(bytes);
    }
    mu_arena_destroy(arena);
}

/* Up to 9 lines of 3 kinds. */
static struct cl_lines some_lines(struct mu_stream *stream, struct mu_arena *arena) {
    static const char *const kinds[] = {"a", "b", "c"};
    struct cl_lines lines = {.n = mu_stream_bits(stream) % 9 + 1};
    lines.items = MU_ARRAY(arena, lines.n, const char *);
    for (size_t i = 0; i < lines.n; i++) {
        lines.items[i] = kinds[mu_stream_bits(stream) % 3];
    }
    return lines;
}

/* The longest common subsequence, by trying all. */
static size_t longest(const struct cl_lines *a, size_t i, const struct cl_lines *b, size_t j) {
    if (i == a->n || j == b->n) {
        return 0;
    }
    if (!strcmp(a->items[i], b->items[j])) {
        return 1 + longest(a, i + 1, b, j + 1);
    }
    size_t left = longest(a, i + 1, b, j);
    size_t right = longest(a, i, b, j + 1);
    return left > right ? left : right;
}

static void as_many_lines_stay_as_can(void **state) {
    struct mu_stream stream;
    (void)state;
    mu_stream_init(&stream, 1, 0, "lines");
    for (int i = 0; i < 500; i++) {
        struct mu_arena *arena = mu_arena_create(1 << 20);
        struct cl_lines before = some_lines(&stream, arena);
        struct cl_lines now = some_lines(&stream, arena);
        const size_t *match = cl_lines_match(&before, &now, arena);
        size_t stayed = 0;
        size_t next = 0;
        for (size_t j = 0; j < now.n; j++) {
            if (match[j] != CL_LINE_NEW) {
                assert_true(match[j] >= next && match[j] < before.n);
                assert_string_equal(before.items[match[j]], now.items[j]);
                next = match[j] + 1;
                stayed++;
            }
        }
        assert_int_equal(stayed, longest(&before, 0, &now, 0));
        mu_arena_destroy(arena);
    }
}

static void too_many_lines_between_are_refused(void **state) {
    struct mu_arena *arena = mu_arena_create(1 << 24);
    static char text[10002];
    (void)state;
    memset(text, '\n', sizeof text - 1);
    struct cl_lines before = cl_lines_split(text, arena);
    text[0] = 'x';
    text[10000] = 'x';
    struct cl_lines now = cl_lines_split(text, arena);
    assert_null(cl_lines_match(&before, &now, arena));
    mu_arena_destroy(arena);
}

static void columns_count_characters(void **state) {
    (void)state;
    assert_int_equal(cl_column_byte("abc", 1), 0);
    assert_int_equal(cl_column_byte("abc", 3), 2);
    assert_int_equal(cl_column_byte("a\xc3\xa9\xe2\x82\xac"
                                    "c",
                         4),
        6);
    assert_int_equal(cl_column_byte("ab", 9), 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_its_lines),
        cmocka_unit_test(the_difference_is_that_of_diff),
        cmocka_unit_test(as_many_lines_stay_as_can),
        cmocka_unit_test(too_many_lines_between_are_refused),
        cmocka_unit_test(columns_count_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
