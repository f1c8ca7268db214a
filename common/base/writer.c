#include "common/base/writer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void grow(struct mu_writer *w, size_t room) {
    char *text = mu_arena_alloc(w->arena, room);
    memcpy(text, w->n ? w->text : "", w->n);
    w->text = text;
    w->room = room;
}

void mu_write(struct mu_writer *writer, const char *format, ...) {
    va_list arguments;
    va_list again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int printed = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    size_t length = printed < 0 ? 0 : (size_t)printed;
    if (writer->n + length >= writer->room) {
        grow(writer, 2 * (writer->n + length + 1));
    }
    vsnprintf(writer->text + writer->n, length + 1, format, again);
    writer->n += length;
    va_end(again);
}
