/* One trial of a run: its process, its log, its end. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/json.h"
#include "client/median.h"
#include "client/process.h"
#include "client/run.h"
#include "client/template.h"

static const double grace = 5; /* seconds between SIGTERM and SIGKILL */

const char *run_folder(const struct run *run, const struct trial *trial) {
    return mu_arena_format(run->arena, "%s/%s", run->trials_path, trial->name);
}

struct trial *run_new_trial(struct run *run, const char *name) {
    if (run->n_trials == run->trial_room) {
        size_t room = run->trial_room ? 2 * run->trial_room : 64;
        struct trial **larger = MU_ARRAY(run->arena, room, struct trial *);
        if (run->n_trials) {
            memcpy(larger, run->trials, run->n_trials * sizeof *larger);
        }
        run->trials = larger;
        run->trial_room = room;
    }
    struct trial *trial = MU_NEW(run->arena, struct trial);
    *trial = (struct trial){.number = run->n_trials,
        .name = mu_arena_copy(run->arena, name),
        .started = "",
        .completed = "",
        .why = "",
        .watch = -1};
    trial_restart(trial, run->e, run->arena);
    run->trials[run->n_trials++] = trial;
    return trial;
}

/* ---- starting ---- */

/* Each trial gets a metrics file of its own: the File collector's path is replaced where the
 * command or environment names it. */
static const char *own_metrics_file(const struct run *run, const char *text, const char *folder) {
    const char *path = run->e->collector.path;
    const char *done = "";
    const char *at;
    if (run->e->collector.kind != COLLECT_FILE) {
        return text;
    }
    while ((at = strstr(text, path))) {
        done = mu_arena_format(
            run->arena, "%s%.*s%s/metrics.log", done, (int)(at - text), text, folder);
        text = at + strlen(path);
    }
    return mu_arena_format(run->arena, "%s%s", done, text);
}

static const char *assignments_json(const struct trial *trial, struct mu_arena *arena) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    json_pairs(out, trial->assignments, trial->n_assignments);
    fclose(out);
    const char *copy = mu_arena_copy(arena, text);
    free(text);
    return copy;
}

static enum mu_status own_command(const struct run *run, const struct trial_identity *identity,
    struct trial_command *command, struct mu_error *error) {
    const char *const *words = run->options->command;
    size_t n = 0;
    while (words[n]) {
        n++;
    }
    *command = (struct trial_command){MU_ARRAY(run->arena, n + 1, const char *), NULL, 0};
    for (size_t i = 0; i < n; i++) {
        if (template_fill(&run->e->template, words[i], identity, run->arena, &command->argv[i],
                error) != MU_OK) {
            return error->code;
        }
    }
    return MU_OK;
}

/* The environment beside the container's: what a script may like to know. */
static void extend_environment(const struct run *run, const struct trial *trial, const char *folder,
    struct trial_command *command) {
    const char **all = MU_ARRAY(run->arena, command->n_environment + 5, const char *);
    size_t n = 0;
    all[n++] = mu_arena_format(run->arena, "MUSHIR_TRIAL_NAME=%s", trial->name);
    all[n++] = mu_arena_format(run->arena, "KATIB_TRIAL_NAME=%s", trial->name);
    all[n++] =
        mu_arena_format(run->arena, "MUSHIR_PARAMETERS=%s", assignments_json(trial, run->arena));
    all[n++] = mu_arena_format(run->arena, "MUSHIR_METRICS_FILE=%s/metrics.log", folder);
    if (!getenv("PYTHONUNBUFFERED")) {
        all[n++] = "PYTHONUNBUFFERED=1"; /* else a log arrives at the end only, too late for early
                                            stopping */
    }
    for (size_t i = 0; i < command->n_environment; i++) {
        all[n++] = own_metrics_file(run, command->environment[i], folder);
    }
    command->environment = all;
    command->n_environment = n;
}

static enum mu_status launch(struct run *run, struct trial *trial, struct mu_error *error) {
    struct trial_identity identity = {
        trial->name, run->e->space_name, trial->assignments, trial->n_assignments};
    struct trial_command command;
    const char *folder = run_folder(run, trial);
    enum mu_status status = run->options->command
                                ? own_command(run, &identity, &command, error)
                                : template_command(run->e, &identity, run->arena, &command, error);
    if (status != MU_OK) {
        return status;
    }
    extend_environment(run, trial, folder, &command);
    for (const char **word = command.argv; *word; word++) {
        *word = own_metrics_file(run, *word, folder);
    }
    struct process_spec spec = {
        folder, run->directory, command.argv, command.environment, command.n_environment};
    return process_start(&spec, &trial->pid, error);
}

static void watch(struct run *run, struct trial *trial) {
    trial->watch = run->inotify < 0 ? -1
                                    : inotify_add_watch(run->inotify, run_folder(run, trial),
                                          IN_MODIFY | IN_MOVED_TO);
}

static void finish(struct run *run, struct trial *trial, enum condition condition, const char *why);

