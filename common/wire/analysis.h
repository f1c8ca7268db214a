/* Messages of mushir.v1.Analysis (proto/analysis.proto): requests read, replies written. Texts that
 * are read are owned by the arena. */
#ifndef MUSHIR_WIRE_ANALYSIS_H
#define MUSHIR_WIRE_ANALYSIS_H

#include "common/wire/wire.h"

#define MU_ANALYSIS "mushir.v1.Analysis"
#define MU_ANALYSIS_IMPORTANCE "/" MU_ANALYSIS "/Importance"
#define MU_ANALYSIS_PREDICT "/" MU_ANALYSIS "/Predict"
#define MU_ANALYSIS_PARETO_FRONT "/" MU_ANALYSIS "/ParetoFront"
#define MU_ANALYSIS_BEST "/" MU_ANALYSIS "/Best"

/* A request of any of the methods in domain form. */
struct mu_wire_analysis {
    struct mu_wire_suggestions in;
    size_t metric;          /* the one that is asked for, as a number of the experiment's metrics */
    const double *const *x; /* the points: coordinates of the space */
    size_t n_points;
};

/* Read an AnalysisRequest. Errors as mu_wire_read_suggestions, and MU_INVALID_ARGUMENT for a metric
 * that the experiment does not have, or a point without a feasible value for every parameter. */
MU_MUST_USE enum mu_status mu_wire_read_analysis(const uint8_t *bytes, size_t size,
    struct mu_arena *arena, struct mu_wire_analysis *out, struct mu_error *error);

/* ---- replies, each the reply to |call|; errors of mu_call_make_reply ---- */

struct mu_importance {
    const char *name;
    double share, error, good;
};
struct mu_pair_importance {
    const char *a, *b;
    double share;
};
struct mu_wire_importance {
    const struct mu_importance *parameters;
    size_t n_parameters;
    const struct mu_pair_importance *pairs;
    size_t n_pairs;
    double noise;
    size_t observed;
    bool sure;
};
MU_MUST_USE enum mu_status mu_wire_write_importance(
    const struct mu_wire_importance *importance, struct mu_call *call, struct mu_error *error);

struct mu_prediction {
    double mean, deviation;
};
MU_MUST_USE enum mu_status mu_wire_write_predictions(const struct mu_prediction *predictions,
    size_t n, struct mu_call *call, struct mu_error *error);

/* A trial of the front: |values| of the |n| |metrics|. */
struct mu_front_trial {
    const struct mu_trial *trial;
    const double *values;
};
MU_MUST_USE enum mu_status mu_wire_write_front(const struct mu_front_trial *trials, size_t n_trials,
    const char *const *metrics, size_t n, struct mu_call *call, struct mu_error *error);

struct mu_wire_best {
    const struct mu_trial *trial;
    double value;
    const struct mu_pair *expected; /* assignments; NULL: no model */
    size_t n_expected;
    struct mu_prediction prediction;
};
MU_MUST_USE enum mu_status mu_wire_write_best(
    const struct mu_wire_best *best, struct mu_call *call, struct mu_error *error);

#endif
