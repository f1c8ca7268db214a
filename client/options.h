/* What mushir can be told: its commands and its options, a table each. Command lines are read by
 * them; --help, the manual page and the completions of shells are written from them. */
#ifndef MUSHIR_CLIENT_OPTIONS_H
#define MUSHIR_CLIENT_OPTIONS_H

#include "client/cli.h"
#include "common/base/member.h"

/* The word after a command's name. */
enum cl_file { CL_FILE_NONE, CL_FILE_OPTIONAL, CL_FILE_REQUIRED };

/* A command of two forms has two rows; the first of them runs it. */
struct cl_command {
    const char *name;
    const char *words; /* what follows the name, as help shows it */
    const char *help;
    enum cl_file file;
    enum cl_exit_code (*run)(struct cl_context *context);
};

struct cl_option {
    const char *name;     /* --name */
    char letter;          /* -l says the same; 0: no letter does */
    const char *value;    /* what help calls the value; NULL: a switch. Shells complete FILE, DIR */
    const char *commands; /* names of those that take it, blanks between; NULL: all */
    struct mu_member member; /* of struct cl_options, where the value goes: its type says how it is
                                read (bool, size_t, double, const char *) */
    double most;             /* of a number, which is above 0 */
    void (*read)(struct cl_options *options, const char *value); /* in place of |member|; such an
                                                                    option may be repeated */
    const char *help;
};

extern const struct cl_command cl_command_table[];
extern const size_t cl_n_commands;
extern const struct cl_option cl_option_table[];
extern const size_t cl_n_options;

/* What the tables do not say. */
extern const char cl_about[], cl_about_file[], cl_about_status[];

/* The command of this name; NULL: there is none. */
const struct cl_command *cl_command_find(const char *name);

/* Whether the command of this name takes |option|. */
bool cl_option_is_of(const struct cl_option *option, const char *command);

/* Write the tables as --help prints them. */
void cl_options_help(FILE *out);

#endif
