/* The experiment and its trials in canonical form: what an algorithm is given. */
#ifndef MUSHIR_SEARCH_EXPERIMENT_H
#define MUSHIR_SEARCH_EXPERIMENT_H

#include "common/search/record.h"
#include "common/search/settings.h"
#include "common/search/space.h"

/* A metric that trials report, and whether more of it is better. */
struct mu_objective {
    const char *name;
    bool maximize;
};

struct mu_experiment {
    const char *name;
    struct mu_space space;              /* n == 0 when the client sent no parameters */
    const struct mu_objective *metrics; /* one at least: the objective first, then the additional
                                        ones, no name twice */
    size_t n_metrics;
    double goal; /* as sent; 0 cannot be told from unset */
    const char *algorithm;
    const struct mu_pair *settings; /* as sent */
    size_t n_settings;
    int parallel_trials, max_trials; /* 0: unset */
    bool stops_early;                /* an early stopping algorithm is named */
    struct mu_network network;
};

/* Index of the metric called |name|, or -1. */
ptrdiff_t mu_experiment_find_metric(const struct mu_experiment *experiment, const char *name);

enum mu_trial_state {
    MU_PENDING, /* CREATED, RUNNING, or a condition we do not know: has no value yet */
    MU_DONE,    /* SUCCEEDED or EARLYSTOPPED with a finite number */
    MU_FAILED,  /* FAILED, KILLED, METRICSUNAVAILABLE, or finished without a finite number */
};

enum mu_belonging {
    MU_FITS,
    MU_INFEASIBLE, /* the right names but a value outside the feasible space: an edited experiment,
                 or a resource beyond its range */
    MU_FOREIGN /* lacks a parameter or has a name the space does not know: another experiment's */
};

struct mu_trial {
    const char *name;
    enum mu_belonging belongs;
    enum mu_trial_state state;
    bool early_stopped; /* MU_DONE: the value is a partial result */
    double loss;        /* MU_DONE: the objective, negated when the experiment maximizes; else 0 */
    /* Completion time in UTC, ISO 8601 without a zone, so that strcmp orders moments; "" while
     * unfinished. A finished trial without one (Katib gives early-stopped trials none) stands where
     * it started. A text that is no time is as it was sent. */
    const char *completed;
    const char *started;  /* creation time, likewise; "" when unknown */
    const double *values; /* of the experiment's metrics as numbers, negated where more is better,
                             so that smaller is better; NAN where missing, no finite number, or the
                             trial is unfinished. The first is the loss of a MU_DONE one */
    size_t n_values;      /* as many as the experiment has metrics */
    /* As sent, but in the order of the space, or by name where it has no parameters. */
    const struct mu_pair *assignments;
    size_t n_assignments;
    const struct mu_pair *labels; /* of the trial, as sent */
    size_t n_labels;
    const double *x; /* space.n coordinates; of an infeasible trial NAN where the text is no value
                        of the parameter; NULL when space.n == 0 */
};

/* An experiment's trials in canonical order: by (completion time, name, assignments, state, loss,
 * other values), unfinished last. */
struct mu_history {
    const struct mu_trial *trials; /* every x finite */
    size_t n;
    const struct mu_trial *infeasible;
    size_t n_infeasible;
    size_t foreign; /* how many were left out because they belong to another experiment */
};

/* Seconds from the start of |trial| to its end, by its times in RFC 3339; NAN when it has not
 * ended, a time is unknown or none, or the end does not come after the start. */
double mu_trial_seconds(const struct mu_trial *trial);

/* The text that |trial| assigns to |name|, or NULL. */
const char *mu_trial_text(const struct mu_trial *trial, const char *name);

/* A trial as the wire layer read it. */
struct mu_trial_record {
    const char *name, *completed, *metric; /* |metric|: text of the objective, NULL when absent */
    const char *started;                   /* NULL or "": unknown */
    int condition; /* an enum mu_trial_condition, or a number that this contract does not know */
    const struct mu_pair *assignments;
    size_t n_assignments;
    const char *const *additional; /* texts of the additional metrics; NULL: all absent */
    const struct mu_pair *labels;
    size_t n_labels;
};

/* One record in canonical form; a pure function of the experiment's space and metrics and of the
 * record, whose texts it borrows. */
void mu_trial_read(struct mu_trial *trial, const struct mu_experiment *experiment,
    const struct mu_trial_record *record, struct mu_arena *arena);

/* The canonical history of |n| trials, which are copied. All memory from |arena|. */
void mu_history_of(struct mu_history *history, const struct mu_trial *const *trials, size_t n,
    struct mu_arena *arena);

/* How many trials are shown that have not ended. */
size_t mu_history_running(const struct mu_history *history);

/* Whether a trial is shown that was stopped early. */
bool mu_history_stopped_early(const struct mu_history *history);

/* A number that stands for the set of trials, whatever their order and that of the assignments of
 * each: a hash of their names, assignments, states and losses, and of how many were left out; 0
 * without trials. */
uint64_t mu_history_digest(const struct mu_history *history);

/* The seed of an experiment whose client gave no random_state: a hash of its name and space. */
uint64_t mu_experiment_seed(const struct mu_experiment *experiment);

#endif
