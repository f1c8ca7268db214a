/* mushir: validate a Katib Experiment, ask for suggestions, or run it here. */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/command.h"

enum { MOST_SUGGESTIONS = 10000 };

static const char general_help[] =
    "mushir: tune with a Kubeflow Katib Experiment, without a cluster\n\n"
    "  mushir validate FILE            name every mistake in the experiment, with its line\n"
    "  mushir suggest FILE [-n N]      print suggestions for its first trials\n"
    "  mushir run FILE [-- COMMAND]    run its trials here as local processes\n\n"
    "FILE is a Katib Experiment in YAML (\"-\": standard input). The service for its algorithm is "
    "started as needed.\n\n"
    "Options of all commands:\n"
    "  --address HOST:PORT      use the suggestion service that runs there\n"
    "  --name NAME              the experiment's name, when FILE holds several\n"
    "  --help, --version\n\n"
    "validate:\n"
    "  --offline                check the file alone, without asking the algorithm\n\n"
    "suggest:\n"
    "  -n, --count N            how many (default 1)\n"
    "  --json                   as JSON\n\n"
    "run:\n"
    "  --resume                 continue the run that the journal holds\n"
    "  --fresh                  begin anew, replacing journal and trial logs\n"
    "  --journal FILE           the SQLite journal (default: next to the experiment, "
    "NAME.journal)\n"
    "  --report FILE            where the HTML report goes (default: next to the experiment, "
    "NAME.html); --no-report: none\n"
    "  --directory DIR          where trials run (default: the experiment's directory)\n"
    "  --trial-timeout SECONDS  a trial that takes longer fails\n"
    "  --quiet                  only the result\n"
    "  --json-lines             one JSON object per event\n"
    "  -- COMMAND...            run this instead of the container's command; "
    "${trialParameters.NAME} is replaced in it\n\n"
    "Exit status: 0 good, 1 failed, 2 wrong use or a mistake in the experiment, 3 no service, 130 "
    "interrupted.\n";

enum {
    ADDRESS = 256,
    NAME,
    OFFLINE,
    JSON,
    RESUME,
    FRESH,
    JOURNAL,
    REPORT,
    NO_REPORT,
    DIRECTORY,
    TIMEOUT,
    QUIET,
    JSON_LINES,
    HELP,
    VERSION
};

static const struct option long_options[] = {{"address", 1, NULL, ADDRESS}, {"name", 1, NULL, NAME},
    {"offline", 0, NULL, OFFLINE}, {"count", 1, NULL, 'n'}, {"json", 0, NULL, JSON},
    {"resume", 0, NULL, RESUME}, {"fresh", 0, NULL, FRESH}, {"journal", 1, NULL, JOURNAL},
    {"report", 1, NULL, REPORT}, {"no-report", 0, NULL, NO_REPORT},
    {"directory", 1, NULL, DIRECTORY}, {"trial-timeout", 1, NULL, TIMEOUT},
    {"quiet", 0, NULL, QUIET}, {"json-lines", 0, NULL, JSON_LINES}, {"help", 0, NULL, HELP},
    {"version", 0, NULL, VERSION}, {NULL, 0, NULL, 0}};

static _Noreturn void misuse(const char *text, const char *detail) {
    fprintf(stderr, "mushir: %s%s; see mushir --help\n", text, detail);
    exit(CL_EXIT_INVALID);
}

static double positive(const char *option, const char *text, double most) {
    char *end;
    double number = strtod(text, &end);
    if (*end || end == text || !(number > 0) || number > most) {
        fprintf(stderr, "mushir: %s: \"%s\" must be a number above 0, at most %.0f\n", option, text,
            most);
        exit(CL_EXIT_INVALID);
    }
    return number;
}

static size_t count(const char *option, const char *text, size_t most) {
    double number = positive(option, text, (double)most);
    if (number != floor(number)) {
        fprintf(stderr, "mushir: %s: \"%s\" must be a whole number\n", option, text);
        exit(CL_EXIT_INVALID);
    }
    return (size_t)number;
}

static void take(struct cl_options *options, int code, const char *value) {
    switch (code) {
    case ADDRESS:
        options->address = value;
        break;
    case NAME:
        options->name = value;
        break;
    case OFFLINE:
        options->offline = true;
        break;
    case JSON:
        options->json = true;
        break;
    case RESUME:
        options->run.resume = true;
        break;
    case FRESH:
        options->run.fresh = true;
        break;
    case JOURNAL:
        options->run.journal = value;
        break;
    case REPORT:
        options->report = value;
        break;
    case NO_REPORT:
        options->no_report = true;
        break;
    case DIRECTORY:
        options->run.directory = value;
        break;
    case TIMEOUT:
        options->run.trial_timeout = positive("--trial-timeout", value, 1e9);
        break;
    case QUIET:
        options->quiet = true;
        break;
    case JSON_LINES:
        options->json_lines = true;
        break;
    case 'n':
        options->count = count("-n", value, MOST_SUGGESTIONS);
        break;
    case HELP:
        fputs(general_help, stdout);
        exit(CL_EXIT_GOOD);
    case VERSION:
        puts("mushir " MUSHIR_VERSION);
        exit(CL_EXIT_GOOD);
    default:
        exit(CL_EXIT_INVALID); /* getopt said what is wrong */
    }
}

/* The options of argv; |*words| is where what is no option begins. */
static struct cl_options parse(int argc, char **argv, const char *words[2]) {
    struct cl_options options = {.count = 1};
    int code;
    int n = 0;
    words[0] = words[1] = NULL;
    for (int i = 1; i < argc;
         i++) { /* getopt moves words about, so what follows -- is taken first */
        if (!strcmp(argv[i], "--")) {
            options.run.command = i + 1 < argc ? (const char *const *)&argv[i + 1] : NULL;
            argv[i] = NULL;
            argc = i;
        }
    }
    while ((code = getopt_long(argc, argv, "n:h", long_options, NULL)) != -1) {
        take(&options, code == 'h' ? HELP : code, optarg);
    }
    for (; optind < argc; optind++) {
        if (n == 2) {
            misuse("too many words: ", argv[optind]);
        }
        words[n++] = argv[optind];
    }
    return options;
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        enum cl_exit_code (*run)(struct cl_context *context);
    } commands[] = {{"validate", cl_command_validate}, {"suggest", cl_command_suggest},
        {"run", cl_command_run}};
    const char *words[2];
    struct cl_options options = parse(argc, argv, words);
    if (!words[0]) {
        fputs(general_help, stderr);
        return CL_EXIT_INVALID;
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(words[0], commands[i].name)) {
            continue;
        }
        if (!words[1]) {
            misuse("which FILE? mushir ", commands[i].name);
        }
        options.file = words[1];
        struct cl_context context = {.options = &options, .arena = mu_arena_create(SIZE_MAX / 4)};
        enum cl_exit_code code = commands[i].run(&context);
        mu_arena_destroy(context.arena);
        return (int)code;
    }
    misuse("unknown command ", words[0]);
}
