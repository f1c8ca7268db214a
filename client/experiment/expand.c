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
enum quoting { BARE, DOUBLE, SINGLE, COMMENT };

struct expansion {
    const struct cl_environment *environment;
    FILE *out;
    bool shell, words;
    enum quoting quoting;
    bool escaped;           /* a backslash came before */
    char last;              /* character that was written */
    struct reference first; /* unknown one that was kept from the shell */
    struct mu_arena *arena;
    const char *functions; /* of the shell, for unknown variables: see put_unknown */
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
    static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    return r->length > 0 && strspn(r->name, letters) >= r->length && r->name[0] > '9';
}

/* Follow the shell's quotes over |n| bytes, which are written. */
static void put(struct expansion *x, const char *text, size_t n) {
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        if (x->quoting == COMMENT) {
            x->quoting = c == '\n' ? BARE : COMMENT;
        } else if (x->escaped) {
            x->escaped = false;
        } else if (c == '#' && x->quoting == BARE && (!x->last || strchr(" \t\n;&|(", x->last))) {
            x->quoting = COMMENT;
        } else if (c == '\\' && x->quoting != SINGLE) {
            x->escaped = true;
        } else if (c == '\'' && x->quoting != DOUBLE) {
            x->quoting = x->quoting == SINGLE ? BARE : SINGLE;
        } else if (c == '"' && x->quoting != SINGLE) {
            x->quoting = x->quoting == DOUBLE ? BARE : DOUBLE;
        }
        x->last = c;
        putc(c, x->out);
    }
}

/* Give the shell a function called like the variable, which prints the reference: it then stays a
 * text wherever the shell would run it, in here-documents and nested substitutions too. */
static void define(struct expansion *x, const struct reference *r) {
    const char *head = mu_arena_format(x->arena, " %.*s() {", (int)r->length, r->name);
    if (!strstr(x->functions, head)) {
        x->functions = mu_arena_format(
            x->arena, "%s%s printf %%s '$(%.*s)'; };", x->functions, head, (int)r->length, r->name);
    }
}

/* The innermost of nested references: the kubelet reads "$(echo $(RUN)" as one, up to its first
 * ')', and a shell runs RUN. */
static struct reference innermost(struct reference r) {
    for (const char *at = r.name + r.length; at-- > r.name;) {
        if (at[0] == '$' && at[1] == '(') {
            size_t before = (size_t)(at + 2 - r.name);
            return (struct reference){at + 2, r.length - before, r.advance};
        }
    }
    return r;
}

/* $(NAME) of an unknown variable: a function where its name can be one, else quoted. */
static void put_unknown(struct expansion *x, const char *text, const struct reference *r) {
    bool variable = looks_like_variable(r);
    bool read = !x->escaped && (x->quoting == BARE || x->quoting == DOUBLE);
    bool kept = x->shell && read && (x->words || variable);
    if (kept && !x->first.name) {
        x->first = *r;
    }
    struct reference inner = innermost(*r);
    if (x->shell && looks_like_variable(&inner)) {
        define(x, &inner);
    }
    if (!kept || variable) {
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

static const char *expanded(struct expansion *x, const char *text) {
    char *bytes = NULL;
    size_t size;
    x->functions = "";
    x->out = open_memstream(&bytes, &size);
    expand(x, text);
    fclose(x->out);
    const char *copy = *x->functions ? mu_arena_format(x->arena, "%s %s", x->functions + 1, bytes)
                                     : mu_arena_copy(x->arena, bytes);
    free(bytes);
    return copy;
}

const char *cl_expand(
    const char *text, const struct cl_environment *environment, struct mu_arena *arena) {
    struct expansion x = {.environment = environment, .arena = arena};
    return expanded(&x, text);
}

const char *cl_expand_for_shell(const char *text, bool words,
    const struct cl_environment *environment, struct mu_arena *arena) {
    struct expansion x = {
        .environment = environment, .arena = arena, .shell = true, .words = words};
    return expanded(&x, text);
}

const char *cl_expand_unknown(const char *text, bool words,
    const struct cl_environment *environment, struct mu_arena *arena) {
    struct expansion x = {
        .environment = environment, .arena = arena, .shell = true, .words = words};
    (void)expanded(&x, text);
    return x.first.name ? mu_arena_format(arena, "%.*s", (int)x.first.length, x.first.name) : NULL;
}
