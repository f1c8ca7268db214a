/* A list of contracts as a program: options, signals, the server, its end. */
#ifndef MUSHIR_SERVICE_PROGRAM_H
#define MUSHIR_SERVICE_PROGRAM_H

#include "common/base/endpoint.h"

/* Serve |contracts| (one at least, ended by NULL) as mushir-|name| until SIGTERM or SIGINT; the
 * whole of a program's main. Returns the exit code: 0 after an orderly stop (or --help and the
 * like), 1 when the server cannot start, 2 for options that are wrong. */
int mu_program_main(
    int argc, char **argv, const char *name, const struct mu_contract *const *contracts);

#endif
