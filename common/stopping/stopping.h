/* Early stopping as pure functions: the curves of trials that have ended give one rule for a trial
 * that begins.
 *
 * A rule is a step and a threshold. At its report number |step|, and never again, a trial whose
 * best value so far is worse than the threshold is stopped: what the metrics collectors of Katib
 * can judge. Losses are turned so that smaller is better. */
#ifndef MUSHIR_STOPPING_STOPPING_H
#define MUSHIR_STOPPING_STOPPING_H

#include <stdbool.h>

#include "common/base/arena.h"
#include "common/search/settings.h"

/* What a trial that has ended reported of the objective, in order; every number is finite. */
struct mu_curve {
    const double *losses;
    size_t n;     /* a curve without reports counts as no trial */
    bool stopped; /* early: the training would have gone on */
};

struct mu_threshold {
    size_t step; /* 1 is the first report */
    double loss;
};

/* One way of finding a rule. */
struct mu_stopper {
    const char *name, *summary;
    struct mu_settings settings;

    /* The rule for a trial that begins after |n| |curves|, whose order does not matter; |options|
     * is what the settings filled. False: there is none. */
    bool (*find)(const void *options, const struct mu_curve *curves, size_t n,
        struct mu_arena *arena, struct mu_threshold *rule);
};

/* Every stopper there is, ended by NULL, and the one called |name|, or NULL. */
extern const struct mu_stopper *const mu_stoppers[];
const struct mu_stopper *mu_stopper_called(const char *name);

/* Whether |pairs| are settings of |stopper|, with Katib's texts. MU_INVALID_ARGUMENT names the
 * setting and the value. */
MU_MUST_USE enum mu_status mu_stopper_validate(const struct mu_stopper *stopper,
    const struct mu_pair *pairs, size_t n_pairs, struct mu_arena *arena, struct mu_error *error);

/* The rule of |stopper| under the settings |pairs|, those it does not know passed over. False:
 * there is none, because a setting cannot be read, or there are too few curves, or all are alike.
 */
bool mu_stopper_find(const struct mu_stopper *stopper, const struct mu_pair *pairs, size_t n_pairs,
    const struct mu_curve *curves, size_t n, struct mu_arena *arena, struct mu_threshold *rule);

/* Whether a trial whose best loss so far is |best| after |reports| reports must stop. */
bool mu_threshold_stops(const struct mu_threshold *rule, double best, size_t reports);

/* The least loss of the first |steps| reports of |curve| (of all, if there are fewer); one report
 * at least. */
double mu_curve_best(const struct mu_curve *curve, size_t steps);

#endif
