/* ENAS (Pham, Guan, Zoph, Le and Dean, "Efficient neural architecture search via parameter
 * sharing", ICML 2018), without the sharing: a trial trains one architecture, so a few hundred
 * rewards are all there is. A controller learns from them by policy gradient; by default a
 * surrogate over the evaluated architectures chooses among its samples, random ones and variations
 * of the best. */
#include "services/enas/enas.h"

#include <math.h>

#include "services/enas/learner.h"
#include "services/enas/proposal.h"

enum {
    INITIAL = 8,    /* observations before anything is learned from them */
    MODELLED = 32,  /* suggestions of a batch that are chosen by what was learned; the rest are
                       variations of the best */
    SAMPLES = 32,   /* of the controller, among the candidates for one suggestion */
    ATTEMPTS = 256, /* samples of the controller until one is untried, when it chooses alone */
    BATCH = 8,      /* architectures in a step of training, where the budget allows */
};

/* Floating-point operations that training may take, 30 and 120 ms, and all choices of a request. */
static const double BUDGET_JOINED = 4e8, BUDGET_ALONE = 1.6e9, BUDGET_CHOICES = 2e10;

enum { SEARCH_SURROGATE, SEARCH_CONTROLLER };
static const char *const SEARCHES[] = {"surrogate", "controller", NULL};

#define NOT_INT                                                                                    \
    "Algorithm Setting %s must be int type: exception invalid literal for int() with base 10: "    \
    "'%s'"
#define NOT_FLOAT                                                                                  \
    "Algorithm Setting %s must be float type: exception could not convert string to float: '%s'"
#define FROM_ONE "Algorithm Setting %s: %s with int type must be in range [1, inf)"
#define ABOVE_ZERO "Algorithm Setting %s: %s with float type must be in range (0, inf)"
#define TO_ONE "Algorithm Setting %s: %s with float type must be in range (0, 1)"

/* clang-format off */
static const struct mu_setting_spec SETTINGS[] = {
    {.name = "search", .type = MU_SETTING_CHOICE, .fallback = "surrogate", .choices = SEARCHES,
     .help = "Who chooses: the surrogate among samples of the controller, random ones and variations of the best, or the controller alone."},
    {.name = "controller_hidden_size", .type = MU_SETTING_INT, .fallback = "64", .min = 1, .max = INFINITY, .out_of_range = FROM_ONE,
     .unparsable = NOT_INT, .help = "Units of the controller's LSTM; more than 192, or 131072 over the number of operations, count as that."},
    {.name = "controller_temperature", .type = MU_SETTING_REAL, .fallback = "5.0", .max = INFINITY, .min_open = true, .none_allowed = true,
     .out_of_range = ABOVE_ZERO, .unparsable = NOT_FLOAT, .help = "Divides the logits; None: 1."},
    {.name = "controller_tanh_const", .type = MU_SETTING_REAL, .fallback = "2.25", .max = INFINITY, .min_open = true, .none_allowed = true,
     .out_of_range = ABOVE_ZERO, .unparsable = NOT_FLOAT, .help = "Bounds the logits: c tanh(logit); None: unbounded."},
    {.name = "controller_entropy_weight", .type = MU_SETTING_REAL, .fallback = "1e-05", .max = INFINITY, .min_open = true, .none_allowed = true,
     .out_of_range = ABOVE_ZERO, .unparsable = NOT_FLOAT, .help = "Weight of the policy's entropy in the objective; None: 0."},
    {.name = "controller_baseline_decay", .type = MU_SETTING_REAL, .fallback = "0.999", .max = 1, .min_open = true,
     .out_of_range = TO_ONE, .unparsable = NOT_FLOAT, .help = "Decay of the moving average that rewards are compared with."},
    {.name = "controller_learning_rate", .type = MU_SETTING_REAL, .fallback = "0.02", .max = 1, .min_open = true,
     .out_of_range = TO_ONE, .unparsable = NOT_FLOAT, .help = "Step size of Adam. Katib's 5e-05 is for a controller that trains on through the experiment; ours is rebuilt in every call."},
    {.name = "controller_skip_target", .type = MU_SETTING_REAL, .fallback = "0.4", .max = 1, .min_open = true,
     .out_of_range = TO_ONE, .unparsable = NOT_FLOAT, .help = "Share of skips that the controller is drawn to."},
    {.name = "controller_skip_weight", .type = MU_SETTING_REAL, .max = INFINITY, .min_open = true, .none_allowed = true,
     .out_of_range = ABOVE_ZERO, .unparsable = NOT_FLOAT, .help = "How strongly; unset and None: not at all."},
    {.name = "controller_train_steps", .type = MU_SETTING_INT, .fallback = "50", .min = 1, .max = INFINITY,
     .out_of_range = FROM_ONE, .unparsable = NOT_INT, .help = "Steps of Adam in a call."},
    {.name = "controller_log_every_steps", .type = MU_SETTING_INT, .fallback = "10", .min = 1, .max = INFINITY,
     .out_of_range = FROM_ONE, .unparsable = NOT_INT, .help = "Accepted for compatibility; there is no training log."},
    MU_SETTING_RANDOM_STATE,
};
/* clang-format on */

