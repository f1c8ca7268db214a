/* The state of a run from its journal. */
#include "client/run/replay.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/experiment/read.h"
#include "client/run/clock.h"

struct replay {
    struct cl_run *run;
    const char *text, *name; /* the experiment as the journal has it */
};

static void replay_run_event(struct replay *replay, const struct cl_journal_event *event) {
    struct cl_run *run = replay->run;
    struct mu_arena *arena = run->arena;
    if (!strcmp(event->kind, "experiment")) {
        replay->text = mu_arena_copy(arena, event->value);
        replay->name = mu_arena_copy(arena, event->name);
        run->started = run->started ? run->started : mu_arena_copy(arena, event->time);
    } else if (!strcmp(event->kind, "run")) {
        run->id = mu_arena_copy(arena, event->value);
    } else if (!strcmp(event->kind, "setting")) {
        cl_run_keep_setting(run, event->name, event->value);
    } else if (!strcmp(event->kind, "finished")) {
        run->result = (struct cl_run_result){true, strcmp(event->name, "ExperimentFailed") != 0,
            mu_arena_copy(arena, event->name), mu_arena_copy(arena, event->value),
            mu_arena_copy(arena, event->time)};
    }
}

static void replay_metric(
    struct cl_run *run, struct cl_trial *trial, const struct cl_journal_event *event) {
    for (size_t m = 0; m < run->e->n_metrics; m++) {
        if (!strcmp(run->e->metrics[m].name, event->name)) {
            cl_trial_observe(trial, run->e, m, mu_arena_copy(run->arena, event->value),
                mu_arena_copy(run->arena, event->time), run->arena);
        }
    }
}

static void replay_rule(
    const struct cl_run *run, struct cl_trial *trial, const struct cl_journal_event *event) {
    int64_t step;
    double value;
    trial->has_rule = mu_read_integer(event->name, &step) && mu_read_double(event->value, &value);
    if (trial->has_rule) {
        trial->rule = (struct mu_threshold){(size_t)step, run->e->maximize ? -value : value};
    }
}

static void replay_trial_event(
    struct cl_run *run, struct cl_trial *trial, const struct cl_journal_event *event) {
    struct mu_arena *arena = run->arena;
    const char *kind = event->kind;
    if (!strcmp(kind, "assignment")) {
        cl_trial_assign(
            trial, mu_arena_copy(arena, event->name), mu_arena_copy(arena, event->value), arena);
    } else if (!strcmp(kind, "rule")) {
        replay_rule(run, trial, event);
    } else if (!strcmp(kind, "started")) {
        cl_trial_restart(trial, run->e, arena);
        trial->attempt = atoi(event->value);
        trial->condition = MU_TRIAL_RUNNING;
        trial->started = mu_arena_copy(arena, event->time);
        trial->begun = cl_clock_read(event->time);
    } else if (!strcmp(kind, "stopping")) {
        trial->stopping = cl_stop_cause_of(event->name);
    } else if (!strcmp(kind, "metric")) {
        replay_metric(run, trial, event);
    } else if (!strcmp(kind, "ended")) {
        trial->condition = cl_condition_of(event->name);
        trial->why = mu_arena_copy(arena, event->value);
        trial->completed = mu_arena_copy(arena, event->time);
        trial->ended = cl_clock_read(event->time);
    }
}

