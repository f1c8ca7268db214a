#include "client/katib/embedded.h"

#include <stdlib.h>
#include <string.h>

size_t cl_column_byte(const char *line, int column) {
    size_t at = 0;
    for (int i = 1; i < column && line[at]; i++) {
        do {
            at++;
        } while (((unsigned char)line[at] & 0xc0) == 0x80);
    }
    return at;
}

/* How many lines |text| has before the empty ones at its end. */
static size_t count(const char *text) {
    size_t n = 0;
    size_t last = 0;
    while (*text) {
        size_t length = strcspn(text, "\n");
        n++;
        last = length ? n : last;
        text += length + (text[length] == '\n');
    }
    return last;
}

static bool is_blank(const char *text, size_t n) {
    return strspn(text, " ") >= n;
}

struct cl_embedded cl_embedded_whole(const char *file, struct mu_arena *arena) {
    struct cl_embedded e = {.file = file, .text = file, .n = count(file), .indent = ""};
    e.spans = MU_ARRAY(arena, e.n, struct cl_span);
    size_t at = 0;
    for (size_t k = 0; k < e.n; k++) {
        size_t length = strcspn(file + at, "\n");
        e.spans[k] = (struct cl_span){at, at + length};
        at += length + 1;
    }
    return e;
}

/* One line of a literal block against the text's: indentation and the same bytes, or blank. */
static bool align_line(struct cl_embedded *e, const char *line, size_t length, const char *own,
    struct mu_arena *arena) {
    size_t n = strcspn(own, "\n");
    if (!n) {
        return is_blank(line, length);
    }
    if (!e->indent && n <= length) {
        e->indent = mu_arena_copy_bytes(arena, line, length - n);
    }
    size_t indent = e->indent ? strlen(e->indent) : 0;
    return indent + n == length && is_blank(line, indent) && !memcmp(line + indent, own, n);
}

/* |at|: the block's first line in the file. */
static bool find_block(struct cl_embedded *e, size_t at, struct mu_arena *arena) {
    const char *own = e->text;
    for (size_t k = 0; k < e->n; k++) {
        size_t length = strcspn(e->file + at, "\n");
        if (!align_line(e, e->file + at, length, own, arena)) {
            return false;
        }
        e->spans[k] = (struct cl_span){at, at + length};
        at += length + (e->file[at + length] == '\n');
        own += strcspn(own, "\n") + 1;
    }
    return e->indent != NULL;
}

/* |at|: the byte after the first quote. */
static bool find_quoted(struct cl_embedded *e, size_t at) {
    size_t k = 0;
    e->quoted = true;
    e->indent = "";
    e->spans[0].from = at;
    while (e->file[at] && e->file[at] != '"' && k < e->n) {
        bool escape = e->file[at] == '\\' && e->file[at + 1];
        if (escape && e->file[at + 1] == 'n') {
            e->spans[k++].to = at;
            if (k < e->n) {
                e->spans[k].from = at + 2;
            }
        }
        at += escape ? 2 : 1;
    }
    if (k == e->n - 1 && e->file[at] == '"') {
        e->spans[k++].to = at;
    }
    return k == e->n;
}

bool cl_embedded_find(const char *file, const struct cl_node *node, struct mu_arena *arena,
    struct cl_embedded *embedded) {
    *embedded = (struct cl_embedded){.file = file, .text = node->text, .n = count(node->text)};
    embedded->spans = MU_ARRAY(arena, embedded->n, struct cl_span);
    const char *line = file;
    for (int i = 1; i < node->line; i++) {
        line += strcspn(line, "\n") + 1;
    }
    const char *at = line + cl_column_byte(line, node->column);
    if (!embedded->n || (*at != '|' && *at != '"')) {
        return false;
    }
    size_t next = (size_t)(at - file) + strcspn(at, "\n") + 1;
    return *at == '"' ? find_quoted(embedded, (size_t)(at - file) + 1)
                      : find_block(embedded, next, arena);
}

/* A line in double quotes, as JSON and YAML both read it. */
static void put_escaped(FILE *out, const char *line) {
    for (; *line; line++) {
        if (*line == '"' || *line == '\\') {
            putc('\\', out);
        }
        putc(*line, out);
    }
}

static void put_line(const struct cl_embedded *e, FILE *out, const char *line) {
    if (e->quoted) {
        put_escaped(out, line);
    } else {
        fprintf(out, "%s%s", *line ? e->indent : "", line);
    }
}

const char *cl_embedded_replace(const struct cl_embedded *e, const struct cl_lines *now,
    const size_t *match, struct mu_arena *arena) {
    char *bytes = NULL;
    size_t size;
    FILE *out = open_memstream(&bytes, &size);
    size_t n = now->n;
    while (n && !*now->items[n - 1]) {
        n--;
    }
    fwrite(e->file, 1, e->spans[0].from, out);
    for (size_t j = 0; j < n; j++) {
        fputs(j == 0 ? "" : e->quoted ? "\\n" : "\n", out);
        if (match[j] != CL_LINE_NEW && match[j] < e->n) {
            const struct cl_span *span = &e->spans[match[j]];
            fwrite(e->file + span->from, 1, span->to - span->from, out);
        } else {
            put_line(e, out, now->items[j]);
        }
    }
    fputs(e->file + e->spans[e->n - 1].to, out);
    fclose(out);
    const char *replaced = mu_arena_copy_bytes(arena, bytes, size);
    free(bytes);
    return replaced;
}
