/* The loop: signals, children, logs, answers, and Katib's rules of when to start what. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/median.h"
#include "client/process.h"
#include "client/run.h"

enum { ASK_AGAIN = 5 };
static const double tick_seconds = 0.2, ask_pause = 1;

static bool stopping(const struct run *run) {
    return run->result.finished || run->interrupted;
}

static void stop_all(struct run *run, enum stop_cause cause) {
    for (size_t i = 0; i < run->n_trials; i++) {
        run_stop_trial(run, run->trials[i], cause);
    }
}

void run_give_up(struct run *run) {
    run->interrupted = true;
    stop_all(run, STOP_INTERRUPTED);
}

/* ---- has it ended? ---- */

static void conclude(struct run *run, bool good, const char *reason, const char *message) {
    run->result = (struct run_result){true, good, reason, message, run_time(run->arena, run_now())};
    journal_begin(run->journal);
    journal_add(run->journal, -1, run->result.time, "finished", reason, message);
    stop_all(run, STOP_FINISHED);
    journal_commit(run->journal);
}

static bool goal_reached(const struct run *run) {
    double value;
    const struct trial *best =
        run->e->has_goal ? trial_best(run->trials, run->n_trials, run->e) : NULL;
    return best && trial_objective(best, run->e, &value) &&
           (run->e->maximize ? value >= run->e->goal : value <= run->e->goal);
}

static size_t completed(const struct trial_counts *c) {
    return c->succeeded + c->failed + c->killed + c->early_stopped + c->unavailable;
}

/* Katib's rules in Katib's order. Trials without metrics count as failed, as in its later versions.
 */
static void check_finished(struct run *run, const struct trial_counts *counts) {
    const struct experiment *e = run->e;
    size_t failed = counts->failed + counts->unavailable;
    if (goal_reached(run)) {
        conclude(run, true, "ExperimentGoalReached",
            "Experiment has succeeded because Objective goal has reached");
    } else if (e->max_failed >= 0 && failed > (size_t)e->max_failed) {
        conclude(run, false, "ExperimentFailed",
            "Experiment has failed because max failed count has reached");
    } else if (e->max_trials > 0 && completed(counts) >= (size_t)e->max_trials) {
        conclude(run, true, "ExperimentMaxTrialsReached",
            "Experiment has succeeded because max trial count has reached");
    }
}

/* ---- asking ---- */

/* Katib's times have no fractions. */
static const char *seconds_only(const char *time, struct mu_arena *arena) {
    return *time ? mu_arena_format(arena, "%.19sZ", time) : "";
}

/* What Katib sends: every trial but those without metrics, and early-stopped ones without a value.
 */
static const uint8_t *make_request(
    const struct run *run, size_t wanted, struct mu_arena *arena, size_t *size) {
    const struct experiment *e = run->e;
    struct request_trial *list = MU_ARRAY(arena, run->n_trials, struct request_trial);
    size_t n = 0;
    for (size_t i = 0; i < run->n_trials; i++) {
        const struct trial *t = run->trials[i];
        if (t->condition == TRIAL_METRICS_UNAVAILABLE) {
            continue;
        }
        struct mu_pair *metrics = MU_ARRAY(arena, e->n_metrics, struct mu_pair);
        size_t n_metrics = 0;
        for (size_t m = 0; m < e->n_metrics &&
                           (t->condition == TRIAL_SUCCEEDED || t->condition == TRIAL_EARLY_STOPPED);
             m++) {
            const char *value = trial_value(t, e, m);
            metrics[n_metrics] = (struct mu_pair){e->metrics[m].name, value};
            n_metrics += value != NULL;
        }
        list[n++] = (struct request_trial){t->name, seconds_only(t->started, arena),
            seconds_only(t->completed, arena), (int)t->condition, t->assignments, metrics,
            t->n_assignments, n_metrics};
    }
    return request_suggestions(
        e, list, n, wanted, run->n_trials, run->settings, run->n_settings, arena, size);
}

static void ask(struct run *run, size_t wanted) {
    size_t size;
    run->question = mu_arena_create(SIZE_MAX / 4);
    const uint8_t *request = make_request(run, wanted, run->question, &size);
    asker_ask(run->asker, request, size, wanted);
}

void run_keep_setting(struct run *run, const char *name, const char *value) {
    name = mu_arena_copy(run->arena, name);
    value = mu_arena_copy(run->arena, value);
    for (size_t i = 0; i < run->n_settings; i++) {
        if (!strcmp(run->settings[i].name, name)) {
            run->settings[i].value = value;
            return;
        }
    }
    if (run->n_settings == run->setting_room) {
        size_t room = run->setting_room ? 2 * run->setting_room : 16;
        struct mu_pair *larger = MU_ARRAY(run->arena, room, struct mu_pair);
        if (run->n_settings) {
            memcpy(larger, run->settings, run->n_settings * sizeof *larger);
        }
        run->settings = larger;
        run->setting_room = room;
    }
    run->settings[run->n_settings++] = (struct mu_pair){name, value};
}

