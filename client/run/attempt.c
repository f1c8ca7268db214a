#include "client/run/attempt.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "client/experiment/template_command.h"
#include "client/run/clock.h"
#include "client/run/failure.h"
#include "client/run/process.h"
#include "client/text/file.h"
#include "client/text/json.h"
#include "common/base/text.h"

static const double grace = 5; /* seconds between SIGTERM and SIGKILL */

/* ---- starting ---- */

/* Whether a path goes on with |c|. */
static bool in_path(char c) {
    return isalnum((unsigned char)c) || (c && strchr("/._-~+@%", c)) || (unsigned char)c >= 0x80;
}

/* |text| with |path| replaced by |own| wherever it stands and is no part of another path; what a
 * |folder| holds keeps its own part of the path. */
static const char *own_path(
    const char *text, const char *path, bool folder, const char *own, struct mu_arena *arena) {
    size_t length = strlen(path);
    const char *done = "";
    const char *from = text;
    const char *at;
    while (folder && length > 1 && path[length - 1] == '/') {
        length--;
    }
    while (length && (at = memmem(from, strlen(from), path, length))) {
        from = at + length;
        bool goes_on = in_path(*from) && !(folder && *from == '/');
        if ((at == text || !in_path(at[-1])) && !goes_on) {
            done = mu_arena_format(arena, "%s%.*s%s", done, (int)(at - text), text, own);
            text = from;
        }
    }
    return mu_arena_format(arena, "%s%s", done, text);
}

/* Each trial gets a metrics file and a checkpoint folder of its own: the paths of the File
 * collector and of suggestion_trial_dir are replaced where the command or environment names them.
 */
static const char *own_paths(
    const struct cl_run *run, const struct cl_trial *trial, const char *text) {
    const char *checkpoint = cl_run_checkpoint(run, trial);
    if (run->e->collector.kind == CL_COLLECT_FILE) {
        text = own_path(text, run->e->collector.path, false, cl_run_log(run, trial), run->arena);
    }
    return checkpoint ? own_path(text,
                            mu_pairs_find(run->e->settings, run->e->n_settings, MU_TRIAL_FOLDER),
                            true, checkpoint, run->arena)
                      : text;
}

static const char *assignments_json(const struct cl_trial *trial, struct mu_arena *arena) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    cl_json_pairs(out, trial->assignments, trial->n_assignments);
    fclose(out);
    const char *copy = mu_arena_copy(arena, text);
    free(text);
    return copy;
}

/* A placeholder that nothing fills would reach the command as it stands. */
static enum mu_status check_filled(const char *word, struct mu_error *error) {
    const char *left = strstr(word, CL_TEMPLATE_PARAMETER);
    const char *end = left ? strchr(left, '}') : NULL;
    return end ? mu_fail(error, MU_INVALID_ARGUMENT, "%.*s is no trial parameter",
                     (int)(end + 1 - left), left)
               : MU_OK;
}

static enum mu_status own_command(const struct cl_run *run,
    const struct cl_trial_identity *identity, struct cl_trial_command *command,
    struct mu_error *error) {
    const char *const *words = run->options->command;
    size_t n = 0;
    while (words[n]) {
        n++;
    }
    *command = (struct cl_trial_command){MU_ARRAY(run->arena, n + 1, const char *), NULL, 0};
    for (size_t i = 0; i < n; i++) {
        if (cl_template_fill(&run->e->template, words[i], identity, run->arena, &command->argv[i],
                error) != MU_OK ||
            check_filled(command->argv[i], error) != MU_OK) {
            return error->code;
        }
    }
    return MU_OK;
}

enum mu_status cl_attempt_command(const struct cl_run *run, const struct cl_trial *trial,
    struct cl_trial_command *command, struct mu_error *error) {
    struct cl_trial_identity identity = {
        trial->name, run->e->space_name, trial->assignments, trial->n_assignments};
    return run->options->command
               ? own_command(run, &identity, command, error)
               : cl_template_command(run->e, &identity, run->arena, command, error);
}

