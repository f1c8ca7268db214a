#include "services/cmaes/search.h"

#include <math.h>

#include "common/num/sobol.h"
#include "services/cmaes/run.h"

struct mu_cma_search {
    struct mu_cma_options options;
    struct mu_cma_frame frame;
    struct mu_cma_run *run;
    const struct mu_cma_run *before; /* the run that ended last; NULL: none */
    size_t restarts, large;          /* how many, and how many of them with a doubled population */
    size_t spent[2];                 /* BIPOP: trials of small and of large runs */
    bool small;                      /* the run is BIPOP's small kind */
    size_t trials;                   /* all that may still come */
    double *u;
    struct mu_arena *arena;
};

/* The population and the step size of the next run, after |search->restarts| others. */
struct regime {
    size_t lambda;
    double sigma;
};

/* Auger and Hansen, "A restart CMA evolution strategy with increasing population size", CEC 2005;
 * Hansen, "Benchmarking a BI-population CMA-ES on the BBOB-2009 function testbed", section 2. */
static struct regime next_regime(struct mu_cma_search *s) {
    struct regime r = {s->options.lambda, s->options.sigma};
    struct mu_stream stream;
    mu_stream_init(&stream, s->options.seed, s->restarts, "regime");
    double large = (double)s->options.lambda * pow(2, (double)s->large);
    s->small = s->options.restart == MU_CMA_BIPOP && s->large > 0 && s->spent[0] < s->spent[1];
    if (s->small) {
        double u = mu_uniform(&stream);
        double share = pow(0.5 * large / (double)s->options.lambda, u * u);
        r.lambda = (size_t)fmax(2, floor((double)s->options.lambda * share));
        r.sigma *= pow(10, -2 * mu_uniform(&stream));
    } else if (s->options.restart != MU_CMA_NONE && s->restarts > 0) {
        s->large++;
        r.lambda = (size_t)(2 * large);
    }
    return r;
}

/* Begin a run: the first in the middle, others at the points of a Sobol sequence. */
static void begin_run(struct mu_cma_search *s) {
    struct regime r = next_regime(s);
    for (size_t j = 0; j < s->frame.n_normal; j++) {
        s->u[j] = s->restarts ? mu_sobol_coordinate(s->options.seed, s->restarts, j) : 0.5;
    }
    s->before = s->run;
    s->run = mu_cma_run_of(&s->frame, r.lambda, s->u, r.sigma, s->trials / r.lambda + 1, s->arena);
}

/* Whether a trial that finished after a restart was drawn before it. */
static bool outdated(const struct mu_cma_search *s, const struct mu_trial *trial) {
    return s->before && s->frame.n_normal &&
           mu_cma_run_density(s->before, trial->x) > mu_cma_run_density(s->run, trial->x);
}

static void replay(struct mu_cma_search *s, const struct mu_history *history) {
    const struct mu_trial **generation =
        MU_ARRAY(s->arena, history->n + 1, const struct mu_trial *);
    size_t n = 0;
    for (size_t i = 0; i < history->n; i++, s->trials--) {
        const struct mu_trial *trial = &history->trials[i];
        if (trial->state == MU_PENDING || outdated(s, trial)) {
            continue;
        }
        generation[n++] = trial;
        if (n < s->run->lambda) {
            continue;
        }
        mu_cma_run_learn(s->run, generation, s->options.seed + s->restarts);
        s->spent[!s->small] += n;
        n = 0;
        bool ended = mu_cma_run_ended(s->run);
        if (ended && (s->options.restart != MU_CMA_NONE || s->run->broken)) {
            s->restarts++;
            begin_run(s);
        }
    }
}

struct mu_cma_search *mu_cma_search_of(const struct mu_space *space,
    const struct mu_history *history, const struct mu_cma_options *options,
    struct mu_arena *arena) {
    struct mu_cma_search *s = MU_NEW(arena, struct mu_cma_search);
    *s = (struct mu_cma_search){.options = *options, .trials = history->n, .arena = arena};
    mu_cma_frame_of(&s->frame, space, arena);
    s->u = MU_ARRAY(arena, s->frame.n_normal + s->frame.n_categories, double);
    begin_run(s);
    replay(s, history);
    return s;
}

void mu_cma_propose(struct mu_cma_search *s, uint64_t number, unsigned attempt, double *x) {
    static const uint64_t GOLDEN = 0x9E3779B97F4A7C15u; /* 2^64 / phi, sets draws apart */
    size_t n = s->frame.n_normal + s->frame.n_categories;
    unsigned draws = 10 * (unsigned)n + 1;
    bool first = number == 0 && attempt == 0;
    for (unsigned draw = 0; draw < draws; draw++) {
        uint64_t seed = s->options.seed + ((uint64_t)attempt * draws + draw + 1) * GOLDEN;
        for (size_t j = 0; j < n; j++) {
            bool middle = first && j < s->frame.n_normal;
            s->u[j] = middle ? 0.5 : mu_sobol_coordinate(seed, number, j);
        }
        if (mu_cma_run_draw(s->run, s->u, x)) {
            return;
        }
    }
}
