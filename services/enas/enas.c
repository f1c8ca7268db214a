/* ENAS (Pham, Guan, Zoph, Le and Dean, "Efficient neural architecture search via parameter
 * sharing", ICML 2018), without the sharing: a trial trains one architecture, so a few hundred
 * rewards are all there is. A surrogate over the evaluated architectures learns from them, or, when
 * the settings ask for it, a controller trained by policy gradient. */
#include "services/enas/enas.h"

#include <math.h>

#include "services/enas/controller_search.h"
#include "services/enas/proposal.h"

/* docs/adr/0021-budgets-of-enas.md tells how the figures came about. */
static const struct tuning {
    size_t initial; /* observations before anything is learned from them */
    size_t learned; /* most suggestions of a request that what was learned chooses */
    double choices; /* floating-point operations of these choices: 2e10 take about 2 s */
} TUNING = {.initial = 8, .learned = 32, .choices = 2e10};

enum search { SEARCH_SURROGATE, SEARCH_CONTROLLER };
static const char *const SEARCHES[] = {"surrogate", "controller", NULL};

/* Zeros where a setting is None. */
struct enas_options {
    enum search search;
    uint64_t hidden, steps;
    double temperature, bound, entropy_weight, decay, rate, skip_target, skip_weight;
};
#define OPTION(member) MU_MEMBER(struct enas_options, member)

/* The ranges, with Katib's texts. */
#define NOT_FLOAT \
    "Algorithm Setting %s must be float type: exception could not convert string to float: '%s'"
#define FROM_ONE                                                                                \
    .min = 1, .max = INFINITY,                                                                  \
    .out_of_range = "Algorithm Setting %s: %s with int type must be in range [1, inf)",         \
    .unparsable =                                                                               \
        "Algorithm Setting %s must be int type: exception invalid literal for int() with base " \
        "10: '%s'"
#define ABOVE_ZERO_OR_NONE                                                                \
    .max = INFINITY, .min_open = true, .none_allowed = true,                              \
    .out_of_range = "Algorithm Setting %s: %s with float type must be in range (0, inf)", \
    .unparsable = NOT_FLOAT
#define TO_ONE                                                                          \
    .max = 1, .min_open = true,                                                         \
    .out_of_range = "Algorithm Setting %s: %s with float type must be in range (0, 1)", \
    .unparsable = NOT_FLOAT

static const struct mu_setting_spec SPECS[] = {
    {.name = "search",
        .value = OPTION(search),
        .fallback = "surrogate",
        .choices = SEARCHES,
        .help = "Who chooses: the surrogate among random architectures and variations of the best, "
                "or the controller."},
    {.name = "controller_hidden_size",
        .value = OPTION(hidden),
        .fallback = "64",
        FROM_ONE,
        .help = "Units of the controller's LSTM; more than 192, or 131072 over the number of "
                "operations, count as that."},
    {.name = "controller_temperature",
        .value = OPTION(temperature),
        .fallback = "5.0",
        ABOVE_ZERO_OR_NONE,
        .help = "Divides the logits; None: 1."},
    {.name = "controller_tanh_const",
        .value = OPTION(bound),
        .fallback = "2.25",
        ABOVE_ZERO_OR_NONE,
        .help = "Bounds the logits: c tanh(logit); None: unbounded."},
    {.name = "controller_entropy_weight",
        .value = OPTION(entropy_weight),
        .fallback = "1e-05",
        ABOVE_ZERO_OR_NONE,
        .help = "Weight of the policy's entropy in the objective; None: 0."},
    {.name = "controller_baseline_decay",
        .value = OPTION(decay),
        .fallback = "0.999",
        TO_ONE,
        .help = "Decay of the moving average that rewards are compared with."},
    {.name = "controller_learning_rate",
        .value = OPTION(rate),
        .fallback = "0.02",
        TO_ONE,
        .help = "Step size of Adam. Katib's 5e-05 is for a controller that trains on through the "
                "experiment; ours is rebuilt in every call."},
    {.name = "controller_skip_target",
        .value = OPTION(skip_target),
        .fallback = "0.4",
        TO_ONE,
        .help = "Share of skips that the controller is drawn to."},
    {.name = "controller_skip_weight",
        .value = OPTION(skip_weight),
        ABOVE_ZERO_OR_NONE,
        .help = "How strongly; unset and None: not at all."},
    {.name = "controller_train_steps",
        .value = OPTION(steps),
        .fallback = "50",
        FROM_ONE,
        .help = "Steps of Adam in a call."},
    {.name = "controller_log_every_steps",
        .value = MU_CHECKED(MU_MEMBER_COUNT),
        .fallback = "10",
        FROM_ONE,
        .help = "Accepted for compatibility; there is no training log."},
};

static enum mu_status read_space(struct mu_enas_space *space,
    const struct mu_experiment *experiment, struct mu_arena *arena, struct mu_error *error) {
    if (experiment->space.n) {
        return mu_fail(error, MU_INVALID_ARGUMENT,
            "only one of parameters and nasConfig can be specified; there is the parameter %.200s",
            experiment->space.parameters[0].name);
    }
    return mu_enas_space_init(space, &experiment->network, arena, error);
}

static enum mu_status validate(const struct mu_experiment *experiment, const void *options,
    struct mu_arena *arena, struct mu_error *error) {
    struct mu_enas_space space;
    (void)options;
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
    const struct enas_options *options;
    struct mu_enas_space space;
    struct mu_enas_observations observations;
    size_t learned; /* suggestions of this request that what was learned chooses; 0: nothing was */
    struct mu_enas_surrogate *surrogate;         /* NULL: the controller chooses */
    struct mu_enas_controller_search controller; /* when it does */
};

