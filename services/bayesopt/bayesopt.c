/* From a request to suggestions: settings, the initial design, and which model speaks. */
#include "services/bayesopt/bayesopt.h"

#include "services/bayesopt/evidence.h"
#include "services/bayesopt/grove.h"
#include "services/bayesopt/process.h"

enum {
    MODELLED = 32,   /* suggestions of one request that come from the model, then the Parzen
                        estimator's, then random points */
    INITIAL = 4,     /* points before the model takes over, */
    TWO_BATCHES = 8, /* or two batches as long as they are no more than this, */
    ONE_BATCH = 16,  /* or one, up to this */
    OTHER_EVERY = 4, /* suggestions of which one is the Parzen estimator's, */
    OTHER_FROM = 10, /* from this one on */
    AWAY_EVERY = 4,  /* of a search at rest, suggestions of which one goes elsewhere */
};

#define UNSUPPORTED "%s %s is not supported in Bayesian optimization"

static const char *const ESTIMATORS[] = {"GP", "RF", "ET", "GBRT", NULL};
static const char *const ACQUISITIONS[] = {"gp_hedge", "LCB", "EI", "PI", "EIps", "PIps", NULL};
static const char *const OPTIMIZERS[] = {"auto", "sampling", "lbfgs", NULL};

/* In the order of the texts. */
enum estimator { GP, RF, ET, GBRT };
enum acq_func { HEDGE, LCB, EI, PI, EIPS, PIPS };
enum acq_optimizer { AUTO, SAMPLING, LBFGS };

struct bayesopt_options {
    enum estimator estimator;
    enum acq_func acq_func;
    enum acq_optimizer acq_optimizer;
    uint64_t initial; /* 0: initial_points */
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
        .max = 1e9,
        .out_of_range = "n_initial_points should be great or equal than zero",
        .help = "Points of the initial design before the model takes over. Unset or 0: 4; when "
                "more are asked for at once, two batches up to "
                "8 points, or one up to 16."},
    {.name = "acq_func",
        .value = MU_MEMBER(struct bayesopt_options, acq_func),
        .fallback = "gp_hedge",
        .choices = ACQUISITIONS,
        .not_supported = UNSUPPORTED,
        .help = "What the model is asked to maximize. gp_hedge: our portfolio. EIps, PIps: EI, PI, "
                "since no run times are known."},
    {.name = "acq_optimizer",
        .value = MU_MEMBER(struct bayesopt_options, acq_optimizer),
        .fallback = "auto",
        .choices = OPTIMIZERS,
        .not_supported = UNSUPPORTED,
        .help = "sampling: the best of many candidates; lbfgs, auto: the best of them improved by "
                "gradient steps and sweeps over levels."},
};

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

static size_t initial_points(size_t wanted) {
    size_t two = least(2 * wanted, TWO_BATCHES);
    size_t one = least(wanted, ONE_BATCH);
    size_t most = two > one ? two : one;
    return most > INITIAL ? most : INITIAL;
}

/* What the suggestions of a request have in common. */
struct state {
    const struct mu_request *request;
    const struct bayesopt_options *options;
    size_t initial; /* points before the model takes over */
    struct evidence *evidence;
    struct process *process;
};

static enum mu_acquisition kind_of(enum acq_func acq_func) {
    return acq_func == LCB ? MU_UCB : acq_func == PI || acq_func == PIPS ? MU_LOG_PI : MU_LOG_EI;
}

/* The model speaks once enough points were handed out and two of them have different values. */
static bool model_ready(const struct state *s) {
    const struct evidence *e = s->evidence;
    return e->varied && e->frame.n && e->n + e->n_failed + e->n_pending >= s->initial;
}

/* How many suggestions of one request the process makes: fewer in high dimension, where each sweep
 * takes longer. */
static size_t modelled(const struct evidence *e) {
    size_t d = e->frame.n;
    return d <= 40 ? MODELLED : d < 320 ? 40 * MODELLED / d : 4;
}

