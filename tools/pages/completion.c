/* What shells read to complete mushir's words. Values called FILE and DIR are completed as such. */
#include <string.h>

#include "client/options.h"
#include "tools/pages/pages.h"

/* |text| within single quotes of any of the shells; a colon and brackets are zsh's own. */
static void write_quoted(FILE *out, const char *text, const char *own) {
    for (; *text; text++) {
        if (*text == '\'') {
            fputs("'\\''", out);
        } else {
            fprintf(out, "%s%c", strchr(own, *text) ? "\\" : "", *text);
        }
    }
}

static bool is_value(const struct cl_option *option, const char *name) {
    return option->value && !strcmp(option->value, name);
}

/* A command of two forms is completed as one. */
static bool is_first(const struct cl_command *command) {
    return cl_command_find(command->name) == command;
}

static void write_names(FILE *out, const char *between) {
    const char *before = "";
    for (size_t i = 0; i < cl_n_commands; i++) {
        if (is_first(&cl_command_table[i])) {
            fprintf(out, "%s%s", before, cl_command_table[i].name);
            before = between;
        }
    }
}

/* Options as a pattern: those whose value is called |value|, or with NULL any other than FILE and
 * DIR. */
static void write_pattern(FILE *out, const char *value) {
    const char *before = "  ";
    for (size_t i = 0; i < cl_n_options; i++) {
        const struct cl_option *option = &cl_option_table[i];
        bool named = is_value(option, "FILE") || is_value(option, "DIR");
        if (value ? is_value(option, value) : option->value && !named) {
            fprintf(out, "%s--%s", before, option->name);
            if (option->letter) {
                fprintf(out, "|-%c", option->letter);
            }
            before = "|";
        }
    }
}

static void write_options(FILE *out, const char *command) {
    for (size_t i = 0; i < cl_n_options; i++) {
        if (cl_option_is_of(&cl_option_table[i], command)) {
            fprintf(out, " --%s", cl_option_table[i].name);
        }
    }
}

void pages_bash(FILE *out) {
    fputs("# Completion of mushir in bash.\n"
          "_mushir() {\n"
          "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} i\n"
          "  local command='' words=''\n"
          "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
          "    case ${COMP_WORDS[i]} in\n"
          "    --) return ;; # the user's own command\n"
          "    ",
        out);
    write_names(out, "|");
    fputs(") command=${command:-${COMP_WORDS[i]}} ;;\n    esac\n  done\n  case $before in\n", out);
    write_pattern(out, "FILE");
    fputs(") return ;;\n", out);
    write_pattern(out, "DIR");
    fputs(") compopt -o dirnames +o default; return ;;\n", out);
    write_pattern(out, NULL);
    fputs(") compopt +o default; return ;;\n  esac\n  case $command in\n  '') words='", out);
    write_names(out, " ");
    write_options(out, "");
    fputs("' ;;\n", out);
    for (size_t i = 0; i < cl_n_commands; i++) {
        if (is_first(&cl_command_table[i])) {
            fprintf(out, "  %s) words='", cl_command_table[i].name);
            write_options(out, cl_command_table[i].name);
            fputs("' ;;\n", out);
        }
    }
    fputs("  esac\n"
          "  if [[ -z $command || $word == -* ]]; then\n"
          "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
          "  fi\n"
          "}\n"
          "complete -o default -F _mushir mushir\n",
        out);
}

static void write_zsh_option(FILE *out, const struct cl_option *option) {
    fprintf(out, " \\\n    '%s--%s[", option->read ? "*" : "", option->name);
    write_quoted(out, option->help, "[]:\\");
    fputc(']', out);
    if (option->value) {
        fputc(':', out);
        write_quoted(out, option->value, ":\\");
        fprintf(out, ":%s",
            is_value(option, "FILE")  ? "_files"
            : is_value(option, "DIR") ? "_files -/"
                                      : "");
    }
    fputc('\'', out);
}

static void write_zsh_command(FILE *out, const struct cl_command *command) {
    fprintf(out, "  %s) _arguments", command->name);
    for (size_t i = 0; i < cl_n_options; i++) {
        if (cl_option_is_of(&cl_option_table[i], command->name)) {
            write_zsh_option(out, &cl_option_table[i]);
        }
    }
    fprintf(out, "%s ;;\n", command->file == CL_FILE_NONE ? "" : " \\\n    '1:FILE:_files'");
}

void pages_zsh(FILE *out) {
    fputs("#compdef mushir\n"
          "# Completion of mushir in zsh.\n"
          "local -a commands=(",
        out);
    for (size_t i = 0; i < cl_n_commands; i++) {
        if (is_first(&cl_command_table[i])) {
            fprintf(out, "\n  '%s:", cl_command_table[i].name);
            write_quoted(out, cl_command_table[i].help, ":\\");
            fputc('\'', out);
        }
    }
    fputs(
        ")\n"
        "local state line\n"
        "local -A opt_args\n"
        "_arguments -C '--help[print this]' '--version[print the versions of what is inside]' \\\n"
        "  '1:command:->command' '*::argument:->argument' && return\n"
        "if [[ $state == command ]]; then\n"
        "  _describe command commands\n"
        "  return\n"
        "fi\n"
        "case $line[1] in\n",
        out);
    for (size_t i = 0; i < cl_n_commands; i++) {
        if (is_first(&cl_command_table[i])) {
            write_zsh_command(out, &cl_command_table[i]);
        }
    }
    fputs("esac\n", out);
}

void pages_fish(FILE *out) {
    fputs("# Completion of mushir in fish.\n", out);
    for (size_t i = 0; i < cl_n_commands; i++) {
        if (is_first(&cl_command_table[i])) {
            fprintf(out, "complete -c mushir -n __fish_use_subcommand -f -a %s -d '",
                cl_command_table[i].name);
            write_quoted(out, cl_command_table[i].help, "");
            fputs("'\n", out);
        }
    }
    for (size_t i = 0; i < cl_n_options; i++) {
        const struct cl_option *option = &cl_option_table[i];
        fputs("complete -c mushir", out);
        if (option->commands) {
            fprintf(out, " -n '__fish_seen_subcommand_from %s'", option->commands);
        }
        fprintf(out, " -l %s", option->name);
        if (option->letter) {
            fprintf(out, " -s %c", option->letter);
        }
        fprintf(out, "%s -d '",
            !option->value             ? ""
            : is_value(option, "FILE") ? " -rF"
            : is_value(option, "DIR")  ? " -xa '(__fish_complete_directories)'"
                                       : " -x");
        write_quoted(out, option->help, "");
        fputs("'\n", out);
    }
}