/* The environment beside the container's: what a script may like to know. */
static void extend_environment(const struct cl_run *run, const struct cl_trial *trial,
    const char *folder, struct cl_trial_command *command) {
    const char **all = MU_ARRAY(run->arena, command->n_environment + 6, const char *);
    const char *checkpoint = cl_run_checkpoint(run, trial);
    size_t n = 0;
    all[n++] = mu_arena_format(run->arena, "MUSHIR_TRIAL_NAME=%s", trial->name);
    all[n++] = mu_arena_format(run->arena, "KATIB_TRIAL_NAME=%s", trial->name);
    all[n++] =
        mu_arena_format(run->arena, "MUSHIR_PARAMETERS=%s", assignments_json(trial, run->arena));
    all[n++] = mu_arena_format(run->arena, "MUSHIR_METRICS_FILE=%s/metrics.log", folder);
    if (checkpoint) {
        all[n++] = mu_arena_format(run->arena, "MUSHIR_TRIAL_DIR=%s", checkpoint);
    }
    if (!getenv("PYTHONUNBUFFERED")) {
        all[n++] = "PYTHONUNBUFFERED=1"; /* else a log arrives at the end only, too late for early
                                            stopping */
    }
    for (size_t i = 0; i < command->n_environment; i++) {
        all[n++] = own_paths(run, trial, command->environment[i]);
    }
    command->environment = all;
    command->n_environment = n;
}

static enum mu_status launch(struct cl_run *run, struct cl_trial *trial, struct mu_error *error) {
    struct cl_trial_command command;
    const char *folder = cl_run_folder(run, trial);
    if (cl_attempt_command(run, trial, &command, error) != MU_OK) {
        return error->code;
    }
    extend_environment(run, trial, folder, &command);
    for (const char **word = command.argv; *word; word++) {
        *word = own_paths(run, trial, *word);
    }
    struct cl_process_spec spec = {
        folder, run->directory, command.argv, command.environment, command.n_environment};
    return cl_process_start(&spec, &trial->pid, error);
}

static void watch(struct cl_run *run, struct cl_trial *trial) {
    trial->watch = run->inotify < 0 ? -1
                                    : inotify_add_watch(run->inotify, cl_run_folder(run, trial),
                                          IN_MODIFY | IN_MOVED_TO);
}

static void finish(
    struct cl_run *run, struct cl_trial *trial, enum mu_trial_condition condition, const char *why);

enum mu_status cl_attempt_start(
    struct cl_run *run, struct cl_trial *trial, struct mu_error *error) {
    char attempt[16];
    cl_trial_restart(trial, run->e, run->arena);
    trial->attempt++;
    trial->begun = cl_clock_now();
    trial->since = cl_clock_steady();
    trial->started = cl_clock_text(run->arena, trial->begun);
    trial->condition = MU_TRIAL_RUNNING;
    snprintf(attempt, sizeof attempt, "%d", trial->attempt);
    cl_journal_add(run->journal, (long)trial->number, trial->started, "started", NULL,
        attempt); /* before the process: it is never forgotten */
    enum mu_status status = launch(run, trial, error);
    if (status == MU_OK) {
        trial->adopted = false;
        watch(run, trial);
        run->observer->trial_started(run, trial);
        return MU_OK;
    }
    trial->pid = 0;
    if (status == MU_RESOURCE_EXHAUSTED) {
        trial->condition = MU_TRIAL_CREATED;
        trial->attempt--;
        return status;
    }
    finish(run, trial, MU_TRIAL_FAILED, mu_arena_copy(run->arena, error->text));
    return MU_OK;
}

void cl_attempt_take_up(struct cl_run *run, struct cl_trial *trial) {
    int exit_status;
    trial->to_skip = trial->n_observations;
    trial->since = cl_clock_steady() - (cl_clock_now() - trial->begun);
    switch (cl_process_find(cl_run_folder(run, trial), &trial->pid, &exit_status)) {
    case CL_PROCESS_RUNNING:
        trial->adopted = true;
        watch(run, trial);
        run->observer->trial_started(run, trial);
        cl_attempt_poll(run, trial);
        break;
    case CL_PROCESS_ENDED:
        cl_attempt_exited(run, trial, exit_status);
        break;
    case CL_PROCESS_GONE:
        if (trial->stopping == CL_STOP_NONE || trial->stopping == CL_STOP_INTERRUPTED) {
            trial->condition = MU_TRIAL_CREATED;
        } else {
            cl_attempt_exited(run, trial, 128 + SIGKILL);
        }
        break;
    }
}

/* ---- what it reports ---- */

struct reading {
    struct cl_run *run;
    struct cl_trial *trial;
    const char *now;
};

static void judge(struct cl_run *run, struct cl_trial *trial) {
    double best = run->e->maximize ? -trial->best : trial->best;
    if (trial->has_rule && trial->stopping == CL_STOP_NONE &&
        trial->condition == MU_TRIAL_RUNNING &&
        mu_threshold_stops(&trial->rule, best, trial->n_objective)) {
        cl_attempt_stop(run, trial, CL_STOP_EARLY);
    }
}

