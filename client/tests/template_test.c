/* Trial templates: substitution as Katib does it, containers of every kind of job, the command. */
#include <stdio.h>
#include <string.h>

#include "client/experiment/expand.h"
#include "client/experiment/read.h"
#include "client/experiment/template_command.h"
#include "tests/support/cmocka.h"

#define HEAD                                                                                     \
    "apiVersion: kubeflow.org/v1beta1\nkind: Experiment\nmetadata: {name: e, namespace: "        \
    "lab}\nspec:\n"                                                                              \
    "  objective: {type: minimize, objectiveMetricName: loss}\n  algorithm: {algorithmName: "    \
    "random}\n"                                                                                  \
    "  parameters: [{name: lr, parameterType: double, feasibleSpace: {min: '0', max: '1'}}]\n  " \
    "trialTemplate:\n"                                                                           \
    "    trialParameters: [{name: rate, reference: lr}, {name: me, reference: "                  \
    "'${trialSpec.Name}'},"                                                                      \
    " {name: where, reference: '${trialSpec.Namespace}'}, {name: team, reference: "              \
    "'${trialSpec.Labels[team]}'}]\n"

#define USES                                                                           \
    "'${trialParameters.rate}', '${trialParameters.me}', '${trialParameters.where}', " \
    "'${trialParameters.team}'"

static const struct mu_pair assigned[] = {{"lr", "0.25"}};
static const struct cl_trial_identity trial = {"e-0001", "lab", assigned, 1};

static struct cl_experiment *read_with(const char *spec, struct mu_arena *arena) {
    struct cl_problems problems = {0};
    const char *text = mu_arena_format(arena, HEAD "%s", spec);
    struct cl_experiment *e = cl_experiment_read(text, strlen(text), NULL, arena, &problems);
    for (size_t i = 0; i < problems.n; i++) {
        print_message("%d: %s\n", problems.items[i].line, problems.items[i].text);
    }
    return e;
}

static const char *joined(const char *spec, struct mu_arena *arena) {
    struct cl_experiment *e = read_with(spec, arena);
    struct cl_trial_command command;
    struct mu_error error;
    assert_non_null(e);
    assert_int_equal(cl_template_command(e, &trial, arena, &command, &error), MU_OK);
    const char *all = "";
    for (size_t i = 0; command.argv[i]; i++) {
        all = mu_arena_format(arena, "%s[%s]", all, command.argv[i]);
    }
    for (size_t i = 0; i < command.n_environment; i++) {
        all = mu_arena_format(arena, "%s{%s}", all, command.environment[i]);
    }
    return all;
}

static void commands_are_joined_for_a_shell(void **state) {
    struct mu_arena *arena = mu_arena_create(1 << 26);
    (void)state;
    assert_string_equal(joined("    trialSpec: {kind: Job, metadata: {labels: {team: red}}, spec: "
                               "{template: {spec: {containers: [{name: c,"
                               " command: [echo, " USES "], args: [end]}]}}}}\n",
                            arena),
        "[sh][-c][echo 0.25 e-0001 lab red end]");
    assert_string_equal(joined("    trialSpec: {kind: Job, metadata: {labels: {team: red}}, spec: "
                               "{containers: [{name: c,"
                               " command: [bash, -c], args: ['echo '," USES "]}]}}\n",
                            arena),
        "[bash][-c][echo  0.25 e-0001 lab red]");
    mu_arena_destroy(arena);
}

static void the_primary_container_is_found_in_any_job(void **state) {
    struct mu_arena *arena = mu_arena_create(1 << 26);
    (void)state;
    assert_string_equal(
        joined("    primaryContainerName: main\n    trialSpec: {kind: Job, metadata: {labels: "
               "{team: red}}, spec: "
               "{template: {spec: {containers: ["
               "{name: sidecar, command: ['false']}, {name: main, command: [run, " USES "]}]}}}}\n",
            arena),
        "[sh][-c][run 0.25 e-0001 lab red]");
    assert_string_equal(joined("    trialSpec: {kind: TFJob, metadata: {labels: {team: red}}, "
                               "spec: {tfReplicaSpecs: {Worker: {template: {spec: {containers: ["
                               "{name: tensorflow, command: [run, " USES "]}]}}}}}}\n",
                            arena),
        "[sh][-c][run 0.25 e-0001 lab red]");
    assert_string_equal(joined("    trialSpec: {kind: TrainJob, metadata: {labels: {team: red}}, "
                               "spec: {trainer: {command: [run, " USES "]}}}\n",
                            arena),
        "[sh][-c][run 0.25 e-0001 lab red]");
    mu_arena_destroy(arena);
}

static void the_environment_is_filled_and_expanded(void **state) {
    struct mu_arena *arena = mu_arena_create(1 << 26);
    (void)state;
    assert_string_equal(joined("    trialSpec: {kind: Job, metadata: {labels: {team: red}}, spec: "
                               "{containers: [{name: c, env: [{name: RATE,"
                               " value: 'r${trialParameters.rate}'}, {name: SECRET, valueFrom: "
                               "{}}], command: [echo, '$(RATE)', '$$(RATE)',"
                               " '$(OTHER)', '$5', " USES "]}]}}\n",
                            arena),
        "[sh][-c][OTHER() { printf %s '$(OTHER)'; }; "
        "echo r0.25 $(RATE) $(OTHER) $5 0.25 e-0001 lab red]{RATE=r0.25}");
    mu_arena_destroy(arena);
}

