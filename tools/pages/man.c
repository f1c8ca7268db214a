/* Pages in the man macros of troff. */
#include <string.h>

#include "client/options.h"
#include "common/service/options.h"
#include "tools/pages/pages.h"

/* |text| with what troff would read as its own escaped. */
static void write_text(FILE *out, const char *text) {
    for (const char *c = text; *c; c++) {
        if (*c == '\\') {
            fputs("\\e", out);
        } else if (*c == '-') {
            fputs("\\-", out);
        } else if (c == text && (*c == '.' || *c == '\'')) {
            fprintf(out, "\\&%c", *c);
        } else {
            fputc(*c, out);
        }
    }
}

static void write_line(FILE *out, const char *before, const char *text, const char *after) {
    fputs(before, out);
    write_text(out, text);
    fputs(after, out);
}

static void write_head(FILE *out, const char *name, const char *about) {
    fprintf(out, ".TH \"%s\" 1 \"\" \"Mushir %s\"\n.SH NAME\n", name, MUSHIR_VERSION);
    write_line(out, "", name, " \\- ");
    write_line(out, "", about, "\n");
}

static void write_option(
    FILE *out, char letter, const char *name, const char *value, const char *help) {
    fputs(".TP\n", out);
    if (letter) {
        fprintf(out, "\\fB\\-%c\\fR, ", letter);
    }
    write_line(out, "\\fB\\-\\-", name, "\\fR");
    if (value) {
        write_line(out, " \\fI", value, "\\fR");
    }
    fputc('\n', out);
    write_line(out, "", help, "\n");
}

/* Whose option it is; a blank between names becomes a comma. */
static void write_takers(FILE *out, const char *commands) {
    fputc('(', out);
    for (const char *c = commands ? commands : ""; *c; c++) {
        fprintf(out, "%s%c", *c == ' ' ? "," : "", *c);
    }
    fprintf(out, "%s)\n", commands ? "" : "all commands");
}

static void write_commands(FILE *out) {
    fputs(".SH COMMANDS\n", out);
    for (size_t i = 0; i < cl_n_commands; i++) {
        fputs(".TP\n", out);
        write_line(out, "\\fBmushir ", cl_command_table[i].name, "\\fR ");
        write_line(out, "", cl_command_table[i].words, "\n");
        write_line(out, "", cl_command_table[i].help, "\n");
    }
}

void pages_man_client(FILE *out) {
    write_head(out, "mushir", cl_about);
    fputs(".SH SYNOPSIS\n.B mushir\n.I COMMAND\n.RI [ OPTION ...]\n.RI [ FILE ]\n"
          ".RB [ \\-\\-\n.IR COMMAND ...]\n",
        out);
    write_line(out, ".SH DESCRIPTION\n", cl_about_file, "\n");
    write_commands(out);
    fputs(".SH OPTIONS\n", out);
    for (size_t i = 0; i < cl_n_options; i++) {
        const struct cl_option *option = &cl_option_table[i];
        write_option(out, option->letter, option->name, option->value, option->help);
        write_takers(out, option->commands);
    }
    write_line(out, ".SH EXIT STATUS\n", cl_about_status, "\n");
    fputs(".SH SEE ALSO\n.BR mushir\\-service (1)\n", out);
}

void pages_man_services(FILE *out) {
    write_head(out, "mushir-service", "the services that mushir and controllers ask");
    fputs(".SH SYNOPSIS\n.BI mushir\\- NAME\n.RI [ OPTION ...]\n.SH DESCRIPTION\n"
          "Each program answers the gRPC calls of Katib's contract with the algorithms that the "
          "first line of its \\fB\\-\\-help\\fR names; \\fBmushir\\-all\\fR has all of them. It "
          "needs no argument and no file.\n.SH OPTIONS\n",
        out);
    for (size_t i = 0; i < mu_n_option_flags; i++) {
        const struct mu_flag *flag = &mu_option_flags[i];
        char fallback[128];
        write_option(out, '\0', flag->name, flag->value_name, flag->help);
        if (*mu_flags_default(flag, &mu_default_options, fallback)) {
            write_line(out, "", fallback, "\n");
        }
    }
    fputs(".SH ENVIRONMENT\nEach option but a switch is a variable too: "
          "\\fB\\-\\-log\\-level\\fR is \\fBMUSHIR_LOG_LEVEL\\fR. The command line wins.\n"
          ".SH EXIT STATUS\n0 after a stop by SIGTERM or SIGINT, 1 when it could not serve, "
          "2 wrong use.\n.SH SEE ALSO\n.BR mushir (1)\n",
        out);
}
