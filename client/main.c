/* mushir: validate a Katib Experiment, ask for suggestions, or run it here. */
#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/options.h"
#include "client/text/visible.h"
#include "common/rpc/rpc.h"

enum { FIRST_CODE = 256 }; /* what getopt calls the first option, letters being characters */

static _Noreturn void misuse(const char *text, const char *detail) {
    cl_visible_line(stderr, "mushir: %s%s; see mushir --help", text, detail);
    exit(CL_EXIT_INVALID);
}

static double positive(const char *option, const char *text, double most) {
    char *end;
    double number = strtod(text, &end);
    if (*end || end == text || !(number > 0) || number > most) {
        cl_visible_line(stderr, "mushir: %s: \"%s\" must be a number above 0, at most %.0f", option,
            text, most);
        exit(CL_EXIT_INVALID);
    }
    return number;
}

static size_t count(const char *option, const char *text, size_t most) {
    double number = positive(option, text, (double)most);
    if (number != floor(number)) {
        cl_visible_line(stderr, "mushir: %s: \"%s\" must be a whole number", option, text);
        exit(CL_EXIT_INVALID);
    }
    return (size_t)number;
}

/* What getopt, which would print the word as it is, found wrong with an option: ':' no value. */
static _Noreturn void misuse_option(int code, const char *word) {
    const char letter[] = {'-', (char)optopt, '\0'};
    misuse(code == ':'            ? "this option needs a value: "
           : optopt >= FIRST_CODE ? "this option has no value: "
                                  : "unknown option: ",
        optopt && optopt < FIRST_CODE ? letter : word);
}

static void take(struct cl_options *options, const struct cl_option *option, const char *value) {
    char name[64];
    char *target = (char *)options + option->member.offset;
    snprintf(name, sizeof name, "--%s", option->name);
    if (option->read) {
        option->read(options, value);
        return;
    }
    switch (option->member.kind) {
    case MU_MEMBER_SWITCH:
        *(bool *)(void *)target = true;
        break;
    case MU_MEMBER_COUNT:
        *(size_t *)(void *)target = count(name, value, (size_t)option->most);
        break;
    case MU_MEMBER_REAL:
        *(double *)(void *)target = positive(name, value, option->most);
        break;
    case MU_MEMBER_TEXT:
        if (!*value) {
            misuse("this option needs a value: ", name);
        }
        *(const char **)(void *)target = value;
        break;
    case MU_MEMBER_NONE:
    case MU_MEMBER_NUMBER:
    case MU_MEMBER_CHOICE:
        assert(!"no option is read in this way");
    }
}

struct parsed {
    struct cl_options options;
    bool *given;                /* of each option, whether it was given */
    const char *words[2];       /* what is no option: the command's name, the file's */
    const char *const *command; /* after "--", ended by NULL; NULL: none */
    int n_command;
};

/* The table of options as getopt wants it. */
struct getopt_table {
    struct option *names; /* ended by zeros */
    char *letters;
};

static struct getopt_table getopt_table(struct mu_arena *arena) {
    struct getopt_table table = {MU_ARRAY(arena, cl_n_options + 1, struct option),
        MU_ARRAY(arena, 2 * cl_n_options + 2, char)};
    char *letter = table.letters;
    *letter++ = ':';
    for (size_t i = 0; i < cl_n_options; i++) {
        table.names[i] = (struct option){
            cl_option_table[i].name, cl_option_table[i].value != NULL, NULL, FIRST_CODE + (int)i};
        if (cl_option_table[i].letter) {
            *letter++ = cl_option_table[i].letter;
            *letter = ':';
            letter += cl_option_table[i].value != NULL;
        }
    }
    *letter = '\0';
    return table;
}

static size_t option_of(int code) {
    size_t i = 0;
    while (i < cl_n_options && code != FIRST_CODE + (int)i && code != cl_option_table[i].letter) {
        i++;
    }
    return i;
}

static void parse(struct parsed *p, int argc, char **argv, struct mu_arena *arena) {
    struct getopt_table table = getopt_table(arena);
    int code;
    int n = 0;
    for (int i = 1; i < argc;
         i++) { /* getopt moves words about, so what follows -- is taken first */
        if (!strcmp(argv[i], "--")) {
            p->n_command = argc - i - 1;
            p->command = p->n_command ? (const char *const *)&argv[i + 1] : NULL;
            argv[i] = NULL;
            argc = i;
        }
    }
    opterr = 0;
    while ((code = getopt_long(argc, argv, table.letters, table.names, NULL)) != -1) {
        if (code == '?' || code == ':') {
            misuse_option(code, argv[optind - 1]);
        }
        p->given[option_of(code)] = true;
        take(&p->options, &cl_option_table[option_of(code)], optarg);
    }
    for (; optind < argc; optind++) {
        if (n == 2) {
            misuse("too many words: ", argv[optind]);
        }
        p->words[n++] = argv[optind];
    }
}

