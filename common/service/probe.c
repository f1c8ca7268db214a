#include "common/service/probe.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/rpc/client.h"

enum { SERVING = 0, MISUSED = 1, UNREACHABLE = 2, CALL_FAILED = 3, NOT_SERVING = 4 };

/* grpc_health_probe's defaults for -connect-timeout and -rpc-timeout. */
static const double SECONDS = 1;

enum {
    LONGEST_NAME = 127, /* its length is one byte on the wire */
    LONGEST_REQUEST = 2 + LONGEST_NAME + 1
};

struct question {
    const char *address, *service;
};

bool mu_probe_is(const char *program) {
    const char *slash = strrchr(program, '/');
    return !strcmp(slash ? slash + 1 : program, "grpc_health_probe");
}

/* The value of the flag |name| when |word| is that flag, else NULL: behind "=", or |next|, and then
 * *took is set. */
static const char *value_of(const char *name, const char *word, const char *next, bool *took) {
    size_t n = strlen(name);
    word += word[0] == '-' && word[1] == '-';
    if (word[0] != '-' || strncmp(word + 1, name, n) != 0) {
        return NULL;
    }
    if (word[n + 1] == '=') {
        return word + n + 2;
    }
    *took = !word[n + 1] && next;
    return *took ? next : NULL;
}

static bool parse(int argc, char **argv, struct question *q) {
    for (int i = 1; i < argc; i++) {
        bool took = false;
        const char *next = i + 1 < argc ? argv[i + 1] : NULL;
        const char *address = value_of("addr", argv[i], next, &took);
        const char *service = value_of("service", argv[i], next, &took);
        if (!address && !service) {
            return false;
        }
        q->address = address ? address : q->address;
        q->service = service ? service : q->service;
        i += took;
    }
    return q->address && strlen(q->service) <= LONGEST_NAME;
}

/* grpc.health.v1.HealthCheckRequest: the name as field 1. */
static size_t write_request(const char *service, char request[LONGEST_REQUEST]) {
    size_t n = strlen(service);
    snprintf(request, LONGEST_REQUEST, "\n%c%s", (char)n, service);
    return n ? n + 2 : 0;
}

static int ask(const struct question *q, const char *address, struct mu_error *error) {
    static const uint8_t serving[] = {0x08, 0x01}; /* HealthCheckResponse: status 1 */
    char request[LONGEST_REQUEST];
    uint8_t *reply = NULL;
    size_t n = 0;
    size_t n_request = write_request(q->service, request);
    struct mu_rpc_client *client = mu_rpc_client_create(address, 0, error);
    if (!client) {
        return MISUSED;
    }
    enum mu_status status = mu_rpc_client_call(client, "/grpc.health.v1.Health/Check",
        (const uint8_t *)request, n_request, SECONDS, SECONDS, &reply, &n, error);
    mu_rpc_client_destroy(client);
    bool good = status == MU_OK && n == sizeof serving && !memcmp(reply, serving, n);
    free(reply);
    if (status != MU_OK) {
        return status == MU_UNAVAILABLE ? UNREACHABLE : CALL_FAILED;
    }
    mu_fail(error, MU_UNAVAILABLE, "it is not SERVING");
    return good ? SERVING : NOT_SERVING;
}

int mu_probe_main(int argc, char **argv) {
    struct question q = {.service = ""};
    struct mu_error error;
    char address[256];
    if (!parse(argc, argv, &q)) {
        fputs("usage: grpc_health_probe -addr=HOST:PORT [-service=NAME]\n", stderr);
        return MISUSED;
    }
    snprintf(address, sizeof address, "%s%s", *q.address == ':' ? "127.0.0.1" : "", q.address);
    int result = ask(&q, address, &error);
    fprintf(stderr, "%s: %s\n", address, result == SERVING ? "SERVING" : error.text);
    return result;
}