/* A random point whose value of one category is not that of the best point. What suits one value of
 * a category (a kernel, an optimizer) may be all that a model knows of the other parameters, so it
 * writes the other values off and does not come back by itself. False where there are not both, or
 * the point was tried. */
static bool go_elsewhere(
    const struct evidence *e, const struct mu_request *request, uint64_t number, double *x) {
    const struct mu_frame *frame = &e->frame;
    const double *best = e->u + e->order[0] * frame->n;
    size_t values = 0;
    size_t ordered = 0;
    for (size_t j = 0; j < frame->n; j++) {
        values += frame->category[j] ? (size_t)frame->levels[j] - 1 : 0;
        ordered += !frame->category[j];
    }
    if (values == 0 || ordered == 0) {
        return false;
    }
    struct mu_stream stream;
    mu_stream_init(&stream, request->seed, number, "elsewhere");
    mu_space_draw(frame->space, request->seed, number, 0, x);
    size_t drawn = (size_t)mu_uniform_below(&stream, values);
    size_t j = 0;
    while (!frame->category[j] || drawn >= frame->levels[j] - 1) {
        drawn -= frame->category[j] ? (size_t)frame->levels[j] - 1 : 0;
        j++;
    }
    x[frame->parameter[j]] = (double)drawn + ((double)drawn >= best[j]);
    return !mu_seen_has(e->seen, x);
}

static bool propose_point(const struct state *s, uint64_t number, double *x) {
    struct evidence *e = s->evidence;
    const struct mu_request *request = s->request;
    const struct bayesopt_options *o = s->options;
    uint64_t i = number - request->first;
    bool other =
        o->acq_func == HEDGE && number % OTHER_EVERY == OTHER_EVERY - 1 && number >= OTHER_FROM;
    bool away = o->acq_func == HEDGE && number % AWAY_EVERY == 0 && e->resting;
    if (!model_ready(s)) {
        mu_space_design(e->frame.space, request->seed, number, x);
        return !mu_seen_has(e->seen, x);
    }
    if (i >= MU_TPE_MOST) {
        return false;
    }
    if (away && go_elsewhere(e, request, number, x)) {
        return true;
    }
    if (other || i >= modelled(e)) {
        mu_tpe_propose(e->tpe, e->seen, request->seed, number, x);
        return true;
    }
    enum mu_acquisition kind = kind_of(o->acq_func);
    bool climb = o->acq_optimizer != SAMPLING;
    if (o->estimator == GP) {
        return process_propose(s->process, kind, climb, number, x);
    }
    enum grove_kind trees = o->estimator == RF   ? GROVE_FOREST
                            : o->estimator == ET ? GROVE_EXTRA
                                                 : GROVE_BOOSTED;
    return grove_propose(e, request, trees, kind, climb, number, x);
}

static enum mu_status begin(
    const struct mu_request *request, void **state, struct mu_error *error) {
    struct state *s = MU_NEW(request->arena, struct state);
    (void)error;
    s->request = request;
    s->options = request->options;
    s->initial = s->options->initial ? s->options->initial : initial_points(request->wanted);
    s->evidence = evidence_of(request);
    s->process = process_create(s->evidence, request);
    *state = s;
    return MU_OK;
}

static enum mu_status propose(
    void *state, uint64_t number, struct mu_proposal *proposal, struct mu_error *error) {
    (void)error;
    proposal->found = propose_point(state, number, proposal->x);
    return MU_OK;
}

static void pending(void *state, const double *x) {
    evidence_add_pending(((struct state *)state)->evidence, x);
}

const struct mu_algorithm mu_bayesopt = {
    .name = "bayesianoptimization",
    .summary = "Bayesian optimization with a Gaussian process or trees.",
    .settings = MU_SETTINGS(SPECS, struct bayesopt_options),
    .begin = begin,
    .propose = propose,
    .pending = pending,
};
