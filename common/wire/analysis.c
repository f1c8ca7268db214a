#include "common/wire/analysis.h"

#include <string.h>

#include "analysis.pb-c.h"
#include "common/wire/message.h"
#include "common/wire/unpack.h"

typedef Mushir__V1__AnalysisRequest RequestMessage;
typedef Mushir__V1__Point PointMessage;
typedef Mushir__V1__ImportanceReply ImportanceMessage;
typedef Mushir__V1__ImportanceReply__Parameter ParameterMessage;
typedef Mushir__V1__ImportanceReply__Pair PairMessage;
typedef Mushir__V1__PredictReply PredictMessage;
typedef Mushir__V1__Prediction PredictionMessage;
typedef Mushir__V1__ParetoFrontReply FrontMessage;
typedef Mushir__V1__ParetoFrontReply__Trial FrontTrialMessage;
typedef Mushir__V1__ParetoFrontReply__Value ValueMessage;
typedef Mushir__V1__BestReply BestMessage;

/* ---- requests ---- */

static enum mu_status find_metric(const struct mu_experiment *experiment, const char *name,
    size_t *metric, struct mu_error *error) {
    ptrdiff_t at = *name ? mu_experiment_find_metric(experiment, name) : 0;
    if (at < 0) {
        return mu_fail(error, MU_INVALID_ARGUMENT, "metric %.200s is not the experiment's", name);
    }
    if (!*experiment->metrics[at].name) {
        return mu_fail(error, MU_INVALID_ARGUMENT,
            "experiment.spec.objective.objective_metric_name is missing: what is analysed has no "
            "name");
    }
    *metric = (size_t)at;
    return MU_OK;
}

static const char *assigned(const PointMessage *point, const char *name) {
    for (size_t i = 0; i < point->n_assignments; i++) {
        if (strcmp(point->assignments[i]->name, name) == 0) {
            return point->assignments[i]->value;
        }
    }
    return NULL;
}

static enum mu_status read_point(const struct mu_space *space, const PointMessage *point,
    size_t number, double *x, struct mu_error *error) {
    for (size_t j = 0; j < space->n; j++) {
        const struct mu_parameter *parameter = &space->parameters[j];
        const char *text = assigned(point, parameter->name);
        if (!text) {
            return mu_fail(error, MU_INVALID_ARGUMENT, "point %zu lacks parameter %.200s", number,
                parameter->name);
        }
        if (!mu_parameter_parse(parameter, text, &x[j])) {
            return mu_fail(error, MU_INVALID_ARGUMENT,
                "point %zu: %.200s is no value of parameter %.200s", number, text, parameter->name);
        }
    }
    return MU_OK;
}

static enum mu_status read_points(struct mu_wire_analysis *out, const RequestMessage *in,
    struct mu_arena *arena, struct mu_error *error) {
    const struct mu_space *space = &out->in.experiment.space;
    const double **x = MU_ARRAY(arena, in->n_points, const double *);
    enum mu_status status = MU_OK;
    for (size_t i = 0; i < in->n_points && !status; i++) {
        double *point = MU_ARRAY(arena, space->n, double);
        status = read_point(space, in->points[i], i + 1, point, error);
        x[i] = point;
    }
    out->x = x;
    out->n_points = in->n_points;
    return status;
}

enum mu_status mu_wire_read_analysis(const uint8_t *bytes, size_t size, struct mu_arena *arena,
    struct mu_wire_analysis *out, struct mu_error *error) {
    enum { TRIALS = 2 }; /* the number of the field, which is read with the suggestions' request */
    struct mu_wire_parts parts;
    ProtobufCMessage *message;
    enum mu_status status = mu_wire_read_suggestions(bytes, size, NULL, arena, &out->in, error);
    if (status) {
        return status;
    }
    mu_wire_split((struct mu_slice){bytes, size}, TRIALS, &parts, arena);
    status = mu_wire_unpack(
        &mushir__v1__analysis_request__descriptor, parts.rest, arena, &message, error);
    if (status) {
        return status;
    }
    const RequestMessage *in = (const RequestMessage *)message;
    status = find_metric(&out->in.experiment, in->metric, &out->metric, error);
    return status ? status : read_points(out, in, arena, error);
}

/* ---- replies ---- */

static ParameterMessage *importance_message(
    const struct mu_importance *in, struct mu_arena *arena) {
    ParameterMessage *out = MU_NEW(arena, ParameterMessage);
    mushir__v1__importance_reply__parameter__init(out);
    out->name = mu_message_text(in->name);
    out->share = in->share;
    out->error = in->error;
    out->good = in->good;
    return out;
}

