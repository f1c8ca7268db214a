/* Fuzz target: bytes -> wire -> validate and suggest of one algorithm -> bytes, under a small
 * arena.
 *
 * Compiled once per service with ALGORITHM_HEADER and ALGORITHM set. */
#include <stdio.h>
#include <stdlib.h>

#include ALGORITHM_HEADER
#include "common/wire/wire.h"
#include "fuzz/target.h"

enum { ARENA_LIMIT = 32 << 20, MOST_SUGGESTIONS = 20 };

/* Of all inputs together, small enough to fill up. */
static struct mu_trial_cache *shared_cache(void) {
    static struct mu_trial_cache *cache;
    cache = cache ? cache : mu_trial_cache_create(64 << 10);
    return cache;
}

static void suggest(const uint8_t *bytes, size_t size, struct mu_arena *arena) {
    struct mu_error error;
    struct mu_wire_suggestions in;
    if (mu_wire_read_suggestions(bytes, size, shared_cache(), arena, &in, &error)) {
        return;
    }
    enum mu_status valid = mu_algorithm_validate(&ALGORITHM, &in.experiment, arena, &error);
    (void)valid; /* an invalid experiment may still be asked about */
    struct mu_request request = {.experiment = &in.experiment,
        .history = &in.history,
        .wanted = in.wanted % MOST_SUGGESTIONS,
        .first = in.first,
        .counted = in.counted,
        .arena = arena};
    struct mu_reply reply;
    if (mu_algorithm_suggest(&ALGORITHM, &request, &reply, &error)) {
        if (error.code == MU_INTERNAL) {
            fprintf(stderr, "internal: %s\n", error.text);
            abort();
        }
        return;
    }
    struct mu_call call = {.arena = arena};
    if (mu_wire_write_suggestions(&in.experiment, &reply, &call, &error)) {
        abort(); /* the arena has room or jumps */
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    struct mu_arena *arena = mu_arena_create(ARENA_LIMIT);
    if (mu_arena_enter(arena) == 0) {
        suggest(bytes, size, arena);
    }
    mu_arena_destroy(arena);
    return 0;
}
