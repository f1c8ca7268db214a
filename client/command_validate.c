#include <stdio.h>

#include "client/command.h"
#include "client/run/service.h"

/* What was understood, in one line, so that a wrong reading is noticed. */
static void show(const struct cl_context *context) {
    const struct cl_experiment *e = context->experiment;
    printf("%s: valid. %s ", context->options->file, e->name);
    if (e->network.present) {
        printf("searches networks of %d layers over %zu operations", e->network.layers,
            e->network.n_operations);
    } else {
        printf("searches %zu parameter%s", e->n_parameters, e->n_parameters == 1 ? "" : "s");
    }
    printf(" with %s, to %s %s", e->algorithm, e->maximize ? "maximize" : "minimize",
        e->metrics[0].name);
    if (e->max_trials > 0) {
        printf(" in %d trials", e->max_trials);
    }
    printf(", %d at a time%s.\n", e->parallel,
        context->options->offline ? " (the algorithm's settings were not checked: --offline)" : "");
}

enum cl_exit_code cl_command_validate(struct cl_context *context) {
    struct mu_error error = {0};
    struct cl_service service;
    enum cl_exit_code code = cl_cli_read(context);
    if (code != CL_EXIT_GOOD) {
        return code;
    }
    if (!context->options->offline) {
        if (cl_service_open(&service, context->options->address, context->experiment->algorithm,
                context->arena, &error) != MU_OK) {
            return cl_cli_fail(&error);
        }
        enum mu_status status = cl_service_validate(&service,
            cl_experiment_text(context->experiment, context->arena), context->arena, &error);
        cl_service_close(&service);
        if (status != MU_OK) {
            return cl_cli_fail(&error);
        }
    }
    show(context);
    return CL_EXIT_GOOD;
}
