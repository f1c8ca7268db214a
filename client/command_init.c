/* mushir init: write the experiment that a command line describes. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client/command.h"
#include "client/text/visible.h"

/* To standard output, or to a file that is not there yet. */
static enum cl_exit_code put(const char *path, const char *text) {
    FILE *out = path && strcmp(path, "-") != 0 ? fopen(path, "wx") : stdout;
    if (!out) {
        cl_visible_line(
            stderr, "mushir: %s: %s", path, errno == EEXIST ? "exists already" : strerror(errno));
        return errno == EEXIST ? CL_EXIT_INVALID : CL_EXIT_FAILED;
    }
    fputs(text, out);
    bool good = !ferror(out) && !fflush(out);
    if (!good) {
        cl_visible_line(stderr, "mushir: %s: %s", path ? path : "-", strerror(errno));
    }
    if (out != stdout) {
        fclose(out);
    }
    return good ? CL_EXIT_GOOD : CL_EXIT_FAILED;
}

enum cl_exit_code cl_command_init(struct cl_context *context) {
    enum cl_exit_code code = cl_cli_draft(context);
    return code == CL_EXIT_GOOD ? put(context->options->file, context->text) : code;
}
