/* mushir run: open or resume the journal, run the loop, show the result. */
#include "client/run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "client/template.h"

double run_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

const char *run_time(struct mu_arena *arena, double seconds) {
    time_t whole = (time_t)seconds;
    struct tm parts;
    char text[32];
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", gmtime_r(&whole, &parts));
    return mu_arena_format(arena, "%s.%03dZ", text, (int)((seconds - (double)whole) * 1000));
}

static double seconds_of(const char *time) {
    struct tm parts = {0};
    const char *rest = strptime(time, "%Y-%m-%dT%H:%M:%S", &parts);
    return rest ? (double)timegm(&parts) + strtod(rest, NULL) : 0;
}

/* ---- replaying ---- */

struct replay {
    struct run *run;
    const char *text; /* the experiment as the journal has it */
};

static void replay_run_event(struct replay *replay, const struct journal_event *event) {
    struct run *run = replay->run;
    struct mu_arena *arena = run->arena;
    if (!strcmp(event->kind, "experiment")) {
        replay->text = mu_arena_copy(arena, event->value);
        run->started = mu_arena_copy(arena, event->time);
    } else if (!strcmp(event->kind, "setting")) {
        run_keep_setting(run, event->name, event->value);
    } else if (!strcmp(event->kind, "finished")) {
        run->result = (struct run_result){true, strcmp(event->name, "ExperimentFailed") != 0,
            mu_arena_copy(arena, event->name), mu_arena_copy(arena, event->value),
            mu_arena_copy(arena, event->time)};
    }
}

static void replay_metric(struct run *run, struct trial *trial, const struct journal_event *event) {
    for (size_t m = 0; m < run->e->n_metrics; m++) {
        if (!strcmp(run->e->metrics[m].name, event->name)) {
            trial_observe(trial, run->e, m, mu_arena_copy(run->arena, event->value),
                mu_arena_copy(run->arena, event->time), run->arena);
        }
    }
}

static void replay_trial_event(
    struct run *run, struct trial *trial, const struct journal_event *event) {
    struct mu_arena *arena = run->arena;
    const char *kind = event->kind;
    if (!strcmp(kind, "assignment")) {
        trial_assign(
            trial, mu_arena_copy(arena, event->name), mu_arena_copy(arena, event->value), arena);
    } else if (!strcmp(kind, "rule")) {
        trial->has_rule = mu_read_double(event->value, &trial->rule);
    } else if (!strcmp(kind, "started")) {
        trial_restart(trial, run->e, arena);
        trial->attempt = atoi(event->value);
        trial->condition = TRIAL_RUNNING;
        trial->started = mu_arena_copy(arena, event->time);
        trial->begun = seconds_of(event->time);
    } else if (!strcmp(kind, "stopping")) {
        trial->stopping = stop_cause_of(event->name);
    } else if (!strcmp(kind, "metric")) {
        replay_metric(run, trial, event);
    } else if (!strcmp(kind, "ended")) {
        trial->condition = condition_of(event->name);
        trial->why = mu_arena_copy(arena, event->value);
        trial->completed = mu_arena_copy(arena, event->time);
        trial->ended = seconds_of(event->time);
    }
}

static void replay_event(void *user, const struct journal_event *event) {
    struct replay *replay = user;
    if (event->trial < 0) {
        replay_run_event(replay, event);
    } else if (!strcmp(event->kind, "suggested")) {
        run_new_trial(replay->run, event->name);
    } else if ((size_t)event->trial < replay->run->n_trials) {
        replay_trial_event(replay->run, replay->run->trials[event->trial], event);
    }
}

static bool same_text(const char *a, const char *b) {
    return !strcmp(a ? a : "", b ? b : "");
}

static bool same_parameter(const struct mu_parameter_text *a, const struct mu_parameter_text *b) {
    bool same = same_text(a->name, b->name) && a->type == b->type &&
                a->distribution == b->distribution && same_text(a->min, b->min) &&
                same_text(a->max, b->max) && same_text(a->step, b->step) && a->n_list == b->n_list;
    for (size_t i = 0; same && i < a->n_list; i++) {
        same = same_text(a->list[i], b->list[i]);
    }
    return same;
}

static bool same_parameters(
    const struct mu_parameter_text *a, size_t n_a, const struct mu_parameter_text *b, size_t n_b) {
    bool same = n_a == n_b;
    for (size_t i = 0; same && i < n_a; i++) {
        same = same_parameter(&a[i], &b[i]);
    }
    return same;
}

