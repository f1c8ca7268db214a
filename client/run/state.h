/* A run: Katib's experiment controller, trial controller and metrics collector for one experiment
 * on this machine. */
#ifndef MUSHIR_CLIENT_RUN_STATE_H
#define MUSHIR_CLIENT_RUN_STATE_H

#include <ev.h>

#include "client/run/asker.h"
#include "client/run/journal.h"
#include "client/run/observer.h"
#include "client/run/options.h"
#include "client/run/service.h"
#include "client/run/trial.h"

/* How the experiment ended, in Katib's words. */
struct cl_run_result {
    bool finished, good;
    const char *reason, *message, *time;
};

struct cl_run {
    /* given */
    const struct cl_run_options *options;
    const struct cl_experiment *e;
    const char *file, *text; /* the experiment's; "-": standard input */
    const char *address;     /* of the service; NULL: one of our own */
    const struct cl_observer *observer;
    struct mu_arena *arena;

    const char *journal_path, *trials_path, *directory;
    struct cl_journal *journal;
    struct cl_service service;
    struct cl_metric_parser *parser;
    struct cl_asker *asker;
    struct mu_arena *question; /* what the asker is busy with; NULL: nothing */
    size_t wanted;             /* suggestions that it was asked for */
    struct cl_trial **trials;  /* by number */
    size_t n_trials, trial_room;
    struct mu_pair *settings; /* that replies asked to be sent back */
    size_t n_settings, setting_room;
    const char *id;      /* part of the names of its trials */
    const char *started; /* the experiment, first time */
    double begun;
    pid_t runner;   /* of a run that is only looked at: who runs it; 0: nobody */
    bool viewed;    /* whether it is only looked at */
    size_t resumed; /* trials that were over when this process began */
    struct cl_run_result result;
    bool paused;           /* start nothing new */
    bool interrupted;      /* stop without a result: to be resumed */
    struct mu_error error; /* why, when not by Ctrl-C */
    int interrupts;
    bool noted_unquoted; /* that Katib drops JSON numbers was said */
    int ask_failures;
    double ask_after; /* no question to the service before, by cl_clock_steady */
    int start_failures;
    double start_after; /* no trial before, by cl_clock_steady; 0: the last one was started */
    struct ev_loop *loop;
    ev_signal on_int, on_term, on_pause;
    ev_io on_inotify;
    ev_timer on_tick;
    ev_async on_answer;
    int inotify;
};

/* The length of |path| without its extension. */
int cl_run_stem(const char *path);

/* The folder of the trials, beside the journal; owned by the run's arena. */
const char *cl_run_trials(const struct cl_run *run);

/* The folder of a trial; owned by the run's arena. */
const char *cl_run_folder(const struct cl_run *run, const struct cl_trial *trial);

/* The folder that the run's service makes the trials' checkpoint folders in
 * (common/service/folders.h), apart from those of earlier runs; and that of one trial, NULL when
 * the experiment has none (no suggestion_trial_dir). Owned by the run's arena. */
const char *cl_run_data(const struct cl_run *run);
const char *cl_run_checkpoint(const struct cl_run *run, const struct cl_trial *trial);

/* The file that a trial's metrics are read from; owned by the run's arena. */
const char *cl_run_log(const struct cl_run *run, const struct cl_trial *trial);

/* A new trial with its place in the run. */
struct cl_trial *cl_run_add_trial(struct cl_run *run, const char *name);

/* The trial called |name|, or NULL. */
const struct cl_trial *cl_run_find_trial(const struct cl_run *run, const char *name);

/* Remember a setting that a reply asked to be sent back. */
void cl_run_keep_setting(struct cl_run *run, const char *name, const char *value);

/* Whether the experiment ended as it should, and a trial of it has a value of the objective,
 * without which Katib's words tell of a success that nobody has. */
bool cl_run_succeeded(const struct cl_run *run);

/* Why it ended so, owned by the run's arena. */
const char *cl_run_message(const struct cl_run *run);

/* Whether the experiment goes on, or a trial of it still runs. */
bool cl_run_pending(const struct cl_run *run);

#endif
