/* YAML documents and experiments: kinds, lines, mistakes. */
#include <stdio.h>
#include <string.h>

#include "client/experiment/read.h"
#include "client/experiment/schema.h"
#include "client/experiment/yaml.h"
#include "tests/support/cmocka.h"

struct read {
    struct mu_arena *arena;
    const struct cl_node **documents;
    size_t n;
    struct cl_problems problems;
    bool good;
};

static struct read read_text(const char *text) {
    struct read r = {.arena = mu_arena_create(1 << 26)};
    r.good = cl_yaml_read(text, strlen(text), r.arena, &r.documents, &r.n, &r.problems);
    return r;
}

/* What sigs.k8s.io/yaml 1.4 makes of each scalar, as JSON text. */
static void scalars_are_those_of_kubernetes(void **state) {
    static const struct {
        const char *text;
        enum cl_node_kind kind;
        const char *value;
    } cases[] = {
        {"abc", CL_NODE_TEXT, "abc"},
        {"'1'", CL_NODE_TEXT, "1"},
        {"\"true\"", CL_NODE_TEXT, "true"},
        {"1", CL_NODE_NUMBER, "1"},
        {"-1.5e3", CL_NODE_NUMBER, "-1.5e3"},
        {"0x10", CL_NODE_NUMBER, "16"},
        {"0o7", CL_NODE_NUMBER, "7"},
        {"-0b11", CL_NODE_NUMBER, "-3"},
        {"012", CL_NODE_NUMBER, "10"},
        {"08", CL_NODE_NUMBER, "08"}, /* no octal number: a float */
        {"1_000", CL_NODE_NUMBER, "1000"},
        {"18446744073709551615", CL_NODE_NUMBER, "18446744073709551615"},
        {"-9223372036854775808", CL_NODE_NUMBER, "-9223372036854775808"},
        {"0xffffffffffffffffff", CL_NODE_TEXT, "0xffffffffffffffffff"},
        {".5", CL_NODE_NUMBER, ".5"},
        {"+.inf", CL_NODE_NUMBER, NULL}, /* kubectl: unsupported value */
        {".nan", CL_NODE_NUMBER, NULL},
        {"'.nan'", CL_NODE_TEXT, ".nan"},
        {"1e999", CL_NODE_TEXT, "1e999"},
        {"1.2.3", CL_NODE_TEXT, "1.2.3"},
        {"2020-01-02", CL_NODE_TEXT, "2020-01-02"},
        {"-", CL_NODE_TEXT, NULL}, /* a list without a value in it */
        {"yes", CL_NODE_BOOL, "true"},
        {"N", CL_NODE_BOOL, "false"},
        {"yEs", CL_NODE_TEXT, "yEs"},
        {"null", CL_NODE_NULL, "null"},
        {"~", CL_NODE_NULL, "null"},
        {"", CL_NODE_NULL, "null"},
        {"!!str 0.1", CL_NODE_TEXT, "0.1"},
        {"!!int '5'", CL_NODE_NUMBER, "5"},
        {"!!float 5", CL_NODE_NUMBER, "5"},
        {"!own 5", CL_NODE_TEXT, "5"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[64];
        snprintf(text, sizeof text, "key: %s\n", cases[i].text);
        struct read r = read_text(text);
        if (!cases[i].value) {
            assert_true(
                !r.good || r.problems.errors == 1); /* it is read on: every mistake counts */
        } else {
            assert_true(r.good && r.problems.errors == 0);
            assert_int_equal(r.documents[0]->pairs[0].value->kind, cases[i].kind);
            assert_string_equal(r.documents[0]->pairs[0].value->value, cases[i].value);
        }
        mu_arena_destroy(r.arena);
    }
}

/* The later of an explicit key and a merged one wins; of a list of maps the earlier. */
static void maps_are_merged(void **state) {
    (void)state;
    struct read r = read_text("a: &a {p: 1, q: 1, s: 1}\nb: &b {q: 2, w: 2}\n"
                              "c: {<<: *a, q: 3}\nd: {q: 3, <<: *a}\ne: {<<: [*b, *a]}\n"
                              "f: {\"<<\": 1}\n");
    assert_true(r.good);
    const struct cl_node *root = r.documents[0];
    assert_string_equal(cl_node_text(cl_node_get(root, "c"), "p", ""), "1");
    assert_string_equal(cl_node_text(cl_node_get(root, "c"), "q", ""), "3");
    assert_int_equal(cl_node_get(root, "c")->n, 3);
    assert_string_equal(cl_node_text(cl_node_get(root, "d"), "q", ""), "1");
    assert_string_equal(cl_node_text(cl_node_get(root, "e"), "q", ""), "2");
    assert_string_equal(cl_node_text(cl_node_get(root, "e"), "s", ""), "1");
    assert_int_equal(cl_node_get(root, "e")->n, 4);
    assert_string_equal(cl_node_text(cl_node_get(root, "f"), "<<", ""), "1");
    mu_arena_destroy(r.arena);
}

static void the_items_of_a_list_are_documents(void **state) {
    (void)state;
    struct read r =
        read_text("kind: List\nitems:\n- {kind: A}\n- {kind: List, items: [{kind: B}]}\n"
                  "---\nkind: C\n---\nkind: List\n");
    assert_true(r.good);
    assert_int_equal(r.n, 4);
    assert_string_equal(cl_node_text(r.documents[0], "kind", ""), "A");
    assert_string_equal(cl_node_text(r.documents[1], "kind", ""), "B");
    assert_string_equal(cl_node_text(r.documents[3], "kind", ""), "List");
    mu_arena_destroy(r.arena);
}

/* Comparing every pair of keys would take 10^11 steps. */
static void half_a_million_keys_are_read(void **state) {
    (void)state;
    struct mu_arena *arena = mu_arena_create((size_t)1 << 30);
    enum { KEYS = 500000 };
    char *text = MU_ARRAY(arena, KEYS * 24, char);
    size_t length = 0;
    for (int i = 0; i < KEYS; i++) {
        length += (size_t)sprintf(text + length, "k%d: &a%d 1\n", i, i);
    }
    const struct cl_node **documents;
    size_t n;
    struct cl_problems problems = {0};
    assert_true(cl_yaml_read(text, length, arena, &documents, &n, &problems));
    assert_int_equal(documents[0]->n, KEYS);
    mu_arena_destroy(arena);
}

static void nodes_know_their_place(void **state) {
    (void)state;
    struct read r = read_text("# a comment\na:\n  - x\n  - {b: 'y'}\n---\nc: |\n  two\n  lines\n");
    assert_true(r.good);
    assert_int_equal(r.n, 2);
    const struct cl_node *list = cl_node_get(r.documents[0], "a");
    assert_int_equal(list->kind, CL_NODE_LIST);
    assert_int_equal(list->n, 2);
    assert_int_equal(list->items[1]->line, 4);
    assert_int_equal(list->items[1]->column, 5);
    assert_string_equal(cl_node_text(list->items[1], "b", ""), "y");
    assert_string_equal(cl_node_text(r.documents[1], "c", ""), "two\nlines\n");
    assert_null(cl_node_get(r.documents[0], "z"));
    assert_string_equal(cl_node_text(r.documents[0], "z", "fallback"), "fallback");
    mu_arena_destroy(r.arena);
}

static void aliases_share_their_node(void **state) {
    (void)state;
    struct read r = read_text("a: &x {k: v}\nb: *x\n");
    assert_true(r.good);
    assert_ptr_equal(cl_node_get(r.documents[0], "a"), cl_node_get(r.documents[0], "b"));
    mu_arena_destroy(r.arena);
}

static void broken_yaml_is_a_problem(void **state) {
    static const char *const texts[] = {"a: [1, 2", "a: b: c", "a: 1\na: 2", "a: &x [*x]", "\t- a",
        "? [k]\n: v", "a: *nowhere", "{{{", "a: {<<: 1}", "a: {<<: [1]}", "a: !!int x",
        "a: &b {c: 1, <<: {c: 2}, c: 3}", "{~: 1}"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct read r = read_text(texts[i]);
        assert_false(r.good);
        assert_int_equal(r.problems.errors, 1);
        assert_true(r.problems.items[0].line >= 1);
        mu_arena_destroy(r.arena);
    }
}

/* Bytes that are no characters, as of another encoding, and a text that ends before its end. */
static void bytes_that_no_text_holds_are_found(void **state) {
    static const char *const texts[] = {
        "a: b\nc: gr\xf6\xdf\n", "a: b\nc: gr\x01\n", "a: b\nc: \"gr\\0\"\n"};
    static const int columns[] = {6, 6, 4};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct read r = read_text(texts[i]);
        assert_int_equal(r.problems.errors, 1);
        assert_int_equal(r.problems.items[0].line, 2);
        assert_int_equal(r.problems.items[0].column, columns[i]);
        mu_arena_destroy(r.arena);
    }
}