static bool same_sizes(const int32_t *a, size_t n_a, const int32_t *b, size_t n_b) {
    return n_a == n_b && (n_a == 0 || !memcmp(a, b, n_a * sizeof *a));
}

static bool same_network(const struct mu_network *a, const struct mu_network *b) {
    bool same = a->present == b->present && a->layers == b->layers &&
                a->n_operations == b->n_operations &&
                same_sizes(a->input_sizes, a->n_input_sizes, b->input_sizes, b->n_input_sizes) &&
                same_sizes(a->output_sizes, a->n_output_sizes, b->output_sizes, b->n_output_sizes);
    for (size_t i = 0; same && i < a->n_operations; i++) {
        const struct mu_operation *p = &a->operations[i];
        const struct mu_operation *q = &b->operations[i];
        same = same_text(p->type, q->type) &&
               same_parameters(p->parameters, p->n_parameters, q->parameters, q->n_parameters);
    }
    return same;
}

/* The counts may be raised between runs, as in Katib; what is searched may not change. */
static enum mu_status check_same(const struct run *run, const char *text, struct mu_error *error) {
    struct problems problems = {0};
    const struct experiment *now = run->e;
    const struct experiment *then =
        experiment_read(text, strlen(text), now->name, run->arena, &problems);
    bool same =
        then && then->maximize == now->maximize &&
        !strcmp(then->metrics[0].name, now->metrics[0].name) &&
        !strcmp(then->algorithm, now->algorithm) &&
        same_parameters(then->parameters, then->n_parameters, now->parameters, now->n_parameters) &&
        same_network(&then->network, &now->network);
    return same ? MU_OK
                : mu_fail(error, MU_INVALID_ARGUMENT,
                      "%s is the journal of another experiment: name, algorithm, objective, "
                      "parameters or network differ; --fresh "
                      "begins anew",
                      run->journal_path);
}

/* A finished experiment goes on when maxTrialCount was raised. */
static void reopen(struct run *run) {
    struct trial_counts counts = trial_count(run->trials, run->n_trials);
    bool more = run->e->max_trials < 0 || counts.total < (size_t)run->e->max_trials;
    if (run->result.finished && !strcmp(run->result.reason, "ExperimentMaxTrialsReached") && more) {
        run->result = (struct run_result){0};
    }
}

static enum mu_status replay(struct run *run, struct mu_error *error) {
    struct replay state = {run, NULL};
    journal_replay(run->journal, replay_event, &state);
    if (!state.text) { /* killed before its first word */
        run->started = run_time(run->arena, run_now());
        journal_add(run->journal, -1, run->started, "experiment", run->e->name, run->context->text);
        return MU_OK;
    }
    if (check_same(run, state.text, error) != MU_OK) {
        return error->code;
    }
    run->begun = seconds_of(run->started);
    for (size_t i = 0; i < run->n_trials; i++) {
        run->resumed += trial_over(run->trials[i]);
    }
    reopen(run);
    return MU_OK;
}

/* ---- opening ---- */

/* Remove the folders that trials left; only files that we know. */
static void erase_trials(const char *path) {
    static const char *const files[] = {"log", "metrics.log", "pid", "exit", "exit.new", "lock"};
    DIR *folder = opendir(path);
    struct dirent *entry;
    char name[4400];
    while (folder && (entry = readdir(folder))) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
            snprintf(name, sizeof name, "%.3000s/%.255s/%s", path, entry->d_name, files[i]);
            unlink(name);
        }
        snprintf(name, sizeof name, "%.3000s/%.255s", path, entry->d_name);
        rmdir(name);
    }
    if (folder) {
        closedir(folder);
    }
}

/* Names beside the experiment: tune.yaml -> tune.journal, tune.trials, tune.html. */
static enum mu_status name_files(struct run *run, struct mu_error *error) {
    const struct options *options = run->options;
    const char *file = strcmp(options->file, "-") ? options->file : run->e->name;
    const char *slash = strrchr(file, '/');
    const char *dot = strrchr(file, '.');
    int stem = (int)(dot && dot > (slash ? slash : file) ? (size_t)(dot - file) : strlen(file));
    run->journal_path = options->journal ? options->journal
                                         : mu_arena_format(run->arena, "%.*s.journal", stem, file);
    const char *journal_dot = strrchr(run->journal_path, '.');
    int journal_stem =
        (int)(journal_dot && !strchr(journal_dot, '/') ? (size_t)(journal_dot - run->journal_path)
                                                       : strlen(run->journal_path));
    const char *trials =
        mu_arena_format(run->arena, "%.*s.trials", journal_stem, run->journal_path);
    run->report_path = options->no_report ? NULL
                       : options->report  ? options->report
                                          : mu_arena_format(run->arena, "%.*s.html", stem, file);
    const char *directory = options->directory ? options->directory
                            : slash
                                ? mu_arena_format(run->arena, "%.*s", (int)(slash - file + 1), file)
                                : ".";
    if (mkdir(trials, 0755) && errno != EEXIST) {
        return mu_fail(error, MU_INTERNAL, "%s: %s", trials, strerror(errno));
    }
    char *real = realpath(trials, NULL);
    run->trials_path = mu_arena_copy(run->arena, real ? real : trials);
    free(real);
    run->directory = directory;
    return MU_OK;
}

