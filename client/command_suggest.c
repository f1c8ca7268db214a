#include <stdio.h>
#include <string.h>

#include "client/command.h"
#include "client/run/reply.h"
#include "client/run/service.h"
#include "client/text/json.h"
#include "client/text/visible.h"

static int width(const char *text) {
    return (int)cl_visible_width(text);
}

static void cell(const char *text, int wide, bool last) {
    cl_visible_write(stdout, text);
    printf("%*s", last ? 0 : wide - width(text) + 2, "");
}

static void show_table(const struct mu_reply *s, struct mu_arena *arena) {
    size_t columns = s->n ? s->suggestions[0].n_assignments : 0;
    int *wide = MU_ARRAY(arena, columns, int);
    for (size_t j = 0; j < columns; j++) {
        wide[j] = width(s->suggestions[0].assignments[j].name);
        for (size_t i = 0; i < s->n; i++) {
            int w = j < s->suggestions[i].n_assignments
                        ? width(s->suggestions[i].assignments[j].value)
                        : 0;
            wide[j] = w > wide[j] ? w : wide[j];
        }
    }
    for (size_t j = 0; j < columns; j++) {
        cell(s->suggestions[0].assignments[j].name, wide[j], j + 1 == columns);
    }
    putchar('\n');
    for (size_t i = 0; i < s->n; i++) {
        for (size_t j = 0; j < s->suggestions[i].n_assignments; j++) {
            cell(s->suggestions[i].assignments[j].value, j < columns ? wide[j] : 0,
                j + 1 == s->suggestions[i].n_assignments);
        }
        putchar('\n');
    }
}

/* An architecture's assignments are long: one a line. */
static void show_list(const struct mu_reply *s) {
    for (size_t i = 0; i < s->n; i++) {
        printf("%ssuggestion %zu\n", i ? "\n" : "", i + 1);
        for (size_t j = 0; j < s->suggestions[i].n_assignments; j++) {
            const struct mu_pair *pair = &s->suggestions[i].assignments[j];
            fputs("  ", stdout);
            cl_visible_line(stdout, "%s: %s", pair->name, pair->value);
        }
    }
}

static void show_json(const struct mu_reply *s) {
    printf("[");
    for (size_t i = 0; i < s->n; i++) {
        printf("%s\n  ", i ? "," : "");
        cl_json_pairs(stdout, s->suggestions[i].assignments, s->suggestions[i].n_assignments);
    }
    printf("\n]\n");
}

enum cl_exit_code cl_command_suggest(struct cl_context *context) {
    const struct cl_options *options = context->options;
    struct mu_error error = {0};
    struct cl_service service;
    struct mu_reply reply;
    enum cl_exit_code code = cl_cli_read(context);
    if (code != CL_EXIT_GOOD) {
        return code;
    }
    if (cl_service_open(&service, options->address, context->experiment->algorithm, NULL,
            context->arena, &error) != MU_OK) {
        return cl_cli_fail(&error);
    }
    struct mu_wire_request request = {
        .experiment = cl_experiment_text(context->experiment, context->arena),
        .wanted = options->count};
    enum mu_status status =
        cl_service_validate(&service, request.experiment, context->arena, &error);
    status =
        status ? status : cl_service_suggest(&service, &request, context->arena, &reply, &error);
    cl_service_close(&service);
    status = status ? status
                    : cl_reply_check(context->experiment, &(struct cl_taken_names){0},
                          options->count, &reply, context->arena, &error);
    if (status != MU_OK) {
        return cl_cli_fail(&error);
    }
    if (options->json) {
        show_json(&reply);
    } else if (context->experiment->network.present) {
        show_list(&reply);
    } else {
        show_table(&reply, context->arena);
    }
    return CL_EXIT_GOOD;
}
