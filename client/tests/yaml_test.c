/* YAML documents and experiments: kinds, lines, mistakes. */
#include <stdio.h>
#include <string.h>

#include "client/experiment/read.h"
#include "client/experiment/schema.h"
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
    r.good = cl_documents_read(text, strlen(text), r.arena, &r.documents, &r.n, &r.problems);
    return r;
}

static void kinds_are_those_of_kubernetes(void **state) {
    static const struct {
        const char *text;
        enum cl_node_kind kind;
    } cases[] = {
        {"abc", CL_NODE_TEXT},
        {"'1'", CL_NODE_TEXT},
        {"\"true\"", CL_NODE_TEXT},
        {"1", CL_NODE_NUMBER},
        {"-1.5e3", CL_NODE_NUMBER},
        {"yes", CL_NODE_BOOL},
        {"false", CL_NODE_BOOL},
        {"null", CL_NODE_NULL},
        {"~", CL_NODE_NULL},
        {"", CL_NODE_NULL},
        {"1.2.3", CL_NODE_TEXT},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[64];
        snprintf(text, sizeof text, "key: %s\n", cases[i].text);
        struct read r = read_text(text);
        assert_true(r.good);
        assert_int_equal(r.documents[0]->pairs[0].value->kind, cases[i].kind);
        mu_arena_destroy(r.arena);
    }
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
        "? [k]\n: v", "a: *nowhere", "{{{"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct read r = read_text(texts[i]);
        assert_false(r.good);
        assert_int_equal(r.problems.errors, 1);
        assert_true(r.problems.items[0].line >= 1);
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

#define SMALL                                                                                      \
    "apiVersion: kubeflow.org/v1beta1\nkind: Experiment\nmetadata: {name: e}\nspec:\n"             \
    "  objective: {type: maximize, goal: 0.5, objectiveMetricName: acc, additionalMetricNames: "   \
    "[loss],"                                                                                      \
    " metricStrategies: [{name: loss, value: latest}]}\n  algorithm: {algorithmName: random}\n"    \
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
        cmocka_unit_test(kinds_are_those_of_kubernetes),
        cmocka_unit_test(nodes_know_their_place),
        cmocka_unit_test(aliases_share_their_node),
        cmocka_unit_test(broken_yaml_is_a_problem),
        cmocka_unit_test(the_nearest_word_is_a_slip_of_the_pen),
        cmocka_unit_test(an_experiment_is_read_with_katibs_defaults),
        cmocka_unit_test(every_cut_of_an_experiment_is_read_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
