#include "common/search/algorithm.h"

#include <stdio.h>
#include <string.h>

#include "common/search/front.h"

const char *mu_trial_name(const char *experiment, const char *suffix, struct mu_arena *arena) {
    enum { LONGEST_LABEL = 63 };
    int room = LONGEST_LABEL - (int)strlen(suffix);
    return mu_arena_format(arena, "%.*s%s", room, experiment, suffix);
}

bool mu_request_stopped(const struct mu_request *request) {
    return request->should_stop && request->should_stop(request->user);
}

/* ---- settings ---- */

/* What every algorithm that draws can be told. */
struct common_options {
    uint64_t random_state;
    const char *given; /* its text; NULL: none */
    uint64_t seed;     /* the same by the name that Katib's Optuna image reads as well */
    const char *seed_given;
};

static const struct mu_setting_spec COMMON_SPECS[] = {
    {.name = "random_state",
        .value = MU_MEMBER(struct common_options, random_state),
        .text = MU_MEMBER(struct common_options, given),
        .min = 0,
        .max = 18446744073709551615.0,
        .out_of_range = "random_state should be great or equal than zero",
        .help = "Seed; the same seed and trials give the same suggestions. Unset: derived from the "
                "experiment's name and space."},
    {.name = "seed",
        .value = MU_MEMBER(struct common_options, seed),
        .text = MU_MEMBER(struct common_options, seed_given),
        .min = 0,
        .max = 18446744073709551615.0,
        .out_of_range = "seed should be great or equal than zero",
        .help = "The same by another name of Katib's Optuna image; random_state counts when both "
                "are given."},
};
static const struct mu_settings COMMON = MU_SETTINGS(COMMON_SPECS, struct common_options);

static enum mu_status fail_unknown(
    const struct mu_algorithm *algorithm, const struct mu_pair *unknown, struct mu_error *error) {
    const char *format = algorithm->unknown_setting ? algorithm->unknown_setting
                                                    : "unknown setting %.200s for algorithm %s";
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    return mu_fail(error, MU_INVALID_ARGUMENT, format, unknown->name, algorithm->name);
#pragma GCC diagnostic pop
}

/* Whether |algorithm| has a setting called |name|. */
static bool is_setting(const struct mu_algorithm *algorithm, const char *name) {
    return mu_settings_find(&algorithm->settings, name) ||
           (algorithm->outcomes && mu_settings_find(&mu_outcome_settings, name)) ||
           (!algorithm->unseeded && mu_settings_find(&COMMON, name));
}

/* The first pair that is no setting of |algorithm|, or NULL. */
static const struct mu_pair *find_unknown(
    const struct mu_algorithm *algorithm, const struct mu_experiment *experiment) {
    for (size_t i = 0; i < experiment->n_settings; i++) {
        if (!is_setting(algorithm, experiment->settings[i].name)) {
            return &experiment->settings[i];
        }
    }
    return NULL;
}

static enum mu_status read_seed(const struct mu_algorithm *algorithm,
    const struct mu_experiment *experiment, uint64_t *seed, struct mu_error *error) {
    struct common_options common = {0};
    enum mu_status status = algorithm->unseeded ? MU_OK
                                                : mu_settings_read(&COMMON, experiment->settings,
                                                      experiment->n_settings, &common, error);
    *seed = common.given        ? common.random_state
            : common.seed_given ? common.seed
                                : mu_experiment_seed(experiment);
    return status;
}

static enum mu_status read_outcomes(const struct mu_algorithm *algorithm,
    const struct mu_experiment *experiment, struct mu_arena *arena, struct mu_outcomes *outcomes,
    struct mu_error *error) {
    if (algorithm->outcomes) {
        return mu_outcomes_read(outcomes, experiment, arena, error);
    }
    *outcomes = mu_outcomes_usual(experiment, arena);
    return MU_OK;
}

/* What the experiment's settings say into |request|, whose experiment and arena are given. */
static enum mu_status read_settings(
    const struct mu_algorithm *algorithm, struct mu_request *request, struct mu_error *error) {
    const struct mu_experiment *experiment = request->experiment;
    void *options = mu_arena_alloc(request->arena, algorithm->settings.options_size);
    struct mu_outcomes *outcomes = MU_NEW(request->arena, struct mu_outcomes);
    enum mu_status status = mu_settings_read(
        &algorithm->settings, experiment->settings, experiment->n_settings, options, error);
    if (!status) {
        status = read_seed(algorithm, experiment, &request->seed, error);
    }
    if (!status) {
        status = read_outcomes(algorithm, experiment, request->arena, outcomes, error);
    }
    request->options = options;
    request->outcomes = outcomes;
    return status;
}

