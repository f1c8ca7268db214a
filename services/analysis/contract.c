#include <math.h>

#include "common/model/effects.h"
#include "common/model/forecast.h"
#include "common/search/front.h"
#include "common/wire/analysis.h"
#include "services/analysis/analysis.h"

static enum mu_status read(
    struct mu_call *call, struct mu_wire_analysis *question, struct mu_error *error) {
    enum mu_status status =
        mu_wire_read_analysis(call->bytes, call->size, call->arena, question, error);
    call->note = mu_wire_note(&question->in);
    call->note.asked = question->n_points;
    return status;
}

/* Values of a history are negated where more is better. */
static double sign(const struct mu_wire_analysis *question) {
    return question->in.experiment.metrics[question->metric].maximize ? -1 : 1;
}

static enum mu_status too_few(const struct mu_wire_analysis *question, struct mu_error *error) {
    return mu_fail(error, MU_FAILED_PRECONDITION,
        "the trials say nothing of %.200s yet: too few have a value, or their values do not differ",
        question->in.experiment.metrics[question->metric].name);
}

/* ---- importance ---- */

static const struct mu_importance *name_effects(
    const struct mu_space *space, const struct mu_effects *effects, struct mu_arena *arena) {
    struct mu_importance *list = MU_ARRAY(arena, space->n, struct mu_importance);
    for (size_t j = 0; j < space->n; j++) {
        list[j] = (struct mu_importance){space->parameters[j].name, effects->of[j].share,
            effects->of[j].error, effects->of[j].good};
    }
    return list;
}

static const struct mu_pair_importance *name_pairs(
    const struct mu_space *space, const struct mu_effects *effects, struct mu_arena *arena) {
    struct mu_pair_importance *list = MU_ARRAY(arena, effects->n_pairs, struct mu_pair_importance);
    for (size_t i = 0; i < effects->n_pairs; i++) {
        const struct mu_interaction *pair = &effects->pairs[i];
        list[i] = (struct mu_pair_importance){
            space->parameters[pair->a].name, space->parameters[pair->b].name, pair->share};
    }
    return list;
}

static enum mu_status importance(void *state, struct mu_call *call, struct mu_error *error) {
    struct mu_wire_analysis *question = MU_NEW(call->arena, struct mu_wire_analysis);
    (void)state;
    if (read(call, question, error)) {
        return error->code;
    }
    const struct mu_space *space = &question->in.experiment.space;
    const struct mu_effects *effects = mu_effects_of(
        space, &question->in.history, question->metric, mu_call_is_over, call, call->arena);
    if (!effects) {
        return mu_call_is_over(call) ? mu_fail(error, MU_CANCELLED, "nobody waits for the answer")
                                     : too_few(question, error);
    }
    const struct mu_wire_importance out = {.parameters = name_effects(space, effects, call->arena),
        .n_parameters = space->n,
        .pairs = name_pairs(space, effects, call->arena),
        .n_pairs = effects->n_pairs,
        .noise = effects->noise,
        .observed = effects->observed,
        .sure = effects->observed >= MU_EFFECTS_SURE};
    return mu_wire_write_importance(&out, call, error);
}

/* ---- predictions ---- */

static struct mu_forecast *forecast_of(
    const struct mu_wire_analysis *question, struct mu_arena *arena) {
    return mu_forecast_of(
        &question->in.experiment.space, &question->in.history, question->metric, arena);
}

static struct mu_prediction predict_at(
    const struct mu_wire_analysis *question, struct mu_forecast *forecast, const double *x) {
    struct mu_prediction prediction;
    prediction.mean = sign(question) * mu_forecast_at(forecast, x, &prediction.deviation);
    return prediction;
}

