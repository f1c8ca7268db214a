/* mushir run: open or resume the journal, run the loop, show the result. */
#include <stdio.h>

#include "client/command.h"
#include "client/report/ending.h"
#include "client/report/progress.h"
#include "client/report/report.h"
#include "client/report/summary.h"
#include "client/run/loop.h"
#include "client/run/setup.h"
#include "client/serve/viewer.h"
#include "client/text/visible.h"

/* Where the report goes; NULL: nowhere. */
static const char *report_path(const struct cl_run *run, const struct cl_options *options) {
    return options->no_report ? NULL
           : options->report  ? options->report
                              : cl_setup_beside(run, "html");
}

/* See that the report will replace nothing that the run needs, and open the run. */
static enum mu_status open_run(
    struct cl_run *run, const struct cl_options *options, struct mu_error *error) {
    run->journal_path = cl_setup_journal(run);
    const char *report = report_path(run, options);
    bool good = !report || cl_report_check(run, report, error) == MU_OK;
    return good ? cl_setup_open(run, error) : error->code;
}

static void show(const struct cl_run *run, const struct cl_options *options) {
    struct mu_error error;
    const char *path = report_path(run, options);
    if (path && cl_report_write(run, path, &error) != MU_OK) {
        run->observer->noted(run, error.text);
        path = NULL;
    }
    if (options->quiet) {
        cl_summary_print(run, path);
    } else if (!options->json_lines) {
        cl_ending_print(run, path, options->verbose);
    }
}

static enum cl_exit_code conclude(const struct cl_run *run) {
    if (run->error.code != MU_OK) {
        cl_visible_line(stderr, "mushir: %s%s", run->error.text,
            cl_journal_damaged(run->journal) ? CL_RUN_BEGIN_ANEW : CL_RUN_CONTINUE);
        return run->error.code == MU_INVALID_ARGUMENT ? CL_EXIT_INVALID : CL_EXIT_FAILED;
    }
    if (run->interrupted) {
        fprintf(stderr, "mushir: interrupted" CL_RUN_CONTINUE "\n");
        return CL_EXIT_INTERRUPTED;
    }
    if (!cl_trial_best(run->trials, run->n_trials, run->e)) {
        cl_visible_line(stderr, "mushir: " CL_TRIAL_NO_BEST, run->e->metrics[0].name);
        return CL_EXIT_FAILED;
    }
    return run->result.good ? CL_EXIT_GOOD : CL_EXIT_FAILED;
}

/* Have the run shown in a browser; that there is no page is no reason not to run. */
static void watch(const struct cl_run *run, struct cl_child *viewer) {
    struct mu_error error;
    const char *url;
    if (cl_viewer_start(viewer, run->journal_path, run->arena, &url, &error) != MU_OK) {
        run->observer->noted(run, error.text);
        return;
    }
    run->observer->noted(run, mu_arena_format(run->arena, "watch it at %s", url));
    cl_viewer_open(url);
}

enum cl_exit_code cl_command_run(struct cl_context *context) {
    const struct cl_options *options = context->options;
    struct cl_child viewer = {0, -1, -1};
    struct mu_error error = {0};
    enum cl_exit_code code = cl_cli_read(context);
    if (code != CL_EXIT_GOOD) {
        return code;
    }
    struct cl_run run = {.options = &options->run,
        .e = context->experiment,
        .file = cl_setup_place(options->file),
        .text = context->text,
        .address = options->address,
        .observer = options->json_lines ? &cl_progress_json
                    : options->quiet    ? &cl_progress_quiet
                                        : &cl_progress_bar,
        .arena = context->arena};
    if (open_run(&run, options, &error) != MU_OK) {
        code = cl_cli_fail(&error);
    } else {
        run.observer->begun(&run);
        if (cl_run_pending(&run)) {
            if (options->watch) {
                watch(&run, &viewer);
            }
            cl_loop_run(&run);
        }
        run.observer->ended(&run);
        show(&run, options);
        code = conclude(&run);
    }
    cl_viewer_stop(&viewer);
    cl_setup_close(&run);
    return code;
}
