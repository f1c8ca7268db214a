#include "client/report/ending.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/report/front.h"
#include "client/run/attempt.h"
#include "client/run/clock.h"
#include "client/text/shell.h"
#include "client/text/visible.h"
#include "common/search/number.h"

enum { TITLE_COLUMNS = 11 };

/* The number to seven digits, exact to 1e-6 of it; any other text as it is. */
static const char *shown(const char *text, char number[32]) {
    double value;
    if (!mu_read_double(text, &value)) {
        return text;
    }
    snprintf(number, 32, "%.7g", value);
    return strlen(number) < strlen(text) ? number : text;
}

static void line(const char *title, const char *text) {
    size_t columns = cl_visible_width(title);
    cl_visible_write(stdout, title);
    printf("%*s", columns < TITLE_COLUMNS ? (int)(TITLE_COLUMNS - columns) + 1 : 2, "");
    cl_visible_line(stdout, "%s", text);
}

static void count(size_t n, const char *what) {
    if (n > 0) {
        printf(", %zu %s", n, what);
    }
}

/* When what is known of the run ends: now, or for one that is only looked at its last event. */
static double last_moment(const struct cl_run *run) {
    double last = run->begun;
    if (run->result.finished) {
        return cl_clock_read(run->result.time);
    }
    if (!run->viewed || run->runner) {
        return cl_clock_now();
    }
    for (size_t i = 0; i < run->n_trials; i++) {
        const struct cl_trial *t = run->trials[i];
        double at = t->ended > t->begun ? t->ended : t->begun;
        last = at > last ? at : last;
    }
    return last;
}

/* tune succeeded: 30 trials, 2 failed, in 1:40 */
static void headline(const struct cl_run *run) {
    struct cl_trial_counts counts = cl_trial_count(run->trials, run->n_trials);
    bool failed = run->error.code != MU_OK || (run->result.finished && !cl_run_succeeded(run));
    bool red = failed && isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
    char took[32];
    cl_clock_duration(last_moment(run) - run->begun, took);
    printf("%s%s %s%s: %zu trial%s", red ? "\033[31m" : "", run->e->name,
        failed                 ? "failed"
        : run->result.finished ? "succeeded"
        : run->runner          ? "is running"
                               : "was interrupted",
        red ? "\033[0m" : "", counts.total, counts.total == 1 ? "" : "s");
    count(counts.running, "running");
    count(counts.early_stopped, "stopped early");
    count(counts.failed, "failed");
    count(counts.killed, "killed");
    count(counts.unavailable, "without a value");
    printf(", in %s\n", took);
    if (failed && run->result.finished && !run->result.good) {
        line("why", run->result.message);
    }
}

/* What a shell needs to run |trial| once more; its exact values. NULL: there is no command. */
static const char *command_again(const struct cl_run *run, const struct cl_trial *trial) {
    struct cl_trial_command command;
    struct mu_error error;
    if (cl_attempt_command(run, trial, &command, &error) != MU_OK) {
        return NULL;
    }
    const char *text = "";
    for (size_t i = 0; i < command.n_environment; i++) {
        const char *pair = command.environment[i];
        int name = (int)(strchr(pair, '=') + 1 - pair);
        text = mu_arena_format(run->arena, "%s%.*s%s ", text, name, pair,
            pair[name] ? cl_shell_word(pair + name, run->arena) : "");
    }
    const char **words = command.argv;
    if (!*text && cl_template_runs_shell(words[0], words[1]) && words[2] && !words[3]) {
        return words[2]; /* for a shell as it is */
    }
    for (size_t i = 0; words[i]; i++) {
        text = mu_arena_format(
            run->arena, "%s%s%s", text, i ? " " : "", cl_shell_word(words[i], run->arena));
    }
    return text;
}

