#include "client/run/loop.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/run/attempt.h"
#include "client/run/clock.h"
#include "client/run/process.h"
#include "client/run/reply.h"
#include "client/run/request.h"

enum { ASK_AGAIN = 5, START_AGAIN = 12 };
static const double tick_seconds = 0.2, ask_pause = 1, start_pause = 5;

static bool stopping(const struct cl_run *run) {
    return run->result.finished || run->interrupted;
}

static void stop_all(struct cl_run *run, enum cl_stop_cause cause) {
    for (size_t i = 0; i < run->n_trials; i++) {
        cl_attempt_stop(run, run->trials[i], cause);
    }
}

static void give_up(struct cl_run *run) {
    run->interrupted = true;
    stop_all(run, CL_STOP_INTERRUPTED);
}

/* ---- has it ended? ---- */

static void conclude(struct cl_run *run, bool good, const char *reason, const char *message) {
    run->result = (struct cl_run_result){
        true, good, reason, message, cl_clock_text(run->arena, cl_clock_now())};
    cl_journal_begin(run->journal);
    cl_journal_add(run->journal, -1, run->result.time, "finished", reason, message);
    stop_all(run, CL_STOP_FINISHED);
    cl_journal_commit(run->journal);
}

static bool goal_reached(const struct cl_run *run) {
    double value;
    const struct cl_trial *best =
        run->e->has_goal ? cl_trial_best(run->trials, run->n_trials, run->e) : NULL;
    return best && cl_trial_objective(best, run->e, &value) &&
           (run->e->maximize ? value >= run->e->goal : value <= run->e->goal);
}

static size_t completed(const struct cl_trial_counts *c) {
    return c->succeeded + c->failed + c->killed + c->early_stopped + c->unavailable;
}

/* Whether every trial so far failed, and so many since this process began that the command must be
 * wrong. A stated maxFailedTrialCount is the user's own rule for it. */
static bool hopeless(const struct cl_run *run, const struct cl_trial_counts *counts) {
    enum { FAILURES = 5 };
    size_t least = run->e->parallel > FAILURES ? (size_t)run->e->parallel : FAILURES;
    size_t without = counts->failed + counts->unavailable;
    return run->e->max_failed < 0 && without == completed(counts) &&
           without >= run->resumed + least;
}

static void give_up_hopeless(struct cl_run *run, size_t failed) {
    size_t first = 0;
    while (!cl_trial_over(run->trials[first])) {
        first++;
    }
    mu_fail(&run->error, MU_INTERNAL,
        "none of %zu trials has a value of %s (the first: %s, %s/log); an experiment with "
        "maxFailedTrialCount goes on all the same",
        failed, run->e->metrics[0].name, run->trials[first]->why,
        cl_run_folder(run, run->trials[first]));
    give_up(run);
}

/* Katib's rules in Katib's order. Trials without metrics count as failed, as in its later versions.
 */
static void check_finished(struct cl_run *run, const struct cl_trial_counts *counts) {
    const struct cl_experiment *e = run->e;
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
    } else if (hopeless(run, counts)) {
        give_up_hopeless(run, failed);
    }
}

/* ---- asking ---- */

static void ask(struct cl_run *run, size_t wanted) {
    struct mu_arena *arena = run->question = mu_arena_create(SIZE_MAX / 4);
    const struct mu_wire_request *request = cl_run_request(run, wanted, arena);
    run->wanted = wanted;
    cl_asker_ask(run->asker, request);
}

static struct mu_curve curve_of(
    const struct cl_trial *trial, bool maximize, struct mu_arena *arena) {
    double *losses = MU_ARRAY(arena, trial->n_objective, double);
    for (size_t i = 0; i < trial->n_objective; i++) {
        losses[i] = maximize ? -trial->objective[i] : trial->objective[i];
    }
    return (struct mu_curve){
        losses, trial->n_objective, trial->condition == MU_TRIAL_EARLY_STOPPED};
}