static PairMessage *pair_message(const struct mu_pair_importance *in, struct mu_arena *arena) {
    PairMessage *out = MU_NEW(arena, PairMessage);
    mushir__v1__importance_reply__pair__init(out);
    out->a = mu_message_text(in->a);
    out->b = mu_message_text(in->b);
    out->share = in->share;
    return out;
}

enum mu_status mu_wire_write_importance(
    const struct mu_wire_importance *importance, struct mu_call *call, struct mu_error *error) {
    struct mu_arena *arena = call->arena;
    ImportanceMessage out = MUSHIR__V1__IMPORTANCE_REPLY__INIT;
    out.n_parameters = importance->n_parameters;
    out.parameters = MU_ARRAY(arena, out.n_parameters, ParameterMessage *);
    for (size_t i = 0; i < out.n_parameters; i++) {
        out.parameters[i] = importance_message(&importance->parameters[i], arena);
    }
    out.n_pairs = importance->n_pairs;
    out.pairs = MU_ARRAY(arena, out.n_pairs, PairMessage *);
    for (size_t i = 0; i < out.n_pairs; i++) {
        out.pairs[i] = pair_message(&importance->pairs[i], arena);
    }
    out.noise = importance->noise;
    out.observed = (int32_t)importance->observed;
    out.sure = importance->sure;
    return mu_message_reply(&out.base, call, error);
}

static PredictionMessage *prediction_message(
    const struct mu_prediction *in, struct mu_arena *arena) {
    PredictionMessage *out = MU_NEW(arena, PredictionMessage);
    mushir__v1__prediction__init(out);
    out->mean = in->mean;
    out->deviation = in->deviation;
    return out;
}

enum mu_status mu_wire_write_predictions(const struct mu_prediction *predictions, size_t n,
    struct mu_call *call, struct mu_error *error) {
    PredictMessage out = MUSHIR__V1__PREDICT_REPLY__INIT;
    out.n_predictions = n;
    out.predictions = MU_ARRAY(call->arena, n, PredictionMessage *);
    for (size_t i = 0; i < n; i++) {
        out.predictions[i] = prediction_message(&predictions[i], call->arena);
    }
    return mu_message_reply(&out.base, call, error);
}

static FrontTrialMessage *front_message(
    const struct mu_front_trial *in, const char *const *metrics, size_t n, struct mu_arena *arena) {
    FrontTrialMessage *out = MU_NEW(arena, FrontTrialMessage);
    mushir__v1__pareto_front_reply__trial__init(out);
    out->name = mu_message_text(in->trial->name);
    out->n_assignments = in->trial->n_assignments;
    out->assignments =
        mu_message_assignments(in->trial->assignments, in->trial->n_assignments, arena);
    out->n_values = n;
    out->values = MU_ARRAY(arena, n, ValueMessage *);
    for (size_t i = 0; i < n; i++) {
        ValueMessage *value = MU_NEW(arena, ValueMessage);
        mushir__v1__pareto_front_reply__value__init(value);
        value->metric = mu_message_text(metrics[i]);
        value->value = in->values[i];
        out->values[i] = value;
    }
    return out;
}

enum mu_status mu_wire_write_front(const struct mu_front_trial *trials, size_t n_trials,
    const char *const *metrics, size_t n, struct mu_call *call, struct mu_error *error) {
    FrontMessage out = MUSHIR__V1__PARETO_FRONT_REPLY__INIT;
    out.n_trials = n_trials;
    out.trials = MU_ARRAY(call->arena, n_trials, FrontTrialMessage *);
    for (size_t i = 0; i < n_trials; i++) {
        out.trials[i] = front_message(&trials[i], metrics, n, call->arena);
    }
    return mu_message_reply(&out.base, call, error);
}

enum mu_status mu_wire_write_best(
    const struct mu_wire_best *best, struct mu_call *call, struct mu_error *error) {
    struct mu_arena *arena = call->arena;
    BestMessage out = MUSHIR__V1__BEST_REPLY__INIT;
    PointMessage point = MUSHIR__V1__POINT__INIT;
    out.trial = mu_message_text(best->trial->name);
    out.value = best->value;
    out.n_assignments = best->trial->n_assignments;
    out.assignments =
        mu_message_assignments(best->trial->assignments, best->trial->n_assignments, arena);
    if (best->expected) {
        point.n_assignments = best->n_expected;
        point.assignments = mu_message_assignments(best->expected, best->n_expected, arena);
        out.expected = &point;
        out.prediction = prediction_message(&best->prediction, arena);
    }
    return mu_message_reply(&out.base, call, error);
}
