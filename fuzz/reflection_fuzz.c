/* Fuzz target: bytes -> the answer of server reflection, which must say what was asked. */
#include <stdlib.h>
#include <string.h>

#include "common/rpc/internal.h"
#include "fuzz/target.h"
#include "grpc/reflection/v1/reflection.pb-c.h"

typedef Grpc__Reflection__V1__ServerReflectionResponse Response;

static struct mu_rpc_endpoint endpoints[] = {{.path = "/api.v1.beta1.Suggestion/GetSuggestions"},
    {.path = "/api.v1.beta1.Suggestion/ValidateAlgorithmSettings"},
    {.path = "/grpc.health.v1.Health/Check"}, {.path = NULL}};

static void check(const Response *response) {
    if (!response || !response->original_request || !response->message_response_case ||
        strcmp(response->valid_host, response->original_request->host) != 0) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    const struct mu_rpc_server server = {
        .endpoints = endpoints, .n_endpoints = sizeof endpoints / sizeof *endpoints};
    uint8_t *reply;
    size_t reply_size;
    if (!mu_rpc_reflect(&server, bytes, size, &reply, &reply_size)) {
        Response *response =
            grpc__reflection__v1__server_reflection_response__unpack(NULL, reply_size, reply);
        check(response);
        grpc__reflection__v1__server_reflection_response__free_unpacked(response, NULL);
    }
    free(reply);
    return 0;
}