static enum mu_status predict(void *state, struct mu_call *call, struct mu_error *error) {
    struct mu_wire_analysis *question = MU_NEW(call->arena, struct mu_wire_analysis);
    (void)state;
    if (read(call, question, error)) {
        return error->code;
    }
    struct mu_forecast *forecast = forecast_of(question, call->arena);
    if (!forecast) {
        return too_few(question, error);
    }
    struct mu_prediction *predictions =
        MU_ARRAY(call->arena, question->n_points, struct mu_prediction);
    for (size_t i = 0; i < question->n_points; i++) {
        if (mu_call_is_over(call)) {
            return mu_fail(error, MU_CANCELLED, "nobody waits for the answer");
        }
        predictions[i] = predict_at(question, forecast, question->x[i]);
    }
    return mu_wire_write_predictions(predictions, question->n_points, call, error);
}

static const struct mu_trial *best_trial(const struct mu_wire_analysis *question) {
    const struct mu_history *history = &question->in.history;
    const struct mu_trial *best = NULL;
    for (size_t i = 0; i < history->n; i++) {
        const struct mu_trial *trial = &history->trials[i];
        double value = trial->values[question->metric];
        if (trial->state == MU_DONE && isfinite(value) &&
            (!best || value < best->values[question->metric])) {
            best = trial;
        }
    }
    return best;
}

static enum mu_status best(void *state, struct mu_call *call, struct mu_error *error) {
    struct mu_wire_analysis *question = MU_NEW(call->arena, struct mu_wire_analysis);
    (void)state;
    if (read(call, question, error)) {
        return error->code;
    }
    const struct mu_space *space = &question->in.experiment.space;
    struct mu_wire_best out = {.trial = best_trial(question)};
    struct mu_forecast *forecast = forecast_of(question, call->arena);
    if (!out.trial) {
        return too_few(question, error);
    }
    out.value = sign(question) * out.trial->values[question->metric];
    if (forecast) {
        double *x = MU_ARRAY(call->arena, space->n, double);
        mu_forecast_best(forecast, x);
        out.expected = mu_space_print(space, x, call->arena);
        out.n_expected = space->n;
        out.prediction = predict_at(question, forecast, x);
    }
    return mu_wire_write_best(&out, call, error);
}

/* ---- the front ---- */

/* What a trial has in each objective, as it was reported. */
static const double *reported(const struct mu_wire_analysis *question,
    const struct mu_outcomes *outcomes, const struct mu_trial *trial, struct mu_arena *arena) {
    double *values = MU_ARRAY(arena, outcomes->n_objectives, double);
    for (size_t k = 0; k < outcomes->n_objectives; k++) {
        size_t metric = outcomes->list[k].metric;
        bool maximize = question->in.experiment.metrics[metric].maximize;
        values[k] = maximize ? -trial->values[metric] : trial->values[metric];
    }
    return values;
}

static enum mu_status pareto_front(void *state, struct mu_call *call, struct mu_error *error) {
    struct mu_arena *arena = call->arena;
    struct mu_wire_analysis *question = MU_NEW(arena, struct mu_wire_analysis);
    struct mu_outcomes outcomes;
    (void)state;
    if (read(call, question, error) ||
        mu_outcomes_read(&outcomes, &question->in.experiment, arena, error)) {
        return error->code;
    }
    const size_t m = outcomes.n_objectives;
    const struct mu_trial *const *front;
    size_t n = mu_front_of(&outcomes, &question->in.history, &front, arena);
    struct mu_front_trial *trials = MU_ARRAY(arena, n, struct mu_front_trial);
    const char **names = MU_ARRAY(arena, m, const char *);
    for (size_t k = 0; k < m; k++) {
        names[k] = outcomes.list[k].name;
    }
    for (size_t i = 0; i < n; i++) {
        trials[i] =
            (struct mu_front_trial){front[i], reported(question, &outcomes, front[i], arena)};
    }
    return mu_wire_write_front(trials, n, names, m, call, error);
}

static const struct mu_endpoint ENDPOINTS[] = {
    {MU_ANALYSIS_IMPORTANCE, importance},
    {MU_ANALYSIS_PREDICT, predict},
    {MU_ANALYSIS_PARETO_FRONT, pareto_front},
    {MU_ANALYSIS_BEST, best},
};
const struct mu_contract mu_analysis = {
    .name = MU_ANALYSIS,
    .endpoints = ENDPOINTS,
    .n_endpoints = sizeof ENDPOINTS / sizeof *ENDPOINTS,
};
