/* A trial of a run: what was suggested, what it reported, how it ended. */
#ifndef MUSHIR_CLIENT_RUN_TRIAL_H
#define MUSHIR_CLIENT_RUN_TRIAL_H

#include <sys/types.h>

#include "client/run/metrics.h"
#include "common/search/record.h"
#include "common/stopping/stopping.h"

/* Why we told a trial to stop. */
enum cl_stop_cause {
    CL_STOP_NONE,
    CL_STOP_EARLY,
    CL_STOP_TIMEOUT,
    CL_STOP_FINISHED,
    CL_STOP_INTERRUPTED
};

struct cl_observation {
    size_t metric;
    const char *value, *time;
};

struct cl_trial {
    size_t number;
    const char *name;
    struct mu_pair *assignments;
    size_t n_assignments, assignment_room;
    enum mu_trial_condition condition;
    const char *started, *completed, *why; /* times in RFC 3339, "" while there is none */
    double begun, ended;                   /* seconds since 1970 */
    int attempt;
    bool has_rule;
    struct mu_threshold rule; /* of early stopping, fixed when the trial was created */

    /* what this attempt reported */
    struct cl_observation *observations;
    size_t n_observations, observation_room;
    struct cl_metric_summary *summaries; /* per metric of the experiment */
    double *objective;                   /* the numeric reports of the objective */
    size_t n_objective, objective_room;
    double best; /* of |objective| so far */

    /* while it runs */
    pid_t pid;    /* the process group; 0: none */
    bool adopted; /* begun by an earlier mushir: not our child */
    int watch;    /* inotify's; -1 */
    size_t read_to,
        to_skip; /* bytes of the log that were read; observations that the journal already has */
    bool in_long_line; /* what comes until the next line ends belongs to one that was passed over */
    enum cl_stop_cause stopping;
    bool reminded;            /* asked twice */
    double since, stop_asked; /* by cl_clock_steady: when it began; when it was told to stop */
};

/* Has it ended? */
bool cl_trial_over(const struct cl_trial *trial);

/* "Succeeded", as in Katib's conditions; and back, MU_TRIAL_CREATED for unknown names. */
const char *cl_condition_name(enum mu_trial_condition condition);
enum mu_trial_condition cl_condition_of(const char *name);

/* The same for causes of a stop: "early", "timeout", "finished", "interrupted". */
const char *cl_stop_cause_name(enum cl_stop_cause cause);
enum cl_stop_cause cl_stop_cause_of(const char *name);

/* Append an assignment; an observation (texts are borrowed). Memory from |arena|. */
void cl_trial_assign(
    struct cl_trial *trial, const char *name, const char *value, struct mu_arena *arena);
void cl_trial_observe(struct cl_trial *trial, const struct cl_experiment *e, size_t metric,
    const char *value, const char *time, struct mu_arena *arena);

/* Forget what was reported: a new attempt begins. */
void cl_trial_restart(
    struct cl_trial *trial, const struct cl_experiment *e, struct mu_arena *arena);

/* The text of the metric that counts; NULL when there is none. */
const char *cl_trial_value(
    const struct cl_trial *trial, const struct cl_experiment *e, size_t metric);

/* The objective as a finite number, of succeeded and early-stopped trials. False for others. */
bool cl_trial_objective(const struct cl_trial *trial, const struct cl_experiment *e, double *value);

/* The best of |trials| in Katib's sense, or NULL: the smallest or largest objective; of equal ones
 * the first; where there is none, of texts the latest. */
const struct cl_trial *cl_trial_best(
    struct cl_trial *const *trials, size_t n, const struct cl_experiment *e);

/* What there is to say where there is none: a format of the objective's name. */
#define CL_TRIAL_NO_BEST "no trial has a value of %s"

/* Counts by condition. */
struct cl_trial_counts {
    size_t total, pending, running, succeeded, failed, killed, early_stopped, unavailable;
};
struct cl_trial_counts cl_trial_count(struct cl_trial *const *trials, size_t n);

#endif
