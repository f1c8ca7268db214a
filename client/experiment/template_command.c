#include "client/experiment/template_command.h"

#include <string.h>

#include "client/experiment/expand.h"

struct filling {
    const struct cl_experiment *e;
    const struct cl_trial_identity *trial;
    struct mu_arena *arena;
    struct mu_error *error;
    struct cl_trial_command *command;
};

/* Kubernetes fills a container's environment in order: a value may name those before it. */
static enum mu_status fill_environment(struct filling *f, const struct cl_node *container) {
    const struct cl_node *list = cl_node_get(container, "env");
    size_t n = list && list->kind == CL_NODE_LIST ? list->n : 0;
    f->command->environment = MU_ARRAY(f->arena, n, const char *);
    for (size_t i = 0; i < n; i++) {
        const struct cl_node *field =
            cl_node_get(cl_node_get(list->items[i], "valueFrom"), "fieldRef");
        const char *name = cl_node_text(list->items[i], "name", NULL);
        const char *value =
            field ? cl_template_field(f->e, f->trial, cl_node_text(field, "fieldPath", ""))
                  : cl_node_text(list->items[i], "value", "");
        const struct cl_environment before = {f->command->environment, f->command->n_environment};
        const char *filled;
        if (!name || !value || (!field && cl_node_get(list->items[i], "valueFrom"))) {
            continue; /* cl_template_check warns of it */
        }
        if (cl_template_fill(&f->e->template, value, f->trial, f->arena, &filled, f->error) !=
            MU_OK) {
            return f->error->code;
        }
        f->command->environment[f->command->n_environment++] =
            mu_arena_format(f->arena, "%s=%s", name, cl_expand(filled, &before, f->arena));
    }
    return MU_OK;
}

static enum mu_status fill_list(
    struct filling *f, const struct cl_node *list, const char **argv, size_t *n) {
    for (size_t i = 0; list && list->kind == CL_NODE_LIST && i < list->n; i++) {
        const char *text = list->items[i]->text;
        if (!text || list->items[i]->kind != CL_NODE_TEXT) {
            return mu_fail(f->error, MU_INVALID_ARGUMENT,
                "line %d: a command is made of texts; put numbers and truth values in quotes",
                list->items[i]->line);
        }
        if (cl_template_fill(&f->e->template, text, f->trial, f->arena, &argv[*n], f->error) !=
            MU_OK) {
            return f->error->code;
        }
        ++*n;
    }
    return MU_OK;
}

/* Katib's webhook joins the container's words for a shell (its own, when the command is one
 * already); the kubelet expands what came out. */
static void join_for_shell(struct filling *f) {
    const char **argv = f->command->argv;
    const struct cl_environment environment = {f->command->environment, f->command->n_environment};
    bool own = cl_template_runs_shell(argv[0], argv[1]);
    const char *script = "";
    for (size_t i = own ? 2 : 0; argv[i]; i++) {
        script = mu_arena_format(f->arena, "%s%s%s", script, *script ? " " : "", argv[i]);
    }
    f->command->argv = MU_ARRAY(f->arena, 4, const char *);
    f->command->argv[0] = own ? argv[0] : "sh";
    f->command->argv[1] = "-c";
    f->command->argv[2] = cl_expand_for_shell(script, !own, &environment, f->arena);
}

static void expand_words(struct filling *f) {
    const struct cl_environment environment = {f->command->environment, f->command->n_environment};
    for (const char **word = f->command->argv; *word; word++) {
        *word = cl_expand(*word, &environment, f->arena);
    }
}

enum mu_status cl_template_command(const struct cl_experiment *e,
    const struct cl_trial_identity *trial, struct mu_arena *arena, struct cl_trial_command *command,
    struct mu_error *error) {
    char why[256];
    const struct cl_node *container = cl_template_container(&e->template, why, sizeof why);
    *command = (struct cl_trial_command){NULL, NULL, 0};
    if (!container) {
        return mu_fail(error, MU_INVALID_ARGUMENT, "%s", why);
    }
    const struct cl_node *words = cl_node_get(container, "command");
    const struct cl_node *more = cl_node_get(container, "args");
    if (!words) {
        return mu_fail(error, MU_INVALID_ARGUMENT,
            "line %d: the container has no command (that of its image is not known here)",
            container->line);
    }
    struct filling filling = {e, trial, arena, error, command};
    size_t n = 0;
    size_t room = (words->kind == CL_NODE_LIST ? words->n : 0) +
                  (more && more->kind == CL_NODE_LIST ? more->n : 0) + 1;
    command->argv = MU_ARRAY(arena, room, const char *);
    if (fill_environment(&filling, container) != MU_OK ||
        fill_list(&filling, words, command->argv, &n) != MU_OK ||
        fill_list(&filling, more, command->argv, &n) != MU_OK) {
        return error->code;
    }
    if (n == 0) {
        return mu_fail(error, MU_INVALID_ARGUMENT, "line %d: the container's command is empty",
            container->line);
    }
    bool pushed =
        !strcmp(e->collector.kind_name, "Push") || !strcmp(e->collector.kind_name, "None");
    if (pushed) {
        expand_words(&filling);
    } else {
        join_for_shell(&filling);
    }
    return MU_OK;
}