static enum mu_status read_space(struct mu_enas_space *space,
    const struct mu_experiment *experiment, struct mu_arena *arena, struct mu_error *error) {
    if (experiment->space.n) {
        return mu_fail(error, MU_INVALID_ARGUMENT,
            "only one of parameters and nasConfig can be specified; there is the parameter %.200s",
            experiment->space.parameters[0].name);
    }
    return mu_enas_space_init(space, &experiment->network, arena, error);
}

static enum mu_status validate(const struct mu_experiment *experiment,
    const struct mu_settings *settings, struct mu_arena *arena, struct mu_error *error) {
    struct mu_enas_space space;
    (void)settings;
    return experiment->network.present ? read_space(&space, experiment, arena, error) : MU_OK;
}

/* A balanced start: over |table.n| suggestions every layer sees every operation once, and a
 * suggestion's skips are the opposite of those of the one before. A function of (seed, number). */
static void balanced(const struct mu_request *request, const struct mu_enas_space *space,
    uint64_t number, struct mu_enas_arch *arch) {
    size_t n = space->table.n;
    size_t *order = MU_ARRAY(request->arena, n, size_t);
    struct mu_stream stream;
    mu_stream_init(&stream, request->seed, number / 2, "skips");
    mu_enas_draw(space, arch, &stream);
    for (size_t l = 0; l < space->layers; l++) {
        for (size_t j = 0; j < l && number % 2; j++) {
            mu_enas_set_skip(arch, l, j, !mu_enas_skip(arch, l, j));
        }
    }
    mu_stream_init(&stream, request->seed, number / n, "operations");
    for (size_t l = 0; l < space->layers; l++) {
        mu_shuffle(&stream, order, n);
        arch->ops[l] = (uint16_t)order[number % n];
    }
}

/* ---- one request ---- */

struct run {
    const struct mu_request *request;
    struct mu_enas_space space;
    struct mu_enas_evidence evidence;
    bool alone;                               /* the controller chooses */
    struct mu_enas_controller *controller;    /* NULL: too little is known */
    struct mu_enas_surrogate *surrogate;      /* NULL: the same, or |alone| */
    struct mu_enas_arch *samples, **pointers; /* SAMPLES */
    size_t modelled; /* suggestions of this request that are chosen by what was learned */
};

static void variation(struct run *run, struct mu_enas_arch *arch, struct mu_stream *stream) {
    const struct mu_enas_evidence *e = &run->evidence;
    size_t best = 0;
    for (int i = 0; i < 8; i++) { /* a tournament of eight */
        size_t other = mu_uniform_below(stream, e->n);
        best = i == 0 || e->scores[other] > e->scores[best] ? other : best;
    }
    mu_enas_copy(&run->space, arch, &e->archs[best]);
    mu_enas_mutate(&run->space, arch, 1 + (unsigned)mu_uniform_below(stream, 3), stream);
}

