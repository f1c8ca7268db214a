/* A suggestion service as a program: options, signals, the server, its end. */
#ifndef MUSHIR_SERVICE_SERVICE_H
#define MUSHIR_SERVICE_SERVICE_H

#include "common/search/algorithm.h"

/* Run |service| until SIGTERM or SIGINT; the whole of a service's main. Returns the exit code: 0
 * after an orderly stop (or --help and the like), 1 when the server cannot start, 2 for options
 * that are wrong. */
int mu_service_main(int argc, char **argv, const struct mu_service *service);

#endif
