#include "client/report/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "client/run/clock.h"
#include "client/run/state.h"
#include "client/text/json.h"
#include "client/text/visible.h"

/* ---- nothing but notes ---- */

static void ignore(const struct cl_run *run) {
    (void)run;
}

static void ignore_trial(const struct cl_run *run, const struct cl_trial *trial) {
    (void)run;
    (void)trial;
}

static void ignore_report(const struct cl_run *run, const struct cl_trial *trial,
    const struct cl_observation *observation) {
    (void)run;
    (void)trial;
    (void)observation;
}

static void note(const struct cl_run *run, const char *text) {
    (void)run;
    cl_visible_line(stderr, "mushir: %s", text);
}

const struct cl_observer cl_progress_quiet = {
    ignore, ignore_trial, ignore_report, ignore_trial, ignore, note, ignore};

/* ---- JSON lines ---- */

static void begin_event(const char *event, const char *time) {
    printf("{\"event\": \"%s\", \"time\": ", event);
    cl_json_string(stdout, time);
}

static void end_event(void) {
    printf("}\n");
    fflush(stdout);
}

static void event_text(const char *name, const char *value) {
    printf(", \"%s\": ", name);
    cl_json_string(stdout, value);
}

static void trial_event(const struct cl_run *run, const struct cl_trial *trial, bool ended) {
    begin_event(ended ? "trial_ended" : "trial_started", ended ? trial->completed : trial->started);
    event_text("trial", trial->name);
    printf(", \"attempt\": %d, \"assignments\": ", trial->attempt);
    cl_json_pairs(stdout, trial->assignments, trial->n_assignments);
    if (ended) {
        event_text("condition", cl_condition_name(trial->condition));
        event_text("why", trial->why);
        printf(", \"metrics\": {");
        for (size_t m = 0, n = 0; m < run->e->n_metrics; m++) {
            const char *value = cl_trial_value(trial, run->e, m);
            if (value) {
                fputs(n++ ? ", " : "", stdout);
                cl_json_string(stdout, run->e->metrics[m].name);
                fputs(": ", stdout);
                cl_json_string(stdout, value);
            }
        }
        printf("}");
    }
    end_event();
}

static void json_begun(const struct cl_run *run) {
    begin_event(run->resumed || run->n_trials ? "experiment_resumed" : "experiment_started",
        cl_clock_text(run->arena, cl_clock_now()));
    event_text("experiment", run->e->name);
    event_text("journal", run->journal_path);
    printf(", \"trials\": %zu", run->n_trials);
    end_event();
}

static void json_trial_started(const struct cl_run *run, const struct cl_trial *trial) {
    trial_event(run, trial, false);
}

static void json_trial_reported(const struct cl_run *run, const struct cl_trial *trial,
    const struct cl_observation *observation) {
    begin_event("metric", observation->time);
    event_text("trial", trial->name);
    event_text("name", run->e->metrics[observation->metric].name);
    event_text("value", observation->value);
    end_event();
}

static void json_trial_ended(const struct cl_run *run, const struct cl_trial *trial) {
    trial_event(run, trial, true);
}

static void json_ended(const struct cl_run *run) {
    const struct cl_trial *best = cl_trial_best(run->trials, run->n_trials, run->e);
    begin_event("experiment_ended", cl_clock_text(run->arena, cl_clock_now()));
    event_text("reason", run->result.finished ? run->result.reason : "Interrupted");
    printf(", \"succeeded\": %s, \"trials\": %zu", cl_run_succeeded(run) ? "true" : "false",
        run->n_trials);
    if (best) {
        event_text("bestTrialName", best->name);
        event_text("bestValue", cl_trial_value(best, run->e, 0));
    }
    end_event();
}

const struct cl_observer cl_progress_json = {json_begun, json_trial_started, json_trial_reported,
    json_trial_ended, ignore, note, json_ended};

/* ---- lines and a bar ---- */

static bool painted(void) {
    const char *term = getenv("TERM");
    return isatty(2) && term && strcmp(term, "dumb") != 0;
}

static void wipe(void) {
    if (painted()) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
    }
}

/* Seconds that are left: trials still to run at the pace of those that ended in this process. -1:
 * unknown. */
static double estimate(const struct cl_run *run, size_t over, size_t most) {
    double spent = 0;
    size_t n = 0;
    for (size_t i = 0; i < run->n_trials; i++) {
        const struct cl_trial *t = run->trials[i];
        if (cl_trial_over(t) && t->ended > t->begun && t->begun > 0) {
            spent += t->ended - t->begun;
            n++;
        }
    }
    if (n == 0 || most == 0) {
        return -1;
    }
    return spent / (double)n * (double)(most > over ? most - over : 0) / (double)run->e->parallel;
}

