#include "client/text/visible.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

/* A character as it is shown. */
struct glyph {
    char text[24];
    size_t length, read, columns; /* bytes to write, bytes of the source, columns */
};

/* Every byte of a character that cannot be shown, as \xNN. */
static void escape(struct glyph *g, const char *text) {
    static const char names[] = "n\nr\rt\t";
    g->length = 0;
    for (size_t i = 0; i < g->read; i++) {
        const char *name = strchr("\n\r\t", text[i]) ? strchr(names, text[i]) - 1 : NULL;
        g->length +=
            (size_t)(name ? snprintf(g->text + g->length, sizeof g->text - g->length, "\\%c", *name)
                          : snprintf(g->text + g->length, sizeof g->text - g->length, "\\x%02x",
                                (unsigned char)text[i]));
    }
    g->columns = g->length;
}

/* The character that |text|, which is not empty, begins with. */
static struct glyph next(const char *text) {
    mbstate_t state = {0};
    wchar_t c = 0;
    struct glyph g = {.read = mbrtowc(&c, text, strlen(text), &state)};
    int width = g.read > 4 ? -1 : wcwidth(c); /* above: no character, (size_t)-1 and -2 */
    if (g.read > 4) {
        g.read = 1;
    }
    if (width < 0 || !iswprint((wint_t)c)) {
        escape(&g, text);
        return g;
    }
    memcpy(g.text, text, g.read);
    g.length = g.read;
    g.columns = (size_t)width;
    return g;
}

void cl_visible_write_columns(FILE *out, const char *text, size_t columns) {
    for (size_t used = 0; *text;) {
        struct glyph g = next(text);
        used += g.columns;
        if (used > columns) {
            return;
        }
        fwrite(g.text, 1, g.length, out);
        text += g.read;
    }
}

void cl_visible_write(FILE *out, const char *text) {
    cl_visible_write_columns(out, text, SIZE_MAX);
}

void cl_visible_line(FILE *out, const char *format, ...) {
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length >= 0) {
        cl_visible_write(out, text);
        free(text);
    }
    putc('\n', out);
}

size_t cl_visible_width(const char *text) {
    size_t columns = 0;
    while (*text) {
        struct glyph g = next(text);
        columns += g.columns;
        text += g.read;
    }
    return columns;
}
