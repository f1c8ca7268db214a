#include "client/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/experiment/read.h"
#include "client/experiment/webhook.h"
#include "client/text/visible.h"

enum { LARGEST_FILE = 16 << 20 };

bool cl_cli_read_file(struct cl_context *context) {
    const char *path = context->options->file ? context->options->file : "-";
    FILE *file = strcmp(path, "-") ? fopen(path, "rb") : stdin;
    if (!file) {
        cl_visible_line(stderr, "mushir: %s: %s", path, strerror(errno));
        return false;
    }
    char *bytes = mu_arena_alloc(context->arena, LARGEST_FILE);
    context->size = fread(bytes, 1, LARGEST_FILE - 1, file);
    bytes[context->size] = '\0';
    bool good = !ferror(file) && context->size < LARGEST_FILE - 1;
    if (!good) {
        cl_visible_line(
            stderr, "mushir: %s: %s", path, ferror(file) ? strerror(errno) : "larger than 16 MiB");
    }
    if (file != stdin) {
        fclose(file);
    }
    context->text = bytes;
    return good;
}

static void show(const struct cl_problems *problems, const char *path) {
    bool color = isatty(2) && !getenv("NO_COLOR");
    for (size_t i = 0; i < problems->n; i++) {
        const struct cl_problem *p = &problems->items[i];
        char where[64] = "";
        if (p->line) {
            snprintf(where, sizeof where, ":%d:%d", p->line, p->column);
        }
        cl_visible_write(stderr, path);
        fprintf(stderr, "%s: %s%s:%s ", where, color ? p->warning ? "\033[33m" : "\033[31m" : "",
            p->warning ? "warning" : "error", color ? "\033[0m" : "");
        cl_visible_line(stderr, "%s", p->text);
    }
}

static int by_line(const void *a, const void *b) {
    const struct cl_problem *x = a;
    const struct cl_problem *y = b;
    return x->line != y->line ? (x->line > y->line) - (x->line < y->line)
                              : (x->column > y->column) - (x->column < y->column);
}

enum cl_exit_code cl_cli_show(const struct cl_context *context, struct cl_problems *problems) {
    if (problems->n) {
        qsort(problems->items, problems->n, sizeof *problems->items, by_line);
    }
    show(problems, context->source);
    if (problems->errors) {
        cl_visible_line(stderr, "mushir: %zu mistake%s in %s", problems->errors,
            problems->errors == 1 ? "" : "s", context->source);
        return CL_EXIT_INVALID;
    }
    return CL_EXIT_GOOD;
}

static void read_text(struct cl_context *context, struct cl_problems *problems) {
    context->experiment = cl_experiment_read_all(
        context->text, context->size, context->options->name, context->arena, problems);
}

bool cl_cli_read_all(struct cl_context *context, struct cl_problems *problems) {
    context->source = context->options->file;
    if (!cl_cli_read_file(context)) {
        return false;
    }
    read_text(context, problems);
    return true;
}

enum cl_exit_code cl_cli_draft(struct cl_context *context) {
    struct cl_problems problems = {0};
    struct mu_error error;
    context->source = "the experiment";
    if (cl_draft_write(&context->options->draft, context->arena, &context->text, &error) != MU_OK) {
        return cl_cli_fail(&error);
    }
    context->size = strlen(context->text);
    read_text(context, &problems);
    if (context->experiment) {
        cl_webhook_check(context->experiment, context->arena, &problems);
    }
    return cl_cli_show(context, &problems);
}

enum cl_exit_code cl_cli_read(struct cl_context *context) {
    struct cl_problems problems = {0};
    if (!context->options->file) {
        return cl_cli_draft(context);
    }
    return cl_cli_read_all(context, &problems) ? cl_cli_show(context, &problems) : CL_EXIT_INVALID;
}

enum cl_exit_code cl_cli_fail(const struct mu_error *error) {
    cl_visible_line(stderr, "mushir: %s", error->text);
    return error->code == MU_INVALID_ARGUMENT ? CL_EXIT_INVALID
           : error->code == MU_UNAVAILABLE || error->code == MU_DEADLINE_EXCEEDED ||
                   error->code == MU_NOT_FOUND
               ? CL_EXIT_UNREACHABLE
           : error->code == MU_CANCELLED ? CL_EXIT_INTERRUPTED
                                         : CL_EXIT_FAILED;
}
