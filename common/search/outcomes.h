/* What an experiment wants of its metrics: objectives to optimize, and constraints that a trial
 * should meet. The settings `objectives` and `constraints` say so; without them the one objective
 * is the experiment's. */
#ifndef MUSHIR_SEARCH_OUTCOMES_H
#define MUSHIR_SEARCH_OUTCOMES_H

#include "common/search/experiment.h"

/* Several of them cost time exponential in their number. */
enum { MU_MOST_OBJECTIVES = 6, MU_MOST_CONSTRAINTS = 16 };

/* A function of one metric, smaller is better: sign * mu_trial.values[metric] - bound. Of a
 * constraint it is the excess, g <= 0 where the constraint is met. */
struct mu_outcome {
    const char *name;   /* of the metric */
    size_t metric;      /* its index among the experiment's */
    double sign, bound; /* 1 or -1; 0 for an objective */
};

struct mu_outcomes {
    const struct mu_outcome *list; /* the objectives, then the constraints */
    size_t n, n_objectives;        /* of all, 1 at least; of those, the objectives */
};

/* The two settings, for an algorithm that says it regards them (mu_algorithm.outcomes). */
extern const struct mu_settings mu_outcome_settings;

/* The experiment's own objective alone. Arena-owned. */
struct mu_outcomes mu_outcomes_usual(
    const struct mu_experiment *experiment, struct mu_arena *arena);

/* What the settings of |experiment| say, arena-owned. MU_INVALID_ARGUMENT names the setting, the
 * metric and the position in the text, counted in bytes from 1. One objective alone is the
 * experiment's, in its direction: that is what a controller calls the optimum by. */
MU_MUST_USE enum mu_status mu_outcomes_read(struct mu_outcomes *outcomes,
    const struct mu_experiment *experiment, struct mu_arena *arena, struct mu_error *error);

/* Whether there is more to regard than one objective. */
bool mu_outcomes_several(const struct mu_outcomes *outcomes);

/* The outcomes of |trial| into |values|, one each; NAN where the trial has none. Objectives, and
 * the first metric of the experiment, count for MU_DONE trials only: what a failed trial reported
 * last is no result. A constraint counts wherever it was reported: how much memory a trial took
 * that ran out of it. */
void mu_outcomes_of(
    const struct mu_outcomes *outcomes, const struct mu_trial *trial, double *values);

/* Whether |values|, the outcomes of a trial, have every objective. */
bool mu_outcomes_complete(const struct mu_outcomes *outcomes, const double *values);

/* By how much |values|, the outcomes of a trial, miss the constraints: the sum of the positive
 * excesses, each as a share of its bound's magnitude unless that is 0. 0: feasible. NAN when a
 * constraint has no value. */
double mu_outcomes_violation(const struct mu_outcomes *outcomes, const double *values);

#endif
