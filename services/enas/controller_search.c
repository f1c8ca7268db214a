#include "services/enas/controller_search.h"

/* docs/adr/0021-budgets-of-enas.md tells how the figures came about. */
static const struct tuning {
    double training;  /* floating-point operations: 1.6e9 take about 120 ms */
    double state;     /* numbers kept of a forward pass: 2e6 are 16 MB */
    double embedding; /* numbers of a matrix with a row per operation: 131072 are 1 MB */
    size_t hidden;    /* most units: the weights are 10 hidden^2 numbers */
    size_t steps;     /* most steps of Adam */
    size_t batch;     /* architectures in a step, where the budgets allow */
    size_t attempts;  /* samples until one is untried */
} TUNING = {.training = 1.6e9,
    .state = 2e6,
    .embedding = 131072,
    .hidden = 192,
    .steps = 1000000,
    .batch = 8,
    .attempts = 256};

static size_t at_most(double limit, size_t n) {
    return limit < (double)n ? (limit < 1 ? 1 : (size_t)limit) : n;
}

struct mu_enas_controller_size mu_enas_controller_size_of(
    const struct mu_enas_space *space, size_t hidden, size_t steps) {
    struct mu_enas_controller_size size;
    size.hidden = hidden < TUNING.hidden ? hidden : TUNING.hidden;
    size.hidden = at_most(TUNING.embedding / (double)space->table.n, size.hidden);
    size.steps = steps < TUNING.steps ? steps : TUNING.steps;
    double passes = TUNING.training / mu_enas_controller_cost(space, size.hidden);
    size.batch = at_most(TUNING.state / mu_enas_controller_state(space, size.hidden), TUNING.batch);
    size.batch = at_most(passes / (double)size.steps, size.batch);
    size.steps = at_most(passes / (double)size.batch, size.steps);
    return size;
}

void mu_enas_controller_search_init(struct mu_enas_controller_search *search,
    const struct mu_enas_space *space, const struct mu_enas_observations *observations,
    const struct mu_enas_controller_options *options, const struct mu_enas_learning *learning,
    struct mu_stream *stream, struct mu_arena *arena) {
    *search = (struct mu_enas_controller_search){.observations = observations};
    search->controller = mu_enas_controller_new(space, options, stream, arena);
    search->samples = mu_enas_archs(space, options->batch, arena);
    mu_enas_learn(search->controller, observations, learning, stream, arena);
}

void mu_enas_controller_search_next(
    struct mu_enas_controller_search *search, struct mu_enas_arch *arch, struct mu_stream *stream) {
    struct mu_enas_controller *c = search->controller;
    size_t batch = c->options.batch;
    for (size_t drawn = 0; drawn < TUNING.attempts; drawn += batch) {
        mu_enas_controller_forward(c, search->samples, batch, stream);
        for (size_t i = 0; i < batch; i++) {
            if (!mu_enas_set_has(search->observations->tried, &search->samples[i])) {
                mu_enas_copy(c->space, arch, &search->samples[i]);
                return;
            }
        }
    }
    mu_enas_draw_untried(c->space, search->observations, arch, stream);
}

double mu_enas_controller_search_cost(const struct mu_enas_space *space, size_t hidden) {
    double forward = mu_enas_controller_cost(space, hidden) / 3; /* two thirds are the gradient's */
    return (double)TUNING.attempts * forward;
}
