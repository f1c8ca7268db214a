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

enum { GP, RF, ET, GBRT };
enum { HEDGE, LCB, EI, PI, EIPS, PIPS };
enum { AUTO, SAMPLING, LBFGS };

static const struct mu_setting_spec SETTINGS[] = {
    {.name = "base_estimator",
        .type = MU_SETTING_CHOICE,
        .fallback = "GP",
        .choices = ESTIMATORS,
        .not_supported = UNSUPPORTED,
        .help = "Model: Gaussian process, random forest, extra trees, or gradient boosted quantile "
                "trees."},
    {.name = "n_initial_points",
        .type = MU_SETTING_INT,
        .min = 0,
        .max = 1e9,
        .out_of_range = "n_initial_points should be great or equal than zero",
        .help = "Points of the initial design before the model takes over. Unset or 0: 4; when "
                "more are asked for at once, two batches up to "
                "8 points, or one up to 16."},
    {.name = "acq_func",
        .type = MU_SETTING_CHOICE,
        .fallback = "gp_hedge",
        .choices = ACQUISITIONS,
        .not_supported = UNSUPPORTED,
        .help = "What the model is asked to maximize. gp_hedge: our portfolio. EIps, PIps: EI, PI, "
                "since no run times are known."},
    {.name = "acq_optimizer",
        .type = MU_SETTING_CHOICE,
        .fallback = "auto",
        .choices = OPTIMIZERS,
        .not_supported = UNSUPPORTED,
        .help = "sampling: the best of many candidates; lbfgs, auto: the best of them improved by "
                "gradient steps and sweeps over levels."},
    MU_SETTING_RANDOM_STATE,
};

struct plan {
    size_t estimator, acq_func, acq_optimizer, initial;
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

static struct plan plan_of(const struct mu_request *request) {
    const struct mu_setting *initial = mu_setting(request->settings, "n_initial_points");
    return (struct plan){.estimator = mu_setting(request->settings, "base_estimator")->choice,
        .acq_func = mu_setting(request->settings, "acq_func")->choice,
        .acq_optimizer = mu_setting(request->settings, "acq_optimizer")->choice,
        .initial = initial->given && initial->integer ? (size_t)initial->integer
                                                      : initial_points(request->wanted)};
}

static enum mu_acquisition kind_of(size_t acq_func) {
    return acq_func == LCB ? MU_UCB : acq_func == PI || acq_func == PIPS ? MU_LOG_PI : MU_LOG_EI;
}

/* The model speaks once enough points were handed out and two of them have different values. */
static bool model_ready(const struct evidence *e, const struct plan *plan) {
    return e->varied && e->frame.n && e->n + e->n_failed + e->n_pending >= plan->initial;
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

static void propose(const struct plan *plan, struct evidence *e, struct process *process,
    const struct mu_request *request, size_t i, double *x) {
    uint64_t number = request->first + i;
    bool other =
        plan->acq_func == HEDGE && number % OTHER_EVERY == OTHER_EVERY - 1 && number >= OTHER_FROM;
    bool away = plan->acq_func == HEDGE && number % AWAY_EVERY == 0 && e->resting;
    bool found;
    if (!model_ready(e, plan)) {
        mu_space_design(e->frame.space, request->seed, number, x);
        found = !mu_seen_has(e->seen, x);
    } else if (i >= MU_TPE_MOST) {
        found = false;
    } else if (away && go_elsewhere(e, request, number, x)) {
        found = true;
    } else if (other || i >= modelled(e)) {
        mu_tpe_propose(e->tpe, e->seen, request->seed, number, x);
        found = true;
    } else if (plan->estimator == GP) {
        found = process_propose(
            process, kind_of(plan->acq_func), plan->acq_optimizer != SAMPLING, number, x);
    } else {
        enum grove_kind kind = plan->estimator == RF   ? GROVE_FOREST
                               : plan->estimator == ET ? GROVE_EXTRA
                                                       : GROVE_BOOSTED;
        found = grove_propose(
            e, request, kind, kind_of(plan->acq_func), plan->acq_optimizer != SAMPLING, number, x);
    }
    if (!found) {
        mu_space_draw_unseen(e->frame.space, e->seen, request->seed, number, x);
    }
}

static enum mu_status suggest(
    const struct mu_request *request, struct mu_reply *reply, struct mu_error *error) {
    struct plan plan = plan_of(request);
    struct evidence *e = evidence_of(request);
    struct process *process = process_create(e, request);
    for (size_t i = 0; i < request->wanted; i++) {
        if (mu_request_stopped(request)) {
            return mu_fail(error, MU_CANCELLED, "nobody waits for the answer");
        }
        double *x = MU_ARRAY(request->arena, e->frame.space->n, double);
        propose(&plan, e, process, request, i, x);
        evidence_add_pending(e, x);
        mu_reply_point(request, reply, x);
    }
    return MU_OK;
}

const struct mu_algorithm mu_bayesopt = {
    .name = "bayesianoptimization",
    .summary = "Bayesian optimization with a Gaussian process or trees.",
    .settings = SETTINGS,
    .n_settings = sizeof SETTINGS / sizeof *SETTINGS,
    .suggest = suggest,
};