/* The early-stopping rule of trials that are created now. */
static bool find_rule(const struct cl_run *run, struct mu_arena *arena, struct mu_threshold *rule) {
    const struct cl_early_stopping *early = &run->e->early;
    if (!early->algorithm) {
        return false;
    }
    struct mu_curve *curves = MU_ARRAY(arena, run->n_trials, struct mu_curve);
    size_t n = 0;
    for (size_t i = 0; i < run->n_trials; i++) {
        enum mu_trial_condition condition = run->trials[i]->condition;
        if (condition == MU_TRIAL_SUCCEEDED || condition == MU_TRIAL_EARLY_STOPPED) {
            curves[n++] = curve_of(run->trials[i], run->e->maximize, arena);
        }
    }
    return mu_stopper_find(mu_stopper_called(early->algorithm), early->settings, early->n_settings,
        curves, n, arena, rule);
}

/* A name for a trial that the service did not name. */
static const char *new_name(const struct cl_run *run) {
    const char *name;
    size_t number = run->n_trials;
    do {
        name = mu_arena_format(
            run->arena, "%s%s%s-%04zu", run->e->name, *run->id ? "-" : "", run->id, ++number);
    } while (cl_run_find_trial(run, name));
    return name;
}

static void create(struct cl_run *run, const struct mu_suggestion *suggested, const char *now,
    const struct mu_threshold *rule) {
    const char *name = suggested->trial_name ? suggested->trial_name : new_name(run);
    struct cl_trial *trial = cl_run_add_trial(run, name);
    long number = (long)trial->number;
    char text[32];
    cl_journal_add(run->journal, number, now, "suggested", name, NULL);
    for (size_t i = 0; i < suggested->n_assignments; i++) {
        const struct mu_pair *pair = &suggested->assignments[i];
        cl_trial_assign(trial, mu_arena_copy(run->arena, pair->name),
            mu_arena_copy(run->arena, pair->value), run->arena);
        cl_journal_add(run->journal, number, now, "assignment", pair->name, pair->value);
    }
    trial->has_rule = rule != NULL;
    if (rule) {
        trial->rule = *rule;
        mu_print_double(run->e->maximize ? -rule->loss : rule->loss, text);
        cl_journal_add(run->journal, number, now, "rule",
            mu_arena_format(run->arena, "%zu", rule->step), text);
    }
}

static void accept_answer(struct cl_run *run, const struct mu_reply *reply) {
    const char *now = cl_clock_text(run->arena, cl_clock_now());
    struct mu_threshold rule;
    bool has_rule = find_rule(run, run->question, &rule);
    run->ask_failures = 0;
    cl_journal_begin(run->journal);
    for (size_t i = 0; i < reply->n_settings; i++) {
        cl_run_keep_setting(run, reply->settings[i].name, reply->settings[i].value);
        cl_journal_add(
            run->journal, -1, now, "setting", reply->settings[i].name, reply->settings[i].value);
    }
    for (size_t i = 0; i < reply->n; i++) {
        create(run, &reply->suggestions[i], now, has_rule ? &rule : NULL);
    }
    cl_journal_commit(run->journal);
}

static void ask_again(struct cl_run *run, const struct mu_error *error) {
    bool hopeless = error->code == MU_INVALID_ARGUMENT || error->code == MU_UNIMPLEMENTED;
    if (hopeless || ++run->ask_failures == ASK_AGAIN) {
        run->error = *error;
        give_up(run);
        return;
    }
    run->ask_after = cl_clock_steady() + ask_pause * run->ask_failures;
    run->observer->noted(
        run, mu_arena_format(run->arena, "no suggestions: %s; asking again", error->text));
}

static enum mu_status check(const struct cl_run *run, struct cl_answer *answer) {
    const char **names = MU_ARRAY(answer->arena, run->n_trials, const char *);
    for (size_t i = 0; i < run->n_trials; i++) {
        names[i] = run->trials[i]->name;
    }
    struct cl_taken_names taken = {names, run->n_trials};
    return cl_reply_check(
        run->e, &taken, run->wanted, &answer->reply, answer->arena, &answer->error);
}

static void advance(struct cl_run *run);

