/* What the report shows of long curves and logs. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/report/curve.h"
#include "client/report/tail.h"
#include "client/text/file.h"
#include "tests/support/arena.h"
#include "tests/support/cmocka.h"

static void a_short_curve_is_whole(void **state) {
    const double values[] = {3, 1, 2, 5};
    size_t kept[4];
    (void)state;
    assert_int_equal(cl_curve_thin(values, 4, 4, kept), 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(kept[i], i);
    }
    assert_int_equal(cl_curve_thin(values, 0, 4, kept), 0);
}

static void a_long_curve_keeps_its_ends_and_its_peaks(void **state) {
    enum { N = 1003, MOST = 40 };
    double values[N];
    size_t kept[MOST];
    (void)state;
    for (size_t i = 0; i < N; i++) {
        values[i] = (double)(i % 7);
    }
    values[500] = -9;
    values[777] = 99;
    size_t n = cl_curve_thin(values, N, MOST, kept);
    bool low = false;
    bool high = false;
    assert_in_range(n, CL_CURVE_LEAST, MOST);
    assert_int_equal(kept[0], 0);
    assert_int_equal(kept[n - 1], N - 1);
    for (size_t k = 0; k < n; k++) {
        assert_true(k == 0 || kept[k] > kept[k - 1]);
        low = low || kept[k] == 500;
        high = high || kept[k] == 777;
    }
    assert_true(low && high);
}

/* Of each part first, least, greatest, last: 0..9 and 10..19 of values that are known. */
static void each_part_gives_four(void **state) {
    double values[20];
    const size_t expected[] = {0, 3, 6, 9, 10, 12, 15, 19};
    size_t kept[8];
    (void)state;
    for (size_t i = 0; i < 20; i++) {
        values[i] = 5;
    }
    values[3] = 9;
    values[6] = 1;
    values[12] = 1;
    values[15] = 9;
    assert_int_equal(cl_curve_thin(values, 20, 8, kept), 8);
    assert_memory_equal(kept, expected, sizeof expected);
}

static void expect_tail(const char *text, size_t size, size_t most, const char *expected) {
    char path[] = "/tmp/mushir-tail-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, size), (ssize_t)size);
    close(fd);
    assert_string_equal(cl_tail(path, most, arena), expected);
    unlink(path);
}

static void the_end_of_a_log_is_whole_lines_of_text(void **state) {
    (void)state;
    expect_tail("one\ntwo\n", 8, 100, "one\ntwo\n");
    expect_tail("one\ntwo\n", 8, 8, "one\ntwo\n");
    expect_tail("one\ntwo\n", 8, 7, "two\n");
    expect_tail("one long line", 13, 4, "line");
    expect_tail("one long line\n", 14, 5, "line\n");
    expect_tail("a\tb\rc\0d\x1b[1m\xff\n", 13, 100, "a b c d?[1m?\n");
    expect_tail("", 0, 100, "");
    expect_tail("abc", 3, 0, "");
    assert_string_equal(cl_tail("/nowhere/log", 10, arena), "");
}

/* What a trial left in the place of its log: nobody waits for it, and nothing else is shown. */
static void only_a_file_is_a_log(void **state) {
    char folder[] = "/tmp/mushir-tail-XXXXXX";
    char log[64];
    off_t size;
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(log, sizeof log, "%s/log", folder);
    assert_int_equal(mkfifo(log, 0600), 0);
    assert_int_equal(cl_file_open(AT_FDCWD, log, &size), -1);
    assert_string_equal(cl_tail(log, 10, arena), "");
    unlink(log);
    assert_int_equal(symlink("/proc/self/cmdline", log), 0);
    assert_string_equal(cl_tail(log, 10, arena), "");
    unlink(log);
    assert_string_equal(cl_tail(folder, 10, arena), "");
    assert_int_equal(cl_file_open(AT_FDCWD, folder, &size), -1);
    rmdir(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_short_curve_is_whole),
        cmocka_unit_test(a_long_curve_keeps_its_ends_and_its_peaks),
        cmocka_unit_test(each_part_gives_four),
        arena_test(the_end_of_a_log_is_whole_lines_of_text),
        arena_test(only_a_file_is_a_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