static void draw_samples(struct run *run, struct mu_stream *stream) {
    size_t batch = run->controller->options.batch;
    for (size_t i = 0; i < SAMPLES; i += batch) {
        mu_enas_controller_forward(
            run->controller, run->pointers + i, SAMPLES - i < batch ? SAMPLES - i : batch, stream);
    }
}

/* The controller's first sample that is untried. */
static void sample(struct run *run, struct mu_enas_arch *arch, struct mu_stream *stream) {
    for (size_t drawn = 0; drawn < ATTEMPTS; drawn += SAMPLES) {
        draw_samples(run, stream);
        for (size_t i = 0; i < SAMPLES; i++) {
            if (!mu_enas_set_has(run->evidence.tried, &run->samples[i])) {
                mu_enas_copy(&run->space, arch, &run->samples[i]);
                return;
            }
        }
    }
    mu_enas_draw_untried(&run->space, &run->evidence, arch, stream);
}

/* When every architecture was tried: the best once more. */
static void repeat(struct run *run, struct mu_enas_arch *arch, struct mu_stream *stream) {
    const struct mu_enas_evidence *e = &run->evidence;
    size_t best = 0;
    for (size_t i = 1; i < e->n; i++) {
        best = e->scores[i] > e->scores[best] ? i : best;
    }
    if (e->n) {
        mu_enas_copy(&run->space, arch, &e->archs[best]);
    } else {
        mu_enas_draw(&run->space, arch, stream);
    }
}

static void choose(struct run *run, size_t i, struct mu_enas_arch *arch) {
    uint64_t number = run->request->first + i;
    struct mu_stream stream;
    mu_stream_init(&stream, run->request->seed, number, "architecture");
    if (mu_enas_exhausted(&run->evidence)) {
        repeat(run, arch, &stream);
        return;
    }
    if (!run->controller) {
        balanced(run->request, &run->space, number, arch);
    } else if (i >= run->modelled) {
        variation(run, arch, &stream);
    } else if (run->alone) {
        sample(run, arch, &stream);
    } else {
        draw_samples(run, &stream);
        mu_enas_propose(&run->space, &run->evidence, run->surrogate, run->samples, SAMPLES, arch,
            &stream, run->request->arena);
    }
    if (mu_enas_set_has(run->evidence.tried, arch)) {
        mu_enas_draw_untried(&run->space, &run->evidence, arch, &stream);
    }
}

static void answer(struct run *run, struct mu_reply *reply, const struct mu_enas_arch *arch) {
    struct mu_arena *arena = run->request->arena;
    struct mu_pair *pairs = MU_ARRAY(arena, 2, struct mu_pair);
    pairs[0] = (struct mu_pair){"architecture", mu_enas_print_arch(&run->space, arch, arena)};
    pairs[1] = (struct mu_pair){"nn_config", mu_enas_print_config(&run->space, arch, arena)};
    mu_reply_assignments(reply, pairs, 2);
}

static bool stopped(const void *user) {
    return mu_request_stopped(user);
}

static size_t at_most(double limit, size_t n) {
    return limit < (double)n ? (limit < 1 ? 1 : (size_t)limit) : n;
}

/* The hidden size that is used: as set, but small enough for the memory that a request may take. */
static size_t hidden_of(const struct run *run) {
    size_t hidden =
        at_most(192, mu_setting(run->request->settings, "controller_hidden_size")->integer);
    return at_most(131072.0 / (double)run->space.table.n, hidden);
}

static double real_or(const struct mu_request *request, const char *name, double otherwise) {
    const struct mu_setting *setting = mu_setting(request->settings, name);
    return setting->set ? setting->real : otherwise;
}

