/* Folders of trials: copies are complete or absent, and nothing leads out of them. */
#include "common/service/folders.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/cmocka.h"

static const char TEMPLATE[] = "/tmp/mushir-folders-XXXXXX";
static char root[sizeof TEMPLATE];
static struct mu_error error;
static struct mu_folders folders = {.root = root, .most_bytes = 1 << 20};

static void shell(const char *command) {
    char all[1024];
    snprintf(all, sizeof all, "cd %s && %s", root, command);
    assert_int_equal(system(all), 0); /* NOLINT(cert-env33-c): the command is this file's */
}

static enum mu_status make(const char *trial, const char *parent) {
    const struct mu_folder folder = {"e", trial, parent};
    return mu_folders_make(&folders, &folder, NULL, NULL, &error);
}

static int fresh_root(void **state) {
    (void)state;
    snprintf(root, sizeof root, "%s", TEMPLATE);
    return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state) {
    (void)state;
    shell("rm -rf -- \"$PWD\"");
    return 0;
}

static void a_first_trial_has_an_empty_folder(void **state) {
    (void)state;
    assert_int_equal(make("a", NULL), MU_OK);
    shell("test \"$(find e -mindepth 1)\" = e/a && test \"$(stat -c %a e/a)\" = 777");
}

static void a_copy_is_the_whole_tree(void **state) {
    (void)state;
    assert_int_equal(make("a", NULL), MU_OK);
    shell("cd e/a && mkdir -p deep/er && echo 1 >one && echo 2 >deep/er/two && ln -s deep/er/two "
          "latest && ln -s ../one deep/up && chmod 640 one && touch -d 2020-01-01 deep/er/two && "
          "truncate -s 100000 hole && : >none");
    assert_int_equal(make("b", "a"), MU_OK);
    shell("diff -r --no-dereference e/a e/b && test \"$(stat -c %a e/b/one)\" = 666 && "
          "test \"$(stat -c %Y e/b/deep/er/two)\" = \"$(stat -c %Y e/a/deep/er/two)\" && "
          "test \"$(ls -A e | wc -l)\" = 2");
}

static void what_is_there_stays(void **state) {
    (void)state;
    assert_int_equal(make("a", NULL), MU_OK);
    assert_int_equal(make("b", "a"), MU_OK);
    shell("echo trained >e/b/model && echo other >e/a/model");
    assert_int_equal(make("b", "a"), MU_OK);
    shell("test \"$(cat e/b/model)\" = trained");
}

static void a_missing_parent_is_an_empty_folder(void **state) {
    (void)state;
    assert_int_equal(make("b", "gone"), MU_OK);
    shell("test -d e/b && test -z \"$(ls -A e/b)\"");
}

static void names_lead_nowhere_else(void **state) {
    (void)state;
    static const char *const names[] = {"", ".", "..", "../x", "a/b", "/tmp", ".part-x"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct mu_folder experiment = {names[i], "a", NULL};
        assert_int_equal(make(names[i], NULL), MU_INVALID_ARGUMENT);
        assert_int_equal(make("a", names[i]), MU_INVALID_ARGUMENT);
        assert_int_equal(
            mu_folders_make(&folders, &experiment, NULL, NULL, &error), MU_INVALID_ARGUMENT);
    }
    shell("test -z \"$(ls -A)\"");
}

/* |command| makes something in trial a's folder that cannot be copied. */
static void assert_refused(const char *command, const char *reason) {
    assert_int_equal(make("a", NULL), MU_OK);
    char all[512];
    snprintf(all, sizeof all, "cd e/a && %s", command);
    shell(all);
    assert_int_equal(make("b", "a"), MU_FAILED_PRECONDITION);
    if (!strstr(error.text, reason)) {
        fail_msg("%s: %s", command, error.text);
    }
    shell("test ! -e e/b && rm -rf e");
}

static void hostile_trees_are_refused(void **state) {
    (void)state;
    assert_refused("ln -s /etc/passwd x", "x is a link that leads out of it");
    assert_refused("ln -s .. x", "x is a link that leads out of it");
    assert_refused("mkdir d && ln -s ../../b d/x", "x is a link that leads out of it");
    assert_refused("ln -s d/../../y x", "x is a link that leads out of it");
    assert_refused("mkfifo x", "x is neither a file nor a folder nor a link");
    assert_refused("truncate -s 2M x", "x makes it more than 1 MiB");
    assert_refused("p=. && for i in $(seq 70); do p=$p/d; done && mkdir -p $p", "d is too deep");
}

static bool at_once(void *user) {
    (void)user;
    return true;
}

static void an_interrupted_copy_is_no_folder_and_goes_on(void **state) {
    (void)state;
    const struct mu_folder folder = {"e", "b", "a"};
    assert_int_equal(make("a", NULL), MU_OK);
    shell("echo 1 >e/a/one && echo 2 >e/a/two");
    assert_int_equal(
        mu_folders_make(&folders, &folder, at_once, NULL, &error), MU_DEADLINE_EXCEEDED);
    shell("test ! -e e/b && test -d e/.part-b");
    /* What a killed process leaves: one file complete, one cut short. */
    shell("cp -p e/a/one e/.part-b/one && chmod 600 e/.part-b/one && printf x >e/.part-b/two && "
          "chmod 0 e/.part-b/two");
    assert_int_equal(make("b", "a"), MU_OK);
    shell("diff -r e/a e/b && test \"$(stat -c %a e/b/one)\" = 600 && test ! -e e/.part-b");
}

static void only_one_copies(void **state) {
    (void)state;
    char path[256];
    assert_int_equal(make("a", NULL), MU_OK);
    shell("mkdir e/.part-b");
    snprintf(path, sizeof path, "%s/e/.part-b", root);
    int other = open(path, O_RDONLY | O_DIRECTORY);
    assert_int_equal(flock(other, LOCK_EX), 0);
    assert_int_equal(make("b", "a"), MU_UNAVAILABLE);
    close(other);
    assert_int_equal(make("b", "a"), MU_OK);
}

static void a_root_that_is_no_folder_is_said(void **state) {
    (void)state;
    const struct mu_folder folder = {"e", "a", NULL};
    const struct mu_folders wrong = {.root = "/dev/null/x", .most_bytes = 1};
    assert_int_equal(mu_folders_make(&wrong, &folder, NULL, NULL, &error), MU_UNAVAILABLE);
    assert_non_null(strstr(error.text, "/dev/null/x"));
}

#define folder_test(name) cmocka_unit_test_setup_teardown(name, fresh_root, remove_root)

int main(void) {
    const struct CMUnitTest tests[] = {
        folder_test(a_first_trial_has_an_empty_folder),
        folder_test(a_copy_is_the_whole_tree),
        folder_test(what_is_there_stays),
        folder_test(a_missing_parent_is_an_empty_folder),
        folder_test(names_lead_nowhere_else),
        folder_test(hostile_trees_are_refused),
        folder_test(an_interrupted_copy_is_no_folder_and_goes_on),
        folder_test(only_one_copies),
        folder_test(a_root_that_is_no_folder_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
