/* A trial of a run: what was suggested, what it reported, how it ended. */
#ifndef MUSHIR_CLIENT_TRIAL_H
#define MUSHIR_CLIENT_TRIAL_H

#include <sys/types.h>

#include "client/metrics.h"

/* The contract's condition numbers. */
enum condition {
    TRIAL_CREATED,
    TRIAL_RUNNING,
    TRIAL_SUCCEEDED,
    TRIAL_KILLED,
    TRIAL_FAILED,
    TRIAL_METRICS_UNAVAILABLE,
    TRIAL_EARLY_STOPPED
};

/* Why we told a trial to stop. */
enum stop_cause { STOP_NONE, STOP_EARLY, STOP_TIMEOUT, STOP_FINISHED, STOP_INTERRUPTED };

struct observation {
    size_t metric;
    const char *value, *time;
};

struct trial {
    size_t number;
    const char *name;
    struct mu_pair *assignments;
    size_t n_assignments, assignment_room;
    enum condition condition;
    const char *started, *completed, *why; /* times in RFC 3339, "" while there is none */
    double begun, ended;                   /* seconds since 1970 */
    int attempt;
    bool has_rule;
    double rule; /* early-stopping threshold, fixed when the trial was created */

    /* what this attempt reported */
    struct observation *observations;
    size_t n_observations, observation_room;
    struct metric_summary *summaries; /* per metric of the experiment */
    double *objective;                /* the numeric reports of the objective */
    size_t n_objective, objective_room;
    double best; /* of |objective| so far */

    /* while it runs */
    pid_t pid;    /* the process group; 0: none */
    bool adopted; /* begun by an earlier mushir: not our child */
    int watch;    /* inotify's; -1 */
    size_t read_to,
        to_skip; /* bytes of the log that were read; observations that the journal already has */
    enum stop_cause stopping;
    bool reminded;     /* asked twice */
    double stop_asked; /* when; for the kill that follows */
};

/* Has it ended? */
bool trial_over(const struct trial *trial);

/* "Succeeded", as in Katib's conditions; and back, TRIAL_CREATED for unknown names. */
const char *condition_name(enum condition condition);
enum condition condition_of(const char *name);

/* The same for causes of a stop: "early", "timeout", "finished", "interrupted". */
const char *stop_cause_name(enum stop_cause cause);
enum stop_cause stop_cause_of(const char *name);

/* Append an assignment; an observation (texts are borrowed). Memory from |arena|. */
void trial_assign(struct trial *trial, const char *name, const char *value, struct mu_arena *arena);
void trial_observe(struct trial *trial, const struct experiment *e, size_t metric,
    const char *value, const char *time, struct mu_arena *arena);

/* Forget what was reported: a new attempt begins. */
void trial_restart(struct trial *trial, const struct experiment *e, struct mu_arena *arena);

/* The text of the metric that counts; NULL when there is none. */
const char *trial_value(const struct trial *trial, const struct experiment *e, size_t metric);

/* The objective as a finite number, of succeeded and early-stopped trials. False for others. */
bool trial_objective(const struct trial *trial, const struct experiment *e, double *value);

/* The best of |trials| in Katib's sense, or NULL: the smallest or largest objective; of equal ones
 * the first; of texts the latest. */
const struct trial *trial_best(struct trial *const *trials, size_t n, const struct experiment *e);

/* Counts by condition. */
struct trial_counts {
    size_t total, pending, running, succeeded, failed, killed, early_stopped, unavailable;
};
struct trial_counts trial_count(struct trial *const *trials, size_t n);

#endif
