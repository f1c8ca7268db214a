/* Command-line options and their environment variables, from one table. */
#ifndef MUSHIR_SERVICE_FLAGS_H
#define MUSHIR_SERVICE_FLAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/base/member.h"
#include "common/base/status.h"

/* One option: --name VALUE, --name=VALUE or MUSHIR_NAME=VALUE (upper case, - becomes _); a switch
 * takes no value and has no variable. */
struct mu_flag {
    const char *name;
    struct mu_member value; /* a long, const char * or bool of the options structure */
    const char *value_name; /* how help shows the value */
    long min, max;          /* numbers: accepted range */
    const char *const
        *choices; /* texts: accepted ones, ended by NULL; NULL: any but the empty one */
    const char *help;
};

/* Fill |options| (which holds the defaults) from the environment, then the command line, which
 * wins. Texts are borrowed. An empty variable counts as unset, and so does one that Kubernetes made
 * for a Service of our name ("tcp://..."). MU_INVALID_ARGUMENT names the option, the value and what
 * is accepted. */
MU_MUST_USE enum mu_status mu_flags_read(const struct mu_flag *flags, size_t n, void *options,
    int argc, char **argv, struct mu_error *error);

/* "(default VALUE)" into |text|, which is returned: what |options| has for |flag|; "" where it has
 * nothing, a negative number, or a switch. */
const char *mu_flags_default(const struct mu_flag *flag, const void *options, char text[128]);

/* Write the table as help text to |out|, with |options| as the defaults. */
void mu_flags_help(const struct mu_flag *flags, size_t n, const void *options, FILE *out);

#endif
