/* mushir serve: a web page and an HTTP interface for the experiments of a folder. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/command.h"
#include "client/serve/serve.h"
#include "client/text/visible.h"

enum { USUAL_PORT = 8080, HIGHEST_PORT = 65535 };

static void say(const char *url) {
    cl_visible_line(stdout, "%s", url);
    fflush(stdout);
}

static enum mu_status read_port(const char *text, int *port, struct mu_error *error) {
    char *end;
    long number = strtol(text, &end, 10);
    if (*end || end == text || number < 0 || number > HIGHEST_PORT) {
        return mu_fail(
            error, MU_INVALID_ARGUMENT, "--port: \"%s\" is no number from 0 to 65535", text);
    }
    *port = (int)number;
    return MU_OK;
}

/* The words between the commas of |text|, ended by NULL. */
static const char *const *split(const char *text, struct mu_arena *arena) {
    const char **words = MU_ARRAY(arena, strlen(text) + 2, const char *);
    for (size_t n = 0; *text; n++) {
        size_t length = strcspn(text, ",");
        words[n] = mu_arena_copy_bytes(arena, text, length);
        text += length + (text[length] == ',');
    }
    return words;
}

static int processors(void) {
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int)n : 1;
}

enum cl_exit_code cl_command_serve(struct cl_context *context) {
    const struct cl_options *options = context->options;
    const struct cl_serve_flags *flags = &options->serve;
    struct mu_error error;
    struct cl_serve_options serve = {.folder = options->file ? options->file : ".",
        .host = flags->host ? flags->host : "127.0.0.1",
        .port = USUAL_PORT,
        .token_file = flags->token_file,
        .tls_cert = flags->tls_cert,
        .tls_key = flags->tls_key,
        .names = flags->names ? split(flags->names, context->arena) : NULL,
        .trials_at_a_time = flags->trials_at_a_time ? (int)flags->trials_at_a_time : processors(),
        .address = options->address,
        .read_only = flags->read_only,
        .no_commands = flags->no_commands};
    if (flags->port && read_port(flags->port, &serve.port, &error) != MU_OK) {
        return cl_cli_fail(&error);
    }
    return cl_serve(&serve, say, &error) == MU_OK ? CL_EXIT_GOOD : cl_cli_fail(&error);
}
