#include "services/hyperband/hyperband.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "services/hyperband/missing.h"
#include "services/hyperband/sampler.h"

/* ---- settings ---- */

enum sampler_kind { SAMPLER_GP, SAMPLER_TPE, SAMPLER_RANDOM };
static const char *const SAMPLERS[] = {"gp", "tpe", "random", NULL};

struct hyperband_options {
    const char *r_l, *resource_name; /* "": not given */
    const char *folder;              /* NULL: trials have none */
    double eta;
    const char *eta_text;
    enum sampler_kind sampler;
    const char *sampler_text;
};

#define STATE(setting)                                                                      \
    {                                                                                       \
        .name = setting, .value = MU_CHECKED(MU_MEMBER_TEXT),                               \
        .help = "State that replies show and controllers send back; nothing depends on it." \
    }

/* r_l is read as text because Katib's message for a wrong one covers words as well as numbers. */
static const struct mu_setting_spec SPECS[] = {
    {.name = "r_l",
        .value = MU_MEMBER(struct hyperband_options, r_l),
        .fallback = "",
        .range = "> 0",
        .help = "The most resource that one trial may use; required."},
    {.name = "resource_name",
        .value = MU_MEMBER(struct hyperband_options, resource_name),
        .fallback = "",
        .range = "a parameter's name",
        .help = "The parameter that says how much resource a trial uses (epochs, say); required."},
    {.name = "eta",
        .value = MU_MEMBER(struct hyperband_options, eta),
        .text = MU_MEMBER(struct hyperband_options, eta_text),
        .fallback = "3",
        .min = 2,
        .max = INFINITY,
        .max_open = true,
        .help = "The best 1 / eta of a rung go on, with eta times its resource."},
    {.name = "sampler",
        .value = MU_MEMBER(struct hyperband_options, sampler),
        .text = MU_MEMBER(struct hyperband_options, sampler_text),
        .choices = SAMPLERS,
        .help = "How new configurations are drawn: by a Gaussian process over assignment and "
                "resource, by TPE, or at random (the paper's Hyperband). Unset: gp for hyperband, "
                "random for asha, tpe for bohb."},
    {.name = MU_TRIAL_FOLDER,
        .value = MU_MEMBER(struct hyperband_options, folder),
        .range = "a path",
        .help = "Where a trial finds its folder: that of a promoted one begins as a copy of its "
                "predecessor's, so that it can go on from there. Unset: trials have no folder."},
    STATE("s_max"),
    STATE("b_l"),
    STATE("r"),
    STATE("n"),
    STATE("current_s"),
    STATE("current_i"),
    STATE("evaluating_trials"),
};

/* r_l, or 0 when it is no positive number. */
static double read_r_l(const struct hyperband_options *options) {
    double r_l;
    return mu_read_double(options->r_l, &r_l) && r_l > 0 ? r_l : 0;
}

/* The parameter as a resource: the texts of a categorical one must denote numbers and are taken for
 * them. MU_INVALID_ARGUMENT names the one that does not. */
static enum mu_status read_resource(const struct mu_parameter *parameter,
    struct mu_parameter *resource, struct mu_arena *arena, struct mu_error *error) {
    *resource = *parameter;
    if (parameter->type != MU_CATEGORICAL) {
        return MU_OK;
    }
    double number;
    for (size_t i = 0; i < parameter->levels; i++) {
        if (!mu_read_double(parameter->list[i], &number)) {
            return mu_fail(error, MU_INVALID_ARGUMENT,
                "resource_name: parameter %.200s has the value \"%.200s\", which is no number",
                parameter->name, parameter->list[i]);
        }
    }
    const struct mu_parameter_text text = {.name = parameter->name,
        .type = MU_DISCRETE,
        .list = parameter->list,
        .n_list = (size_t)parameter->levels};
    return mu_parameter_init(resource, &text, arena, error);
}

static enum mu_status validate_resource(const struct mu_space *space, const char *name, double r_l,
    struct mu_arena *arena, struct mu_error *error) {
    ptrdiff_t at = mu_space_find(space, name);
    struct mu_parameter resource;
    if (at < 0) {
        return mu_fail(error, MU_INVALID_ARGUMENT,
            "value of resource_name setting must be in parameters. \"%.200s\" is none of them.",
            name);
    }
    enum mu_status status = read_resource(&space->parameters[at], &resource, arena, error);
    if (!status && resource.list && resource.levels > 1 && resource.min > r_l) {
        return mu_fail(error, MU_INVALID_ARGUMENT,
            "r_l: %g is less than the least value of parameter %.200s, \"%.200s\"", r_l, name,
            resource.list[0]);
    }
    return status;
}

