/* What is wrong with a trial template, and what Katib would run otherwise than it reads. */
#include <string.h>

#include "client/experiment/expand.h"
#include "client/experiment/template.h"

struct check {
    const struct cl_trial_template *t;
    struct mu_arena *arena;
    struct cl_problems *problems;
    bool *used; /* per trial parameter */
};

static void check_text(const struct check *check, const struct cl_node *node) {
    for (const char *at = node->text; (at = strstr(at, CL_TEMPLATE_PARAMETER)); at++) {
        const char *name = at + strlen(CL_TEMPLATE_PARAMETER);
        const char *end = strchr(name, '}');
        bool found = false;
        for (size_t i = 0; end && i < check->t->n_parameters; i++) {
            const char *own = check->t->parameters[i].name;
            if (strlen(own) == (size_t)(end - name) && !memcmp(own, name, strlen(own))) {
                check->used[i] = found = true;
            }
        }
        if (end && !found) {
            cl_problem_add(check->problems, check->arena, node,
                "${trialParameters.%.*s} is not in trialParameters", (int)(end - name), name);
        }
    }
    if (strstr(node->text, CL_TEMPLATE_META)) {
        cl_problem_warn(check->problems, check->arena, node,
            "Katib replaces ${trialSpec...} only as the reference of a trialParameter, not here: "
            "\"%s\" stays as it is",
            node->text);
    }
}

static void check_node(const struct check *check, const struct cl_node *node) {
    if (node->text) {
        check_text(check, node);
    }
    for (size_t i = 0; i < node->n; i++) {
        check_node(check, node->kind == CL_NODE_LIST ? node->items[i] : node->pairs[i].value);
    }
}

/* ---- what Katib would run otherwise than it reads ---- */

/* Variables that only a cluster knows. */
static void check_environment(const struct check *check, const struct cl_node *container) {
    const struct cl_node *list = cl_node_get(container, "env");
    for (size_t i = 0; list && list->kind == CL_NODE_LIST && i < list->n; i++) {
        const struct cl_node *from = cl_node_get(list->items[i], "valueFrom");
        const struct cl_node *field = cl_node_get(from, "fieldRef");
        if (from && !cl_template_knows_field(cl_node_text(field, "fieldPath", ""))) {
            cl_problem_warn(check->problems, check->arena, list->items[i],
                "%s comes from the cluster; mushir run leaves it unset",
                cl_node_text(list->items[i], "name", "a variable"));
        }
    }
    if (cl_node_get(container, "envFrom")) {
        cl_problem_warn(check->problems, check->arena, cl_node_get(container, "envFrom"),
            "envFrom comes from the cluster; mushir run leaves its variables unset");
    }
}

static const char *word_of(const struct cl_node *list, size_t at) {
    bool there = list && list->kind == CL_NODE_LIST && at < list->n;
    return there ? list->items[at]->text : NULL;
}

static bool is_shell_path(const char *word) {
    const char *slash = word ? strrchr(word, '/') : NULL;
    return slash && (!strcmp(slash, "/sh") || !strcmp(slash, "/bash"));
}

/* Whether a shell script has more than one command: a separator outside quotes. */
static bool several_commands(const char *text) {
    char quote = '\0';
    for (; *text; text++) {
        if (*text == '\\' && quote != '\'' && text[1]) {
            text++;
        } else if (quote) {
            quote = *text == quote ? '\0' : quote;
        } else if (*text == '\'' || *text == '"') {
            quote = *text;
        } else if (strchr(";|\n", *text) || (*text == '&' && text[1] == '&')) {
            return true;
        }
    }
    return false;
}

