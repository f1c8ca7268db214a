#include "client/options.h"

#include <limits.h>
#include <string.h>

#include "client/command.h"

enum {
    MOST_SUGGESTIONS = 10000,
    MOST_TRIALS = INT_MAX,
    MOST_SECONDS = 1000000000,
    MOST_TRIALS_AT_A_TIME = 10000
};

const char cl_about[] = "tune with a Kubeflow Katib Experiment, without a cluster";
const char cl_about_file[] =
    "FILE is a Katib Experiment in YAML (\"-\": standard input); init writes one, and run does "
    "without, from --param and the options that stand beside it. The service for its algorithm is "
    "started as needed.";
const char cl_about_status[] =
    "0 good, 1 failed, 2 wrong use or a mistake in the experiment, 3 no service, 130 interrupted.";

const struct cl_command cl_command_table[] = {
    {"init", "[FILE] --param NAME=RANGE... -- COMMAND", "write the experiment that tunes COMMAND",
        CL_FILE_OPTIONAL, cl_command_init},
    {"validate", "FILE", "name every mistake in the experiment, with its line", CL_FILE_REQUIRED,
        cl_command_validate},
    {"suggest", "FILE", "print suggestions for its first trials", CL_FILE_REQUIRED,
        cl_command_suggest},
    {"run", "FILE [-- COMMAND]",
        "run its trials here as local processes; COMMAND, in which ${trialParameters.NAME} is "
        "replaced, in place of the container's",
        CL_FILE_REQUIRED, cl_command_run},
    {"run", "--param NAME=RANGE... -- COMMAND", "the same without a file", CL_FILE_NONE,
        cl_command_run},
    {"status", "FILE", "how a run stands, also while it runs; FILE may be its journal",
        CL_FILE_REQUIRED, cl_command_status},
    {"report", "FILE", "write its HTML report, or print what it knows", CL_FILE_REQUIRED,
        cl_command_report},
    {"analyse", "FILE", "which parameters matter, and where the best may be", CL_FILE_REQUIRED,
        cl_command_analyse},
    {"serve", "[FOLDER]", "a web page and an HTTP interface for the experiments there",
        CL_FILE_OPTIONAL, cl_command_serve},
    {"katib", "[FILE]",
        "switch an installed katib-config to Mushir's images: reads and writes what kubectl -n "
        "kubeflow get configmap katib-config -o yaml prints",
        CL_FILE_OPTIONAL, cl_command_katib},
};
const size_t cl_n_commands = sizeof cl_command_table / sizeof *cl_command_table;

static void add_parameter(struct cl_options *options, const char *value) {
    options->draft.parameters[options->draft.n_parameters++] = value;
}

/* clang-format off: version 14 widens _Generic with every pass */
#define AT(member) \
    MU_MEMBER_OF(struct cl_options, member, \
        bool: MU_MEMBER_SWITCH, \
        uint64_t: MU_MEMBER_COUNT, \
        double: MU_MEMBER_REAL, \
        const char *: MU_MEMBER_TEXT)
/* clang-format on */