static void the_nearest_word_is_a_slip_of_the_pen(void **state) {
    static const char *const words[] = {"maxTrialCount", "parallelTrialCount", "objective"};
    (void)state;
    assert_string_equal(cl_schema_nearest("maxTrailCount", words, 3), "maxTrialCount");
    assert_string_equal(cl_schema_nearest("OBJECTIVE", words, 3), "objective");
    assert_null(cl_schema_nearest("banana", words, 3));
}

#define SMALL                                                                                    \
    "apiVersion: kubeflow.org/v1beta1\nkind: Experiment\nmetadata: {name: e}\nspec:\n"           \
    "  objective: {type: maximize, goal: 0.5, objectiveMetricName: acc, additionalMetricNames: " \
    "[loss],"                                                                                    \
    " metricStrategies: [{name: loss, value: latest}]}\n  algorithm: {algorithmName: random}\n"  \
    "  parameters: [{name: x, parameterType: double, feasibleSpace: {min: '0', max: '1'}}]\n"

static void an_experiment_is_read_with_katibs_defaults(void **state) {
    (void)state;
    struct mu_arena *arena = mu_arena_create(1 << 26);
    struct cl_problems problems = {0};
    const struct cl_experiment *e =
        cl_experiment_read(SMALL, strlen(SMALL), NULL, arena, &problems);
    assert_non_null(e);
    assert_string_equal(e->name, "e");
    assert_true(e->maximize && e->has_goal);
    assert_close(e->goal, 0.5, 0);
    assert_int_equal(e->parallel, 3);
    assert_int_equal(e->max_trials, -1);
    assert_int_equal(e->n_metrics, 2);
    assert_int_equal(e->metrics[0].strategy, CL_STRATEGY_MAX);
    assert_int_equal(e->metrics[1].strategy, CL_STRATEGY_LATEST);
    assert_int_equal(e->parameters[0].distribution, MU_UNIFORM);
    assert_int_equal(e->collector.kind, CL_COLLECT_STDOUT);
    assert_null(e->early.algorithm);
    mu_arena_destroy(arena);
}

static void every_cut_of_an_experiment_is_read_or_refused(void **state) {
    (void)state;
    for (size_t size = 0; size < strlen(SMALL); size++) {
        struct mu_arena *arena = mu_arena_create(1 << 26);
        struct cl_problems problems = {0};
        const struct cl_experiment *e = cl_experiment_read(SMALL, size, NULL, arena, &problems);
        assert_true((e != NULL) == (problems.errors == 0));
        mu_arena_destroy(arena);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars_are_those_of_kubernetes),
        cmocka_unit_test(maps_are_merged),
        cmocka_unit_test(the_items_of_a_list_are_documents),
        cmocka_unit_test(half_a_million_keys_are_read),
        cmocka_unit_test(nodes_know_their_place),
        cmocka_unit_test(aliases_share_their_node),
        cmocka_unit_test(broken_yaml_is_a_problem),
        cmocka_unit_test(bytes_that_no_text_holds_are_found),
        cmocka_unit_test(the_nearest_word_is_a_slip_of_the_pen),
        cmocka_unit_test(an_experiment_is_read_with_katibs_defaults),
        cmocka_unit_test(every_cut_of_an_experiment_is_read_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
