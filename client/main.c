/* mushir: validate a Katib Experiment, ask for suggestions, or run it here. */
#include <getopt.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/command.h"
#include "client/text/visible.h"
#include "common/rpc/rpc.h"

enum { MOST_SUGGESTIONS = 10000, MOST_TRIALS = INT_MAX };

static const char general_help[] =
    "mushir: tune with a Kubeflow Katib Experiment, without a cluster\n\n"
    "  mushir init [FILE] --param NAME=RANGE... -- COMMAND\n"
    "                                  write the experiment that tunes COMMAND\n"
    "  mushir validate FILE            name every mistake in the experiment, with its line\n"
    "  mushir suggest FILE [-n N]      print suggestions for its first trials\n"
    "  mushir run FILE [-- COMMAND]    run its trials here as local processes\n"
    "  mushir run --param NAME=RANGE... -- COMMAND\n"
    "                                  the same without a file\n"
    "  mushir katib [FILE]             switch an installed katib-config to Mushir's images\n\n"
    "FILE is a Katib Experiment in YAML (\"-\": standard input). The service for its algorithm is "
    "started as needed.\n\n"
    "Options of all commands:\n"
    "  --address HOST:PORT      use the suggestion service that runs there\n"
    "  --name NAME              the experiment's name, when FILE holds several\n"
    "  --help, --version\n\n"
    "init, and run without FILE:\n"
    "  --param NAME=RANGE       replace {NAME} in COMMAND; RANGE is LOW:HIGH, log:LOW:HIGH, "
    "int:LOW:HIGH[:STEP], logint:LOW:HIGH, a,b,c or choice:a,b,c\n"
    "  --objective METRIC       what COMMAND prints as METRIC=VALUE (default loss); --maximize it\n"
    "  --algorithm NAME         (default tpe)\n"
    "  --trials N, --parallel N how many in all, and at a time (default 30, 1)\n\n"
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
    "  --quiet                  only the result, in the shape of kubectl describe\n"
    "  --verbose                at the end a line for every trial too\n"
    "  --json-lines             one JSON object per event\n"
    "  -- COMMAND...            run this instead of the container's command; "
    "${trialParameters.NAME} is replaced in it\n\n"
    "katib, which reads and writes what kubectl -n kubeflow get configmap katib-config -o yaml "
    "prints:\n"
    "  --registry PREFIX        images are PREFIX/mushir-...; all else stays as it is\n"
    "  --algorithms NAME,...    only these (default: all that Mushir has)\n"
    "  --undo                   put back what was there before\n\n"
    "Exit status: 0 good, 1 failed, 2 wrong use or a mistake in the experiment, 3 no service, 130 "
    "interrupted.\n";

enum {
    ADDRESS = 256,
    NAME,
    PARAM,
    OBJECTIVE,
    MAXIMIZE,
    ALGORITHM,
    TRIALS,
    PARALLEL,
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
    VERBOSE,
    JSON_LINES,
    REGISTRY,
    ALGORITHMS,
    UNDO,
    HELP,
    VERSION
};

static const struct option long_options[] = {{"address", 1, NULL, ADDRESS}, {"name", 1, NULL, NAME},
    {"param", 1, NULL, PARAM}, {"objective", 1, NULL, OBJECTIVE}, {"maximize", 0, NULL, MAXIMIZE},
    {"algorithm", 1, NULL, ALGORITHM}, {"trials", 1, NULL, TRIALS}, {"parallel", 1, NULL, PARALLEL},
    {"offline", 0, NULL, OFFLINE}, {"count", 1, NULL, 'n'}, {"json", 0, NULL, JSON},
    {"resume", 0, NULL, RESUME}, {"fresh", 0, NULL, FRESH}, {"journal", 1, NULL, JOURNAL},
    {"report", 1, NULL, REPORT}, {"no-report", 0, NULL, NO_REPORT},
    {"directory", 1, NULL, DIRECTORY}, {"trial-timeout", 1, NULL, TIMEOUT},
    {"registry", 1, NULL, REGISTRY}, {"algorithms", 1, NULL, ALGORITHMS}, {"undo", 0, NULL, UNDO},
    {"quiet", 0, NULL, QUIET}, {"verbose", 0, NULL, VERBOSE}, {"json-lines", 0, NULL, JSON_LINES},
    {"help", 0, NULL, HELP}, {"version", 0, NULL, VERSION}, {NULL, 0, NULL, 0}};

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
    misuse(code == ':'         ? "this option needs a value: "
           : optopt >= ADDRESS ? "this option has no value: "
                               : "unknown option: ",
        optopt && optopt < ADDRESS ? letter : word);
}