static void on_answer(EV_P_ ev_async *watcher, int events) {
    struct cl_run *run = watcher->data;
    struct cl_answer answer;
    (void)EV_A, (void)events;
    if (!cl_asker_take(run->asker, &answer)) {
        return;
    }
    if (!stopping(run)) {
        if (answer.status != MU_OK) {
            ask_again(run, &answer.error);
        } else if (check(run, &answer) == MU_OK) {
            accept_answer(run, &answer.reply);
        } else { /* it would be the same answer again */
            run->error = answer.error;
            give_up(run);
        }
    }
    mu_arena_destroy(answer.arena);
    mu_arena_destroy(run->question);
    run->question = NULL;
    advance(run);
}

/* ---- going on ---- */

/* The machine has no room for one more process: those of trials that run make some when they end,
 * and without any it is not waited for without end. */
static void start_again(struct cl_run *run, size_t running, const struct mu_error *error) {
    if (running == 0 && ++run->start_failures == START_AGAIN) {
        run->error = *error;
        give_up(run);
        return;
    }
    if (run->start_after == 0) {
        run->observer->noted(run, mu_arena_format(run->arena, "%s; trying again", error->text));
    }
    run->start_after = cl_clock_steady() + start_pause;
}

static void start_created(struct cl_run *run) {
    size_t running = cl_trial_count(run->trials, run->n_trials).running;
    if (cl_clock_steady() < run->start_after) {
        return;
    }
    for (size_t i = 0; i < run->n_trials && running < (size_t)run->e->parallel; i++) {
        struct mu_error error;
        if (run->trials[i]->condition != MU_TRIAL_CREATED) {
            continue;
        }
        if (cl_attempt_start(run, run->trials[i], &error) != MU_OK) {
            start_again(run, running, &error);
            return;
        }
        run->start_failures = 0;
        run->start_after = 0;
        running += run->trials[i]->condition == MU_TRIAL_RUNNING;
    }
}

static size_t missing(const struct cl_run *run, size_t done, size_t active) {
    size_t wanted = (size_t)run->e->parallel;
    if (run->e->max_trials > 0) {
        size_t left = done < (size_t)run->e->max_trials ? (size_t)run->e->max_trials - done : 0;
        wanted = left < wanted ? left : wanted;
    }
    return active < wanted ? wanted - active : 0;
}

static void go_on(struct cl_run *run) {
    start_created(run);
    struct cl_trial_counts counts = cl_trial_count(run->trials, run->n_trials);
    size_t wanted = missing(run, completed(&counts), counts.pending + counts.running);
    if (wanted > 0 && !cl_asker_busy(run->asker) && cl_clock_steady() >= run->ask_after) {
        ask(run, wanted);
    }
}

static void check_journal(struct cl_run *run) {
    const char *broken = cl_journal_failed(run->journal);
    if (broken && run->error.code == MU_OK) {
        mu_fail(&run->error, MU_INTERNAL, "%s: %s", run->journal_path, broken);
        give_up(run);
    }
}

static void advance(struct cl_run *run) {
    check_journal(run);
    if (!stopping(run)) {
        struct cl_trial_counts counts = cl_trial_count(run->trials, run->n_trials);
        check_finished(run, &counts);
    }
    if (!stopping(run) && !run->paused) {
        go_on(run);
    }
    size_t running = cl_trial_count(run->trials, run->n_trials).running;
    run->interrupted = run->interrupted || (run->paused && running == 0);
    if (stopping(run) && running == 0) {
        check_journal(run); /* whether its last words were written */
        ev_break(run->loop, EVBREAK_ALL);
    }
}

/* ---- events ---- */

static void on_signal(EV_P_ ev_signal *watcher, int events) {
    struct cl_run *run = watcher->data;
    (void)EV_A, (void)events;
    if (run->interrupts++ == 0) {
        run->observer->noted(run, "stopping the trials; once more kills them");
        give_up(run);
    } else {
        for (size_t i = 0; i < run->n_trials; i++) {
            cl_process_signal(run->trials[i]->pid, SIGKILL);
        }
    }
    advance(run);
}