/* An offspring of one of the best observations (n >= 1). */
static void vary_one(struct run *run, struct mu_enas_arch *arch, struct mu_stream *stream) {
    const struct mu_enas_observations *e = &run->observations;
    size_t parents = e->n < MU_ENAS_PARENTS ? e->n : MU_ENAS_PARENTS;
    size_t parent = e->ranks[mu_uniform_below(stream, parents)];
    mu_enas_breed(&run->space, arch, &e->archs[parent], stream);
}

/* When every architecture was tried: the best once more. */
static void repeat(struct run *run, struct mu_enas_arch *arch, struct mu_stream *stream) {
    const struct mu_enas_observations *e = &run->observations;
    if (e->n) {
        mu_enas_copy(&run->space, arch, &e->archs[e->ranks[0]]);
    } else {
        mu_enas_draw(&run->space, arch, stream);
    }
}

static void choose(struct run *run, uint64_t number, struct mu_enas_arch *arch) {
    struct mu_stream stream;
    mu_stream_init(&stream, run->request->seed, number, "architecture");
    if (mu_enas_exhausted(&run->observations)) {
        repeat(run, arch, &stream);
        return;
    }
    if (!run->learned) {
        balanced(run->request, &run->space, number, arch);
    } else if (number - run->request->first >= run->learned) {
        vary_one(run, arch, &stream);
    } else if (run->surrogate) {
        mu_enas_propose(
            &run->space, &run->observations, run->surrogate, arch, &stream, run->request->arena);
    } else {
        mu_enas_controller_search_next(&run->controller, arch, &stream);
    }
    if (mu_enas_set_has(run->observations.tried, arch)) {
        mu_enas_draw_untried(&run->space, &run->observations, arch, &stream);
    }
}

static void answer(struct run *run, struct mu_proposal *proposal, const struct mu_enas_arch *arch) {
    struct mu_arena *arena = run->request->arena;
    struct mu_pair *pairs = MU_ARRAY(arena, 2, struct mu_pair);
    pairs[0] = (struct mu_pair){"architecture", mu_enas_print_arch(&run->space, arch, arena)};
    pairs[1] = (struct mu_pair){"nn_config", mu_enas_print_config(&run->space, arch, arena)};
    proposal->suggestion.assignments = pairs;
    proposal->suggestion.n_assignments = 2;
}

/* ---- what is learned ---- */

static struct mu_enas_controller_size controller_size(const struct run *run) {
    return mu_enas_controller_size_of(&run->space, run->options->hidden, run->options->steps);
}

static void train_controller(struct run *run) {
    const struct mu_request *request = run->request;
    const struct enas_options *o = run->options;
    struct mu_enas_controller_size size = controller_size(run);
    struct mu_enas_controller_options options = {.hidden = size.hidden,
        .batch = size.batch,
        .temperature = o->temperature > 0 ? o->temperature : 1,
        .bound = o->bound,
        .skip_target = o->skip_target};
    struct mu_enas_learning learning = {.steps = size.steps,
        .batch = size.batch,
        .rate = o->rate,
        .decay = o->decay,
        .entropy_weight = o->entropy_weight,
        .skip_weight = o->skip_weight,
        .request = request};
    struct mu_stream stream;
    mu_stream_init(&stream, request->seed, 0, "controller");
    mu_enas_controller_search_init(&run->controller, &run->space, &run->observations, &options,
        &learning, &stream, request->arena);
}

/* How many suggestions of the request are worth |cost| operations each, at least one. */
static size_t affordable(const struct run *run, double cost) {
    size_t wanted = run->request->wanted < TUNING.learned ? run->request->wanted : TUNING.learned;
    double most = fmax(1, TUNING.choices / cost);
    return most < (double)wanted ? (size_t)most : wanted;
}

static void learn(struct run *run) {
    const struct mu_enas_observations *e = &run->observations;
    if (e->n < TUNING.initial || mu_enas_exhausted(e)) {
        return;
    }
    if (run->options->search == SEARCH_CONTROLLER) {
        run->learned = affordable(
            run, mu_enas_controller_search_cost(&run->space, controller_size(run).hidden));
        train_controller(run);
    } else {
        run->learned = affordable(run, mu_enas_propose_cost(&run->space, e));
        run->surrogate = mu_enas_surrogate_of(&run->space, e, run->learned, run->request->arena);
    }
}

static enum mu_status begin(
    const struct mu_request *request, void **state, struct mu_error *error) {
    struct run *run = MU_NEW(request->arena, struct run);
    run->request = request;
    run->options = request->options;
    enum mu_status status = read_space(&run->space, request->experiment, request->arena, error);
    if (status) {
        return status;
    }
    mu_enas_observations_init(
        &run->observations, &run->space, request->history, request->wanted, request->arena);
    learn(run);
    *state = run;
    return MU_OK;
}

static enum mu_status propose(
    void *state, uint64_t number, struct mu_proposal *proposal, struct mu_error *error) {
    struct run *run = state;
    struct mu_enas_arch *arch = mu_enas_archs(&run->space, 1, run->request->arena);
    (void)error;
    choose(run, number, arch);
    mu_enas_set_add(run->observations.tried, arch);
    answer(run, proposal, arch);
    return MU_OK;
}

const struct mu_algorithm mu_enas = {
    .name = "enas",
    .summary = "Architecture search: a surrogate over the evaluated architectures, or a controller "
               "trained by policy gradient.",
    .settings = MU_SETTINGS(SPECS, struct enas_options),
    .unknown_setting = "Unknown Algorithm Setting name: %.200s",
    .validate = validate,
    .begin = begin,
    .propose = propose,
};