void run_start_trial(struct run *run, struct trial *trial) {
    struct mu_error error;
    char attempt[16];
    trial_restart(trial, run->e, run->arena);
    trial->attempt++;
    trial->begun = run_now();
    trial->started = run_time(run->arena, trial->begun);
    trial->condition = TRIAL_RUNNING;
    snprintf(attempt, sizeof attempt, "%d", trial->attempt);
    journal_add(run->journal, (long)trial->number, trial->started, "started", NULL,
        attempt); /* before the process: it is never forgotten */
    if (launch(run, trial, &error) != MU_OK) {
        trial->pid = 0;
        finish(run, trial, TRIAL_FAILED, mu_arena_copy(run->arena, error.text));
        return;
    }
    trial->adopted = false;
    watch(run, trial);
    progress_started(run, trial);
}

void run_take_up_trial(struct run *run, struct trial *trial) {
    int exit_status;
    trial->to_skip = trial->n_observations;
    switch (process_find(run_folder(run, trial), &trial->pid, &exit_status)) {
    case PROCESS_RUNNING:
        trial->adopted = true;
        watch(run, trial);
        progress_started(run, trial);
        run_poll_trial(run, trial);
        break;
    case PROCESS_ENDED:
        run_trial_exited(run, trial, exit_status);
        break;
    case PROCESS_GONE:
        if (trial->stopping == STOP_NONE || trial->stopping == STOP_INTERRUPTED) {
            run_start_trial(run, trial);
        } else {
            run_trial_exited(run, trial, 128 + SIGKILL);
        }
        break;
    }
}

/* ---- what it reports ---- */

struct reading {
    struct run *run;
    struct trial *trial;
    const char *now;
};

static void judge(struct run *run, struct trial *trial) {
    if (trial->has_rule && trial->stopping == STOP_NONE && trial->condition == TRIAL_RUNNING &&
        median_stops(trial->best, trial->n_objective, run->e->early.start_step, trial->rule,
            run->e->maximize)) {
        run_stop_trial(run, trial, STOP_EARLY);
    }
}

static void found(void *user, size_t metric, const char *value, const char *time) {
    struct reading *reading = user;
    struct run *run = reading->run;
    struct trial *trial = reading->trial;
    if (trial->to_skip > 0) { /* the journal has it */
        trial->to_skip--;
        return;
    }
    size_t before = trial->n_objective;
    time = *time ? mu_arena_copy(run->arena, time) : reading->now;
    trial_observe(trial, run->e, metric, mu_arena_copy(run->arena, value), time, run->arena);
    journal_add(
        run->journal, (long)trial->number, time, "metric", run->e->metrics[metric].name, value);
    progress_metric(run, trial, &trial->observations[trial->n_observations - 1]);
    if (trial->n_objective > before) {
        judge(run, trial);
    }
}

/* The complete lines of |bytes|; with |last| also what stands behind the last newline. Returns the
 * number of bytes used. */
static size_t parse_lines(struct reading *reading, const char *bytes, size_t size, bool last) {
    size_t start = 0;
    while (start < size) {
        const char *end = memchr(bytes + start, '\n', size - start);
        if (!end && !last) {
            break;
        }
        size_t length = end ? (size_t)(end - bytes) - start : size - start;
        metric_parse_line(reading->run->parser, bytes + start, length, found, reading);
        start += length + (end != NULL);
    }
    return start;
}

static void read_log(struct run *run, struct trial *trial, bool last) {
    enum { CHUNK = 1 << 16, LONGEST_LINE = 1 << 24 };
    bool file = run->e->collector.kind == COLLECT_FILE;
    const char *path =
        mu_arena_format(run->arena, "%s/%s", run_folder(run, trial), file ? "metrics.log" : "log");
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) || (size_t)status.st_size < trial->read_to) {
        trial->read_to = fd < 0 ? trial->read_to : 0; /* the trial wrote its file anew */
    }
    size_t room = CHUNK;
    size_t used = 0;
    char *bytes = fd < 0 ? NULL : malloc(room);
    struct reading reading = {run, trial, run_time(run->arena, run_now())};
    ssize_t n = 0;
    while (bytes && room <= LONGEST_LINE &&
           (n = pread(fd, bytes + used, room - used, (off_t)(trial->read_to + used))) > 0) {
        used += (size_t)n;
        size_t done = parse_lines(&reading, bytes, used, false);
        memmove(bytes, bytes + done, used - done);
        used -= done;
        trial->read_to += done;
        if (used == room) {
            room *= 2;
            char *larger = realloc(bytes, room);
            if (!larger) {
                break;
            }
            bytes = larger;
        }
    }
    if (bytes && last && used) {
        trial->read_to += parse_lines(&reading, bytes, used, true);
    }
    free(bytes);
    if (fd >= 0) {
        close(fd);
    }
}

void run_poll_trial(struct run *run, struct trial *trial) {
    struct mu_arena_mark mark = mu_arena_mark(run->arena);
    size_t before = trial->n_observations;
    journal_begin(run->journal);
    read_log(run, trial, false);
    journal_commit(run->journal);
    if (trial->n_observations == before) {
        mu_arena_release(run->arena, mark); /* nothing was kept */
    }
}

