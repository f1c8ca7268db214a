#include "client/experiment/expand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A reference that a text begins with. */
struct reference {
    const char *name;
    size_t length, advance; /* of the name; of all of it */
};

/* How a shell reads the place that was reached. */
enum quoting { BARE, DOUBLE, SINGLE };

struct expansion {
    const struct cl_environment *environment;
    FILE *out;
    bool shell, words;
    enum quoting quoting;
    bool escaped;           /* a backslash came before */
    struct reference first; /* unknown one that was kept from the shell */
};

static const char *value_of(const struct cl_environment *environment, const struct reference *r) {
    for (size_t i = environment->n; i-- > 0;) {
        const char *pair = environment->pairs[i];
        if (!strncmp(pair, r->name, r->length) && pair[r->length] == '=') {
            return pair + r->length + 1;
        }
    }
    return NULL;
}

/* Whether |text|, which begins with '$', is $(NAME); an unclosed one is none. */
static bool is_reference(const char *text, struct reference *r) {
    const char *end = text[1] == '(' ? strchr(text, ')') : NULL;
    if (!end) {
        return false;
    }
    *r = (struct reference){text + 2, (size_t)(end - text) - 2, (size_t)(end - text) + 1};
    return true;
}

static bool looks_like_variable(const struct reference *r) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    return r->length > 0 && strspn(r->name, letters) >= r->length;
}

/* Follow the shell's quotes over |n| bytes, which are written. */
static void put(struct expansion *x, const char *text, size_t n) {
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        if (x->escaped) {
            x->escaped = false;
        } else if (c == '\\' && x->quoting != SINGLE) {
            x->escaped = true;
        } else if (c == '\'' && x->quoting != DOUBLE) {
            x->quoting = x->quoting == SINGLE ? BARE : SINGLE;
        } else if (c == '"' && x->quoting != SINGLE) {
            x->quoting = x->quoting == DOUBLE ? BARE : DOUBLE;
        }
        putc(c, x->out);
    }
}

/* $(NAME) of an unknown variable. */
static void put_unknown(struct expansion *x, const char *text, const struct reference *r) {
    bool kept =
        x->shell && (x->words || looks_like_variable(r)) && !x->escaped && x->quoting != SINGLE;
    if (kept && !x->first.name) {
        x->first = *r;
    }
    if (!kept) {
        put(x, text, r->advance);
    } else if (x->quoting == DOUBLE) {
        fprintf(x->out, "\\%.*s", (int)r->advance, text);
    } else {
        fprintf(x->out, "'%.*s'", (int)r->advance, text);
    }
}

/* "$$" is "$"; before any other byte a '$' stays. The kubelet reads that byte as a code point,
 * which breaks a character beyond ASCII in two. Returns how many bytes were read. */
static size_t put_pair(struct expansion *x, const char *text) {
    unsigned char second = (unsigned char)text[1];
    put(x, "$", 1);
    if (second >= 0x80) {
        const char code[] = {(char)(0xc0 | second >> 6), (char)(0x80 | (second & 0x3f))};
        put(x, code, sizeof code);
    } else if (second && second != '$') {
        put(x, text + 1, 1);
    }
    return second ? 2 : 1;
}

static void expand(struct expansion *x, const char *text) {
    while (*text) {
        size_t plain = strcspn(text, "$");
        struct reference r;
        put(x, text, plain);
        text += plain;
        if (!*text) {
            return;
        }
        if (is_reference(text, &r)) {
            const char *value = value_of(x->environment, &r);
            if (value) {
                put(x, value, strlen(value));
            } else {
                put_unknown(x, text, &r);
            }
            text += r.advance;
        } else {
            text += put_pair(x, text);
        }
    }
}

static const char *expanded(struct expansion *x, const char *text, struct mu_arena *arena) {
    char *bytes = NULL;
    size_t size;
    x->out = open_memstream(&bytes, &size);
    expand(x, text);
    fclose(x->out);
    const char *copy = mu_arena_copy(arena, bytes);
    free(bytes);
    return copy;
}

const char *cl_expand(
    const char *text, const struct cl_environment *environment, struct mu_arena *arena) {
    struct expansion x = {.environment = environment};
    return expanded(&x, text, arena);
}

const char *cl_expand_for_shell(const char *text, bool words,
    const struct cl_environment *environment, struct mu_arena *arena) {
    struct expansion x = {.environment = environment, .shell = true, .words = words};
    return expanded(&x, text, arena);
}

const char *cl_expand_unknown(const char *text, bool words,
    const struct cl_environment *environment, struct mu_arena *arena) {
    struct expansion x = {.environment = environment, .shell = true, .words = words};
    (void)expanded(&x, text, arena);
    return x.first.name ? mu_arena_format(arena, "%.*s", (int)x.first.length, x.first.name) : NULL;
}