/* The early-stopping threshold of trials that are created now. */
static bool threshold(const struct run *run, struct mu_arena *arena, double *value) {
    if (!run->e->early.algorithm) {
        return false;
    }
    struct series *series = MU_ARRAY(arena, run->n_trials, struct series);
    size_t n = 0;
    for (size_t i = 0; i < run->n_trials; i++) {
        if (run->trials[i]->condition == TRIAL_SUCCEEDED) {
            series[n++] = (struct series){run->trials[i]->objective, run->trials[i]->n_objective};
        }
    }
    return median_threshold(series, n, run->e->early.min_trials, run->e->early.start_step, value);
}

static void create(struct run *run, const struct suggested *suggested, const char *now,
    bool has_rule, double rule) {
    const char *name =
        *suggested->name ? suggested->name
                         : mu_arena_format(run->arena, "%s-%04zu", run->e->name, run->n_trials + 1);
    struct trial *trial = run_new_trial(run, name);
    long number = (long)trial->number;
    char text[32];
    journal_add(run->journal, number, now, "suggested", name, NULL);
    for (size_t i = 0; i < suggested->n_assignments; i++) {
        const struct mu_pair *pair = &suggested->assignments[i];
        trial_assign(trial, mu_arena_copy(run->arena, pair->name),
            mu_arena_copy(run->arena, pair->value), run->arena);
        journal_add(run->journal, number, now, "assignment", pair->name, pair->value);
    }
    trial->has_rule = has_rule;
    trial->rule = rule;
    if (has_rule) {
        mu_print_double(rule, text);
        journal_add(run->journal, number, now, "rule", run->e->metrics[0].name, text);
    }
}

static void accept_answer(struct run *run, const struct suggestions *suggestions) {
    const char *now = run_time(run->arena, run_now());
    double rule = 0;
    bool has_rule = threshold(run, run->question, &rule);
    run->ask_failures = 0;
    journal_begin(run->journal);
    for (size_t i = 0; i < suggestions->n_settings; i++) {
        run_keep_setting(run, suggestions->settings[i].name, suggestions->settings[i].value);
        journal_add(run->journal, -1, now, "setting", suggestions->settings[i].name,
            suggestions->settings[i].value);
    }
    for (size_t i = 0; i < suggestions->n; i++) {
        create(run, &suggestions->items[i], now, has_rule, rule);
    }
    journal_commit(run->journal);
}

static void refuse_answer(struct run *run, const struct mu_error *error) {
    bool hopeless = error->code == MU_INVALID_ARGUMENT || error->code == MU_UNIMPLEMENTED;
    if (hopeless || ++run->ask_failures == ASK_AGAIN) {
        run->error = *error;
        run_give_up(run);
        return;
    }
    run->ask_after = run_now() + ask_pause * run->ask_failures;
    progress_note(
        run, mu_arena_format(run->arena, "no suggestions: %s; asking again", error->text));
}

static void on_answer(EV_P_ ev_async *watcher, int events) {
    struct run *run = watcher->data;
    struct answer answer;
    (void)EV_A, (void)events;
    if (!asker_take(run->asker, &answer)) {
        return;
    }
    if (!stopping(run)) {
        if (answer.status == MU_OK) {
            accept_answer(run, &answer.suggestions);
        } else {
            refuse_answer(run, &answer.error);
        }
    }
    mu_arena_destroy(answer.arena);
    mu_arena_destroy(run->question);
    run->question = NULL;
    run_advance(run);
}

/* ---- going on ---- */

static void start_created(struct run *run) {
    size_t running = trial_count(run->trials, run->n_trials).running;
    for (size_t i = 0; i < run->n_trials && running < (size_t)run->e->parallel; i++) {
        if (run->trials[i]->condition == TRIAL_CREATED) {
            run_start_trial(run, run->trials[i]);
            running += run->trials[i]->condition == TRIAL_RUNNING;
        }
    }
}

static size_t missing(const struct run *run, size_t done, size_t active) {
    size_t wanted = (size_t)run->e->parallel;
    if (run->e->max_trials > 0) {
        size_t left = done < (size_t)run->e->max_trials ? (size_t)run->e->max_trials - done : 0;
        wanted = left < wanted ? left : wanted;
    }
    return active < wanted ? wanted - active : 0;
}

