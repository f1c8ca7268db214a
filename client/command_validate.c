#include <stdio.h>
#include <string.h>

#include "client/command.h"
#include "client/experiment/webhook.h"
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

/* What the algorithm says of the experiment. */
static enum mu_status ask_algorithm(const struct cl_context *context, struct mu_error *error) {
    struct cl_service service;
    enum mu_status status = cl_service_open(
        &service, context->options->address, context->experiment->algorithm, context->arena, error);
    if (status == MU_OK) {
        status = cl_service_validate(&service,
            cl_experiment_text(context->experiment, context->arena), context->arena, error);
        cl_service_close(&service);
    }
    return status;
}

/* Whether a mistake says this already: parameters are checked by the same rules here and there. */
static bool known(const struct cl_problems *problems, const char *text) {
    for (size_t i = 0; i < problems->n; i++) {
        if (!strcmp(problems->items[i].text, text)) {
            return true;
        }
    }
    return false;
}

/* Add what Katib's webhook and the algorithm would refuse; the status that has no place in the
 * file. */
static enum mu_status check(
    const struct cl_context *context, struct cl_problems *problems, struct mu_error *error) {
    const struct cl_experiment *e = context->experiment;
    cl_webhook_check(e, context->arena, problems);
    bool ask = *e->algorithm && !context->options->offline;
    enum mu_status status = ask ? ask_algorithm(context, error) : MU_OK;
    if (status != MU_INVALID_ARGUMENT) {
        return status;
    }
    if (!known(problems, error->text)) {
        cl_problem_add(problems, context->arena,
            cl_node_get(cl_node_get(e->root, "spec"), "algorithm"), "%s", error->text);
    }
    return MU_OK;
}

enum cl_exit_code cl_command_validate(struct cl_context *context) {
    struct cl_problems problems = {0};
    struct mu_error error = {0};
    if (!cl_cli_read_all(context, &problems)) {
        return CL_EXIT_INVALID;
    }
    enum mu_status status = context->experiment ? check(context, &problems, &error) : MU_OK;
    enum cl_exit_code code = cl_cli_show(context, &problems);
    if (code != CL_EXIT_GOOD || !context->experiment) {
        return CL_EXIT_INVALID;
    }
    if (status != MU_OK) {
        return cl_cli_fail(&error);
    }
    show(context);
    return CL_EXIT_GOOD;
}