static void train(struct run *run) {
    const struct mu_request *request = run->request;
    size_t hidden = hidden_of(run);
    size_t steps = at_most(1e6, mu_setting(request->settings, "controller_train_steps")->integer);
    double cost = mu_enas_controller_cost(&run->space, hidden);
    double budget = (run->alone ? BUDGET_ALONE : BUDGET_JOINED) / cost;
    double state =
        (double)run->space.layers * (28.0 * (double)hidden + 3.0 * (double)run->space.table.n) +
        2.0 * (double)run->space.skips;
    size_t batch = at_most(2e6 / state, 2 * BATCH);
    struct mu_enas_controller_options options = {.hidden = hidden,
        .batch = batch,
        .temperature = real_or(request, "controller_temperature", 1),
        .bound = real_or(request, "controller_tanh_const", 0),
        .skip_target = real_or(request, "controller_skip_target", 0.5)};
    struct mu_enas_learning learning = {
        .batch = at_most(budget / (double)steps, batch < BATCH ? batch : BATCH),
        .rate = real_or(request, "controller_learning_rate", 1),
        .decay = real_or(request, "controller_baseline_decay", 1),
        .entropy_weight = real_or(request, "controller_entropy_weight", 0),
        .skip_weight = real_or(request, "controller_skip_weight", 0),
        .stop = stopped,
        .user = request};
    learning.steps = at_most(budget / (double)learning.batch, steps);
    struct mu_stream stream;
    mu_stream_init(&stream, request->seed, 0, "controller");
    run->controller = mu_enas_controller_create(&run->space, &options, &stream, request->arena);
    mu_enas_learn(run->controller, &run->evidence, &learning, &stream, request->arena);
}

/* About how many floating-point operations one choice takes. */
static double cost_of_choice(const struct run *run) {
    double sample =
        mu_enas_controller_cost(&run->space, hidden_of(run)) / 3; /* without the gradient */
    return run->alone ? ATTEMPTS * sample
                      : SAMPLES * sample + mu_enas_propose_cost(&run->space, &run->evidence);
}

static void learn(struct run *run) {
    const struct mu_enas_evidence *e = &run->evidence;
    size_t wanted = run->request->wanted < MODELLED ? run->request->wanted : MODELLED;
    size_t pending = e->n_pending < MODELLED ? e->n_pending : MODELLED;
    run->modelled = at_most(BUDGET_CHOICES / cost_of_choice(run), wanted);
    if (e->n < INITIAL || mu_enas_exhausted(e)) {
        return;
    }
    train(run);
    run->samples = mu_enas_archs(&run->space, SAMPLES, run->request->arena);
    run->pointers = MU_ARRAY(run->request->arena, SAMPLES, struct mu_enas_arch *);
    for (size_t i = 0; i < SAMPLES; i++) {
        run->pointers[i] = &run->samples[i];
    }
    if (run->alone) {
        return;
    }
    run->surrogate =
        mu_enas_surrogate_fit(&run->space, e, run->modelled + pending, run->request->arena);
    for (size_t i = 0; i < pending; i++) {
        mu_enas_surrogate_expect(run->surrogate, &e->archs[e->n + i]);
    }
}

static enum mu_status suggest(
    const struct mu_request *request, struct mu_reply *reply, struct mu_error *error) {
    struct run *run = MU_NEW(request->arena, struct run);
    run->request = request;
    run->alone = mu_setting(request->settings, "search")->choice == SEARCH_CONTROLLER;
    enum mu_status status = read_space(&run->space, request->experiment, request->arena, error);
    if (status) {
        return status;
    }
    mu_enas_evidence_init(
        &run->evidence, &run->space, request->history, request->wanted, request->arena);
    learn(run);
    struct mu_enas_arch *archs = mu_enas_archs(&run->space, request->wanted, request->arena);
    for (size_t i = 0; i < request->wanted; i++) {
        if (mu_request_stopped(request)) {
            return mu_fail(error, MU_CANCELLED, "nobody waits for the answer");
        }
        choose(run, i, &archs[i]);
        mu_enas_set_add(run->evidence.tried, &archs[i]);
        if (run->surrogate && i < run->modelled) {
            mu_enas_surrogate_expect(run->surrogate, &archs[i]);
        }
        answer(run, reply, &archs[i]);
    }
    return MU_OK;
}

const struct mu_algorithm mu_enas = {
    .name = "enas",
    .summary = "Architecture search: a controller trained by policy gradient, joined with a "
               "surrogate over the evaluated architectures.",
    .settings = SETTINGS,
    .n_settings = sizeof SETTINGS / sizeof *SETTINGS,
    .unknown_setting = "Unknown Algorithm Setting name: %.200s",
    .validate = validate,
    .suggest = suggest,
};
