#include "client/experiment/template_command.h"

#include <string.h>

struct filling {
    const struct cl_experiment *e;
    const struct cl_trial_identity *trial;
    struct mu_arena *arena;
    struct mu_error *error;
    struct cl_trial_command *command;
};

/* Kubernetes expands $(NAME) from the container's environment; $$ escapes. */
static const char *expand_environment(const struct filling *f, const char *text) {
    const char *done = "";
    for (;;) {
        const char *at = strchr(text, '$');
        if (!at) {
            return *done ? mu_arena_format(f->arena, "%s%s", done, text) : text;
        }
        const char *end = at[1] == '(' ? strchr(at, ')') : NULL;
        const char *value = NULL;
        for (size_t i = 0; end && i < f->command->n_environment; i++) {
            const char *pair = f->command->environment[i];
            const char *equals = strchr(pair, '=');
            if (equals - pair == end - at - 2 && !memcmp(pair, at + 2, (size_t)(equals - pair))) {
                value = equals + 1;
            }
        }
        bool escaped = at[1] == '$' && at[2] == '(';
        const char *next = value ? end + 1 : escaped ? at + 2 : at + 1;
        done = mu_arena_format(
            f->arena, "%s%.*s%s", done, (int)(at - text), text, value ? value : "$");
        text = next;
    }
}

static enum mu_status fill_environment(struct filling *f, const struct cl_node *container) {
    const struct cl_node *list = cl_node_get(container, "env");
    size_t n = list && list->kind == CL_NODE_LIST ? list->n : 0;
    f->command->environment = MU_ARRAY(f->arena, n, const char *);
    for (size_t i = 0; i < n; i++) {
        const char *name = cl_node_text(list->items[i], "name", NULL);
        const char *value = cl_node_text(list->items[i], "value", NULL);
        const char *filled;
        if (!name || !value) {
            continue; /* valueFrom: secrets and the like are not here */
        }
        if (cl_template_fill(&f->e->template, value, f->trial, f->arena, &filled, f->error) !=
            MU_OK) {
            return f->error->code;
        }
        f->command->environment[f->command->n_environment++] =
            mu_arena_format(f->arena, "%s=%s", name, filled);
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
        argv[*n] = expand_environment(f, argv[*n]);
        ++*n;
    }
    return MU_OK;
}

/* Katib's collectors join the container's words and run them in a shell (its own, when the command
 * is one already). */
static void join_for_shell(struct mu_arena *arena, struct cl_trial_command *command) {
    const char **argv = command->argv;
    bool own = argv[0] && argv[1] && (!strcmp(argv[0], "sh") || !strcmp(argv[0], "bash")) &&
               !strcmp(argv[1], "-c");
    const char *script = "";
    for (size_t i = own ? 2 : 0; argv[i]; i++) {
        script = mu_arena_format(arena, "%s%s%s", script, *script ? " " : "", argv[i]);
    }
    command->argv = MU_ARRAY(arena, 4, const char *);
    command->argv[0] = own ? argv[0] : "sh";
    command->argv[1] = "-c";
    command->argv[2] = script;
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
    if (!pushed) {
        join_for_shell(arena, command);
    }
    return MU_OK;
}