/* Of the terminal; what does not tell is taken for the usual 80. */
static size_t columns(void) {
    struct winsize size;
    return ioctl(2, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

static void write_best(const struct cl_run *run, FILE *out) {
    const struct cl_trial *best = cl_trial_best(run->trials, run->n_trials, run->e);
    if (best) {
        fprintf(out, "  best %s=%s (%s)", run->e->metrics[0].name, cl_trial_value(best, run->e, 0),
            best->name);
    }
}

/* The objective's latest report of every trial that runs. */
static void write_latest(const struct cl_run *run, FILE *out) {
    const char *before = "  now ";
    for (size_t i = 0; i < run->n_trials; i++) {
        const struct cl_trial *t = run->trials[i];
        if (t->condition == MU_TRIAL_RUNNING && t->summaries[0].n > 0) {
            fprintf(out, "%s%s", before, t->summaries[0].latest);
            before = ", ";
        }
    }
}

/* [####----] 3/8  2 running  0:12, 0:20 left  best loss=0.1 (tune-3)  now 0.4, 0.2 */
static void write_bar(const struct cl_run *run, FILE *out) {
    enum { BAR = 24 };
    struct cl_trial_counts counts = cl_trial_count(run->trials, run->n_trials);
    size_t over = counts.total - counts.pending - counts.running;
    size_t most = run->e->max_trials > 0 ? (size_t)run->e->max_trials : 0;
    size_t full = most ? over * BAR / most : 0;
    double left = estimate(run, over, most);
    char text[32];
    putc('[', out);
    for (size_t i = 0; i < BAR; i++) {
        putc(i < full ? '#' : '-', out);
    }
    fprintf(out, "] %zu", over);
    if (most) {
        fprintf(out, "/%zu", most);
    }
    cl_clock_duration(cl_clock_now() - run->begun, text);
    fprintf(out, "  %zu running  %s", counts.running, text);
    if (left >= 0) {
        cl_clock_duration(left, text);
        fprintf(out, ", %s left", text);
    }
    write_best(run, out);
    write_latest(run, out);
}

static void paint(const struct cl_run *run) {
    char *line = NULL;
    size_t size;
    if (!painted()) {
        return;
    }
    FILE *out = open_memstream(&line, &size);
    write_bar(run, out);
    fclose(out);
    fputs("\r\033[K", stderr);
    cl_visible_write_columns(stderr, line, columns() - 1);
    fflush(stderr);
    free(line);
}

static void bar_begun(const struct cl_run *run) {
    const char *verb = run->n_trials ? "continues" : "begins";
    cl_visible_line(stderr, "%s %s with %s, %d at a time; journal %s", run->e->name, verb,
        run->e->algorithm, run->e->parallel, run->journal_path);
    if (run->n_trials) {
        fprintf(stderr, "%zu trials are known, %zu of them over\n", run->n_trials, run->resumed);
    }
    paint(run);
}

static void bar_trial_started(const struct cl_run *run, const struct cl_trial *trial) {
    (void)trial;
    paint(run);
}

static void write_pair(const char *name, const char *value) {
    cl_visible_write(stderr, name);
    putc('=', stderr);
    cl_visible_write(stderr, value);
}

static void bar_trial_ended(const struct cl_run *run, const struct cl_trial *trial) {
    char took[32];
    const char *value = cl_trial_value(trial, run->e, 0);
    bool best = cl_trial_best(run->trials, run->n_trials, run->e) == trial;
    wipe();
    cl_clock_duration(trial->ended - trial->begun, took);
    fprintf(stderr, "%s  %-9s %s  ", trial->name, cl_condition_name(trial->condition), took);
    write_pair(run->e->metrics[0].name, value ? value : "-");
    fputs(best ? " * " : " ", stderr);
    for (size_t i = 0; i < trial->n_assignments && !run->e->network.present; i++) {
        putc(' ', stderr);
        write_pair(trial->assignments[i].name, trial->assignments[i].value);
    }
    if (*trial->why) {
        fputs("  (", stderr);
        cl_visible_write(stderr, trial->why);
        putc(')', stderr);
    }
    putc('\n', stderr);
    paint(run);
}

static void bar_noted(const struct cl_run *run, const char *text) {
    wipe();
    note(run, text);
}

static void bar_ended(const struct cl_run *run) {
    (void)run;
    wipe();
}

const struct cl_observer cl_progress_bar = {
    bar_begun, bar_trial_started, ignore_report, bar_trial_ended, paint, bar_noted, bar_ended};