static void fill_one(const char *text, const char *expected) {
    struct mu_arena *arena = mu_arena_create(1 << 20);
    struct cl_trial_parameter parameters[] = {{"rate", "lr", NULL}};
    struct cl_trial_template t = {.parameters = parameters, .n_parameters = 1};
    struct mu_error error;
    const char *filled;
    assert_int_equal(cl_template_fill(&t, text, &trial, arena, &filled, &error), MU_OK);
    assert_string_equal(filled, expected);
    mu_arena_destroy(arena);
}

static void odd_placeholders_stay(void **state) {
    (void)state;
    fill_one("${trialParameters.rate}${trialParameters.rate}", "0.250.25");
    fill_one("a ${trialParameters.other} ${trialParameters.rate",
        "a ${trialParameters.other} ${trialParameters.rate");
    fill_one("${trialSpec.Name} $HOME", "${trialSpec.Name} $HOME");
    fill_one("", "");
}

static void a_missing_assignment_is_an_error(void **state) {
    struct mu_arena *arena = mu_arena_create(1 << 20);
    struct cl_trial_parameter parameters[] = {{"rate", "momentum", NULL}};
    struct cl_trial_template t = {.parameters = parameters, .n_parameters = 1};
    struct mu_error error;
    const char *filled;
    (void)state;
    assert_int_equal(
        cl_template_fill(&t, "${trialParameters.rate}", &trial, arena, &filled, &error),
        MU_INVALID_ARGUMENT);
    assert_non_null(strstr(error.text, "momentum"));
    mu_arena_destroy(arena);
}

static void meta_references_are_katibs(void **state) {
    static const struct {
        const char *text;
        bool valid;
    } cases[] = {{"${trialSpec.Name}", true}, {"${trialSpec.APIVersion}", true},
        {"${trialSpec.Labels[a/b]}", true}, {"${trialSpec.Labels}", false},
        {"${trialSpec.Labels[]}", false}, {"${trialSpec.Name[a]}", false},
        {"${trialSpec.Color}", false}};
    char why[256];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(cl_template_is_meta(cases[i].text));
        assert_int_equal(cl_template_meta_valid(cases[i].text, why, sizeof why), cases[i].valid);
    }
    assert_false(cl_template_is_meta("lr"));
    assert_false(cl_template_is_meta("${trialSpec."));
}

/* The kubelet's rules, by its own examples and by some that are easily got wrong. */
static void references_are_expanded_as_by_the_kubelet(void **state) {
    static const char *const pairs[] = {"A=1", "B=$(A)", "EMPTY=", "A=2"};
    static const struct cl_environment environment = {pairs, 4};
    static const struct {
        const char *text, *expanded;
    } cases[] = {{"$(A)", "2"}, {"$$(A)", "$(A)"}, {"$$$(A)", "$2"}, {"$(B)", "$(A)"},
        {"$(NONE)", "$(NONE)"}, {"x$(EMPTY)y", "xy"}, {"$A", "$A"}, {"$", "$"}, {"$$", "$"},
        {"$(A", "$(A"}, {"$($(A))", "$($(A))"}, {"$()", "$()"}, {"a$$b$$$c", "a$b$$c"},
        {"$\xc3\xa9", "$\xc3\x83\xa9"}};
    struct mu_arena *arena = mu_arena_create(1 << 20);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(cl_expand(cases[i].text, &environment, arena), cases[i].expanded);
    }
    mu_arena_destroy(arena);
}

static void what_stays_is_no_command_of_a_shell(void **state) {
#define RUN "RUN() { printf %s '$(RUN)'; }; "
    static const char *const pairs[] = {"A=it's"};
    static const struct cl_environment environment = {pairs, 1};
    static const struct {
        const char *text;
        bool words;
        const char *expanded;
    } cases[] = {{"rm -rf /s/$(RUN)", false, RUN "rm -rf /s/$(RUN)"},
        {"echo \"$(RUN)\" '$(RUN)'", true, RUN "echo \"$(RUN)\" '$(RUN)'"},
        {"$(R) $(RUN)", false, "R() { printf %s '$(R)'; }; " RUN "$(R) $(RUN)"},
        {"echo $(1) $()", false, "echo $(1) $()"},
        {"echo $(date +%s) $(hostname)", false, "echo $(date +%s) $(hostname)"},
        {"run --at=$(hostname)", true, "run --at='$(hostname)'"},
        {"run \"$(host)\" '$(host)'", true, "run \"\\$(host)\" '$(host)'"},
        {"# it's\nrun a#b $(host)", true, "# it's\nrun a#b '$(host)'"},
        {"echo \"$(A)\" $(RUN)", false, RUN "echo \"it's\" $(RUN)"}};
    struct mu_arena *arena = mu_arena_create(1 << 20);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(cl_expand_for_shell(cases[i].text, cases[i].words, &environment, arena),
            cases[i].expanded);
    }
    assert_string_equal(cl_expand_unknown("\"$(A)\" $(RUN)", false, &environment, arena), "RUN");
    assert_null(cl_expand_unknown("$(date) # it's $(RUN)\n'$(RUN)'", false, &environment, arena));
    mu_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(references_are_expanded_as_by_the_kubelet),
        cmocka_unit_test(what_stays_is_no_command_of_a_shell),
        cmocka_unit_test(commands_are_joined_for_a_shell),
        cmocka_unit_test(the_primary_container_is_found_in_any_job),
        cmocka_unit_test(the_environment_is_filled_and_expanded),
        cmocka_unit_test(odd_placeholders_stay),
        cmocka_unit_test(a_missing_assignment_is_an_error),
        cmocka_unit_test(meta_references_are_katibs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
