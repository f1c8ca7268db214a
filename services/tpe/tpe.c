/* From a request to common/model/tpe: settings, what the trials say, and the batch. */
#include "services/tpe/tpe.h"

#include <math.h>

#include "common/model/tpe.h"

#define COUNT_TEXT "%s should be greate or equal than zero"

struct tpe_options {
    struct mu_tpe_options model;   /* zeros are its defaults */
    uint64_t optuna_candidates;    /* the same as model.candidates by another name */
    const char *startup_was_given; /* NULL: it was not */
};

static const struct mu_setting_spec SPECS[] = {
    {.name = "gamma",
        .value = MU_MEMBER(struct tpe_options, model.gamma),
        .min = 0,
        .max = 1,
        .min_open = true,
        .max_open = true,
        .out_of_range = "gamma should be in the range of (0, 1)",
        .help = "Size of the group of good trials: ceil(gamma * sqrt(n)) of n. Unset: 0.15 n, at "
                "most 25."},
    {.name = "prior_weight",
        .value = MU_MEMBER(struct tpe_options, model.prior_weight),
        .fallback = "1.0",
        .min = 0,
        .max = INFINITY,
        .min_open = true,
        .out_of_range = "prior_weight should be great than zero",
        .help = "Weight of the prior beside a trial's; larger explores more."},
    {.name = "n_EI_candidates",
        .value = MU_MEMBER(struct tpe_options, model.candidates),
        .min = 0,
        .max = 1e9,
        .min_open = true,
        .out_of_range = "n_EI_candidates should be great than zero",
        .help = "Candidates drawn per suggestion (at most 1024 are), the best of which is taken. "
                "Hyperopt's name. Unset: 32."},
    {.name = "n_ei_candidates",
        .value = MU_MEMBER(struct tpe_options, optuna_candidates),
        .min = 0,
        .max = 1e9,
        .out_of_range = COUNT_TEXT,
        .help = "The same by Optuna's name; 0: the default."},
    {.name = "n_startup_trials",
        .value = MU_MEMBER(struct tpe_options, model.startup),
        .text = MU_MEMBER(struct tpe_options, startup_was_given),
        .min = 0,
        .max = 1e9,
        .out_of_range = COUNT_TEXT,
        .help = "Finished trials before the model takes over from the initial design. Unset: 5, "
                "under constraints 10."},
};

struct state {
    const struct mu_request *request;
    struct mu_tpe_model *model;
};

static enum mu_status begin(
    const struct mu_request *request, void **state, struct mu_error *error) {
    enum { MOST_CANDIDATES = 1024 };
    const struct tpe_options *options = request->options;
    struct mu_tpe_options model = options->model;
    struct state *s = MU_NEW(request->arena, struct state);
    (void)error;
    model.candidates = model.candidates ? model.candidates : options->optuna_candidates;
    model.candidates = model.candidates < MOST_CANDIDATES ? model.candidates : MOST_CANDIDATES;
    if (options->startup_was_given && model.startup == 0) {
        model.startup = 1; /* none asked for: the model needs one trial all the same */
    }
    s->request = request;
    s->model = mu_tpe_of_history(&model, &request->experiment->space, request->outcomes,
        request->history, request->wanted + MU_REQUEST_RECALLED, request->arena);
    *state = s;
    return MU_OK;
}

static enum mu_status propose(
    void *state, uint64_t number, struct mu_proposal *proposal, struct mu_error *error) {
    struct state *s = state;
    const struct mu_request *request = s->request;
    (void)error;
    proposal->found = (int64_t)(number - request->first) < MU_TPE_MOST;
    if (proposal->found) {
        mu_tpe_propose(s->model, mu_request_seen(request), request->seed, number, proposal->x);
    }
    return MU_OK;
}

static void pending(void *state, const double *x) {
    mu_tpe_avoid(((struct state *)state)->model, x);
}

const struct mu_algorithm mu_tpe = {
    .name = "tpe",
    .summary = "Tree-structured Parzen estimator with joint kernels: proposes where good trials "
               "are dense and bad ones are not.",
    .settings = MU_SETTINGS(SPECS, struct tpe_options),
    .outcomes = true,
    .begin = begin,
    .propose = propose,
    .pending = pending,
    .recalls = true,
};

const struct mu_algorithm mu_multivariate_tpe = {
    .name = "multivariate-tpe",
    .summary =
        "The same as tpe, under the name that Katib's Optuna service uses for joint kernels.",
    .settings = MU_SETTINGS(SPECS, struct tpe_options),
    .outcomes = true,
    .begin = begin,
    .propose = propose,
    .pending = pending,
    .recalls = true,
};
