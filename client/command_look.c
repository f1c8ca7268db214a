/* mushir status, mushir report and mushir analyse: look at a run while it runs, or afterwards. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/command.h"
#include "client/report/analysis.h"
#include "client/report/data.h"
#include "client/report/ending.h"
#include "client/report/report.h"
#include "client/report/status.h"
#include "client/report/table.h"
#include "client/run/replay.h"
#include "client/run/setup.h"
#include "client/text/file.h"
#include "client/text/visible.h"

static bool is_journal(const char *path) {
    static const char magic[] = "SQLite format 3"; /* its NUL is part of it */
    char begin[sizeof magic] = "";
    off_t size;
    int fd = cl_file_follow(path, &size); /* a pipe is read once: as an experiment */
    bool same = fd >= 0 && read(fd, begin, sizeof magic) == sizeof magic &&
                !memcmp(begin, magic, sizeof magic);
    if (fd >= 0) {
        close(fd);
    }
    return same;
}

/* The run that options->file means: a journal, or an experiment with its journal beside it. */
static enum cl_exit_code open_run(struct cl_context *context, struct cl_run *run) {
    const struct cl_options *options = context->options;
    struct mu_error error;
    run->options = &options->run;
    run->arena = context->arena;
    run->file = cl_setup_place(options->file);
    if (is_journal(options->file)) {
        run->journal_path = options->file;
    } else {
        enum cl_exit_code code = cl_cli_read(context);
        if (code != CL_EXIT_GOOD) {
            return code;
        }
        run->e = context->experiment;
        run->journal_path = cl_setup_journal(run);
        run->e = NULL;
    }
    return cl_run_view(run, &error) == MU_OK ? CL_EXIT_GOOD : cl_cli_fail(&error);
}

enum cl_exit_code cl_command_status(struct cl_context *context) {
    struct cl_run run = {0};
    enum cl_exit_code code = open_run(context, &run);
    if (code == CL_EXIT_GOOD) {
        if (context->options->json) {
            cl_status_write(&run, stdout);
        } else {
            cl_ending_print(&run, NULL, context->options->verbose);
        }
    }
    cl_setup_close(&run);
    return code;
}

static enum cl_exit_code write_page(const struct cl_run *run, const char *path) {
    struct mu_error error;
    if (!strcmp(path, "-")) {
        cl_report_print(run, stdout);
        return CL_EXIT_GOOD;
    }
    if (cl_report_write(run, path, &error) != MU_OK) {
        return cl_cli_fail(&error);
    }
    cl_visible_line(stdout, "%s", path);
    return CL_EXIT_GOOD;
}

static enum cl_exit_code copy_journal(const struct cl_run *run) {
    struct mu_error error;
    return cl_journal_copy(run->journal, stdout, &error) == MU_OK ? CL_EXIT_GOOD
                                                                  : cl_cli_fail(&error);
}

enum cl_exit_code cl_command_report(struct cl_context *context) {
    const struct cl_options *options = context->options;
    struct cl_run run = {0};
    enum cl_exit_code code = open_run(context, &run);
    if (code == CL_EXIT_GOOD && options->json) {
        cl_data_write(&run, stdout);
    } else if (code == CL_EXIT_GOOD && options->csv) {
        cl_table_write(&run, stdout);
    } else if (code == CL_EXIT_GOOD && options->copy) {
        code = copy_journal(&run);
    } else if (code == CL_EXIT_GOOD) {
        code = write_page(&run, options->report ? options->report : cl_setup_beside(&run, "html"));
    }
    cl_setup_close(&run);
    return code;
}

enum cl_exit_code cl_command_analyse(struct cl_context *context) {
    struct cl_run run = {0};
    bool said = true;
    enum cl_exit_code code = open_run(context, &run);
    if (code == CL_EXIT_GOOD) {
        if (context->options->json) {
            cl_analysis_write(&run, stdout);
        } else {
            said = cl_analysis_print(&run, stdout);
        }
        code = said ? CL_EXIT_GOOD : CL_EXIT_FAILED;
    }
    cl_setup_close(&run);
    return code;
}