/* What a trial printed, as UTF-8: services take no other bytes. */
static const char *text_of(struct mu_arena *arena, const char *bytes) {
    char *text = mu_arena_copy_bytes(arena, bytes, strlen(bytes));
    if (!mu_text_valid(text, strlen(text))) {
        mu_text_repair(text);
    }
    return text;
}

static void found(void *user, size_t metric, const char *value, const char *time) {
    struct reading *reading = user;
    struct cl_run *run = reading->run;
    struct cl_trial *trial = reading->trial;
    if (trial->to_skip > 0) { /* the journal has it */
        trial->to_skip--;
        return;
    }
    size_t before = trial->n_objective;
    time = *time ? text_of(run->arena, time) : reading->now;
    value = text_of(run->arena, value);
    cl_trial_observe(trial, run->e, metric, value, time, run->arena);
    cl_journal_add(
        run->journal, (long)trial->number, time, "metric", run->e->metrics[metric].name, value);
    run->observer->trial_reported(run, trial, &trial->observations[trial->n_observations - 1]);
    if (cl_metric_parser_unquoted(run->parser) && !run->noted_unquoted) {
        run->noted_unquoted = true;
        run->observer->noted(run,
            "metrics in JSON are numbers: Katib's collector reads texts only, such as \"0.5\"");
    }
    if (trial->n_objective > before) {
        judge(run, trial);
    }
}

/* The complete lines of |bytes|; with |last| also what stands behind the last one. A carriage
 * return ends a line too: progress bars write over theirs. Returns the number of bytes used. */
static size_t parse_lines(struct reading *reading, const char *bytes, size_t size, bool last) {
    size_t start = 0;
    while (start < size) {
        size_t length = 0;
        while (start + length < size && bytes[start + length] != '\n' &&
               bytes[start + length] != '\r') {
            length++;
        }
        bool whole = start + length < size;
        if (!whole && !last) {
            break;
        }
        if (!reading->trial->in_long_line) {
            cl_metric_parse_line(reading->run->parser, bytes + start, length, found, reading);
        }
        reading->trial->in_long_line = false;
        start += length + whole;
    }
    return start;
}

/* Read what |fd| has grown by, a line at a time. A line that does not fit is passed over. */
static void read_lines(struct reading *reading, int fd, bool last) {
    enum { ROOM = 1 << 20 };
    struct cl_trial *trial = reading->trial;
    char *bytes = malloc(ROOM);
    size_t used = 0;
    ssize_t n;
    while (
        bytes && (n = pread(fd, bytes + used, ROOM - used, (off_t)(trial->read_to + used))) > 0) {
        used += (size_t)n;
        size_t done = parse_lines(reading, bytes, used, false);
        if (done == 0 && used == ROOM) {
            trial->in_long_line = true;
            done = used;
        }
        memmove(bytes, bytes + done, used - done);
        used -= done;
        trial->read_to += done;
    }
    if (bytes && last && used) {
        trial->read_to += parse_lines(reading, bytes, used, true);
    }
    free(bytes);
}

static void read_log(struct cl_run *run, struct cl_trial *trial, bool last) {
    off_t size;
    int fd = cl_file_follow(cl_run_log(run, trial), &size);
    if (fd < 0) {
        return;
    }
    if ((size_t)size < trial->read_to) {
        trial->read_to = 0; /* the trial wrote its file anew */
    }
    struct reading reading = {run, trial, cl_clock_text(run->arena, cl_clock_now())};
    read_lines(&reading, fd, last);
    close(fd);
}

void cl_attempt_poll(struct cl_run *run, struct cl_trial *trial) {
    struct mu_arena_mark mark = mu_arena_mark(run->arena);
    size_t before = trial->n_observations;
    cl_journal_begin(run->journal);
    read_log(run, trial, false);
    cl_journal_commit(run->journal);
    if (trial->n_observations == before) {
        mu_arena_release(run->arena, mark); /* nothing was kept */
    }
}

/* ---- ends ---- */

void cl_attempt_stop(struct cl_run *run, struct cl_trial *trial, enum cl_stop_cause cause) {
    if (trial->stopping == CL_STOP_NONE && trial->condition == MU_TRIAL_RUNNING) {
        trial->stopping = cause;
        trial->stop_asked = cl_clock_steady();
        /* journaled first: whoever finds the process ended knows why */
        cl_journal_add(run->journal, (long)trial->number, cl_clock_text(run->arena, cl_clock_now()),
            "stopping", cl_stop_cause_name(cause), NULL);
        cl_process_signal(trial->pid, SIGTERM);
    }
}