static enum mu_status validate(const struct mu_experiment *experiment, const void *options,
    struct mu_arena *arena, struct mu_error *error) {
    const struct hyperband_options *o = options;
    if (!*o->r_l || !*o->resource_name) {
        return mu_fail(error, MU_INVALID_ARGUMENT, "r_l and resource_name must be set.");
    }
    double r_l = read_r_l(o);
    if (r_l <= 0) {
        return mu_fail(error, MU_INVALID_ARGUMENT,
            "r_l must be a positive float number. It is \"%.200s\".", o->r_l);
    }
    return experiment->space.n
               ? validate_resource(&experiment->space, o->resource_name, r_l, arena, error)
               : MU_OK;
}

/* ---- one suggestion ---- */

/* The work on one request. */
struct work {
    struct mu_sampler_context context;
    const struct hyperband_options *options;
    enum sampler_kind kind;
    double r_l;
    struct mu_suggestion *suggestion; /* under way */
    uint64_t number;                  /* of it */
    struct mu_sampler sampler;        /* zeros until the first new configuration is wanted */
    size_t missing;                   /* new configurations whose trials are not to be seen */
    size_t promoted; /* promotable configurations used up, counted from the front */
    uint32_t *order; /* see reuse_one */
    size_t n_order, turn;
    int last_bracket, last_rung; /* of the last suggestion */
};

/* Whoever has a folder must have a name, which says bracket and rung; the number tells runs of one
 * configuration apart. */
static void name_trial(struct work *work, const struct mu_trial *predecessor) {
    const struct mu_request *request = work->context.request;
    if (!work->options->folder) {
        return;
    }
    const char *suffix = mu_arena_format(request->arena, "-b%dr%d-%08x", work->last_bracket,
        work->last_rung, (unsigned)mu_hash(request->seed, &work->number, sizeof work->number));
    work->suggestion->trial_name = mu_trial_name(request->experiment->name, suffix, request->arena);
    work->suggestion->parent = predecessor ? predecessor->name : NULL;
}

/* The text of |x|, the value that |config| has of |parameter|: as its trials have it. */
static const char *text_of(const struct work *work, const struct mu_config *config,
    const struct mu_parameter *parameter, double x) {
    return config->latest ? mu_trial_text(config->latest->trial, parameter->name)
                          : mu_parameter_print(parameter, x, work->context.request->arena);
}

/* Propose configuration |number| at |rung|, to go on from |predecessor|, if not NULL. From now on
 * it runs. */
static void hand_out(
    struct work *work, uint32_t number, int rung, const struct mu_trial *predecessor) {
    static const struct mu_trial SUGGESTED = {.state = MU_PENDING};
    struct mu_sampler_context *context = &work->context;
    const struct mu_config *config = &context->brackets.configs[number];
    const struct mu_space *space = &context->request->experiment->space;
    struct mu_pair *pairs = MU_ARRAY(context->request->arena, space->n, struct mu_pair);
    const double *x = config->x;
    for (size_t i = 0; i < space->n; i++) {
        const struct mu_parameter *parameter = &space->parameters[i];
        pairs[i] = (struct mu_pair){parameter->name, i == context->resource
                                                         ? context->ladder.text[rung]
                                                         : text_of(work, config, parameter, *x++)};
    }
    work->suggestion->assignments = pairs;
    work->suggestion->n_assignments = space->n;
    work->last_bracket = config->bracket;
    work->last_rung = rung;
    name_trial(work, predecessor);
    struct mu_run *run = &context->brackets.runs[context->brackets.n_runs++];
    *run = (struct mu_run){.trial = &SUGGESTED,
        .x = config->x,
        .resource = context->ladder.value[rung],
        .rung = rung,
        .config = number};
    if (work->sampler.model) {
        work->sampler.pending(work->sampler.model, run->x);
    }
}

/* Take what the sampler draws today for the latest suggestions that are missing for running. */
static void recall(struct work *work) {
    size_t n = work->missing < MU_REQUEST_RECALLED ? work->missing : MU_REQUEST_RECALLED;
    struct mu_sampler_context *context = &work->context;
    for (size_t k = n; k > 0; k--) {
        double *x = MU_ARRAY(context->request->arena, context->space.n + 1, double);
        uint64_t number = context->request->first - k;
        if (work->sampler.draw(work->sampler.model, number, x)) {
            mu_seen_add(context->seen, x);
            work->sampler.pending(work->sampler.model, x);
        }
    }
}

/* The sampler, fitted to the trials and to what this request has proposed already when the first
 * new configuration is wanted. */
