/* From a request to search.h: settings, what Katib's images demand of an experiment, the batch. */
#include "services/cmaes/cmaes.h"

#include <math.h>

#include "services/cmaes/search.h"

struct cmaes_options {
    double sigma;
    unsigned restart; /* index into RESTARTS */
    uint64_t population;
};

static const char *const RESTARTS[] = {"none", "None", "ipop", "bipop", NULL};
static const enum mu_cma_restart KINDS[] = {MU_CMA_NONE, MU_CMA_NONE, MU_CMA_IPOP, MU_CMA_BIPOP};

static const struct mu_setting_spec SPECS[] = {
    {.name = "sigma",
        .value = MU_MEMBER(struct cmaes_options, sigma),
        .min = 0,
        .max = INFINITY,
        .out_of_range = "sigma should be greate or equal than zero",
        .help = "Initial standard deviation as a share of each parameter's range, at most 0.5 is "
                "used. Unset or 0: 0.2."},
    {.name = "restart_strategy",
        .value = MU_MEMBER(struct cmaes_options, restart),
        .fallback = "none",
        .choices = RESTARTS,
        .not_supported = "%s %s is not supported in CMAES optimization",
        .help = "What happens after convergence: nothing, or a new run with twice the population "
                "(ipop), or by turns with a small one (bipop)."},
    {.name = "population_size",
        .value = MU_MEMBER(struct cmaes_options, population),
        .min = 0,
        .max = 1e6,
        .help = "Trials of a generation, at least 3. Unset or 0: 6."},
};

struct state {
    const struct mu_request *request;
    struct mu_cma_search *search;
};

/* Katib's rule: constants count, categories do not. An experiment without parameters asks about its
 * settings alone. */
static enum mu_status validate(const struct mu_experiment *experiment, const void *options,
    struct mu_arena *arena, struct mu_error *error) {
    const struct mu_space *space = &experiment->space;
    size_t numeric = 0;
    (void)options;
    (void)arena;
    for (size_t i = 0; i < space->n; i++) {
        enum mu_parameter_type type = space->parameters[i].type;
        numeric += type == MU_DOUBLE || type == MU_INT;
    }
    if (space->n && numeric < 2) {
        return mu_fail(error, MU_INVALID_ARGUMENT,
            "CMA-ES only supports two or more dimensional continuous search space.");
    }
    return MU_OK;
}

/* Ample weights (Hansen's 4 + 3 ln n) learn a covariance; a smaller population moves sooner, which
 * is worth more over the few hundred trials of a tuning (docs/adr/0041). */
static size_t population(uint64_t given) {
    static const uint64_t USUAL = 6;
    static const uint64_t LEAST = 3; /* below it no covariance is learnt */
    return (size_t)(given == 0 ? USUAL : given < LEAST ? LEAST : given);
}

static enum mu_status begin(
    const struct mu_request *request, void **state, struct mu_error *error) {
    static const double SIGMA = 0.2;
    static const double LARGEST = 0.5;
    const struct cmaes_options *options = request->options;
    const struct mu_cma_options search = {
        .sigma = fmin(LARGEST, options->sigma > 0 ? options->sigma : SIGMA),
        .lambda = population(options->population),
        .restart = KINDS[options->restart],
        .seed = request->seed};
    struct state *s = MU_NEW(request->arena, struct state);
    (void)error;
    s->request = request;
    s->search =
        mu_cma_search_of(&request->experiment->space, request->history, &search, request->arena);
    *state = s;
    return MU_OK;
}

static enum mu_status propose(
    void *state, uint64_t number, struct mu_proposal *proposal, struct mu_error *error) {
    enum { ATTEMPTS = 16 };
    struct state *s = state;
    const struct mu_seen *seen = mu_request_seen(s->request);
    (void)error;
    for (unsigned attempt = 0; attempt < ATTEMPTS && !proposal->found; attempt++) {
        mu_cma_propose(s->search, number, attempt, proposal->x);
        proposal->found = !mu_seen_has(seen, proposal->x);
    }
    return MU_OK;
}

const struct mu_algorithm mu_cmaes = {
    .name = "cmaes",
    .summary = "CMA evolution strategy with margins for grids and categorical distributions, found "
               "again from the trials.",
    .settings = MU_SETTINGS(SPECS, struct cmaes_options),
    .validate = validate,
    .begin = begin,
    .propose = propose,
    .recalls = true,
};
