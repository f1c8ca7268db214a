/* Every call answers alike: the settings merged with the defaults, the primitives and the number of
 * layers, as the trial image parses them. The history plays no part. */
#include "services/darts/darts.h"

#include <math.h>
#include <string.h>

#include "common/base/writer.h"
#include "common/search/network.h"

enum { MOST_VALUES = 1000 };

static const char BARE[] = "skip_connection";

/* The primitives that the trial image has (it adds "none" itself). */
static const char *const PRIMITIVES[] = {"avg_pooling_3x3", "max_pooling_3x3", "skip_connection",
    "separable_convolution_3x3", "separable_convolution_5x5", "dilated_convolution_3x3",
    "dilated_convolution_5x5"};

#define WHOLE(setting, standard, least, text, meaning)                                             \
    {                                                                                              \
        .name = setting, .value = MU_CHECKED(MU_MEMBER_COUNT), .fallback = standard, .min = least, \
        .max = INFINITY, .max_open = true, .out_of_range = text, .help = meaning                   \
    }
#define REAL(setting, standard, meaning)                                            \
    {                                                                               \
        .name = setting, .value = MU_CHECKED(MU_MEMBER_REAL), .fallback = standard, \
        .max = INFINITY, .max_open = true,                                          \
        .out_of_range = "%s should be greater or equal than zero", .help = meaning  \
    }
#define FROM_ONE "%s should be greater or equal than one"

/* Checked only, for the reply holds the texts: in this order, a default as a JSON number. */
static const struct mu_setting_spec SPECS[] = {
    WHOLE("num_epochs", "50", 1, "%s should be greater than zero", "Epochs of the search."),
    REAL("w_lr", "0.025", "Learning rate of the weights."),
    REAL("w_lr_min", "0.001", "Learning rate of the weights at the end of the cosine schedule."),
    REAL("w_momentum", "0.9", "Momentum of the weights."),
    REAL("w_weight_decay", "0.0003", "Weight decay of the weights."),
    REAL("w_grad_clip", "5.0", "Largest norm of the weights' gradient."),
    REAL("alpha_lr", "0.0003", "Learning rate of the architecture."),
    REAL("alpha_weight_decay", "0.001", "Weight decay of the architecture."),
    {.name = "batch_size",
        .value = MU_CHECKED(MU_MEMBER_COUNT),
        .fallback = "128",
        .min = 1,
        .max = INFINITY,
        .max_open = true,
        .none_allowed = true,
        .out_of_range = FROM_ONE,
        .help = "Images in a batch. None passes, as it does with Katib, but Katib's own trial "
                "image cannot read it."},
    {.name = "num_workers",
        .value = MU_CHECKED(MU_MEMBER_COUNT),
        .fallback = "4",
        .min = 0,
        .max = INFINITY,
        .max_open = true,
        .out_of_range = "%s should be greater or equal than zero",
        .help = "Processes that load data."},
    WHOLE("init_channels", "16", 1, FROM_ONE, "Channels of the first layer."),
    WHOLE("print_step", "50", 1, FROM_ONE, "Batches between two lines of the log."),
    WHOLE("num_nodes", "4", 1, FROM_ONE, "Nodes of a cell."),
    WHOLE("stem_multiplier", "3", 1, FROM_ONE,
        "Channels of the stem, as a multiple of init_channels."),
};

/* ---- checks ---- */

/* The trial image reads whole numbers with Python's int(), which refuses "5.0". */
static enum mu_status check_whole(const struct mu_experiment *experiment, struct mu_error *error) {
    for (size_t i = 0; i < mu_darts.settings.n; i++) {
        const char *name = SPECS[i].name;
        const char *text = mu_pairs_find(experiment->settings, experiment->n_settings, name);
        bool none = text && SPECS[i].none_allowed && strcasecmp(text, "none") == 0;
        if (SPECS[i].value.kind == MU_MEMBER_COUNT && text && !none &&
            text[strspn(text, "+0123456789")] != '\0') {
            return mu_fail(error, MU_INVALID_ARGUMENT,
                "failed to validate %s(%.200s): write it as a whole number without a point or "
                "exponent",
                name, text);
        }
    }
    return MU_OK;
}

static enum mu_status check_travel(const struct mu_experiment *experiment, struct mu_error *error) {
    for (size_t i = 0; i < experiment->n_settings; i++) {
        const struct mu_pair *s = &experiment->settings[i];
        if (!mu_text_travels(s->name) || !mu_text_travels(s->value)) {
            return mu_fail(error, MU_INVALID_ARGUMENT,
                "failed to validate %.200s(%.200s): a name or value must not hold quotes, \\, $, ` "
                "or control characters",
                s->name, s->value);
        }
    }
    return MU_OK;
}

static enum mu_status check_layers(
    const struct mu_network *network, int least, struct mu_error *error) {
    return network->layers >= least
               ? MU_OK
               : mu_fail(error, MU_INVALID_ARGUMENT,
                     "num_layers is %d in GraphConfig, at least 1 is wanted", network->layers);
}

static enum mu_status check_operations(const struct mu_network *network, struct mu_error *error) {
    return network->n_operations
               ? MU_OK
               : mu_fail(error, MU_INVALID_ARGUMENT,
                     "Missing Operations in NasConfig: there is nothing to choose from");
}