/* What would make every trial fail is said before the first: a command that cannot be made. */
static enum mu_status check_command(const struct run *run, struct mu_error *error) {
    char why[256];
    if (run->options->command) {
        return MU_OK;
    }
    const struct node *container = template_container(&run->e->template, why, sizeof why);
    if (!container) {
        return mu_fail(error, MU_INVALID_ARGUMENT, "%s; give a command after --", why);
    }
    if (!node_get(container, "command")) {
        return mu_fail(error, MU_INVALID_ARGUMENT,
            "line %d: the container has no command, and its image is not used here; give one after "
            "--",
            container->line);
    }
    if (run->e->collector.kind == COLLECT_OTHER) {
        return mu_fail(error, MU_INVALID_ARGUMENT,
            "metrics collectors of kind %s do not work here: StdOut and File do; a command after "
            "-- may print them",
            run->e->collector.kind_name);
    }
    return MU_OK;
}

static enum mu_status open_run(struct run *run, struct mu_error *error) {
    enum journal_mode mode = run->options->resume  ? JOURNAL_RESUME
                             : run->options->fresh ? JOURNAL_FRESH
                                                   : JOURNAL_NEW;
    if (run->options->resume && run->options->fresh) {
        return mu_fail(error, MU_INVALID_ARGUMENT, "--resume and --fresh exclude each other");
    }
    if (check_command(run, error) != MU_OK || name_files(run, error) != MU_OK) {
        return error->code;
    }
    run->journal = journal_open(run->journal_path, mode, error);
    if (!run->journal) {
        return error->code;
    }
    if (mode == JOURNAL_FRESH) {
        erase_trials(run->trials_path);
    }
    return replay(run, error);
}

static enum mu_status open_service(struct run *run, struct mu_error *error) {
    if (service_open(&run->service, run->options->address, run->e->algorithm, run->arena, error) !=
        MU_OK) {
        return error->code;
    }
    return service_validate(&run->service, run->e, run->arena, error);
}

/* ---- the end ---- */

static void close_run(struct run *run) {
    journal_close(run->journal);
    metric_parser_destroy(run->parser);
    service_close(&run->service);
    if (run->inotify >= 0) {
        close(run->inotify);
    }
}

static enum exit_code conclude(struct run *run) {
    struct mu_error error;
    if (run->report_path && report_write(run, &error) != MU_OK) {
        progress_note(run, error.text);
        run->report_path = NULL;
    }
    summary_print(run);
    if (run->error.code != MU_OK) {
        fprintf(stderr, "mushir: %s; continue with --resume\n", run->error.text);
        return run->error.code == MU_INVALID_ARGUMENT ? EXIT_INVALID : EXIT_FAILED;
    }
    if (run->interrupted) {
        fprintf(stderr, "mushir: interrupted; continue with --resume\n");
        return EXIT_INTERRUPTED;
    }
    return run->result.good ? EXIT_GOOD : EXIT_FAILED;
}

static bool anything_to_do(const struct run *run) {
    return !run->result.finished || trial_count(run->trials, run->n_trials).running > 0;
}

enum exit_code command_run(struct context *context) {
    struct mu_error error = {0};
    enum exit_code code = cli_read(context);
    if (code != EXIT_GOOD) {
        return code;
    }
    struct run run = {.context = context,
        .options = context->options,
        .e = context->experiment,
        .arena = context->arena,
        .inotify = -1};
    run.begun = run_now();
    run.parser = metric_parser_create(run.e);
    if (open_run(&run, &error) != MU_OK ||
        (anything_to_do(&run) && open_service(&run, &error) != MU_OK)) {
        code = cli_fail(&error);
    } else {
        run.inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        run.loop = ev_default_loop(EVFLAG_AUTO);
        progress_begin(&run);
        if (anything_to_do(&run)) {
            run_loop(&run);
        }
        progress_end(&run);
        code = conclude(&run);
    }
    close_run(&run);
    return code;
}
