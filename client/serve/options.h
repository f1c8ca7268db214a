/* What the user may choose of a server. */
#ifndef MUSHIR_CLIENT_SERVE_OPTIONS_H
#define MUSHIR_CLIENT_SERVE_OPTIONS_H

#include <stdbool.h>

struct cl_serve_options {
    const char *folder;
    const char *host;                            /* an IPv4 address */
    int port;                                    /* 0: any free one */
    const char *token_file, *tls_cert, *tls_key; /* NULL: none */
    const char *const *names; /* that the server goes by, ended by NULL; NULL: none */
    int trials_at_a_time;
    const char *address; /* of a suggestion service; NULL: each run starts its own */
    bool read_only, no_commands;
};

#endif
