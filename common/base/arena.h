/* One arena per request: everything that a request needs is allocated from it and freed at once.
 *
 * The arena's limit is the memory promise of a service. Callers never see NULL: when the limit is
 * passed, control returns to the arena's guard (mu_arena_enter), which is sound because a request
 * owns nothing outside its arena. Code that runs under a guard must therefore hold no lock, file or
 * malloc'd memory while it allocates. */
#ifndef MUSHIR_BASE_ARENA_H
#define MUSHIR_BASE_ARENA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "common/base/status.h"

struct mu_arena;

/* A new arena that hands out at most |limit| bytes. NULL only when the process is out of memory. */
struct mu_arena *mu_arena_create(size_t limit);

/* Call what was deferred, then free the arena and all that was allocated from it. NULL is allowed.
 */
void mu_arena_destroy(struct mu_arena *arena);

/* |size| bytes of zeroed memory, aligned for any type, owned by the arena. Past the limit: jumps to
 * the guard; without one the process ends (only tests and tools run unguarded). */
void *mu_arena_alloc(struct mu_arena *arena, size_t size) __attribute__((malloc, returns_nonnull));

/* As mu_arena_alloc, but NULL past the limit: for protobuf-c's allocator, which handles NULL
 * itself. */
void *mu_arena_try_alloc(struct mu_arena *arena, size_t size);

/* |count| elements of |size| bytes each; an overflowing product counts as past the limit. */
void *mu_arena_array(struct mu_arena *arena, size_t count, size_t size)
    __attribute__((malloc, returns_nonnull));

/* |rows| times |columns| elements, row by row. */
void *mu_arena_matrix(struct mu_arena *arena, size_t rows, size_t columns, size_t size)
    __attribute__((malloc, returns_nonnull));

/* A copy of |text|; of its first |length| bytes, terminated; a formatted text. All owned by the
 * arena. */
char *mu_arena_copy(struct mu_arena *arena, const char *text);
char *mu_arena_copy_bytes(struct mu_arena *arena, const char *text, size_t length);
char *mu_arena_format(struct mu_arena *arena, const char *format, ...) MU_PRINTF(2, 3);

/* Have |function|(|user|) called when the arena is destroyed, the latest first: for what a request
 * borrows from outside its arena. Not within a mark that will be released. */
void mu_arena_defer(struct mu_arena *arena, void (*function)(void *user), void *user);

/* Bytes handed out so far. */
size_t mu_arena_used(const struct mu_arena *arena);

/* A mark to return to: mu_arena_release gives back everything allocated since. For scratch memory
 * inside a loop. */
struct mu_arena_mark {
    void *block;
    size_t used, total;
};
struct mu_arena_mark mu_arena_mark(const struct mu_arena *arena);
void mu_arena_release(struct mu_arena *arena, struct mu_arena_mark mark);

/* Run work under the guard: `if (!mu_arena_enter(arena)) { work } else { the limit was passed }`,
 * closed by mu_arena_leave. Locals that the work changes and the other branch reads must be
 * volatile (setjmp's rule). */
jmp_buf *mu_arena_guard(struct mu_arena *arena);
#define mu_arena_enter(arena) setjmp(*mu_arena_guard(arena))
void mu_arena_leave(struct mu_arena *arena);

#define MU_NEW(arena, type) ((type *)mu_arena_alloc((arena), sizeof(type)))
#define MU_ARRAY(arena, count, type) ((type *)mu_arena_array((arena), (count), sizeof(type)))
#define MU_MATRIX(arena, rows, columns, type) \
    ((type *)mu_arena_matrix((arena), (rows), (columns), sizeof(type)))

#endif