/* An option that the command would not look at is a mistake of its user. */
static void check_options(const struct parsed *p, const char *command) {
    for (size_t i = 0; i < cl_n_options; i++) {
        if (p->given[i] && !cl_option_is_of(&cl_option_table[i], command)) {
            cl_visible_line(stderr, "mushir: %s has no option --%s; see mushir --help", command,
                cl_option_table[i].name);
            exit(CL_EXIT_INVALID);
        }
    }
}

static bool is_parameter(const char *word) {
    static const char option[] = "--param=";
    return !strncmp(word, option, strlen(option));
}

/* "--param NAME=RANGE" at the end of a command that is drafted from belong to the draft. */
static void take_trailing_parameters(struct parsed *p) {
    int n = p->n_command;
    while (n > 0) {
        if (is_parameter(p->command[n - 1])) {
            n -= 1;
        } else if (n > 1 && !strcmp(p->command[n - 2], "--param")) {
            n -= 2;
        } else {
            break;
        }
    }
    for (int i = n; i < p->n_command; i++) {
        const char *word = p->command[i];
        const char *value = is_parameter(word) ? strchr(word, '=') + 1 : p->command[++i];
        p->options.draft.parameters[p->options.draft.n_parameters++] = value;
    }
    p->n_command = n;
}

/* What the draft is made of; a file, where there is one, is init's output. */
static void draft(struct parsed *p) {
    struct cl_draft *draft = &p->options.draft;
    take_trailing_parameters(p);
    draft->name = p->options.name;
    draft->words = p->command;
    draft->n_words = (size_t)p->n_command;
}

static bool drafts(const struct parsed *p) {
    const struct cl_draft *draft = &p->options.draft;
    return draft->n_parameters || draft->objective || draft->maximize || draft->algorithm ||
           draft->trials || draft->parallel;
}

/* Which experiment |command| works on. */
static void choose_experiment(struct parsed *p, const struct cl_command *command) {
    bool run = !strcmp(command->name, "run");
    p->options.file = p->words[1];
    if (!strcmp(command->name, "init") || (run && !p->words[1] && (p->n_command || drafts(p)))) {
        draft(p);
    } else if (command->file == CL_FILE_REQUIRED && !p->words[1]) {
        misuse("which FILE? mushir ", command->name);
    } else if (command->file == CL_FILE_NONE && p->words[1]) {
        misuse("too many words: ", p->words[1]);
    } else if (run && drafts(p)) {
        misuse("the FILE says it all: --param, --objective, --maximize, --algorithm, --trials and "
               "--parallel are for init, and for run without a ",
            "FILE");
    } else {
        p->options.run.command = p->command;
    }
}

static enum cl_exit_code run(struct cl_context *context, struct parsed *p) {
    if (p->options.help || !p->words[0]) {
        cl_options_help(p->options.help ? stdout : stderr);
        return p->options.help ? CL_EXIT_GOOD : CL_EXIT_INVALID;
    }
    const struct cl_command *command = cl_command_find(p->words[0]);
    if (!command) {
        misuse("unknown command ", p->words[0]);
    }
    check_options(p, command->name);
    choose_experiment(p, command);
    context->options = &p->options;
    return command->run(context);
}

/* What was written to standard output has arrived, or the exit status tells that it has not. */
static enum cl_exit_code flush(enum cl_exit_code code) {
    bool last = fflush(stdout) != 0;
    if (!last && !ferror(stdout)) {
        return code;
    }
    cl_visible_line(stderr, "mushir: standard output: %s",
        last ? strerror(errno) : "not all of it could be written");
    return code == CL_EXIT_GOOD ? CL_EXIT_FAILED : code;
}

int main(int argc, char **argv) {
    setlocale(LC_CTYPE, "C.UTF-8");        /* for the width of characters */
    setvbuf(stderr, NULL, _IOLBF, BUFSIZ); /* not a system call for every character */
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of who writes it */
    struct mu_arena *arena = mu_arena_create(SIZE_MAX / 4);
    struct cl_context context = {.arena = arena};
    struct parsed parsed = {.options.count = 1,
        .options.draft.parameters = MU_ARRAY(arena, (size_t)argc, const char *),
        .given = MU_ARRAY(arena, cl_n_options, bool)};
    parse(&parsed, argc, argv, arena);
    enum cl_exit_code code = CL_EXIT_GOOD;
    if (parsed.options.version) {
        printf("mushir %s (gRPC core %s, %s)\n", MUSHIR_VERSION, mu_rpc_core_version(),
            mu_rpc_tls_version());
    } else {
        code = run(&context, &parsed);
    }
    mu_arena_destroy(arena);
    return (int)flush(code);
}