enum mu_status mu_algorithm_validate(const struct mu_algorithm *algorithm,
    const struct mu_experiment *experiment, struct mu_arena *arena, struct mu_error *error) {
    const struct mu_pair *unknown =
        algorithm->unknown_settings_pass ? NULL : find_unknown(algorithm, experiment);
    if (unknown) {
        return fail_unknown(algorithm, unknown, error);
    }
    struct mu_request request = {.experiment = experiment, .arena = arena};
    enum mu_status status = read_settings(algorithm, &request, error);
    if (status || !algorithm->validate) {
        return status;
    }
    return algorithm->validate(experiment, request.options, arena, error);
}

void mu_algorithm_document(const struct mu_algorithm *algorithm, FILE *out) {
    fprintf(out, "| setting | type | accepted | default | meaning |\n|---|---|---|---|---|\n");
    mu_settings_document(&algorithm->settings, out);
    if (algorithm->outcomes) {
        mu_settings_document(&mu_outcome_settings, out);
    }
    if (!algorithm->unseeded) {
        mu_settings_document(&COMMON, out);
    }
}

/* ---- a batch ---- */

size_t mu_request_workers(const struct mu_request *request) {
    int parallel = request->experiment->parallel_trials;
    return parallel > 0 ? (size_t)parallel : 0;
}

/* Whether the trials that are shown have all ended, so that what runs may not be shown. */
static bool have_ended(const struct mu_request *request) {
    const struct mu_history *history = request->history;
    return history->n + history->n_infeasible + history->foreign > 0 &&
           mu_history_running(history) == 0;
}

/* Whether a trial that was stopped early may be missing and not be counted either. Until its
 * metrics come, a controller leaves it out of the total and keeps its worker: there are fewer
 * trials that run and suggestions that are asked for than workers. So there are at the end, when
 * fewer are left to ask for. */
static bool may_hide_late(const struct mu_request *request) {
    const struct mu_experiment *experiment = request->experiment;
    bool early = experiment->stops_early || mu_history_stopped_early(request->history);
    size_t busy = mu_history_running(request->history) + request->wanted;
    size_t workers = mu_request_workers(request);
    bool idle = workers == 0 || workers > busy;
    bool last = experiment->max_trials > 0 &&
                request->first + request->wanted >= (uint64_t)experiment->max_trials;
    return request->counted && early && idle && !last;
}

/* What was drawn under the numbers of such a request may have been handed out before. Results
 * decide as well what is drawn, so that it is something else
 * (docs/adr/0043-late-trials-that-are-not-counted.md). */
static void leave_numbers(struct mu_request *request) {
    if (may_hide_late(request)) {
        request->seed ^= mu_history_digest(request->history);
    }
}

size_t mu_request_missing(const struct mu_request *request) {
    const struct mu_history *history = request->history;
    if (request->counted) {
        uint64_t shown = history->n + history->n_infeasible + history->foreign;
        return request->first > shown ? (size_t)(request->first - shown) : 0;
    }
    size_t workers = mu_request_workers(request);
    return have_ended(request) && workers > request->wanted ? workers - request->wanted : 0;
}

bool mu_request_may_hide(const struct mu_request *request) {
    return mu_request_missing(request) > 0 || !request->counted || may_hide_late(request);
}

bool mu_request_hides_running(const struct mu_request *request) {
    size_t workers = mu_request_workers(request);
    size_t missing = mu_request_missing(request);
    bool busy = missing > 0 && workers == request->wanted + missing;
    bool unknown = !request->counted && workers == 0;
    return (busy || unknown) && have_ended(request);
}

bool mu_request_may_repeat(
    const struct mu_request *request, const struct mu_space *space, const double *x) {
    return mu_space_is_corner(space, x) &&
           (mu_request_missing(request) > 0 || mu_request_hides_running(request));
}

static struct mu_seen *seen_of(const struct mu_request *request) {
    const struct mu_history *history = request->history;
    if (!*request->seen) {
        *request->seen =
            mu_seen_of(&request->experiment->space, history->n + request->wanted, request->arena);
        for (size_t i = 0; i < history->n; i++) {
            mu_seen_add(*request->seen, history->trials[i].x);
        }
    }
    return *request->seen;
}

const struct mu_seen *mu_request_seen(const struct mu_request *request) {
    return seen_of(request);
}