static void on_pause(EV_P_ ev_signal *watcher, int events) {
    struct cl_run *run = watcher->data;
    (void)EV_A, (void)events;
    run->observer->noted(run, "no new trials; those that run may end");
    run->paused = true;
    advance(run);
}

/* libev reaps children; this watcher sees them all. */
static void on_child(EV_P_ ev_child *watcher, int events) {
    struct cl_run *run = watcher->data;
    int status = watcher->rstatus;
    int exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    (void)EV_A, (void)events;
    if (watcher->rpid == run->service.pid) {
        run->service.pid = 0;
        cl_service_ended(&run->service, exit_status, &run->error);
        give_up(run);
    }
    for (size_t i = 0; i < run->n_trials; i++) {
        struct cl_trial *trial = run->trials[i];
        if (trial->pid == watcher->rpid && trial->condition == MU_TRIAL_RUNNING &&
            !trial->adopted) {
            cl_attempt_exited(run, trial, exit_status);
        }
    }
    advance(run);
}

static void on_inotify(EV_P_ ev_io *watcher, int events) {
    struct cl_run *run = watcher->data;
    _Alignas(struct inotify_event) char bytes[4096];
    (void)EV_A, (void)events;
    ssize_t n;
    while ((n = read(run->inotify, bytes, sizeof bytes)) > 0) {
        for (ssize_t at = 0; at < n;) {
            const struct inotify_event *event = (const void *)(bytes + at);
            at += (ssize_t)(sizeof *event + event->len);
            for (size_t i = 0; i < run->n_trials; i++) {
                if (run->trials[i]->watch == event->wd &&
                    run->trials[i]->condition == MU_TRIAL_RUNNING) {
                    cl_attempt_poll(run, run->trials[i]);
                }
            }
        }
    }
}

static void on_tick(EV_P_ ev_timer *watcher, int events) {
    struct cl_run *run = watcher->data;
    double now = cl_clock_steady();
    (void)EV_A, (void)events;
    for (size_t i = 0; i < run->n_trials; i++) {
        cl_attempt_tick(run, run->trials[i], now);
    }
    advance(run);
    run->observer->ticked(run);
}

static void answered(void *user) {
    struct cl_run *run = user;
    ev_async_send(run->loop, &run->on_answer);
}

static void watch_signals(struct cl_run *run) {
    sigset_t watched;
    ev_signal_init(&run->on_int, on_signal, SIGINT);
    ev_signal_init(&run->on_term, on_signal, SIGTERM);
    ev_signal_init(&run->on_pause, on_pause, CL_RUN_PAUSE_SIGNAL);
    run->on_int.data = run->on_term.data = run->on_pause.data = run;
    ev_signal_start(run->loop, &run->on_pause);
    ev_signal_start(run->loop, &run->on_int);
    ev_signal_start(run->loop, &run->on_term);
    sigemptyset(&watched);
    sigaddset(&watched, SIGINT);
    sigaddset(&watched, SIGTERM);
    sigaddset(&watched, CL_RUN_PAUSE_SIGNAL);
    sigprocmask(SIG_UNBLOCK, &watched, NULL); /* what was sent while this was being started */
}

void cl_loop_run(struct cl_run *run) {
    ev_child children;
    run->loop = ev_default_loop(EVFLAG_AUTO);
    run->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
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
    run->asker = cl_asker_create(&run->service, answered, run);
    for (size_t i = 0; i < run->n_trials; i++) {
        if (run->trials[i]->condition == MU_TRIAL_RUNNING) {
            cl_attempt_take_up(run, run->trials[i]);
        }
    }
    if (stopping(run)) {
        stop_all(run, CL_STOP_FINISHED);
    }
    advance(run);
    if (!stopping(run) || cl_trial_count(run->trials, run->n_trials).running > 0) {
        ev_run(run->loop, 0);
    }
    cl_asker_destroy(run->asker);
    mu_arena_destroy(run->question);
    ev_child_stop(run->loop, &children); /* the service is ours to wait for again */
}
