#include <stdio.h>
#include <string.h>

#include "client/options.h"

enum { WIDTH = 80, OF_COMMANDS = 34, OF_OPTIONS = 27 }; /* columns: of a line, before the help */

/* |text| in lines of whole words, each from |column| on; the first line is at |at| already. */
static void write_words(FILE *out, const char *text, int at, int column) {
    const char *gap = "";
    while (*text) {
        int length = (int)strcspn(text, " ");
        if (at > column && at + 1 + length > WIDTH) {
            fputc('\n', out);
            at = 0;
            gap = "";
        }
        at += at < column ? fprintf(out, "%*s", column - at, "") : fprintf(out, "%s", gap);
        at += fprintf(out, "%.*s", length, text);
        text += length + (text[length] == ' ');
        gap = " ";
    }
    fputc('\n', out);
}

/* |left|, and beside it, or below where it is long, |text|. */
static void write_row(FILE *out, const char *left, const char *text, int column) {
    int at = fprintf(out, "%s", left);
    if (at >= column) {
        fputc('\n', out);
        at = 0;
    }
    write_words(out, text, at, column);
}

/* Whether two options are of the same commands. */
static bool same(const char *a, const char *b) {
    return a && b ? !strcmp(a, b) : a == b;
}

static void write_heading(FILE *out, const char *commands) {
    fputc('\n', out);
    for (const char *c = commands ? commands : "all commands"; *c; c++) {
        fprintf(out, "%s%c", commands && *c == ' ' ? "," : "", *c);
    }
    fprintf(out, ":\n");
}

static void write_option(FILE *out, const struct cl_option *option) {
    char left[64];
    char letter[8] = "";
    if (option->letter) {
        snprintf(letter, sizeof letter, "-%c, ", option->letter);
    }
    snprintf(
        left, sizeof left, "  %s--%s %s", letter, option->name, option->value ? option->value : "");
    write_row(out, left, option->help, OF_OPTIONS);
}

void cl_options_help(FILE *out) {
    char left[128];
    fprintf(out, "mushir: %s\n\n", cl_about);
    for (size_t i = 0; i < cl_n_commands; i++) {
        snprintf(left, sizeof left, "  mushir %s %s", cl_command_table[i].name,
            cl_command_table[i].words);
        write_row(out, left, cl_command_table[i].help, OF_COMMANDS);
    }
    fputc('\n', out);
    write_words(out, cl_about_file, 0, 0);
    for (size_t i = 0; i < cl_n_options; i++) {
        const char *commands = cl_option_table[i].commands;
        if (!i || !same(commands, cl_option_table[i - 1].commands)) {
            write_heading(out, commands);
        }
        write_option(out, &cl_option_table[i]);
    }
    fputs("\nExit status: ", out);
    write_words(out, cl_about_status, (int)strlen("Exit status: "), 0);
}
