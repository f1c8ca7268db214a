/* From a request to suggestions: settings, the initial design, and which model speaks. */
#include "services/bayesopt/bayesopt.h"

#include <math.h>

#include "services/bayesopt/schedule.h"

/* LEAST_CONSTRAINED: docs/adr/0104-a-wider-start-under-constraints.md */
enum { LEAST_INITIAL = 4, LEAST_CONSTRAINED = 10, MOST_INITIAL = 16 };

#define UNSUPPORTED "%s %s is not supported in Bayesian optimization"

static const char *const ESTIMATORS[] = {"GP", "RF", "ET", "GBRT", NULL};
static const char *const OPTIMIZERS[] = {"auto", "sampling", "lbfgs", NULL};
enum acq_optimizer { AUTO, SAMPLING, LBFGS }; /* in the order of the texts */

static const char *const ACQ_FUNCS[] = {"gp_hedge", "LCB", "EI", "PI", "EIps", "PIps", NULL};
static const struct acquisition {
    enum mu_acquisition kind;
    bool portfolio, priced; /* as in mu_bayesopt_plan */
} ACQUISITIONS[] = {{.kind = MU_LOG_EI, .portfolio = true}, {.kind = MU_UCB}, {.kind = MU_LOG_EI},
    {.kind = MU_LOG_PI}, {.kind = MU_LOG_EI, .priced = true}, {.kind = MU_LOG_PI, .priced = true}};

struct bayesopt_options {
    enum mu_bayesopt_estimator estimator;
    unsigned acq_func; /* index into ACQ_FUNCS and ACQUISITIONS */
    enum acq_optimizer acq_optimizer;
    uint64_t initial; /* 0: initial_points */
    const char *cost_metric;
};

static const struct mu_setting_spec SPECS[] = {
    {.name = "base_estimator",
        .value = MU_MEMBER(struct bayesopt_options, estimator),
        .fallback = "GP",
        .choices = ESTIMATORS,
        .not_supported = UNSUPPORTED,
        .help = "Model: Gaussian process, random forest, extra trees, or gradient boosted quantile "
                "trees."},
    {.name = "n_initial_points",
        .value = MU_MEMBER(struct bayesopt_options, initial),
        .min = 0,
        .max = INFINITY,
        .out_of_range = "n_initial_points should be great or equal than zero",
        .help = "Points of the initial design before the model takes over. Unset or 0: 4, under "
                "constraints 10; when more are asked for at once, two batches, up to 16."},
    {.name = "acq_func",
        .value = MU_MEMBER(struct bayesopt_options, acq_func),
        .fallback = "gp_hedge",
        .choices = ACQ_FUNCS,
        .not_supported = UNSUPPORTED,
        .help =
            "What the model is asked to maximize. gp_hedge: our portfolio. EIps, PIps: EI, PI "
            "per unit of cost, which is learned from the trials: their time from start to end, or "
            "cost_metric."},
    {.name = "acq_optimizer",
        .value = MU_MEMBER(struct bayesopt_options, acq_optimizer),
        .fallback = "auto",
        .choices = OPTIMIZERS,
        .not_supported = UNSUPPORTED,
        .help = "sampling: the best of many candidates; lbfgs, auto: the best of them improved by "
                "gradient steps and sweeps over levels."},
    {.name = "cost_metric",
        .value = MU_MEMBER(struct bayesopt_options, cost_metric),
        .range = "a metric",
        .help = "What a trial costs, for EIps and PIps: the objective or one of "
                "additionalMetricNames, greater than 0. Unset: its time."},
};

/* Two batches: the first is spread, and the second is no guess of a model of four points. */
static size_t initial_points(const struct mu_request *request) {
    const struct mu_outcomes *outcomes = request->outcomes;
    bool constrained = outcomes->n > outcomes->n_objectives;
    size_t least = constrained ? LEAST_CONSTRAINED : LEAST_INITIAL;
    size_t two = request->wanted < MOST_INITIAL ? 2 * request->wanted : MOST_INITIAL;
    return two < least ? least : two < MOST_INITIAL ? two : MOST_INITIAL;
}

