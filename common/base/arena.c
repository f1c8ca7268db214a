#include "common/base/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BLOCK = 64 * 1024, LARGEST_BLOCK = 4 * 1024 * 1024, ALIGNMENT = 16 };

/* Blocks form a chain, newest first; |used| counts from the end of the header. */
struct block {
    struct block *older;
    size_t size, used;
    _Alignas(ALIGNMENT) unsigned char bytes[];
};

struct deferred {
    struct deferred *older;
    void (*function)(void *user);
    void *user;
};

struct mu_arena {
    struct block *newest;
    struct deferred *deferred;
    size_t limit, total; /* total: bytes handed out, rounded up to the alignment */
    jmp_buf guard;
    bool guarded;
};

struct mu_arena *mu_arena_create(size_t limit) {
    struct mu_arena *arena = calloc(1, sizeof *arena);
    if (arena) {
        arena->limit = limit;
    }
    return arena;
}

static void free_newest(struct mu_arena *arena) {
    struct block *block = arena->newest;
    arena->newest = block->older;
    free(block);
}

void mu_arena_destroy(struct mu_arena *arena) {
    if (!arena) {
        return;
    }
    for (struct deferred *d = arena->deferred; d; d = d->older) {
        d->function(d->user);
    }
    while (arena->newest) {
        free_newest(arena);
    }
    free(arena);
}

/* A new block with room for |size| bytes: twice the last one's size, so that a request makes few of
 * them. */
static bool grow(struct mu_arena *arena, size_t size) {
    size_t want = arena->newest ? arena->newest->size * 2 : FIRST_BLOCK;
    want = want > LARGEST_BLOCK ? LARGEST_BLOCK : want;
    want = want < size ? size : want;
    struct block *block = malloc(sizeof *block + want);
    if (!block) {
        return false;
    }
    block->older = arena->newest;
    block->size = want;
    block->used = 0;
    arena->newest = block;
    return true;
}

static void *take(struct mu_arena *arena, size_t size) {
    size = size == 0 ? ALIGNMENT : (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (size > arena->limit - arena->total || size > SIZE_MAX / 4) {
        return NULL;
    }
    struct block *block = arena->newest;
    if ((!block || size > block->size - block->used) && !grow(arena, size)) {
        return NULL;
    }
    block = arena->newest;
    void *memory = block->bytes + block->used;
    block->used += size;
    arena->total += size;
    return memory;
}

void *mu_arena_try_alloc(struct mu_arena *arena, size_t size) {
    return size > SIZE_MAX / 4 ? NULL : take(arena, size);
}

static _Noreturn void exhausted(struct mu_arena *arena) {
    if (arena->guarded) {
        longjmp(arena->guard, 1);
    }
    fprintf(stderr, "arena: the limit of %zu bytes is passed and nobody guards it\n", arena->limit);
    abort();
}

void *mu_arena_alloc(struct mu_arena *arena, size_t size) {
    void *memory = mu_arena_try_alloc(arena, size);
    if (!memory) {
        exhausted(arena);
    }
    return memset(memory, 0, size);
}

void *mu_arena_array(struct mu_arena *arena, size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        exhausted(arena);
    }
    return mu_arena_alloc(arena, bytes);
}

void *mu_arena_matrix(struct mu_arena *arena, size_t rows, size_t columns, size_t size) {
    size_t count;
    if (__builtin_mul_overflow(rows, columns, &count)) {
        exhausted(arena);
    }
    return mu_arena_array(arena, count, size);
}

char *mu_arena_copy(struct mu_arena *arena, const char *text) {
    return mu_arena_copy_bytes(arena, text, strlen(text));
}

char *mu_arena_copy_bytes(struct mu_arena *arena, const char *text, size_t length) {
    char *copy = mu_arena_alloc(arena, length + 1);
    memcpy(copy, text, length);
    return copy;
}

char *mu_arena_format(struct mu_arena *arena, const char *format, ...) {
    va_list arguments;
    va_list again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = mu_arena_alloc(arena, (size_t)(length < 0 ? 0 : length) + 1);
    if (length > 0) {
        vsnprintf(text, (size_t)length + 1, format, again);
    }
    va_end(again);
    return text;
}

void mu_arena_defer(struct mu_arena *arena, void (*function)(void *user), void *user) {
    struct deferred *d = MU_NEW(arena, struct deferred);
    *d = (struct deferred){arena->deferred, function, user};
    arena->deferred = d;
}

size_t mu_arena_used(const struct mu_arena *arena) {
    return arena->total;
}

struct mu_arena_mark mu_arena_mark(const struct mu_arena *arena) {
    return (struct mu_arena_mark){
        arena->newest, arena->newest ? arena->newest->used : 0, arena->total};
}

void mu_arena_release(struct mu_arena *arena, struct mu_arena_mark mark) {
    while (arena->newest != mark.block) {
        free_newest(arena);
    }
    if (arena->newest) {
        arena->newest->used = mark.used;
    }
    arena->total = mark.total;
}

jmp_buf *mu_arena_guard(struct mu_arena *arena) {
    arena->guarded = true;
    return &arena->guard;
}

void mu_arena_leave(struct mu_arena *arena) {
    arena->guarded = false;
}
