/* A run: Katib's experiment controller, trial controller and metrics collector for one experiment
 * on this machine. Shared by run*.c. */
#ifndef MUSHIR_CLIENT_RUN_H
#define MUSHIR_CLIENT_RUN_H

#include <ev.h>

#include "client/asker.h"
#include "client/cli.h"
#include "client/journal.h"
#include "client/trial.h"

/* How the experiment ended, in Katib's words. */
struct run_result {
    bool finished, good;
    const char *reason, *message, *time;
};

struct run {
    struct context *context;
    const struct options *options;
    const struct experiment *e;
    struct mu_arena *arena;
    const char *journal_path, *trials_path, *report_path, *directory;
    struct journal *journal;
    struct service service;
    struct metric_parser *parser;
    struct asker *asker;
    struct mu_arena *question; /* what the asker is busy with; NULL: nothing */
    struct trial **trials;     /* by number */
    size_t n_trials, trial_room;
    struct mu_pair *settings; /* that replies asked to be sent back */
    size_t n_settings, setting_room;
    const char *started; /* the experiment, first time */
    double begun;
    size_t resumed; /* trials that were over when this process began */
    struct run_result result;
    bool interrupted;      /* stop without a result: to be resumed */
    struct mu_error error; /* why, when not by Ctrl-C */
    int interrupts;
    int ask_failures;
    double ask_after; /* no question to the service before */
    struct ev_loop *loop;
    ev_signal on_int, on_term;
    ev_io on_inotify;
    ev_timer on_tick;
    ev_async on_answer;
    int inotify;
};

/* Seconds since 1970, and the same as RFC 3339 text in |arena|. */
double run_now(void);
const char *run_time(struct mu_arena *arena, double seconds);

/* ---- run_trial.c ---- */

/* The folder of a trial. */
const char *run_folder(const struct run *run, const struct trial *trial);

/* A new trial with its place in the run. */
struct trial *run_new_trial(struct run *run, const char *name);

/* Start a created trial, or after a resume take up a running one: adopt, conclude, or repeat it. */
void run_start_trial(struct run *run, struct trial *trial);
void run_take_up_trial(struct run *run, struct trial *trial);

/* Read what its log has grown by; stop it early when the rule says so. */
void run_poll_trial(struct run *run, struct trial *trial);

/* Ask a running trial to end. */
void run_stop_trial(struct run *run, struct trial *trial, enum stop_cause cause);

/* A running trial's process is gone, with this exit status (of a shell: 128 + signal). */
void run_trial_exited(struct run *run, struct trial *trial, int exit_status);

/* Things that time brings: timeouts, kills after a grace, adopted processes that ended. */
void run_tick_trial(struct run *run, struct trial *trial, double now);

/* ---- run_loop.c ---- */

/* Run trials until the experiment is finished or the run interrupted, and no process is left. */
void run_loop(struct run *run);

/* Remember a setting that a reply asked to be sent back. */
void run_keep_setting(struct run *run, const char *name, const char *value);

/* Look whether the experiment is finished, else start and ask for what is missing. */
void run_advance(struct run *run);

/* Stop for a reason that is no result: the journal can be resumed. */
void run_give_up(struct run *run);

/* ---- progress.c: what is shown meanwhile ---- */

void progress_begin(const struct run *run);
void progress_started(const struct run *run, const struct trial *trial);
void progress_metric(
    const struct run *run, const struct trial *trial, const struct observation *observation);
void progress_ended(const struct run *run, const struct trial *trial);
void progress_tick(const struct run *run); /* repaint the bar */
void progress_end(const struct run *run);
void progress_note(const struct run *run, const char *text);

/* ---- summary.c, report.c: at the end ---- */

void summary_print(const struct run *run);
MU_MUST_USE enum mu_status report_write(const struct run *run, struct mu_error *error);

#endif
