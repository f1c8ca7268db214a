/* From a request to common/model/tpe: settings, what the trials say, and the batch. */
#include "services/tpe/tpe.h"

#include <math.h>

#include "common/model/tpe.h"

#define COUNT_TEXT "%s should be greate or equal than zero"

static const struct mu_setting_spec SETTINGS[] = {
    {.name = "gamma",
        .type = MU_SETTING_REAL,
        .min = 0,
        .max = 1,
        .min_open = true,
        .max_open = true,
        .out_of_range = "gamma should be in the range of (0, 1)",
        .help = "Size of the group of good trials: ceil(gamma * sqrt(n)) of n. Unset: 0.15 n, at "
                "most 25."},
    {.name = "prior_weight",
        .type = MU_SETTING_REAL,
        .fallback = "1.0",
        .min = 0,
        .max = INFINITY,
        .min_open = true,
        .out_of_range = "prior_weight should be great than zero",
        .help = "Weight of the prior beside a trial's; larger explores more."},
    {.name = "n_EI_candidates",
        .type = MU_SETTING_INT,
        .min = 0,
        .max = 1e9,
        .min_open = true,
        .out_of_range = "n_EI_candidates should be great than zero",
        .help = "Candidates drawn per suggestion (at most 1024 are), the best of which is taken. "
                "Hyperopt's name. Unset: 32."},
    {.name = "n_ei_candidates",
        .type = MU_SETTING_INT,
        .min = 0,
        .max = 1e9,
        .out_of_range = COUNT_TEXT,
        .help = "The same by Optuna's name; 0: the default."},
    {.name = "n_startup_trials",
        .type = MU_SETTING_INT,
        .min = 0,
        .max = 1e9,
        .out_of_range = COUNT_TEXT,
        .help = "Finished trials before the model takes over from the initial design. Unset: 5."},
    MU_SETTING_RANDOM_STATE,
};

static size_t count_of(const struct mu_settings *settings, const char *name) {
    const struct mu_setting *setting = mu_setting(settings, name);
    return setting->given ? (size_t)setting->integer : 0;
}

static struct mu_tpe_options options_of(const struct mu_settings *settings) {
    enum { MOST_CANDIDATES = 1024 };
    struct mu_tpe_options options = {.prior_weight = mu_setting(settings, "prior_weight")->real};
    size_t hyperopt = count_of(settings, "n_EI_candidates");
    size_t optuna = count_of(settings, "n_ei_candidates");
    options.candidates = hyperopt ? hyperopt : optuna;
    options.candidates =
        options.candidates < MOST_CANDIDATES ? options.candidates : MOST_CANDIDATES;
    options.gamma = mu_setting(settings, "gamma")->given ? mu_setting(settings, "gamma")->real : 0;
    if (mu_setting(settings, "n_startup_trials")
            ->given) { /* none asked for: the model needs one trial all the same */
        size_t startup = count_of(settings, "n_startup_trials");
        options.startup = startup ? startup : 1;
    }
    return options;
}

static enum mu_status suggest(
    const struct mu_request *request, struct mu_reply *reply, struct mu_error *error) {
    const struct mu_space *space = &request->experiment->space;
    struct mu_tpe_options options = options_of(request->settings);
    struct mu_tpe_model *tpe =
        mu_tpe_of_history(&options, space, request->history, request->wanted, request->arena);
    struct mu_seen *seen = mu_request_seen(request);
    for (size_t i = 0; i < request->wanted; i++) {
        if (mu_request_stopped(request)) {
            return mu_fail(error, MU_CANCELLED, "nobody waits for the answer");
        }
        double *x = MU_ARRAY(request->arena, space->n, double);
        if (i < MU_TPE_MOST) {
            mu_tpe_propose(tpe, seen, request->seed, request->first + i, x);
        } else {
            mu_space_draw_unseen(space, seen, request->seed, request->first + i, x);
        }
        mu_seen_add(seen, x);
        mu_tpe_avoid(tpe, x);
        mu_reply_point(request, reply, x);
    }
    return MU_OK;
}

const struct mu_algorithm mu_tpe = {
    .name = "tpe",
    .summary = "Tree-structured Parzen estimator with joint kernels: proposes where good trials "
               "are dense and bad ones are not.",
    .settings = SETTINGS,
    .n_settings = sizeof SETTINGS / sizeof *SETTINGS,
    .suggest = suggest,
};

const struct mu_algorithm mu_multivariate_tpe = {
    .name = "multivariate-tpe",
    .summary =
        "The same as tpe, under the name that Katib's Optuna service uses for joint kernels.",
    .settings = SETTINGS,
    .n_settings = sizeof SETTINGS / sizeof *SETTINGS,
    .suggest = suggest,
};
