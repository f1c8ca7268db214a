/* What the commands of mushir share: options, reading an experiment with its mistakes shown, exit
 * codes. */
#ifndef MUSHIR_CLIENT_CLI_H
#define MUSHIR_CLIENT_CLI_H

#include "client/service.h"

enum exit_code {
    EXIT_GOOD = 0,
    EXIT_FAILED = 1,       /* the experiment failed, or something on the way */
    EXIT_INVALID = 2,      /* wrong use, or a mistake in the experiment */
    EXIT_UNREACHABLE = 3,  /* no service */
    EXIT_INTERRUPTED = 130 /* Ctrl-C; --resume continues */
};

struct options {
    const char *file, *address, *name;
    bool json, offline;
    size_t count; /* suggest -n */
    /* run */
    const char *report, *journal, *directory;
    bool resume, fresh, quiet, json_lines, no_report;
    double trial_timeout;       /* seconds; 0: none */
    const char *const *command; /* after --, ended by NULL; NULL: the experiment's own */
};

/* Everything that a command works on. */
struct context {
    const struct options *options;
    struct mu_arena *arena;
    struct experiment *experiment;
    const char *text; /* the experiment's file */
    size_t size;
};

/* Read the experiment of options->file ("-": standard input) and print its mistakes as
 * FILE:LINE:COLUMN. EXIT_GOOD, or EXIT_INVALID. */
enum exit_code cli_read(struct context *context);

/* Print |error| and return the exit code for it. */
enum exit_code cli_fail(const struct mu_error *error);

/* The commands. */
enum exit_code command_validate(struct context *context);
enum exit_code command_suggest(struct context *context);
enum exit_code command_run(struct context *context);

#endif
