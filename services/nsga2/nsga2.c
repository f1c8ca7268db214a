/* From a request to population.h and variation.h: settings, the initial design, the batch. */
#include "services/nsga2/nsga2.h"

#include <math.h>

#include "services/nsga2/population.h"
#include "services/nsga2/variation.h"

struct nsga2_options {
    uint64_t population;
    double crossover, swapping, mutation, crossover_eta, mutation_eta;
    const char *mutation_given; /* NULL: one parameter of a point on average */
};

static const struct mu_setting_spec SPECS[] = {
    {.name = "population_size",
        .value = MU_MEMBER(struct nsga2_options, population),
        .fallback = "50",
        .min = 2,
        .max = 1e6,
        .help = "The best trials, of which new points are made; as many come from the initial "
                "design."},
    {.name = "crossover_prob",
        .value = MU_MEMBER(struct nsga2_options, crossover),
        .fallback = "0.9",
        .max = 1,
        .help = "Probability that two parents are crossed; else one of them is mutated."},
    {.name = "swapping_prob",
        .value = MU_MEMBER(struct nsga2_options, swapping),
        .fallback = "0.5",
        .max = 1,
        .help = "Probability that a parameter follows the second parent of a crossed pair."},
    {.name = "mutation_prob",
        .value = MU_MEMBER(struct nsga2_options, mutation),
        .text = MU_MEMBER(struct nsga2_options, mutation_given),
        .max = 1,
        .none_allowed = true,
        .help = "Probability that a parameter is mutated. Unset: one of a point on average."},
    {.name = "crossover_eta",
        .value = MU_MEMBER(struct nsga2_options, crossover_eta),
        .fallback = "20",
        .max = 1e3,
        .help = "Distribution index of simulated binary crossover; the larger, the nearer to a "
                "parent."},
    {.name = "mutation_eta",
        .value = MU_MEMBER(struct nsga2_options, mutation_eta),
        .fallback = "5",
        .max = 1e3,
        .help = "Distribution index of polynomial mutation; the larger, the smaller the steps."},
};

struct state {
    const struct mu_request *request;
    struct mu_nsga_variation variation;
    struct mu_nsga_population population;
};

/* The probability that mutates one parameter on average, constants apart (Deb et al. 2002). */
static double usual_mutation(const struct mu_space *space) {
    size_t free = 0;
    for (size_t i = 0; i < space->n; i++) {
        free += space->parameters[i].levels != 1;
    }
    return free ? 1 / (double)free : 0;
}

static enum mu_status begin(
    const struct mu_request *request, void **state, struct mu_error *error) {
    const struct nsga2_options *options = request->options;
    struct state *s = MU_NEW(request->arena, struct state);
    (void)error;
    s->request = request;
    s->variation = (struct mu_nsga_variation){.crossover = options->crossover,
        .swapping = options->swapping,
        .mutation = options->mutation_given ? options->mutation
                                            : usual_mutation(&request->experiment->space),
        .crossover_eta = options->crossover_eta,
        .mutation_eta = options->mutation_eta};
    s->population = mu_nsga_population_of(
        request->outcomes, request->history, (size_t)options->population, request->arena);
    *state = s;
    return MU_OK;
}

/* Whether suggestion |number| belongs to the initial design: there are not as many before it as the
 * population has, or no two trials that could be parents. */
static bool starts(const struct state *s, uint64_t number) {
    const struct mu_request *request = s->request;
    const struct nsga2_options *options = request->options;
    uint64_t before = request->counted ? number : request->history->n + (number - request->first);
    return before < options->population || s->population.n < 2;
}

static enum mu_status propose(
    void *state, uint64_t number, struct mu_proposal *proposal, struct mu_error *error) {
    enum { ATTEMPTS = 16 };
    const struct state *s = state;
    const struct mu_request *request = s->request;
    const struct mu_space *space = &request->experiment->space;
    const struct mu_seen *seen = mu_request_seen(request);
    struct mu_stream stream;
    (void)error;
    if (starts(s, number)) {
        mu_space_design(space, request->seed, number, proposal->x);
        proposal->found = !mu_seen_has(seen, proposal->x);
        return MU_OK;
    }
    mu_stream_init(&stream, request->seed, number, "mating");
    for (unsigned attempt = 0; attempt < ATTEMPTS && !proposal->found; attempt++) {
        const double *mother = mu_nsga_tournament(&s->population, &stream)->x;
        const double *father = mu_nsga_tournament(&s->population, &stream)->x;
        mu_nsga_child(&s->variation, space, mother, father, &stream, proposal->x);
        proposal->found = !mu_seen_has(seen, proposal->x);
    }
    return MU_OK;
}

const struct mu_algorithm mu_nsga2 = {
    .name = "nsga2",
    .summary = "NSGA-II: crossover and mutation of the best compromises between several "
               "objectives, under constraints.",
    .settings = MU_SETTINGS(SPECS, struct nsga2_options),
    .outcomes = true,
    .begin = begin,
    .propose = propose,
    .recalls = true,
};
