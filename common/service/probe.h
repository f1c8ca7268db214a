/* The program under the name of grpc_health_probe.
 *
 * Katib up to 0.15 asks a suggestion service whether it is ready by running, in its container,
 * "/bin/grpc_health_probe -addr=:6789 -service=manager.v1beta1.Suggestion" (composer.go:
 * DesiredDeployment). The image has that name for this program, so that nothing else is in it. */
#ifndef MUSHIR_SERVICE_PROBE_H
#define MUSHIR_SERVICE_PROBE_H

#include <stdbool.h>

/* Whether |program|, argv[0], is that name. */
bool mu_probe_is(const char *program);

/* Ask the health service at -addr (HOST:PORT; without a host: this machine) about -service (none:
 * all), in the words of Go's flags: one hyphen or two, "=" or a word of its own. The exit status is
 * grpc_health_probe's: 0 SERVING, 1 wrong use, 2 no server within a second, 3 the call failed, 4
 * not SERVING. */
int mu_probe_main(int argc, char **argv);

#endif