static void replay_event(void *user, const struct cl_journal_event *event) {
    struct replay *replay = user;
    if (!strcmp(event->kind, "suggested") || !strcmp(event->kind, "started")) {
        replay->run->result = (struct cl_run_result){0}; /* it went on */
    }
    if (event->trial < 0) {
        replay_run_event(replay, event);
    } else if (!strcmp(event->kind, "suggested")) {
        cl_run_add_trial(replay->run, event->name);
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
static enum mu_status check_same(
    const struct cl_run *run, const struct replay *stored, struct mu_error *error) {
    struct cl_problems problems = {0};
    const struct cl_experiment *now = run->e;
    const struct cl_experiment *then =
        cl_experiment_read(stored->text, strlen(stored->text), stored->name, run->arena, &problems);
    bool same =
        then && !strcmp(stored->name, now->name) && then->maximize == now->maximize &&
        !strcmp(then->metrics[0].name, now->metrics[0].name) &&
        !strcmp(then->algorithm, now->algorithm) &&
        same_parameters(then->parameters, then->n_parameters, now->parameters, now->n_parameters) &&
        same_network(&then->network, &now->network);
    return same ? MU_OK
                : mu_fail(error, MU_INVALID_ARGUMENT,
                      "%s is the journal of another experiment: name, algorithm, objective, "
                      "parameters or network differ" CL_RUN_BEGIN_ANEW,
                      run->journal_path);
}

bool cl_run_goes_on(const char *reason, size_t trials, int max_trials) {
    return !strcmp(reason, "ExperimentMaxTrialsReached") &&
           (max_trials < 0 || trials < (size_t)max_trials);
}

static void reopen(struct cl_run *run) {
    size_t trials = cl_trial_count(run->trials, run->n_trials).total;
    if (run->result.finished && cl_run_goes_on(run->result.reason, trials, run->e->max_trials)) {
        run->result = (struct cl_run_result){0};
    }
}

const char *cl_run_new_id(struct mu_arena *arena) {
    static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
    unsigned char bytes[4] = {0};
    if (getentropy(bytes, sizeof bytes)) {
        abort();
    }
    char id[sizeof bytes + 1] = "";
    for (size_t i = 0; i < sizeof bytes; i++) {
        id[i] = letters[bytes[i] % (sizeof letters - 1)];
    }
    return mu_arena_copy(arena, id);
}

/* What the journal says of the run, all of it or nothing; |state| is left with the experiment that
 * it was run with. */
static enum mu_status replay_all(struct cl_run *run, struct replay *state, struct mu_error *error) {
    *state = (struct replay){run, NULL, NULL};
    run->id = "";
    if (!cl_journal_replay(run->journal, 0, replay_event, state)) {
        return mu_fail(error, MU_INTERNAL, "%s cannot be read to its end: %s", run->journal_path,
            cl_journal_failed(run->journal));
    }
    if (state->text) {
        run->begun = cl_clock_read(run->started);
        reopen(run);
    }
    return MU_OK;
}

static void begin_journal(struct cl_run *run, const char *id) {
    run->started = cl_clock_text(run->arena, cl_clock_now());
    run->id = id;
    cl_journal_begin(run->journal);
    cl_journal_add(run->journal, -1, run->started, "experiment", run->e->name, run->text);
    cl_journal_add(run->journal, -1, run->started, "run", NULL, run->id);
    cl_journal_commit(run->journal);
}

enum mu_status cl_run_replay(struct cl_run *run, struct mu_error *error) {
    struct replay state;
    const char *id = run->id ? run->id : cl_run_new_id(run->arena);
    if (replay_all(run, &state, error) != MU_OK) {
        return error->code;
    }
    if (!state.text) { /* it begins, or was killed before its first word */
        begin_journal(run, id);
        return MU_OK;
    }
    if (check_same(run, &state, error) != MU_OK) {
        return error->code;
    }
    if (strcmp(state.text, run->text) != 0) { /* who looks at the journal alone knows the counts */
        cl_journal_add(run->journal, -1, cl_clock_text(run->arena, cl_clock_now()), "experiment",
            run->e->name, run->text);
    }
    for (size_t i = 0; i < run->n_trials; i++) {
        run->resumed += cl_trial_over(run->trials[i]);
    }
    return MU_OK;
}

enum mu_status cl_run_view(struct cl_run *run, struct mu_error *error) {
    struct cl_problems problems = {0};
    struct replay state;
    const char *name;
    const char *text;
    run->inotify = -1;
    run->viewed = true;
    run->trials_path = cl_run_trials(run);
    run->runner = cl_journal_runner(run->journal_path);
    run->journal = cl_journal_open(run->journal_path, CL_JOURNAL_READ, error);
    if (!run->journal) {
        return error->code;
    }
    if (cl_journal_experiment(run->journal, run->arena, &name, &text)) {
        run->e = cl_experiment_read(text, strlen(text), name, run->arena, &problems);
    }
    if (!run->e) {
        const char *broken = cl_journal_failed(run->journal);
        return mu_fail(error, MU_INVALID_ARGUMENT, "%s: the experiment in it cannot be read%s%s",
            run->journal_path, broken ? ": " : "", broken ? broken : "");
    }
    run->text = text;
    return replay_all(run, &state, error);
}