/* ---- ends ---- */

void run_stop_trial(struct run *run, struct trial *trial, enum stop_cause cause) {
    if (trial->stopping == STOP_NONE && trial->condition == TRIAL_RUNNING) {
        trial->stopping = cause;
        trial->stop_asked =
            run_now(); /* journaled first: whoever finds the process ended knows why */
        journal_add(run->journal, (long)trial->number, run_time(run->arena, trial->stop_asked),
            "stopping", stop_cause_name(cause), NULL);
        process_signal(trial->pid, SIGTERM);
    }
}

/* Within a transaction of the caller, or none. */
static void finish(
    struct run *run, struct trial *trial, enum condition condition, const char *why) {
    trial->condition = condition;
    trial->why = why;
    trial->ended = run_now();
    trial->completed = run_time(run->arena, trial->ended);
    journal_add(run->journal, (long)trial->number, trial->completed, "ended",
        condition_name(condition), why);
    progress_ended(run, trial);
}

/* Whether the objective has something that counts: a number, or a text where the metric is a text.
 */
static bool has_objective(const struct run *run, const struct trial *trial) {
    return trial_value(trial, run->e, 0) != NULL;
}

static void conclude(struct run *run, struct trial *trial, int exit_status) {
    struct mu_arena *arena = run->arena;
    if (trial->stopping == STOP_EARLY) {
        finish(run, trial,
            has_objective(run, trial) ? TRIAL_EARLY_STOPPED : TRIAL_METRICS_UNAVAILABLE,
            mu_arena_format(arena, "stopped early: %s %.6g was %s the median %.6g at report %zu",
                run->e->metrics[0].name, trial->best, run->e->maximize ? "below" : "above",
                trial->rule, run->e->early.start_step));
    } else if (trial->stopping == STOP_TIMEOUT) {
        finish(run, trial, TRIAL_FAILED,
            mu_arena_format(arena, "took longer than %g s", run->options->trial_timeout));
    } else if (trial->stopping == STOP_FINISHED) {
        finish(run, trial, TRIAL_KILLED, "the experiment was finished");
    } else if (exit_status > 128) {
        finish(run, trial, TRIAL_FAILED,
            mu_arena_format(
                arena, "ended by signal %d (%s)", exit_status - 128, strsignal(exit_status - 128)));
    } else if (exit_status != 0) {
        finish(run, trial, TRIAL_FAILED,
            mu_arena_format(arena, "exit status %d%s", exit_status,
                exit_status == 127   ? ": command not found"
                : exit_status == 126 ? ": not executable"
                                     : ""));
    } else if (!has_objective(run, trial)) {
        finish(run, trial, TRIAL_METRICS_UNAVAILABLE,
            mu_arena_format(arena, "it did not report %s", run->e->metrics[0].name));
    } else {
        finish(run, trial, TRIAL_SUCCEEDED, "");
    }
}

void run_trial_exited(struct run *run, struct trial *trial, int exit_status) {
    process_signal(trial->pid, SIGKILL); /* what it left behind */
    if (trial->watch >= 0) {
        inotify_rm_watch(run->inotify, trial->watch);
        trial->watch = -1;
    }
    journal_begin(run->journal);
    read_log(run, trial, true);
    trial->pid = 0;
    if (trial->stopping == STOP_INTERRUPTED) {
        trial->condition = TRIAL_CREATED; /* its last word is not spoken: --resume runs it again */
    } else {
        conclude(run, trial, exit_status);
    }
    journal_commit(run->journal);
}

static void check_adopted(struct run *run, struct trial *trial) {
    int exit_status = 128 + SIGKILL;
    pid_t pid;
    enum process_state state = process_find(run_folder(run, trial), &pid, &exit_status);
    if (state == PROCESS_RUNNING) {
        trial->pid = pid > 0 ? pid : trial->pid;
    } else {
        run_trial_exited(run, trial, state == PROCESS_ENDED ? exit_status : 128 + SIGKILL);
    }
}

void run_tick_trial(struct run *run, struct trial *trial, double now) {
    if (trial->condition != TRIAL_RUNNING) {
        return;
    }
    run_poll_trial(run, trial);
    if (run->options->trial_timeout > 0 && now - trial->begun > run->options->trial_timeout) {
        run_stop_trial(run, trial, STOP_TIMEOUT);
    }
    if (trial->stopping != STOP_NONE && !trial->reminded && now - trial->stop_asked > 1) {
        trial->reminded =
            true; /* a signal is lost when it comes while the command is being started */
        process_signal(trial->pid, SIGTERM);
    }
    if (trial->stopping != STOP_NONE && (now - trial->stop_asked > grace || run->interrupts > 1)) {
        process_signal(trial->pid, SIGKILL);
    }
    if (trial->adopted) {
        check_adopted(run, trial);
    }
}