static struct mu_sampler *sampler(struct work *work) {
    if (!work->sampler.model) {
        work->sampler =
            (work->kind == SAMPLER_TPE ? mu_sampler_tpe : mu_sampler_gp)(&work->context);
        recall(work);
    }
    return &work->sampler;
}

static void promote(struct work *work, uint32_t config) {
    const struct mu_config *c = &work->context.brackets.configs[config];
    mu_brackets_promote(&work->context.brackets, config);
    hand_out(work, config, c->top, mu_config_predecessor(c, c->top));
}

static bool promote_one(struct work *work) {
    const struct mu_brackets *brackets = &work->context.brackets;
    if (work->promoted == brackets->n_promotable) {
        return false;
    }
    promote(work, brackets->promotable[work->promoted++].run->config);
    return true;
}

/* A small fixed share is drawn at random whatever the model says, which keeps Hyperband's guarantee
 * at a tenth of its speed. */
static bool is_random_share(const struct work *work, uint64_t number) {
    struct mu_stream stream;
    mu_stream_init(&stream, work->context.request->seed, number, "random share");
    return mu_uniform(&stream) < 0.1;
}

static bool start_one(struct work *work, uint64_t number) {
    struct mu_sampler_context *context = &work->context;
    if (mu_seen_exhausted(context->seen)) {
        return false;
    }
    double *x = MU_ARRAY(context->request->arena, context->space.n + 1, double);
    bool model = work->kind != SAMPLER_RANDOM && !is_random_share(work, number);
    int rung = (int)mu_brackets_next(&context->brackets);
    bool drawn = model && sampler(work)->draw(work->sampler.model, number, x);
    if (!drawn || mu_request_may_repeat(context->request, &context->space, x)) {
        mu_space_draw_unseen(&context->space, context->seen, context->request->seed, number, x);
    }
    mu_seen_add(context->seen, x);
    hand_out(work, mu_brackets_start(&context->brackets, x, rung), rung, NULL);
    return true;
}

/* Every configuration of a finite space was started: promote beyond the quota, and when all are at
 * the top run the best ones again. */
static void reuse_one(struct work *work) {
    struct mu_brackets *brackets = &work->context.brackets;
    int top = (int)work->context.ladder.n - 1;
    if (!work->order) {
        work->order = mu_brackets_order(brackets, work->context.request->arena);
        work->n_order = brackets->n_configs;
    }
    for (size_t step = 0; step < work->n_order; step++) {
        uint32_t config = work->order[work->turn++ % work->n_order];
        if (brackets->configs[config].top < top) {
            promote(work, config);
            return;
        }
    }
    assert(work->n_order > 0); /* a space that is used up has configurations */
    hand_out(work, work->order[work->turn++ % work->n_order], top, NULL);
}

/* ---- the reply's settings ---- */

/* How many trials Hyperband would start next once those of this reply have finished: what the last
 * rung promotes, else a new bracket. */
static double next_rung(const struct work *work) {
    const struct mu_brackets *brackets = &work->context.brackets;
    size_t b = (size_t)work->last_bracket;
    size_t k = (size_t)work->last_rung;
    if (k + 1 < work->context.ladder.n) {
        size_t best = mu_ladder_quota(&work->context.ladder, brackets->reached[b][k]);
        if (best > brackets->reached[b][k + 1]) {
            return (double)(best - brackets->reached[b][k + 1]);
        }
    }
    return mu_brackets_room(brackets, mu_brackets_next(brackets));
}

/* The names under which Katib's service keeps its state, so that whoever looks at the suggestion's
 * status finds what he knows. evaluating_trials is the number of results that the next rung is
 * chosen from. */
static void describe(void *state, struct mu_reply *reply) {
    const struct work *work = state;
    if (!work) {
        return; /* there was no resource */
    }
    struct mu_arena *arena = work->context.request->arena;
    double r_l = work->r_l;
    const struct mu_ladder *ladder = &work->context.ladder;
    size_t b = (size_t)work->last_bracket;
    size_t k = (size_t)work->last_rung;
    const struct mu_pair pairs[] = {
        {"eta", work->options->eta_text},
        {"s_max", mu_arena_format(arena, "%zu", ladder->n - 1)},
        {"r_l", mu_arena_format(arena, "%.17g", r_l)},
        {"b_l", mu_arena_format(arena, "%.17g", r_l * (double)ladder->n)},
        {"r", ladder->text[b]},
        {"n", mu_arena_format(arena, "%.0f", ladder->planned[b])},
        {"current_s", mu_arena_format(arena, "%zu", ladder->n - 1 - b)},
        {"current_i", mu_arena_format(arena, "%zu", k - b)},
        {"resource_name",
            work->context.request->experiment->space.parameters[work->context.resource].name},
        {"evaluating_trials", mu_arena_format(arena, "%.0f", floor(ladder->eta * next_rung(work)))},
    };
    struct mu_pair *copy = MU_ARRAY(arena, sizeof pairs / sizeof *pairs, struct mu_pair);
    memcpy(copy, pairs, sizeof pairs);
    reply->settings = copy;
    reply->n_settings = sizeof pairs / sizeof *pairs;
}

