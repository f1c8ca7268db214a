#include "client/report/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "client/run/clock.h"
#include "client/run/state.h"
#include "client/text/json.h"

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
    fprintf(stderr, "mushir: %s\n", text);
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
    printf(
        ", \"succeeded\": %s, \"trials\": %zu", run->result.good ? "true" : "false", run->n_trials);
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
    return isatty(2) && term && strcmp(term, "dumb");
}

static void wipe(void) {
    if (painted()) {
        fputs("\r\033[K", stderr);
    }
}

static void duration(double seconds, char text[32]) {
    long s = seconds > 0 ? (long)(seconds + 0.5) : 0;
    if (s >= 3600) {
        snprintf(text, 32, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    } else {
        snprintf(text, 32, "%ld:%02ld", s / 60, s % 60);
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

static int columns(void) {
    struct winsize size;
    return ioctl(2, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

static void best_text(const struct cl_run *run, char *text, size_t size) {
    const struct cl_trial *best = cl_trial_best(run->trials, run->n_trials, run->e);
    *text = '\0';
    if (best) {
        snprintf(text, size, "  best %s=%s (%s)", run->e->metrics[0].name,
            cl_trial_value(best, run->e, 0), best->name);
    }
}

static void paint(const struct cl_run *run) {
    enum { BAR = 24 };
    char bar[BAR + 1];
    char left[32] = "?";
    char best[512];
    char line[1024];
    if (!painted()) {
        return;
    }
    struct cl_trial_counts counts = cl_trial_count(run->trials, run->n_trials);
    size_t over = counts.total - counts.pending - counts.running;
    size_t most = run->e->max_trials > 0 ? (size_t)run->e->max_trials : 0;
    size_t full = most ? over * BAR / most : 0;
    for (size_t i = 0; i < BAR; i++) {
        bar[i] = i < full ? '#' : '-';
    }
    bar[BAR] = '\0';
    double eta = estimate(run, over, most);
    if (eta >= 0) {
        duration(eta, left);
    }
    best_text(run, best, sizeof best);
    char total[24] = "";
    if (most) {
        snprintf(total, sizeof total, "/%zu", most);
    }
    snprintf(line, sizeof line, "[%s] %zu%s  %zu running  %s left%s", bar, over, total,
        counts.running, left, best);
    fprintf(stderr, "\r\033[K%.*s", columns() - 1, line);
    fflush(stderr);
}

static void bar_begun(const struct cl_run *run) {
    const char *verb = run->n_trials ? "continues" : "begins";
    fprintf(stderr, "%s %s with %s, %d at a time; journal %s\n", run->e->name, verb,
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

static void bar_trial_ended(const struct cl_run *run, const struct cl_trial *trial) {
    char took[32];
    const char *value = cl_trial_value(trial, run->e, 0);
    bool best = cl_trial_best(run->trials, run->n_trials, run->e) == trial;
    wipe();
    duration(trial->ended - trial->begun, took);
    fprintf(stderr, "%s  %-9s %s  %s=%s%s", trial->name, cl_condition_name(trial->condition), took,
        run->e->metrics[0].name, value ? value : "-", best ? " *" : "");
    for (size_t i = 0; i < trial->n_assignments && !run->e->network.present; i++) {
        fprintf(stderr, "%s%s=%s", i ? " " : "  ", trial->assignments[i].name,
            trial->assignments[i].value);
    }
    fprintf(stderr, "%s%s%s\n", *trial->why ? "  (" : "", trial->why, *trial->why ? ")" : "");
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