static void best_trial(const struct cl_run *run, const struct cl_trial *best) {
    char number[32];
    for (size_t m = 0; m < run->e->n_metrics; m++) {
        const char *value = cl_trial_value(best, run->e, m);
        if (value) {
            const char *name = run->e->metrics[m].name;
            line(m ? name : mu_arena_format(run->arena, "best %s", name), shown(value, number));
        }
    }
    for (size_t i = 0; i < best->n_assignments; i++) {
        line(mu_arena_format(run->arena, "  %s", best->assignments[i].name),
            shown(best->assignments[i].value, number));
    }
    /* A journal does not tell whether a command was given after "--". */
    const char *again = run->viewed ? NULL : command_again(run, best);
    if (again) {
        line("run again", again);
    }
}

/* A trial that runs: for how long, and what it reported last. */
static void running_line(const struct cl_run *run, const struct cl_trial *trial) {
    char number[32];
    char took[32];
    const struct cl_metric_summary *objective = &trial->summaries[0];
    cl_clock_duration(cl_clock_now() - trial->begun, took);
    const char *said =
        objective->n ? mu_arena_format(run->arena, ", %s %s at report %zu", run->e->metrics[0].name,
                           shown(objective->latest, number), objective->n)
                     : "";
    line("running", mu_arena_format(run->arena, "%s for %s%s", trial->name, took, said));
}

/* What is wanted of |trial|, a metric once. */
static const char *outcomes_of(
    const struct cl_run *run, const struct mu_outcomes *outcomes, const struct cl_trial *trial) {
    char number[32];
    const char *text = "";
    for (size_t k = 0; k < outcomes->n; k++) {
        size_t metric = outcomes->list[k].metric;
        bool told = false;
        for (size_t i = 0; i < k; i++) {
            told |= outcomes->list[i].metric == metric;
        }
        const char *value = cl_trial_value(trial, run->e, metric);
        if (!told && value) {
            text = mu_arena_format(run->arena, "%s%s%s=%s", text, *text ? " " : "",
                run->e->metrics[metric].name, shown(value, number));
        }
    }
    return text;
}

/* Why a front has nobody. */
static const char *nobody(const struct mu_outcomes *outcomes) {
    return outcomes->n > outcomes->n_objectives
               ? ", none with every objective meets the constraints"
               : ", none has every objective";
}

/* The front, or as many of it as a terminal has room for. */
static void front_lines(const struct cl_run *run) {
    enum { MOST_LINES = 12 };
    struct cl_front front;
    if (!cl_front_of(run, &front)) {
        return;
    }
    size_t shown_lines = front.n < MOST_LINES ? front.n : MOST_LINES;
    line("front", mu_arena_format(run->arena, "%zu of %zu trials%s", front.n, run->n_trials,
                      front.n > MOST_LINES ? ", some of them:"
                      : front.n            ? ":"
                                           : nobody(&front.outcomes)));
    for (size_t i = 0; i < shown_lines; i++) {
        const struct cl_trial *trial = front.trials[mu_front_spread(i, front.n, MOST_LINES)];
        line(mu_arena_format(run->arena, "  %s", trial->name),
            outcomes_of(run, &front.outcomes, trial));
    }
}

static void trial_line(const struct cl_run *run, const struct cl_trial *trial) {
    const char *value = cl_trial_value(trial, run->e, 0);
    cl_visible_line(stdout, "%s  %-18s %s", trial->name, cl_condition_name(trial->condition),
        value ? value : "-");
}

void cl_ending_print(const struct cl_run *run, const char *report, bool verbose) {
    const struct cl_trial *best = cl_trial_best(run->trials, run->n_trials, run->e);
    for (size_t i = 0; i < run->n_trials && verbose; i++) {
        trial_line(run, run->trials[i]);
    }
    headline(run);
    if (best) {
        best_trial(run, best);
    }
    front_lines(run);
    for (size_t i = 0; i < run->n_trials && run->runner; i++) {
        if (run->trials[i]->condition == MU_TRIAL_RUNNING) {
            running_line(run, run->trials[i]);
        }
    }
    if (report) {
        line("report", report);
    }
}