/* The options that describe an experiment without a file. */
static bool take_draft(
    struct cl_draft *draft, const char **parameters, int code, const char *value) {
    switch (code) {
    case PARAM:
        parameters[draft->n_parameters++] = value;
        return true;
    case OBJECTIVE:
        draft->objective = value;
        return true;
    case MAXIMIZE:
        draft->maximize = true;
        return true;
    case ALGORITHM:
        draft->algorithm = value;
        return true;
    case TRIALS:
        draft->trials = count("--trials", value, MOST_TRIALS);
        return true;
    case PARALLEL:
        draft->parallel = count("--parallel", value, MOST_TRIALS);
        return true;
    default:
        return false;
    }
}

static bool take_katib(struct cl_katib_options *options, int code, const char *value) {
    switch (code) {
    case REGISTRY:
        options->registry = value;
        return true;
    case ALGORITHMS:
        options->algorithms = value;
        return true;
    case UNDO:
        options->undo = true;
        return true;
    default:
        return false;
    }
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
    case VERBOSE:
        options->verbose = true;
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
        printf("mushir %s (gRPC core %s, %s)\n", MUSHIR_VERSION, mu_rpc_core_version(),
            mu_rpc_tls_version());
        exit(CL_EXIT_GOOD);
    default: /* take_draft and take_katib have the others */
        break;
    }
}

struct parsed {
    struct cl_options options;
    const char *words[2];       /* what is no option: the command's name, the file's */
    const char *const *command; /* after "--", ended by NULL; NULL: none */
    int n_command;
    const char **parameters; /* room for as many as there are words */
};

static void parse(struct parsed *p, int argc, char **argv) {
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
    while ((code = getopt_long(argc, argv, ":n:h", long_options, NULL)) != -1) {
        if (code == '?' || code == ':') {
            misuse_option(code, argv[optind - 1]);
        }
        if (!take_draft(&p->options.draft, p->parameters, code, optarg) &&
            !take_katib(&p->options.katib, code, optarg)) {
            take(&p->options, code == 'h' ? HELP : code, optarg);
        }
    }
    for (; optind < argc; optind++) {
        if (n == 2) {
            misuse("too many words: ", argv[optind]);
        }
        p->words[n++] = argv[optind];
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
        p->parameters[p->options.draft.n_parameters++] = value;
    }
    p->n_command = n;
}

/* What the draft is made of; a file, where there is one, is init's output. */
static void draft(struct parsed *p) {
    struct cl_draft *draft = &p->options.draft;
    take_trailing_parameters(p);
    draft->name = p->options.name;
    draft->parameters = p->parameters;
    draft->words = p->command;
    draft->n_words = (size_t)p->n_command;
}

static bool drafts(const struct parsed *p) {
    const struct cl_draft *draft = &p->options.draft;
    return draft->n_parameters || draft->objective || draft->maximize || draft->algorithm ||
           draft->trials || draft->parallel;
}

/* Which experiment the command called |name| works on. */
static void choose_experiment(struct parsed *p, const char *name) {
    p->options.file = p->words[1];
    if (!strcmp(name, "init") ||
        (!strcmp(name, "run") && !p->words[1] && (p->n_command || drafts(p)))) {
        draft(p);
    } else if (!strcmp(name, "katib")) {
        p->options.file = p->words[1] ? p->words[1] : "-";
    } else if (!p->words[1]) {
        misuse("which FILE? mushir ", name);
    } else if (drafts(p)) {
        misuse("the FILE says it all: --param, --objective, --maximize, --algorithm, --trials and "
               "--parallel are for init, and for run without a ",
            "FILE");
    } else {
        p->options.run.command = p->command;
    }
}

int main(int argc, char **argv) {
    setlocale(LC_CTYPE, "C.UTF-8");        /* for the width of characters */
    setvbuf(stderr, NULL, _IOLBF, BUFSIZ); /* not a system call for every character */
    static const struct {
        const char *name;
        enum cl_exit_code (*run)(struct cl_context *context);
    } commands[] = {{"init", cl_command_init}, {"validate", cl_command_validate},
        {"suggest", cl_command_suggest}, {"run", cl_command_run}, {"katib", cl_command_katib}};
    struct cl_context context = {.arena = mu_arena_create(SIZE_MAX / 4)};
    struct parsed parsed = {
        .options.count = 1, .parameters = MU_ARRAY(context.arena, (size_t)argc, const char *)};
    parse(&parsed, argc, argv);
    if (!parsed.words[0]) {
        fputs(general_help, stderr);
        mu_arena_destroy(context.arena);
        return CL_EXIT_INVALID;
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (!strcmp(parsed.words[0], commands[i].name)) {
            choose_experiment(&parsed, commands[i].name);
            context.options = &parsed.options;
            enum cl_exit_code code = commands[i].run(&context);
            mu_arena_destroy(context.arena);
            return (int)code;
        }
    }
    misuse("unknown command ", parsed.words[0]);
}
