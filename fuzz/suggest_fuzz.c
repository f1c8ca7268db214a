/* Fuzz target: bytes -> wire -> validate and suggest of one algorithm -> bytes, under a small
 * arena.
 *
 * Compiled once per service with ALGORITHM_HEADER and ALGORITHM set. With libFuzzer (preset fuzz)
 * it explores; otherwise the main below replays files, and ctest replays fuzz/corpus in every
 * build, sanitizers included. */
#include <stdio.h>
#include <stdlib.h>

#include ALGORITHM_HEADER
#include "common/wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

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
        .arena = arena};
    struct mu_reply reply;
    if (mu_algorithm_suggest(&ALGORITHM, &request, &reply, &error)) {
        if (error.code == MU_INTERNAL) {
            fprintf(stderr, "internal: %s\n", error.text);
            abort();
        }
        return;
    }
    mu_wire_write_suggestions(&in.experiment, &reply, arena, &bytes, &size);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    struct mu_arena *arena = mu_arena_create(ARENA_LIMIT);
    if (mu_arena_enter(arena) == 0) {
        suggest(bytes, size, arena);
    }
    mu_arena_destroy(arena);
    return 0;
}

#ifndef LIBFUZZER
static int replay(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return 1;
    }
    static uint8_t bytes[1 << 20];
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    uint8_t *exact = malloc(size ? size : 1);
    for (size_t i = 0; i < size; i++) {
        exact[i] = bytes[i];
    }
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    return 0;
}

int main(int argc, char **argv) {
    int failed = argc < 2;
    for (int i = 1; i < argc; i++) {
        failed |= replay(argv[i]);
    }
    printf("%d inputs replayed\n", argc - 1);
    return failed;
}
#endif
