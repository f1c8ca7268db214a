#include "client/serve/follow.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "client/experiment/read.h"
#include "client/run/journal.h"
#include "client/run/replay.h"
#include "client/text/file.h"
#include "common/search/number.h"

/* What is kept of a trial. */
struct mark {
    enum mu_trial_condition condition;
    bool reported, text; /* whether a number counts; whether the latest value is a text */
    double min, max, latest, value; /* of its objective; the value that counts, or NAN */
};

struct cl_follow {
    char *path;
    struct stat file;               /* the journal, as it was when it was opened */
    char origin[CL_JOURNAL_ORIGIN]; /* of what was read; "": nothing */
    bool recognised;                /* the open one is of that origin */
    struct cl_journal *journal;
    struct mu_arena *arena; /* of this journal's texts */
    struct cl_experiment *e;
    struct cl_standing standing;
    size_t best; /* the trial's number, when standing.best_trial */
    struct mark *marks;
    const char **names;
    size_t room;
};

/* ---- opening ---- */

static void close_journal(struct cl_follow *f) {
    cl_journal_close(f->journal);
    f->journal = NULL;
    f->recognised = false;
}

/* What was read. */
static void forget_standing(struct cl_follow *f) {
    mu_arena_destroy(f->arena);
    f->arena = NULL;
    *f->origin = '\0';
    f->e = NULL;
    free(f->marks);
    free(f->names);
    f->marks = NULL;
    f->names = NULL;
    f->room = 0;
    f->standing = (struct cl_standing){0};
}

static void forget(struct cl_follow *f) {
    close_journal(f);
    forget_standing(f);
}

struct cl_follow *cl_follow_create(const char *path) {
    struct cl_follow *f = calloc(1, sizeof *f);
    if (!f || !(f->path = strdup(path))) {
        abort();
    }
    return f;
}

void cl_follow_destroy(struct cl_follow *follow) {
    if (follow) {
        forget(follow);
        free(follow->path);
        free(follow);
    }
}

/* The experiment as it was run last: counts may have been raised. */
static void read_experiment(struct cl_follow *f) {
    struct cl_problems problems = {0};
    const char *name;
    const char *text;
    if (cl_journal_experiment(f->journal, f->arena, &name, &text)) {
        struct cl_experiment *e = cl_experiment_read(text, strlen(text), name, f->arena, &problems);
        f->e = e ? e : f->e;
    }
    if (f->e) {
        f->standing.experiment = f->e->name;
        f->standing.algorithm = f->e->algorithm;
        f->standing.metric = f->e->metrics[0].name;
        f->standing.maximize = f->e->maximize;
        f->standing.max_trials = f->e->max_trials;
        f->standing.parallel = f->e->parallel;
    }
}

static const off_t unread = -1; /* the size of a journal that is to be read again */