/* ---- a request ---- */

/* The parameters without the resource. */
static struct mu_space without(
    const struct mu_space *space, size_t resource, struct mu_arena *arena) {
    struct mu_parameter *parameters = MU_ARRAY(arena, space->n, struct mu_parameter);
    for (size_t i = 0, j = 0; i < space->n; i++) {
        if (i != resource) {
            parameters[j++] = space->parameters[i];
        }
    }
    return (struct mu_space){parameters, space->n - 1};
}

/* Li et al., MLSys 2020, algorithm 2: one bracket, at random. */
static bool is_asha(const char *algorithm) {
    return strcmp(algorithm, "asha") == 0;
}

/* Falkner, Klein and Hutter, ICML 2018, have TPE. */
static enum sampler_kind sampler_kind_of(
    const struct hyperband_options *options, const char *algorithm) {
    bool bohb = strcmp(algorithm, "bohb") == 0;
    enum sampler_kind usual = is_asha(algorithm) ? SAMPLER_RANDOM : bohb ? SAMPLER_TPE : SAMPLER_GP;
    return options->sampler_text ? options->sampler : usual;
}

static void prepare(
    struct work *work, const struct mu_request *request, const struct mu_parameter *parameter) {
    struct mu_sampler_context *context = &work->context;
    context->request = request;
    context->space = without(&request->experiment->space, context->resource, request->arena);
    mu_ladder_build(&context->ladder, parameter, work->r_l, work->options->eta,
        is_asha(request->experiment->algorithm), request->arena);
    mu_brackets_build(
        &context->brackets, request, &context->ladder, &context->space, context->resource);
    work->missing = mu_brackets_believe(&context->brackets, request);
    context->seen =
        mu_seen_of(&context->space, context->brackets.n_configs + request->wanted, request->arena);
    for (size_t i = 0; i < context->brackets.n_configs; i++) {
        mu_seen_add(context->seen, context->brackets.configs[i].x);
    }
}

/* GetSuggestions, unlike validation, insists on no resource: without one there is nothing to
 * promote, no state, and every suggestion is random. */
static enum mu_status begin(
    const struct mu_request *request, void **state, struct mu_error *error) {
    const struct mu_space *space = &request->experiment->space;
    struct work *work = MU_NEW(request->arena, struct work);
    work->options = request->options;
    work->kind = sampler_kind_of(work->options, request->experiment->algorithm);
    work->r_l = read_r_l(work->options);
    ptrdiff_t at = mu_space_find(space, work->options->resource_name);
    struct mu_parameter resource;
    if (at < 0 || work->r_l <= 0 ||
        read_resource(&space->parameters[at], &resource, request->arena, error)) {
        return MU_OK;
    }
    work->context.resource = (size_t)at;
    prepare(work, request, &resource);
    *state = work;
    return MU_OK;
}

static enum mu_status propose(
    void *state, uint64_t number, struct mu_proposal *proposal, struct mu_error *error) {
    struct work *work = state;
    (void)error;
    if (!work) {
        return MU_OK;
    }
    work->suggestion = &proposal->suggestion;
    work->number = number;
    if (!promote_one(work) && !start_one(work, number)) {
        reuse_one(work);
    }
    return MU_OK;
}

/* What the names have in common. Promotion is asynchronous in all of them. */
#define HYPERBAND                                                                   \
    .settings = MU_SETTINGS(SPECS, struct hyperband_options), .validate = validate, \
    .begin = begin, .propose = propose, .describe = describe

const struct mu_algorithm mu_hyperband = {
    .name = "hyperband",
    .summary = "Hyperband with asynchronous promotion; new configurations from a Gaussian process "
               "over assignment and resource.",
    HYPERBAND,
};

const struct mu_algorithm mu_asha = {
    .name = "asha",
    .summary = "Asynchronous successive halving: hyperband's lowest bracket alone.",
    HYPERBAND,
};

const struct mu_algorithm mu_bohb = {
    .name = "bohb",
    .summary = "Hyperband whose new configurations come from TPE, with asynchronous promotion.",
    HYPERBAND,
};
