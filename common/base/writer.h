/* A text under construction. */
#ifndef MUSHIR_BASE_WRITER_H
#define MUSHIR_BASE_WRITER_H

#include "common/base/arena.h"
#include "common/base/status.h"

/* Begins as {.arena = arena}. */
struct mu_writer {
    struct mu_arena *arena;
    char *text; /* ends with NUL; NULL: nothing was written */
    size_t n, room;
};

/* Add what printf would print to the text, which grows in the arena. */
void mu_write(struct mu_writer *writer, const char *format, ...) MU_PRINTF(2, 3);

#endif