/* Hand out the point of |proposal|, or one in its place. */
static void hand_out_point(const struct mu_algorithm *algorithm, const struct mu_request *request,
    void *state, uint64_t number, struct mu_proposal *proposal) {
    const struct mu_space *space = &request->experiment->space;
    struct mu_seen *seen = seen_of(request);
    if (!proposal->found || mu_request_may_repeat(request, space, proposal->x)) {
        mu_space_draw_unseen(space, seen, request->seed, number, proposal->x);
    }
    mu_seen_add(seen, proposal->x);
    if (algorithm->pending) {
        algorithm->pending(state, proposal->x);
    }
    proposal->suggestion.assignments = mu_space_print(space, proposal->x, request->arena);
    proposal->suggestion.n_assignments = space->n;
}

static enum mu_status suggest_one(const struct mu_algorithm *algorithm,
    const struct mu_request *request, void *state, uint64_t number, struct mu_suggestion *out,
    struct mu_error *error) {
    struct mu_proposal proposal = {
        .x = MU_ARRAY(request->arena, request->experiment->space.n, double)};
    if (mu_request_stopped(request)) {
        return mu_fail(error, MU_CANCELLED, "nobody waits for the answer");
    }
    enum mu_status status =
        algorithm->propose ? algorithm->propose(state, number, &proposal, error) : MU_OK;
    if (status) {
        return status;
    }
    if (proposal.found || !proposal.suggestion.assignments) {
        hand_out_point(algorithm, request, state, number, &proposal);
    }
    *out = proposal.suggestion;
    return MU_OK;
}

/* How many suggestions are recalled. Those of an algorithm that proposes nothing do not depend on
 * results, so that all can be had again; where repeats have probability 0, none is. */
static size_t count_recalled(
    const struct mu_algorithm *algorithm, const struct mu_request *request) {
    enum { MOST_DRAWN = 4096 };
    size_t missing = mu_request_missing(request);
    if (missing == 0) {
        return 0;
    }
    if (algorithm->propose) {
        size_t most = algorithm->recalls ? MU_REQUEST_RECALLED : 0;
        return missing < most ? missing : most;
    }
    bool finite = mu_space_size(&request->experiment->space) != UINT64_MAX;
    uint64_t drawn = request->counted && finite ? request->first : 0;
    return drawn < MOST_DRAWN ? (size_t)drawn : MOST_DRAWN;
}

static enum mu_status recall(const struct mu_algorithm *algorithm, const struct mu_request *request,
    void *state, struct mu_error *error) {
    struct mu_suggestion again;
    enum mu_status status = MU_OK;
    for (size_t k = count_recalled(algorithm, request); k > 0 && !status; k--) {
        status = suggest_one(algorithm, request, state, request->first - k, &again, error);
    }
    return status;
}

/* The front of an experiment with several outcomes, behind what the algorithm says. */
static void describe_front(const struct mu_request *request, struct mu_reply *reply) {
    struct mu_pair *settings = MU_ARRAY(request->arena, reply->n_settings + 1, struct mu_pair);
    for (size_t i = 0; i < reply->n_settings; i++) {
        settings[i] = reply->settings[i];
    }
    settings[reply->n_settings++] = (struct mu_pair){
        MU_FRONT_SETTING, mu_front_names(request->outcomes, request->history, request->arena)};
    reply->settings = settings;
}

enum mu_status mu_algorithm_suggest(const struct mu_algorithm *algorithm,
    struct mu_request *request, struct mu_reply *reply, struct mu_error *error) {
    void *state = NULL;
    enum mu_status status = read_settings(algorithm, request, error);
    request->seen = MU_NEW(request->arena, struct mu_seen *);
    leave_numbers(request);
    if (!status && algorithm->begin) {
        status = algorithm->begin(request, &state, error);
    }
    if (!status) {
        status = recall(algorithm, request, state, error);
    }
    *reply = (struct mu_reply){
        .suggestions = MU_ARRAY(request->arena, request->wanted, struct mu_suggestion)};
    for (; !status && reply->n < request->wanted; reply->n++) {
        status = suggest_one(algorithm, request, state, request->first + reply->n,
            &reply->suggestions[reply->n], error);
    }
    if (!status && reply->n && algorithm->describe) {
        algorithm->describe(state, reply);
    }
    if (!status && reply->n && mu_outcomes_several(request->outcomes)) {
        describe_front(request, reply);
    }
    return status;
}

/* ---- a service ---- */

const struct mu_algorithm *mu_service_find(
    const struct mu_service *service, const char *name, struct mu_error *error) {
    for (size_t i = 0; service->algorithms[i]; i++) {
        if (strcmp(service->algorithms[i]->name, name) == 0) {
            return service->algorithms[i];
        }
    }
    (void)mu_fail(error, MU_INVALID_ARGUMENT, "unknown algorithm name %.200s", name);
    return NULL;
}
