/* Grid search: suggestion i is point i of an order that is spread from its start (order.h).
 *
 * Every point comes once, then the order begins again. A point that was tried although it is not
 * its turn (a controller that counts otherwise) is passed over for the next untried one. */
#include "services/grid/grid.h"

#include <assert.h>
#include <inttypes.h>

#include "services/grid/axes.h"
#include "services/grid/order.h"

struct grid_options {
    uint64_t log_points;
};

static const struct mu_setting_spec SPECS[] = {
    {.name = "log_points",
        .value = MU_MEMBER(struct grid_options, log_points),
        .min = 2,
        .max = 65536,
        .help = "logUniform parameters take this many values in equal ratios from min to max. "
                "Unset: they need a step, and their values have equal distances."},
    {.name = "grid_exhausted",
        .value = MU_CHECKED(MU_MEMBER_TEXT),
        .help = "Not read: what a reply says that repeats points because all were handed out."},
};

static const struct mu_pair EXHAUSTED = {"grid_exhausted", "true"};

struct state {
    const struct mu_request *request;
    struct mu_grid_axes grid;
    struct mu_seen *seen; /* points of trials and of this request */
    size_t most;          /* how many these are at most */
    uint64_t *levels;     /* of a point */
    bool repeated;        /* a point of this request had been handed out before */
};

static enum mu_status validate(const struct mu_experiment *experiment, const void *options,
    struct mu_arena *arena, struct mu_error *error) {
    const struct grid_options *o = options;
    struct mu_grid_axes grid;
    enum mu_status status = mu_grid_axes_of(&grid, &experiment->space, o->log_points, arena, error);
    if (status) {
        return status;
    }
    if (experiment->max_trials > 0 && (uint64_t)experiment->max_trials > grid.size) {
        return mu_fail(error, MU_INVALID_ARGUMENT,
            "Max Trial Count: %d > all possible search combinations: %" PRIu64,
            experiment->max_trials, grid.size);
    }
    return MU_OK;
}

static enum mu_status begin(
    const struct mu_request *request, void **state, struct mu_error *error) {
    const struct mu_space *space = &request->experiment->space;
    const struct grid_options *options = request->options;
    const struct mu_history *history = request->history;
    struct state *s = MU_NEW(request->arena, struct state);
    s->request = request;
    s->levels = MU_ARRAY(request->arena, space->n, uint64_t);
    s->most = history->n + request->wanted;
    s->seen = mu_seen_of(space, s->most, request->arena);
    for (size_t i = 0; i < history->n; i++) {
        mu_seen_add(s->seen, history->trials[i].x);
    }
    *state = s;
    return mu_grid_axes_of(&s->grid, space, options->log_points, request->arena, error);
}

/* The point at |index| of the order, which begins again after its end. */
static void point_at(struct state *s, uint64_t index, double *x) {
    size_t n = s->grid.n;
    assert(s->grid.size > 0);
    mu_grid_point(s->request->seed, index % s->grid.size, s->grid.levels, n, s->levels);
    for (size_t i = 0; i < n; i++) {
        const struct mu_grid_axis *axis = &s->grid.axes[i];
        x[i] = axis->texts ? axis->x[s->levels[i]] : (double)s->levels[i];
    }
}

/* The first untried point from |number| on, or that of |number| when every one was tried: of more
 * successive points than there are tried ones one is untried. */
static void choose(struct state *s, uint64_t number, double *x) {
    uint64_t rest = s->grid.size < s->most ? s->grid.size : s->most + 1;
    for (uint64_t ahead = 0; ahead < rest; ahead++) {
        point_at(s, number % s->grid.size + ahead, x);
        if (!mu_seen_has(s->seen, x)) {
            return;
        }
    }
    point_at(s, number, x);
    s->repeated = true;
}

static enum mu_status propose(
    void *state, uint64_t number, struct mu_proposal *proposal, struct mu_error *error) {
    struct state *s = state;
    struct mu_pair *pairs = MU_ARRAY(s->request->arena, s->grid.n, struct mu_pair);
    (void)error;
    choose(s, number, proposal->x);
    mu_seen_add(s->seen, proposal->x);
    for (size_t i = 0; i < s->grid.n; i++) {
        const struct mu_grid_axis *axis = &s->grid.axes[i];
        pairs[i].name = axis->parameter->name;
        pairs[i].value =
            axis->texts ? axis->texts[s->levels[i]]
                        : mu_parameter_print(axis->parameter, proposal->x[i], s->request->arena);
    }
    proposal->suggestion.assignments = pairs;
    proposal->suggestion.n_assignments = s->grid.n;
    return MU_OK;
}

static void describe(void *state, struct mu_reply *reply) {
    if (((struct state *)state)->repeated) {
        reply->settings = &EXHAUSTED;
        reply->n_settings = 1;
    }
}

const struct mu_algorithm mu_grid = {
    .name = "grid",
    .summary = "Every combination of the parameters' values once, in an order that is spread from "
               "its start.",
    .settings = MU_SETTINGS(SPECS, struct grid_options),
    .outcomes = true,
    .validate = validate,
    .begin = begin,
    .propose = propose,
    .describe = describe,
};
