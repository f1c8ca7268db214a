#include <math.h>
#include <stdio.h>
#include <string.h>

#include "client/command.h"
#include "client/experiment/webhook.h"
#include "client/run/service.h"
#include "client/text/json.h"
#include "client/text/visible.h"
#include "common/search/number.h"

/* What was understood, in one line, so that a wrong reading is noticed. */
static void show(const struct cl_context *context) {
    const struct cl_experiment *e = context->experiment;
    struct mu_arena *arena = context->arena;
    const char *what = e->network.present
                           ? mu_arena_format(arena, "networks of %d layers over %zu operations",
                                 e->network.layers, e->network.n_operations)
                           : mu_arena_format(arena, "%zu parameter%s", e->n_parameters,
                                 e->n_parameters == 1 ? "" : "s");
    const char *trials =
        e->max_trials > 0 ? mu_arena_format(arena, " in %d trials", e->max_trials) : "";
    cl_visible_line(stdout, "%s: valid. %s searches %s with %s, to %s %s%s, %d at a time%s.",
        context->options->file, e->name, what, e->algorithm, e->maximize ? "maximize" : "minimize",
        e->metrics[0].name, trials, e->parallel,
        context->options->offline ? " (the algorithm's settings were not checked: --offline)" : "");
}

/* A number among the settings of |reply|, or 0. */
static double told(const struct mu_reply *reply, const char *name) {
    double value;
    for (size_t i = 0; i < reply->n_settings; i++) {
        if (!strcmp(reply->settings[i].name, name) &&
            mu_read_double(reply->settings[i].value, &value)) {
            return value;
        }
    }
    return 0;
}

/* The trials that must have run before one gets all of r_l: successive halving promotes the best
 * 1/eta of a rung, so one trial above stands on eta below (Li et al., JMLR 2018, algorithm 1). The
 * ladder's ends, s_max and eta, are in the reply, Katib's own service's too. */
static double trials_to_the_top(const struct mu_reply *reply) {
    enum { HIGHEST = 64 };
    double eta = told(reply, "eta");
    double s_max = told(reply, "s_max");
    double rung = 1;
    double all = 1;
    for (int s = 0; s < s_max && s < HIGHEST && eta > 1; s++) {
        rung = ceil(rung * eta);
        all += rung;
    }
    return all;
}

/* Warn of a budget in which an algorithm that gives trials more and more of a resource only ever
 * compares trials that were cut short. */
static void check_budget(const struct cl_context *context, struct cl_service *service,
    const struct mu_experiment_text *text, struct cl_problems *problems) {
    const struct cl_experiment *e = context->experiment;
    const struct mu_wire_request request = {.experiment = text, .wanted = 1};
    struct mu_reply reply;
    struct mu_error error;
    bool has_rungs = mu_pairs_find(e->settings, e->n_settings, "resource_name") != NULL;
    if (!has_rungs || e->max_trials <= 0 ||
        cl_service_suggest(service, &request, context->arena, &reply, &error) != MU_OK) {
        return;
    }
    double needed = trials_to_the_top(&reply);
    if (e->max_trials < needed) {
        cl_problem_warn(problems, context->arena,
            cl_node_get(cl_node_get(e->root, "spec"), "maxTrialCount"),
            "spec.maxTrialCount: no trial reaches r_l: %s needs %.0f trials for one to get "
            "there, not %d; a smaller r_l, or a larger resource minimum, needs fewer",
            e->algorithm, needed, e->max_trials);
    }
}

/* What the algorithm says of the experiment. */
static enum mu_status ask_algorithm(
    const struct cl_context *context, struct cl_problems *problems, struct mu_error *error) {
    struct cl_service service;
    enum mu_status status = cl_service_open(&service, context->options->address,
        context->experiment->algorithm, NULL, context->arena, error);
    if (status != MU_OK) {
        return status;
    }
    const struct mu_experiment_text *text = cl_experiment_text(context->experiment, context->arena);
    status = cl_service_validate(&service, text, context->arena, error);
    if (status == MU_OK) {
        check_budget(context, &service, text, problems);
    }
    cl_service_close(&service);
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
    enum mu_status status = ask ? ask_algorithm(context, problems, error) : MU_OK;
    if (status != MU_INVALID_ARGUMENT) {
        return status;
    }
    if (!known(problems, error->text)) {
        cl_problem_add(problems, context->arena,
            cl_node_get(cl_node_get(e->root, "spec"), "algorithm"), "%s", error->text);
    }
    return MU_OK;
}

static void write_problems(const struct cl_problems *problems, FILE *out) {
    fputs("\"problems\": [", out);
    for (size_t i = 0; i < problems->n; i++) {
        const struct cl_problem *p = &problems->items[i];
        fprintf(out, "%s{\"line\": %d, \"column\": %d, \"warning\": %s, \"text\": ", i ? ", " : "",
            p->line, p->column, p->warning ? "true" : "false");
        cl_json_string(out, p->text);
        fputs("}", out);
    }
    fputs("]", out);
}

/* One JSON object: "valid", "problems"; "name" and "parallelTrialCount" of what is valid; "error",
 * when the algorithm could not be asked. */
static void show_json(const struct cl_context *context, const struct cl_problems *problems,
    enum mu_status status, const struct mu_error *error) {
    const struct cl_experiment *e = context->experiment;
    bool valid = e && !problems->errors && status == MU_OK;
    printf("{\"valid\": %s, ", valid ? "true" : "false");
    write_problems(problems, stdout);
    if (valid) {
        fputs(", \"name\": ", stdout);
        cl_json_string(stdout, e->name);
        printf(", \"parallelTrialCount\": %d", e->parallel);
    }
    if (status != MU_OK) {
        fputs(", \"error\": ", stdout);
        cl_json_string(stdout, error->text);
    }
    printf("}\n");
}

enum cl_exit_code cl_command_validate(struct cl_context *context) {
    struct cl_problems problems = {0};
    struct mu_error error = {0};
    if (!cl_cli_read_all(context, &problems)) {
        return CL_EXIT_INVALID;
    }
    enum mu_status status = context->experiment ? check(context, &problems, &error) : MU_OK;
    if (context->options->json) {
        show_json(context, &problems, status, &error);
        return !context->experiment || problems.errors ? CL_EXIT_INVALID
               : status == MU_OK                       ? CL_EXIT_GOOD
                                                       : CL_EXIT_UNREACHABLE;
    }
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
