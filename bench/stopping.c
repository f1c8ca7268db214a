/* What early stopping saves and costs on given learning curves: bench/quality/stopping.py writes
 * them to our stdin, a line per trial, an empty line behind each experiment. For each experiment
 * and stopper (and "none") a line is printed: the stopper, the share of reports saved, the share of
 * trials stopped, the number of the trial whose reports were best. */
#include "common/stopping/stopping.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARALLEL = 4, MOST_TRIALS = 1000, LONGEST_LINE = 1 << 16 };

struct experiment {
    struct mu_curve full[MOST_TRIALS];
    size_t n;
};

/* A trial that runs: it ends at |end| with the first |curve.n| reports of its curve. */
struct running {
    size_t number, end;
    struct mu_curve curve;
};

struct outcome {
    size_t spent, stopped, best;
    double least;
};

static struct running begin(const struct mu_stopper *stopper, const struct mu_curve *full,
    const struct mu_curve *ended, size_t n, struct mu_arena *arena) {
    struct running trial = {.curve = *full};
    struct mu_threshold rule;
    if (stopper && mu_stopper_find(stopper, NULL, 0, ended, n, arena, &rule) &&
        rule.step < full->n &&
        mu_threshold_stops(&rule, mu_curve_best(full, rule.step), rule.step)) {
        trial.curve.n = rule.step;
        trial.curve.stopped = true;
    }
    return trial;
}

static void end(struct outcome *outcome, const struct running *trial) {
    double least = mu_curve_best(&trial->curve, trial->curve.n);
    outcome->spent += trial->curve.n;
    outcome->stopped += trial->curve.stopped;
    if (least < outcome->least) {
        outcome->least = least;
        outcome->best = trial->number;
    }
}

static size_t first_to_end(const struct running *running, size_t n) {
    size_t first = 0;
    for (size_t i = 1; i < n; i++) {
        first = running[i].end < running[first].end ? i : first;
    }
    return first;
}

/* Trials begin in order, as soon as a place is free; a report takes one unit of time. */
static struct outcome simulate(
    const struct mu_stopper *stopper, const struct experiment *e, struct mu_arena *arena) {
    struct outcome outcome = {.least = INFINITY};
    struct mu_curve *ended = MU_ARRAY(arena, e->n, struct mu_curve);
    struct running running[PARALLEL];
    size_t n_running = 0;
    size_t n_ended = 0;
    size_t now = 0;
    for (size_t begun = 0; begun < e->n || n_running > 0;) {
        if (begun < e->n && n_running < PARALLEL) {
            struct running trial = begin(stopper, &e->full[begun], ended, n_ended, arena);
            trial.number = begun++;
            trial.end = now + trial.curve.n;
            running[n_running++] = trial;
            continue;
        }
        size_t first = first_to_end(running, n_running);
        now = running[first].end;
        end(&outcome, &running[first]);
        ended[n_ended++] = running[first].curve;
        running[first] = running[--n_running];
    }
    return outcome;
}

static void print(const char *name, const struct outcome *outcome, size_t all, size_t n) {
    printf("%s %.6f %.6f %zu\n", name, 1 - (double)outcome->spent / (double)all,
        (double)outcome->stopped / (double)n, outcome->best);
}

static void compare(const struct experiment *e) {
    struct mu_arena *arena = mu_arena_create((size_t)1 << 30);
    struct outcome none = simulate(NULL, e, arena);
    print("none", &none, none.spent, e->n);
    for (const struct mu_stopper *const *s = mu_stoppers; *s; s++) {
        struct outcome outcome = simulate(*s, e, arena);
        print((*s)->name, &outcome, none.spent, e->n);
    }
    mu_arena_destroy(arena);
}

/* The numbers of |line|, owned by |arena|. */
static struct mu_curve read_curve(char *line, struct mu_arena *arena) {
    double *losses = MU_ARRAY(arena, strlen(line) / 2 + 1, double);
    size_t n = 0;
    char *rest;
    for (char *word = strtok_r(line, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest)) {
        losses[n++] = strtod(word, NULL);
    }
    return (struct mu_curve){.losses = losses, .n = n};
}

int main(void) {
    static struct experiment e;
    static char line[LONGEST_LINE];
    struct mu_arena *arena = mu_arena_create((size_t)1 << 30);
    while (fgets(line, sizeof line, stdin)) {
        if (*line != '\n' && e.n < MOST_TRIALS) {
            e.full[e.n++] = read_curve(line, arena);
        } else if (e.n > 0) {
            compare(&e);
            e.n = 0;
        }
    }
    mu_arena_destroy(arena);
    return 0;
}
