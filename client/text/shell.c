#include "client/text/shell.h"

#include <string.h>

bool cl_shell_plain(const char *text) {
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,+@%";
    return *text && !text[strspn(text, plain)];
}

const char *cl_shell_quoted(const char *text, struct mu_arena *arena) {
    const char *done = "'";
    for (const char *quote; (quote = strchr(text, '\'')); text = quote + 1) {
        done = mu_arena_format(arena, "%s%.*s'\\''", done, (int)(quote - text), text);
    }
    return mu_arena_format(arena, "%s%s'", done, text);
}

const char *cl_shell_word(const char *text, struct mu_arena *arena) {
    return cl_shell_plain(text) ? text : cl_shell_quoted(text, arena);
}