/* Within a transaction of the caller, or none. */
static void finish(struct cl_run *run, struct cl_trial *trial, enum mu_trial_condition condition,
    const char *why) {
    trial->condition = condition;
    trial->why = why;
    trial->ended = cl_clock_now();
    trial->completed = cl_clock_text(run->arena, trial->ended);
    cl_journal_add(run->journal, (long)trial->number, trial->completed, "ended",
        cl_condition_name(condition), why);
    run->observer->trial_ended(run, trial);
}

/* Whether the objective has something that counts: a number, or a text where the metric is a text.
 */
static bool has_objective(const struct cl_run *run, const struct cl_trial *trial) {
    return cl_trial_value(trial, run->e, 0) != NULL;
}

static void conclude(struct cl_run *run, struct cl_trial *trial, int exit_status) {
    struct mu_arena *arena = run->arena;
    if (trial->stopping == CL_STOP_EARLY) {
        finish(run, trial,
            has_objective(run, trial) ? MU_TRIAL_EARLY_STOPPED : MU_TRIAL_METRICS_UNAVAILABLE,
            mu_arena_format(arena,
                "stopped early: %s %.6g was %s the threshold %.6g of %s at report %zu",
                run->e->metrics[0].name, trial->best, run->e->maximize ? "below" : "above",
                run->e->maximize ? -trial->rule.loss : trial->rule.loss, run->e->early.algorithm,
                trial->rule.step));
    } else if (trial->stopping == CL_STOP_TIMEOUT) {
        finish(run, trial, MU_TRIAL_FAILED,
            mu_arena_format(arena, "took longer than %g s", run->options->trial_timeout));
    } else if (trial->stopping == CL_STOP_FINISHED) {
        finish(run, trial, MU_TRIAL_KILLED, "the experiment was finished");
    } else if (exit_status > 128 && exit_status <= 128 + SIGRTMAX) {
        finish(run, trial, MU_TRIAL_FAILED,
            mu_arena_format(
                arena, "ended by signal %d (%s)", exit_status - 128, strsignal(exit_status - 128)));
    } else if (exit_status != 0) {
        finish(run, trial, MU_TRIAL_FAILED, cl_failure_of_exit(run, trial, exit_status));
    } else if (!has_objective(run, trial)) {
        finish(run, trial, MU_TRIAL_METRICS_UNAVAILABLE, cl_failure_of_metric(run, trial));
    } else {
        finish(run, trial, MU_TRIAL_SUCCEEDED, "");
    }
}

void cl_attempt_exited(struct cl_run *run, struct cl_trial *trial, int exit_status) {
    cl_process_signal(trial->pid, SIGKILL); /* what it left behind */
    if (trial->watch >= 0) {
        inotify_rm_watch(run->inotify, trial->watch);
        trial->watch = -1;
    }
    cl_journal_begin(run->journal);
    read_log(run, trial, true);
    trial->pid = 0;
    if (trial->stopping == CL_STOP_INTERRUPTED) {
        trial->condition =
            MU_TRIAL_CREATED; /* its last word is not spoken: --resume runs it again */
    } else {
        conclude(run, trial, exit_status);
    }
    cl_journal_commit(run->journal);
}

static void check_adopted(struct cl_run *run, struct cl_trial *trial) {
    int exit_status = 128 + SIGKILL;
    pid_t pid;
    enum cl_process_state state = cl_process_find(cl_run_folder(run, trial), &pid, &exit_status);
    if (state == CL_PROCESS_RUNNING) {
        trial->pid = pid > 0 ? pid : trial->pid;
    } else {
        cl_attempt_exited(run, trial, state == CL_PROCESS_ENDED ? exit_status : 128 + SIGKILL);
    }
}

void cl_attempt_tick(struct cl_run *run, struct cl_trial *trial, double now) {
    if (trial->condition != MU_TRIAL_RUNNING) {
        return;
    }
    cl_attempt_poll(run, trial);
    if (run->options->trial_timeout > 0 && now - trial->since > run->options->trial_timeout) {
        cl_attempt_stop(run, trial, CL_STOP_TIMEOUT);
    }
    if (trial->stopping != CL_STOP_NONE && !trial->reminded && now - trial->stop_asked > 1) {
        trial->reminded =
            true; /* a signal is lost when it comes while the command is being started */
        cl_process_signal(trial->pid, SIGTERM);
    }
    if (trial->stopping != CL_STOP_NONE &&
        (now - trial->stop_asked > grace || run->interrupts > 1)) {
        cl_process_signal(trial->pid, SIGKILL);
    }
    if (trial->adopted) {
        check_adopted(run, trial);
    }
}