const struct cl_option cl_option_table[] = {
    {.name = "param",
        .value = "NAME=RANGE",
        .commands = "init run",
        .read = add_parameter,
        .help = "replace {NAME} in COMMAND; RANGE is LOW:HIGH, log:LOW:HIGH, int:LOW:HIGH[:STEP], "
                "logint:LOW:HIGH, a,b,c or choice:a,b,c"},
    {.name = "objective",
        .value = "METRIC",
        .commands = "init run",
        .member = AT(draft.objective),
        .help = "what COMMAND prints as METRIC=VALUE (default loss)"},
    {.name = "maximize",
        .commands = "init run",
        .member = AT(draft.maximize),
        .help = "the objective, which else is minimized"},
    {.name = "algorithm",
        .value = "NAME",
        .commands = "init run",
        .member = AT(draft.algorithm),
        .help = "how to search (default tpe)"},
    {.name = "trials",
        .value = "N",
        .commands = "init run",
        .member = AT(draft.trials),
        .most = MOST_TRIALS,
        .help = "how many in all (default 30)"},
    {.name = "parallel",
        .value = "N",
        .commands = "init run",
        .member = AT(draft.parallel),
        .most = MOST_TRIALS,
        .help = "how many at a time (default 1)"},
    {.name = "offline",
        .commands = "validate",
        .member = AT(offline),
        .help = "check the file alone, without asking the algorithm"},
    {.name = "count",
        .letter = 'n',
        .value = "N",
        .commands = "suggest",
        .member = AT(count),
        .most = MOST_SUGGESTIONS,
        .help = "how many (default 1)"},
    {.name = "json",
        .commands = "validate suggest status report analyse",
        .member = AT(json),
        .help = "as JSON; of report, the page's data"},
    {.name = "csv", .commands = "report", .member = AT(csv), .help = "the trials as a table"},
    {.name = "copy",
        .commands = "report",
        .member = AT(copy),
        .help = "a copy of the journal, also while it is written"},
    {.name = "resume",
        .commands = "run",
        .member = AT(run.resume),
        .help = "continue the run that the journal holds"},
    {.name = "fresh",
        .commands = "run",
        .member = AT(run.fresh),
        .help = "begin anew, replacing journal and trial logs"},
    {.name = "journal",
        .value = "FILE",
        .commands = "run status report analyse",
        .member = AT(run.journal),
        .help = "the SQLite journal (default: next to the experiment, NAME.journal)"},
    {.name = "report",
        .value = "FILE",
        .commands = "run report",
        .member = AT(report),
        .help = "where the HTML report goes (default: next to the experiment, NAME.html)"},
    {.name = "no-report", .commands = "run", .member = AT(no_report), .help = "write none"},
    {.name = "directory",
        .value = "DIR",
        .commands = "run",
        .member = AT(run.directory),
        .help = "where trials run (default: the experiment's directory)"},
    {.name = "trial-timeout",
        .value = "SECONDS",
        .commands = "run",
        .member = AT(run.trial_timeout),
        .most = MOST_SECONDS,
        .help = "a trial that takes longer fails"},
    {.name = "quiet",
        .commands = "run",
        .member = AT(quiet),
        .help = "only the result, in the shape of kubectl describe"},
    {.name = "verbose",
        .commands = "run status",
        .member = AT(verbose),
        .help = "at the end a line for every trial too"},
    {.name = "watch",
        .commands = "run",
        .member = AT(watch),
        .help = "show it in a browser while it runs"},
    {.name = "json-lines",
        .commands = "run",
        .member = AT(json_lines),
        .help = "one JSON object per event"},
    {.name = "port",
        .value = "N",
        .commands = "serve",
        .member = AT(serve.port),
        .help = "where to listen (default 8080; 0: any free one)"},
    {.name = "trials-at-a-time",
        .value = "N",
        .commands = "serve",
        .member = AT(serve.trials_at_a_time),
        .most = MOST_TRIALS_AT_A_TIME,
        .help = "of all experiments (default: as many as there are processors)"},
    {.name = "host",
        .value = "ADDRESS",
        .commands = "serve",
        .member = AT(serve.host),
        .help = "who may reach it (default 127.0.0.1); another than this machine needs a token"},
    {.name = "token-file",
        .value = "FILE",
        .commands = "serve",
        .member = AT(serve.token_file),
        .help = "whose first line a client must know"},
    {.name = "tls-cert",
        .value = "FILE",
        .commands = "serve",
        .member = AT(serve.tls_cert),
        .help = "certificate, PEM"},
    {.name = "tls-key",
        .value = "FILE",
        .commands = "serve",
        .member = AT(serve.tls_key),
        .help = "its key, PEM"},
    {.name = "allow-host",
        .value = "NAME,...",
        .commands = "serve",
        .member = AT(serve.names),
        .help = "names that it goes by, beside localhost and addresses"},
    {.name = "read-only",
        .commands = "serve",
        .member = AT(serve.read_only),
        .help = "show, and change nothing"},
    {.name = "no-commands",
        .commands = "serve",
        .member = AT(serve.no_commands),
        .help = "take no submissions"},
    {.name = "registry",
        .value = "PREFIX",
        .commands = "katib",
        .member = AT(katib.registry),
        .help = "images are PREFIX/mushir-...; all else stays as it is"},
    {.name = "algorithms",
        .value = "NAME,...",
        .commands = "katib",
        .member = AT(katib.algorithms),
        .help = "only these (default: all that Mushir has)"},
    {.name = "undo",
        .commands = "katib",
        .member = AT(katib.undo),
        .help = "put back what was there before"},
    {.name = "address",
        .value = "HOST:PORT",
        .commands = "validate suggest run serve",
        .member = AT(address),
        .help = "use the suggestion service that runs there"},
    {.name = "name",
        .value = "NAME",
        .commands = "init validate suggest run status report analyse",
        .member = AT(name),
        .help = "the experiment's name, when FILE holds several or there is none"},
    {.name = "help", .letter = 'h', .member = AT(help), .help = "print this"},
    {.name = "version", .member = AT(version), .help = "print the versions of what is inside"},
};
const size_t cl_n_options = sizeof cl_option_table / sizeof *cl_option_table;

const struct cl_command *cl_command_find(const char *name) {
    for (size_t i = 0; i < cl_n_commands; i++) {
        if (!strcmp(cl_command_table[i].name, name)) {
            return &cl_command_table[i];
        }
    }
    return NULL;
}

bool cl_option_is_of(const struct cl_option *option, const char *command) {
    size_t length = strlen(command);
    for (const char *at = option->commands; at; at = strchr(at, ' ')) {
        at += *at == ' ';
        if (!strncmp(at, command, length) && (!at[length] || at[length] == ' ')) {
            return true;
        }
    }
    return !option->commands;
}
