/* Fuzz target: bytes -> every method of mushir.v1.Analysis -> bytes, under a small arena. */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz/target.h"
#include "services/analysis/analysis.h"

enum { ARENA_LIMIT = 32 << 20 };

static void ask(const struct mu_endpoint *endpoint, struct mu_call *call) {
    struct mu_error error;
    if (mu_arena_enter(call->arena)) {
        return;
    }
    if (endpoint->handler(NULL, call, &error) && error.code == MU_INTERNAL) {
        fprintf(stderr, "%s: internal: %s\n", endpoint->path, error.text);
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < mu_analysis.n_endpoints; i++) {
        struct mu_arena *arena = mu_arena_create(ARENA_LIMIT);
        struct mu_call call = {.bytes = bytes, .size = size, .arena = arena};
        ask(&mu_analysis.endpoints[i], &call);
        mu_arena_destroy(arena);
    }
    return 0;
}
