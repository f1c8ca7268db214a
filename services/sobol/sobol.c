/* Sobol search: suggestion i is point i of the sequence, each parameter through its distribution.
 *
 * Scrambled by default (Owen, "Randomly permuted (t,m,s)-nets and (t,s)-sequences", 1995): the
 * points keep their even spread and no longer lie on a lattice that every experiment shares. Point
 * 0 is kept, as the net property needs it (Owen, "On dropping the first Sobol' point", 2020).
 * Without scrambling point 0 is the corner of the space; it is left out, as by Katib's Goptuna
 * image, which else differs in skipping the table's second dimension.
 *
 * Dimensions are dealt to the parameters in the order of their names, as that image does it. */
#include "services/sobol/sobol.h"

#include <stdlib.h>
#include <string.h>

#include "common/num/sobol.h"

struct sobol_options {
    unsigned plain; /* the choice "false" of scramble */
};

static const struct mu_setting_spec SPECS[] = {
    {.name = "scramble",
        .value = MU_MEMBER(struct sobol_options, plain),
        .fallback = "true",
        .choices = (const char *const[]){"true", "false", NULL},
        .help = "false: the unscrambled sequence, the same for every seed."},
};

struct state {
    const struct mu_request *request;
    const struct mu_parameter **parameters; /* by name */
    double *u;
    bool plain;
};

static int by_name(const void *a, const void *b) {
    const struct mu_parameter *const *p = a;
    const struct mu_parameter *const *q = b;
    return strcmp((*p)->name, (*q)->name);
}

static enum mu_status check(const struct mu_space *space, struct mu_error *error) {
    if (space->n <= MU_SOBOL_DIMENSIONS) {
        return MU_OK;
    }
    return mu_fail(error, MU_INVALID_ARGUMENT,
        "sobol has direction numbers for %d parameters, and the experiment has %zu",
        MU_SOBOL_DIMENSIONS, space->n);
}

static enum mu_status validate(const struct mu_experiment *experiment, const void *options,
    struct mu_arena *arena, struct mu_error *error) {
    (void)options;
    (void)arena;
    return check(&experiment->space, error);
}

static enum mu_status begin(
    const struct mu_request *request, void **state, struct mu_error *error) {
    const struct mu_space *space = &request->experiment->space;
    const struct sobol_options *options = request->options;
    struct state *s = MU_NEW(request->arena, struct state);
    *s = (struct state){.request = request,
        .parameters = MU_ARRAY(request->arena, space->n, const struct mu_parameter *),
        .u = MU_ARRAY(request->arena, space->n, double),
        .plain = options->plain};
    for (size_t i = 0; i < space->n; i++) {
        s->parameters[i] = &space->parameters[i];
    }
    qsort(s->parameters, space->n, sizeof *s->parameters, by_name);
    *state = s;
    return check(space, error);
}

/* A point that was tried already is left to the framework, which draws an untried one in its place
 * alone: later points stay where they are. */
static enum mu_status propose(
    void *state, uint64_t number, struct mu_proposal *proposal, struct mu_error *error) {
    struct state *s = state;
    const struct mu_space *space = &s->request->experiment->space;
    const struct mu_seen *seen = mu_request_seen(s->request);
    (void)error;
    if (s->plain) {
        mu_sobol_unscrambled(number + 1, s->u, space->n);
    } else {
        mu_sobol_point(s->request->seed, number, s->u, space->n);
    }
    for (size_t i = 0; i < space->n; i++) {
        proposal->x[s->parameters[i] - space->parameters] =
            mu_parameter_at(s->parameters[i], s->u[i]);
    }
    proposal->found = !mu_seen_has(seen, proposal->x) || mu_seen_exhausted(seen);
    return MU_OK;
}

const struct mu_algorithm mu_sobol = {
    .name = "sobol",
    .summary = "Owen-scrambled Sobol points through the declared distributions: more evenly spread "
               "than random search.",
    .settings = MU_SETTINGS(SPECS, struct sobol_options),
    .outcomes = true,
    .unknown_settings_pass = true, /* Katib's image reads none and refuses none */
    .validate = validate,
    .begin = begin,
    .propose = propose,
};