/* Katib appends "1>FILE 2>&1" to the script, so only its last command is collected. */
static void check_redirect(const struct check *check, const struct cl_node *script) {
    const char *text = script->text;
    size_t length = strlen(text);
    while (length && (text[length - 1] == ' ' || text[length - 1] == '\t')) {
        length--;
    }
    if (length && text[length - 1] == '\n') {
        cl_problem_warn(check->problems, check->arena, script,
            "the script ends with a new line: Katib's redirection stands alone on the next one and "
            "collects nothing; write it as |- or >-");
    } else if (*text != '{' && *text != '(' && several_commands(text)) {
        cl_problem_warn(check->problems, check->arena, script,
            "Katib collects the output of the script's last command only; put { ...; } around "
            "several");
    }
}

static void check_command(const struct check *check, const struct cl_node *container,
    const struct cl_collector_spec *collector) {
    const struct cl_node *command = cl_node_get(container, "command");
    const struct cl_node *arguments = cl_node_get(container, "args");
    const char *second = word_of(command, 1) ? word_of(command, 1) : word_of(arguments, 0);
    size_t in_command = command && command->kind == CL_NODE_LIST ? command->n : 0;
    bool wrapped =
        strcmp(collector->kind_name, "Push") != 0 && strcmp(collector->kind_name, "Custom") != 0;
    if (wrapped && is_shell_path(word_of(command, 0)) && second && !strcmp(second, "-c")) {
        cl_problem_warn(check->problems, check->arena, command->items[0],
            "Katib knows a shell by the names sh and bash only: it puts \"sh -c\" before %s, which "
            "then runs the script's first word alone",
            word_of(command, 0));
    }
    if (collector->kind != CL_COLLECT_STDOUT ||
        !cl_template_runs_shell(word_of(command, 0), second)) {
        return;
    }
    const struct cl_node *last = arguments && arguments->kind == CL_NODE_LIST && arguments->n
                                     ? arguments->items[arguments->n - 1]
                                 : in_command > 2 ? command->items[in_command - 1]
                                                  : NULL;
    if (last && last->text) {
        check_redirect(check, last);
    }
}

/* What both the command and the environment may name is expanded by the kubelet. */
static void check_references(const struct check *check, const struct cl_node *container) {
    const struct cl_node *list = cl_node_get(container, "env");
    size_t n = list && list->kind == CL_NODE_LIST ? list->n : 0;
    const char **pairs = MU_ARRAY(check->arena, n, const char *);
    for (size_t i = 0; i < n; i++) {
        pairs[i] = mu_arena_format(check->arena, "%s=", cl_node_text(list->items[i], "name", ""));
    }
    const struct cl_environment environment = {pairs, n};
    const char *const keys[] = {"command", "args"};
    for (size_t k = 0; k < 2; k++) {
        const struct cl_node *words = cl_node_get(container, keys[k]);
        for (size_t i = 0; words && words->kind == CL_NODE_LIST && i < words->n; i++) {
            const char *text = words->items[i]->text;
            const char *unknown =
                text ? cl_expand_unknown(text, false, &environment, check->arena) : NULL;
            if (unknown) {
                cl_problem_warn(check->problems, check->arena, words->items[i],
                    "$(%s): the container's env has no %s; Kubernetes leaves it as it is, and a "
                    "shell would run %s as a command",
                    unknown, unknown, unknown);
            }
        }
    }
}

void cl_template_check(
    const struct cl_experiment *e, struct mu_arena *arena, struct cl_problems *problems) {
    const struct cl_trial_template *t = &e->template;
    struct check check = {t, arena, problems, MU_ARRAY(arena, t->n_parameters, bool)};
    check_node(&check, t->spec);
    for (size_t i = 0; i < t->n_parameters; i++) {
        if (!check.used[i]) {
            cl_problem_add(problems, arena, t->parameters[i].node,
                "trialParameters: %s is not used in the trialSpec; Katib refuses that",
                t->parameters[i].name);
        }
    }
    char why[256];
    const struct cl_node *container = cl_template_container(t, why, sizeof why);
    if (!container) {
        cl_problem_warn(
            problems, arena, t->spec, "%s; mushir run needs one, or a command after --", why);
        return;
    }
    check_environment(&check, container);
    check_references(&check, container);
    check_command(&check, container, &e->collector);
}