static bool known(const char *primitive) {
    for (size_t i = 0; i < sizeof PRIMITIVES / sizeof *PRIMITIVES; i++) {
        if (strcmp(primitive, PRIMITIVES[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- the search space ---- */

/* Call |visit| with each primitive of |network|: the type itself, or TYPE_VxV for each value V of
 * its first parameter. */
static enum mu_status each_primitive(const struct mu_network *network, struct mu_arena *arena,
    struct mu_error *error,
    enum mu_status (*visit)(const char *primitive, void *user, struct mu_error *error),
    void *user) {
    for (size_t i = 0; i < network->n_operations; i++) {
        const struct mu_operation *o = &network->operations[i];
        struct mu_values sizes = {0};
        enum mu_status status = MU_OK;
        if (strcmp(o->type, BARE) == 0) {
            status = visit(BARE, user, error);
        } else if (o->n_parameters) {
            status = mu_network_values(&sizes, o, &o->parameters[0], MOST_VALUES, arena, error);
        }
        for (size_t j = 0; j < sizes.n && !status; j++) {
            const char *size = sizes.texts[j];
            const char *zeros = sizes.numbers ? strstr(size, ".0") : NULL;
            int n = (int)(zeros && !zeros[2] ? (size_t)(zeros - size)
                                             : strlen(size)); /* a double of 3.0 is a size of 3 */
            status = visit(
                mu_arena_format(arena, "%s_%.*sx%.*s", o->type, n, size, n, size), user, error);
        }
        if (status) {
            return status;
        }
    }
    return MU_OK;
}

static enum mu_status check_primitive(const char *primitive, void *user, struct mu_error *error) {
    (void)user;
    if (known(primitive)) {
        return MU_OK;
    }
    return mu_fail(error, MU_INVALID_ARGUMENT,
        "the operations make the primitive %.200s, which the trial image does not know; it knows "
        "separable_convolution and "
        "dilated_convolution of size 3 and 5, avg_pooling and max_pooling of size 3, and "
        "skip_connection",
        primitive);
}

static enum mu_status validate(const struct mu_experiment *experiment, const void *options,
    struct mu_arena *arena, struct mu_error *error) {
    const struct mu_network *network = &experiment->network;
    (void)options;
    enum mu_status status = check_whole(experiment, error);
    status = status ? status : check_travel(experiment, error);
    status = status ? status : check_layers(network, 0, error);
    if (!status && network->layers) { /* Katib's own tests validate without layers */
        status = check_operations(network, error);
    }
    status = status ? status : mu_network_check(network, BARE, error);
    return status ? status : each_primitive(network, arena, error, check_primitive, NULL);
}

/* ---- the reply ---- */

static enum mu_status write_primitive(const char *primitive, void *user, struct mu_error *error) {
    struct mu_writer *w = user;
    (void)error;
    mu_write(w, "%s'%s'", w->n > 1 ? ", " : "", primitive);
    return MU_OK;
}

/* What the user wrote is a JSON string, "None" is null, a default is a number. */
static void write_setting(
    struct mu_writer *w, const char *name, const char *value, const char *fallback) {
    mu_write(w, "%s'%s': ", w->n > 1 ? ", " : "", name);
    bool text = value && strcmp(value, "None") != 0;
    const char *quote = text ? "'" : "";
    mu_write(w, "%s%s%s", quote, text ? value : value ? "null" : fallback, quote);
}

/* Ours, then what else was given; a repeated name keeps its first place and takes the last value.
 */
static const char *write_settings(const struct mu_request *request) {
    const struct mu_pair *given = request->experiment->settings;
    size_t n = request->experiment->n_settings;
    struct mu_writer w = {.arena = request->arena};
    mu_write(&w, "{");
    for (size_t i = 0; i < mu_darts.settings.n; i++) {
        write_setting(&w, SPECS[i].name, mu_pairs_find(given, n, SPECS[i].name), SPECS[i].fallback);
    }
    for (size_t i = 0; i < n; i++) {
        const char *name = given[i].name;
        if (!mu_settings_find(&mu_darts.settings, name) && !mu_pairs_find(given, i, name)) {
            write_setting(&w, name, mu_pairs_find(given, n, name), "");
        }
    }
    mu_write(&w, "}");
    return w.text;
}

/* The assignments of every suggestion. */
struct state {
    struct mu_pair pairs[3];
};

static enum mu_status begin(
    const struct mu_request *request, void **state, struct mu_error *error) {
    const struct mu_network *network = &request->experiment->network;
    struct state *s = MU_NEW(request->arena, struct state);
    struct mu_writer space = {.arena = request->arena};
    if (!network->present) {
        return mu_fail(error, MU_INVALID_ARGUMENT, "the experiment has no nasConfig");
    }
    enum mu_status status = check_operations(network, error);
    status = status ? status : check_travel(request->experiment, error);
    status = status ? status : check_layers(network, 1, error);
    status = status ? status : mu_network_check(network, BARE, error);
    mu_write(&space, "[");
    status =
        status ? status : each_primitive(network, request->arena, error, write_primitive, &space);
    if (status) {
        return status;
    }
    s->pairs[0] = (struct mu_pair){"algorithm-settings", write_settings(request)};
    mu_write(&space, "]");
    s->pairs[1] = (struct mu_pair){"search-space", space.text};
    s->pairs[2] =
        (struct mu_pair){"num-layers", mu_arena_format(request->arena, "%d", network->layers)};
    *state = s;
    return MU_OK;
}

static enum mu_status propose(
    void *state, uint64_t number, struct mu_proposal *proposal, struct mu_error *error) {
    const struct state *s = state;
    (void)number, (void)error;
    proposal->suggestion.assignments = s->pairs;
    proposal->suggestion.n_assignments = sizeof s->pairs / sizeof *s->pairs;
    return MU_OK;
}

const struct mu_algorithm mu_darts = {
    .name = "darts",
    .summary = "Differentiable architecture search: hands its settings and search space to the one "
               "trial that searches.",
    .settings = {.specs = SPECS, .n = sizeof SPECS / sizeof *SPECS},
    .unseeded = true,
    .unknown_settings_pass = true,
    .validate = validate,
    .begin = begin,
    .propose = propose,
};