void run_advance(struct run *run) {
    const char *broken = journal_failed(run->journal);
    if (broken && !run->interrupted) {
        mu_fail(&run->error, MU_INTERNAL, "%s: %s", run->journal_path, broken);
        run_give_up(run);
    }
    if (!stopping(run)) {
        struct trial_counts counts = trial_count(run->trials, run->n_trials);
        check_finished(run, &counts);
    }
    if (!stopping(run)) {
        start_created(run);
        struct trial_counts counts = trial_count(run->trials, run->n_trials);
        size_t wanted = missing(run, completed(&counts), counts.pending + counts.running);
        if (wanted > 0 && !asker_busy(run->asker) && run_now() >= run->ask_after) {
            ask(run, wanted);
        }
    }
    if (stopping(run) && trial_count(run->trials, run->n_trials).running == 0) {
        ev_break(run->loop, EVBREAK_ALL);
    }
}

/* ---- events ---- */

static void on_signal(EV_P_ ev_signal *watcher, int events) {
    struct run *run = watcher->data;
    (void)EV_A, (void)events;
    if (run->interrupts++ == 0) {
        progress_note(run, "stopping the trials; once more kills them");
        run_give_up(run);
    } else {
        for (size_t i = 0; i < run->n_trials; i++) {
            process_signal(run->trials[i]->pid, SIGKILL);
        }
    }
    run_advance(run);
}

/* libev reaps children; this watcher sees them all. */
static void on_child(EV_P_ ev_child *watcher, int events) {
    struct run *run = watcher->data;
    int status = watcher->rstatus;
    (void)EV_A, (void)events;
    if (watcher->rpid == run->service.pid) {
        run->service.pid = 0;
        mu_fail(&run->error, MU_UNAVAILABLE, "the service ended unexpectedly");
        run_give_up(run);
    }
    for (size_t i = 0; i < run->n_trials; i++) {
        struct trial *trial = run->trials[i];
        if (trial->pid == watcher->rpid && trial->condition == TRIAL_RUNNING && !trial->adopted) {
            run_trial_exited(
                run, trial, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
        }
    }
    run_advance(run);
}

static void on_inotify(EV_P_ ev_io *watcher, int events) {
    struct run *run = watcher->data;
    _Alignas(struct inotify_event) char bytes[4096];
    (void)EV_A, (void)events;
    ssize_t n;
    while ((n = read(run->inotify, bytes, sizeof bytes)) > 0) {
        for (ssize_t at = 0; at < n;) {
            const struct inotify_event *event = (const void *)(bytes + at);
            at += (ssize_t)(sizeof *event + event->len);
            for (size_t i = 0; i < run->n_trials; i++) {
                if (run->trials[i]->watch == event->wd &&
                    run->trials[i]->condition == TRIAL_RUNNING) {
                    run_poll_trial(run, run->trials[i]);
                }
            }
        }
    }
}

static void on_tick(EV_P_ ev_timer *watcher, int events) {
    struct run *run = watcher->data;
    double now = run_now();
    (void)EV_A, (void)events;
    for (size_t i = 0; i < run->n_trials; i++) {
        run_tick_trial(run, run->trials[i], now);
    }
    run_advance(run);
    progress_tick(run);
}

static void answered(void *user) {
    struct run *run = user;
    ev_async_send(run->loop, &run->on_answer);
}

static void watch_signals(struct run *run) {
    ev_signal_init(&run->on_int, on_signal, SIGINT);
    ev_signal_init(&run->on_term, on_signal, SIGTERM);
    run->on_int.data = run->on_term.data = run;
    ev_signal_start(run->loop, &run->on_int);
    ev_signal_start(run->loop, &run->on_term);
}

void run_loop(struct run *run) {
    ev_child children;
    watch_signals(run);
    ev_child_init(&children, on_child, 0, 0);
    ev_async_init(&run->on_answer, on_answer);
    ev_timer_init(&run->on_tick, on_tick, tick_seconds, tick_seconds);
    ev_io_init(&run->on_inotify, on_inotify, run->inotify, EV_READ);
    children.data = run->on_answer.data = run->on_tick.data = run->on_inotify.data = run;
    ev_child_start(run->loop, &children);
    ev_async_start(run->loop, &run->on_answer);
    ev_timer_start(run->loop, &run->on_tick);
    if (run->inotify >= 0) {
        ev_io_start(run->loop, &run->on_inotify);
    }
    run->asker = asker_create(&run->service, answered, run);
    for (size_t i = 0; i < run->n_trials; i++) {
        if (run->trials[i]->condition == TRIAL_RUNNING) {
            run_take_up_trial(run, run->trials[i]);
        }
    }
    if (stopping(run)) {
        stop_all(run, STOP_FINISHED);
    }
    run_advance(run);
    if (!stopping(run) || trial_count(run->trials, run->n_trials).running > 0) {
        ev_run(run->loop, 0);
    }
    asker_destroy(run->asker);
    mu_arena_destroy(run->question);
    ev_child_stop(run->loop, &children); /* the service is ours to wait for again */
}
