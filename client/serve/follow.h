/* How an experiment stands, followed in its journal while somebody else writes it.
 *
 * Each look reads only what was added since the last one; of a trial some forty bytes are kept. */
#ifndef MUSHIR_CLIENT_SERVE_FOLLOW_H
#define MUSHIR_CLIENT_SERVE_FOLLOW_H

#include "client/run/trial.h"

struct cl_follow;

/* How it stands; texts are valid until the next look. */
struct cl_standing {
    const char *experiment; /* its name; NULL: nothing is known yet */
    const char *algorithm, *metric, *started;
    bool maximize;
    int max_trials; /* below 1: unbounded */
    int parallel;
    bool finished, good;
    const char *reason, *message;
    size_t trials, conditions[MU_TRIAL_EARLY_STOPPED + 1]; /* in all, and by condition */
    size_t reports;                                        /* of the objective */
    const char *best_trial;                                /* NULL: none */
    double best;                                           /* NAN: a text */
    long long moment;                                      /* grows with everything that is added */
};

/* Whether it ended as it should, with a value of the objective (cl_run_succeeded). */
bool cl_standing_succeeded(const struct cl_standing *standing);

/* Follow the journal at |path|, which need not exist yet. */
struct cl_follow *cl_follow_create(const char *path);
void cl_follow_destroy(struct cl_follow *follow);

/* Read what was added. A journal that was replaced is read anew. It stays open only while it is
 * |busy|: somebody adds to it. One that is locked is read the next time. */
void cl_follow_look(struct cl_follow *follow, bool busy);

/* The same, of a journal that nobody adds to any more: to its end, if it takes some seconds.
 * MU_RESOURCE_EXHAUSTED when no descriptor is free to open it: to be asked for again. */
MU_MUST_USE enum mu_status cl_follow_end(struct cl_follow *follow);

/* What the journal says so far, until the next look. */
const struct cl_standing *cl_follow_standing(const struct cl_follow *follow);

/* The objective of trial |number|, from 0; NAN when it has none that counts. */
double cl_follow_value(const struct cl_follow *follow, size_t number);

#endif
