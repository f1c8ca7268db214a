/* What the commands of mushir share: options, reading an experiment with its mistakes shown, exit
 * codes. */
#ifndef MUSHIR_CLIENT_CLI_H
#define MUSHIR_CLIENT_CLI_H

#include "client/experiment/draft.h"
#include "client/experiment/experiment.h"
#include "client/run/options.h"

enum cl_exit_code {
    CL_EXIT_GOOD = 0,
    CL_EXIT_FAILED = 1,       /* the experiment failed, or something on the way */
    CL_EXIT_INVALID = 2,      /* wrong use, or a mistake in the experiment */
    CL_EXIT_UNREACHABLE = 3,  /* no service */
    CL_EXIT_INTERRUPTED = 130 /* Ctrl-C; --resume continues */
};

/* Of mushir katib. */
struct cl_katib_options {
    const char *registry, *algorithms; /* algorithms: names with commas between; NULL: all */
    bool undo;
};

/* Of mushir serve; the rest is in struct cl_options. */
struct cl_serve_flags {
    const char *host, *port, *token_file, *tls_cert, *tls_key; /* NULL: not given */
    const char *names;                                         /* with commas between */
    size_t trials_at_a_time;                                   /* 0: not given */
    bool read_only, no_commands;
};

struct cl_options {
    const char *file; /* NULL: |draft| is the experiment; of katib, standard input */
    const char *address, *name;
    bool json, offline, help, version;
    size_t count; /* suggest -n */
    struct cl_draft draft;
    struct cl_katib_options katib;
    /* run */
    struct cl_run_options run;
    const char *report;
    bool quiet, verbose, json_lines, no_report;
    struct cl_serve_flags serve;
    bool watch;     /* run */
    bool csv, copy; /* report: the trials as a table; the journal itself */
};

/* Everything that a command works on. */
struct cl_context {
    const struct cl_options *options;
    struct mu_arena *arena;
    struct cl_experiment *experiment;
    const char *source; /* what mistakes are said to be in */
    const char *text;   /* the experiment's file */
    size_t size;
};

/* Write the experiment of options->draft into |text|, read it and print its mistakes, those that
 * Katib's webhook would refuse among them. CL_EXIT_GOOD, or CL_EXIT_INVALID. */
enum cl_exit_code cl_cli_draft(struct cl_context *context);

/* Read the experiment of options->file ("-": standard input), or without a file the draft, and
 * print its mistakes as FILE:LINE:COLUMN. CL_EXIT_GOOD, or CL_EXIT_INVALID. */
enum cl_exit_code cl_cli_read(struct cl_context *context);

/* The same in two steps, for who finds more mistakes between them: read what can be read (false,
 * with a message, when the file cannot), and print. */
bool cl_cli_read_all(struct cl_context *context, struct cl_problems *problems);
enum cl_exit_code cl_cli_show(const struct cl_context *context, struct cl_problems *problems);

/* The bytes of options->file ("-" or NULL: standard input) into context->text, which ends with NUL.
 * False, with a message, when it cannot be read or is larger than 16 MiB. */
bool cl_cli_read_file(struct cl_context *context);

/* Print |error| and return the exit code for it. */
enum cl_exit_code cl_cli_fail(const struct mu_error *error);

#endif