/* The metric that costs are read from, NULL when none is named, into |*price|. */
static enum mu_status find_price(const struct mu_experiment *experiment,
    const struct bayesopt_options *options, const struct mu_objective **price,
    struct mu_error *error) {
    *price = NULL;
    if (!options->cost_metric || !*options->cost_metric) {
        return MU_OK;
    }
    ptrdiff_t at = mu_experiment_find_metric(experiment, options->cost_metric);
    if (at < 0) {
        return mu_fail(error, MU_INVALID_ARGUMENT,
            "setting cost_metric: %.200s is neither the objective nor in additionalMetricNames",
            options->cost_metric);
    }
    *price = &experiment->metrics[at];
    return MU_OK;
}

static struct mu_bayesopt_plan plan_of(const struct mu_request *request) {
    const struct bayesopt_options *options = request->options;
    const struct acquisition *acquisition = &ACQUISITIONS[options->acq_func];
    return (struct mu_bayesopt_plan){.estimator = options->estimator,
        .acquisition = acquisition->kind,
        .portfolio = acquisition->portfolio,
        .climb = options->acq_optimizer != SAMPLING,
        .priced = acquisition->priced,
        .initial = options->initial ? options->initial : initial_points(request)};
}

static enum mu_status begin(
    const struct mu_request *request, void **state, struct mu_error *error) {
    struct mu_bayesopt_plan plan = plan_of(request);
    enum mu_status status = find_price(request->experiment, request->options, &plan.price, error);
    if (!status) {
        *state = mu_bayesopt_study_of(request, &plan);
    }
    return status;
}

static enum mu_status propose(
    void *state, uint64_t number, struct mu_proposal *proposal, struct mu_error *error) {
    (void)error;
    proposal->found = mu_bayesopt_propose(state, number, proposal->x);
    return MU_OK;
}

/* Several outcomes are for the Gaussian process, and for acquisitions that have a meaning then. */
static enum mu_status validate_outcomes(const struct mu_experiment *experiment,
    const struct bayesopt_options *o, struct mu_arena *arena, struct mu_error *error) {
    struct mu_outcomes outcomes;
    enum mu_status status = mu_outcomes_read(&outcomes, experiment, arena, error);
    if (status || !mu_outcomes_several(&outcomes)) {
        return status;
    }
    if (o->estimator != MU_BAYESOPT_GP) {
        return mu_fail(error, MU_INVALID_ARGUMENT,
            "setting base_estimator: %s knows one objective and no constraint, GP more",
            ESTIMATORS[o->estimator]);
    }
    if (ACQUISITIONS[o->acq_func].kind != MU_LOG_EI) {
        return mu_fail(error, MU_INVALID_ARGUMENT,
            "setting acq_func: %s knows one objective and no constraint, EI and gp_hedge more",
            ACQ_FUNCS[o->acq_func]);
    }
    return MU_OK;
}

static enum mu_status validate(const struct mu_experiment *experiment, const void *options,
    struct mu_arena *arena, struct mu_error *error) {
    const struct bayesopt_options *o = options;
    const struct mu_objective *price;
    enum mu_status status = find_price(experiment, o, &price, error);
    if (!status && price && !ACQUISITIONS[o->acq_func].priced) {
        return mu_fail(error, MU_INVALID_ARGUMENT,
            "setting cost_metric: acq_func %s counts no costs, EIps and PIps do",
            ACQ_FUNCS[o->acq_func]);
    }
    return status ? status : validate_outcomes(experiment, o, arena, error);
}

static void pending(void *state, const double *x) {
    mu_bayesopt_suggested(state, x);
}

const struct mu_algorithm mu_bayesianoptimization = {
    .name = "bayesianoptimization",
    .summary = "Bayesian optimization with a Gaussian process or trees.",
    .settings = MU_SETTINGS(SPECS, struct bayesopt_options),
    .outcomes = true,
    .validate = validate,
    .begin = begin,
    .propose = propose,
    .pending = pending,
    .recalls = true,
};
