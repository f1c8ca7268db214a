/* mushir serve: a web page and an HTTP interface for the experiments of a folder
 * (docs/serving.md). */
#ifndef MUSHIR_CLIENT_SERVE_SERVE_H
#define MUSHIR_CLIENT_SERVE_SERVE_H

#include "client/serve/options.h"
#include "common/base/status.h"

/* Serve until SIGINT or SIGTERM, which end the trials; what was wanted goes on with the next start.
 * |listening| is called with the page's address. MU_INVALID_ARGUMENT: options that do not go
 * together; MU_UNAVAILABLE: port or folder is taken. */
MU_MUST_USE enum mu_status cl_serve(const struct cl_serve_options *options,
    void (*listening)(const char *url), struct mu_error *error);

#endif