static bool same_file(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool same_content(const struct stat *a, const struct stat *b) {
    return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Whether something may have been added to a journal that was closed: SQLite's own file beside it
 * is there, or it was written to. */
static bool may_have_grown(const struct cl_follow *f, const struct stat *file) {
    char wal[CL_LONGEST_PATH];
    struct stat beside;
    snprintf(wal, sizeof wal, "%s-wal", f->path);
    return !same_content(&f->file, file) || !stat(wal, &beside);
}

/* Whether what was read before is of this journal, or forgotten now: one that was begun anew may
 * have the inode of the one before. */
static bool recognise(struct cl_follow *f) {
    char origin[CL_JOURNAL_ORIGIN];
    if (f->recognised || !cl_journal_origin(f->journal, origin)) {
        return f->recognised || !*f->origin;
    }
    if (strcmp(f->origin, origin) != 0) {
        forget_standing(f);
        memcpy(f->origin, origin, sizeof origin);
    }
    f->recognised = true;
    return true;
}

/* Whether the journal is open to be read on; one that was replaced is forgotten. */
static bool open_journal(struct cl_follow *f, enum cl_journal_mode mode, struct mu_error *error) {
    struct stat file = {0};
    if (stat(f->path, &file) || !same_file(&f->file, &file)) {
        forget(f);
    } else if (f->journal) {
        return true;
    } else if (f->arena && !may_have_grown(f, &file)) {
        return false;
    }
    f->file = file;
    f->journal = file.st_ino ? cl_journal_open(f->path, mode, error) : NULL;
    f->file.st_size = f->journal ? f->file.st_size : unread;
    return f->journal != NULL;
}

/* ---- events ---- */

static void add_trial(struct cl_follow *f, const char *name) {
    size_t n = f->standing.trials;
    if (n == f->room) {
        f->room = n ? 2 * n : 64;
        f->marks = realloc(f->marks, f->room * sizeof *f->marks);
        f->names = realloc(f->names, f->room * sizeof *f->names);
        if (!f->marks || !f->names) {
            abort();
        }
    }
    f->marks[n] = (struct mark){.condition = MU_TRIAL_CREATED, .value = (double)NAN};
    f->names[n] = mu_arena_copy(f->arena, name);
    f->standing.trials++;
    f->standing.conditions[MU_TRIAL_CREATED]++;
    f->standing.finished = false; /* it goes on */
}

static void set_condition(
    struct cl_follow *f, struct mark *mark, enum mu_trial_condition condition) {
    f->standing.conditions[mark->condition]--;
    mark->condition = condition;
    f->standing.conditions[condition]++;
}

static void restart(struct cl_follow *f, struct mark *mark) {
    set_condition(f, mark, MU_TRIAL_RUNNING);
    mark->reported = mark->text = false;
    f->standing.finished = false;
}

static void report(struct cl_follow *f, struct mark *mark, const char *text) {
    double value;
    f->standing.reports++;
    mark->text = false;
    if (!mu_read_double(text, &value)) {
        mark->text = cl_metric_tells(text);
        mark->reported &= f->e->metrics[0].strategy != CL_STRATEGY_LATEST;
        return;
    }
    mark->min = !mark->reported || value < mark->min ? value : mark->min;
    mark->max = !mark->reported || value > mark->max ? value : mark->max;
    mark->latest = value;
    mark->reported = true;
}

static double counting(const struct cl_follow *f, const struct mark *mark) {
    enum cl_strategy strategy = f->e->metrics[0].strategy;
    return strategy == CL_STRATEGY_LATEST ? mark->latest
           : strategy == CL_STRATEGY_MIN  ? mark->min
                                          : mark->max;
}

static void set_best(struct cl_follow *f, size_t number, double value) {
    f->best = number;
    f->standing.best = value;
    f->standing.best_trial = f->names[number];
}

/* A trial's end; the first of the best counts, else the latest text, as in cl_trial_best. */
static void end(struct cl_follow *f, size_t number, enum mu_trial_condition condition) {
    struct mark *mark = &f->marks[number];
    bool counts = condition == MU_TRIAL_SUCCEEDED || condition == MU_TRIAL_EARLY_STOPPED;
    set_condition(f, mark, condition);
    bool numeric = f->standing.best_trial && !isnan(f->standing.best);
    bool latest = !f->standing.best_trial || number > f->best;
    if (counts && !mark->reported && mark->text && !numeric && latest) {
        set_best(f, number, (double)NAN);
    }
    if (!counts || !mark->reported) {
        return;
    }
    mark->value = counting(f, mark);
    bool better =
        f->standing.maximize ? mark->value > f->standing.best : mark->value < f->standing.best;
    bool earlier =
        mark->value <= f->standing.best && mark->value >= f->standing.best && number < f->best;
    if (!numeric || better || earlier) {
        set_best(f, number, mark->value);
    }
}

static void take_trial_event(
    struct cl_follow *f, size_t number, const struct cl_journal_event *event) {
    const char *kind = event->kind;
    if (!strcmp(kind, "started")) {
        restart(f, &f->marks[number]);
    } else if (!strcmp(kind, "metric") && !strcmp(event->name, f->standing.metric)) {
        report(f, &f->marks[number], event->value);
    } else if (!strcmp(kind, "ended")) {
        end(f, number, cl_condition_of(event->name));
    }
}

static void take_run_event(struct cl_follow *f, const struct cl_journal_event *event) {
    if (!strcmp(event->kind, "experiment")) {
        f->standing.started =
            f->standing.started ? f->standing.started : mu_arena_copy(f->arena, event->time);
        read_experiment(f);
        f->standing.finished =
            f->standing.finished &&
            !cl_run_goes_on(f->standing.reason, f->standing.trials, f->standing.max_trials);
    } else if (!strcmp(event->kind, "finished")) {
        f->standing.finished = true;
        f->standing.good = strcmp(event->name, "ExperimentFailed") != 0;
        f->standing.reason = mu_arena_copy(f->arena, event->name);
        f->standing.message = mu_arena_copy(f->arena, event->value);
    }
}

static void take(void *user, const struct cl_journal_event *event) {
    struct cl_follow *f = user;
    f->standing.moment = event->id;
    if (event->trial < 0) {
        take_run_event(f, event);
    } else if (!f->e) { /* what is tried is not known: a journal that was damaged */
        return;
    } else if (!strcmp(event->kind, "suggested")) {
        add_trial(f, event->name);
    } else if ((size_t)event->trial < f->standing.trials) {
        take_trial_event(f, (size_t)event->trial, event);
    }
}

static enum mu_status look(struct cl_follow *f, bool busy, enum cl_journal_mode mode) {
    struct mu_error error = {.code = MU_OK};
    if (!open_journal(f, mode, &error)) {
        return error.code;
    }
    bool known = recognise(f);
    if (!f->arena) {
        f->arena = mu_arena_create(SIZE_MAX / 4);
    }
    bool whole = known && cl_journal_replay(f->journal, f->standing.moment, take, f);
    enum mu_status status = whole ? MU_OK : cl_journal_cause(f->journal);
    if (!busy) { /* nobody adds to it: its files need not stay open */
        close_journal(f);
        (void)!stat(f->path, &f->file); /* SQLite may have tidied it up */
        f->file.st_size = whole ? f->file.st_size : unread;
    }
    return status;
}

void cl_follow_look(struct cl_follow *follow, bool busy) {
    (void)look(follow, busy, CL_JOURNAL_FOLLOW);
}

enum mu_status cl_follow_end(struct cl_follow *follow) {
    close_journal(follow);
    return look(follow, false, CL_JOURNAL_READ);
}

const struct cl_standing *cl_follow_standing(const struct cl_follow *follow) {
    return &follow->standing;
}

bool cl_standing_succeeded(const struct cl_standing *standing) {
    return standing->finished && standing->good && standing->best_trial;
}

double cl_follow_value(const struct cl_follow *follow, size_t number) {
    return number < follow->standing.trials ? follow->marks[number].value : (double)NAN;
}
