/* What an algorithm is: a settings table and two pure functions.
 *
 * suggest is a function of the request alone: no state in the process, no clock, no global
 * generator. The same request gives the same bytes after a restart, on another replica and for any
 * order of the trials. Everything it allocates comes from the request's arena. */
#ifndef MUSHIR_SEARCH_ALGORITHM_H
#define MUSHIR_SEARCH_ALGORITHM_H

#include "common/search/experiment.h"

struct mu_request {
    const struct mu_experiment *experiment;
    const struct mu_settings *settings; /* the algorithm's own table, filled and range-checked */
    const struct mu_history *history;
    size_t wanted;  /* how many assignments to answer with, exactly */
    uint64_t first; /* number, within the experiment, of the first of them: the key of every random
                       stream */
    uint64_t seed;  /* random_state, or mu_experiment_seed */
    struct mu_arena *arena;
    bool (*should_stop)(void *user); /* polled by long computations; see mu_request_stopped */
    void *user;
};

/* True when nobody waits for the answer any more (client gone, deadline passed): return
 * MU_CANCELLED soon. */
bool mu_request_stopped(const struct mu_request *request);

/* One suggestion. */
struct mu_suggestion {
    const struct mu_pair *assignments; /* in the order of the specification */
    size_t n_assignments;
    const char *trial_name; /* NULL: the controller names the trial */
};

struct mu_reply {
    struct mu_suggestion
        *suggestions; /* |wanted| of them, allocated by the caller of suggest, zeroed */
    size_t n;         /* filled so far */
    const struct mu_pair *settings; /* what a controller should store and send back, for people to
                                       look at: nothing may depend on it */
    size_t n_settings;
};

/* Append the point |x| (space.n coordinates) to |reply| as texts. */
void mu_reply_point(const struct mu_request *request, struct mu_reply *reply, const double *x);

/* The points of all the request's trials, with room for its suggestions. */
struct mu_seen *mu_request_seen(const struct mu_request *request);

/* Random search: |request->wanted| draws from the declared distributions, without repeats in finite
 * spaces. What an algorithm falls back to, too. */
MU_MUST_USE enum mu_status mu_suggest_randomly(
    const struct mu_request *request, struct mu_reply *reply, struct mu_error *error);

/* Append the given assignments (arena-owned, not copied). */
void mu_reply_assignments(struct mu_reply *reply, const struct mu_pair *assignments, size_t n);

struct mu_algorithm {
    const char *name;    /* as in algorithm_name */
    const char *summary; /* one sentence */
    const struct mu_setting_spec *settings;
    size_t n_settings;
    bool unknown_settings_pass;  /* validation accepts settings that are not in the table */
    const char *unknown_setting; /* format of the error with %s name and %s algorithm; NULL:
                                    "unknown setting %s for algorithm %s" */

    /* What is wrong with the experiment beyond its settings and parameters, which are checked
     * already; may be NULL. */
    enum mu_status (*validate)(const struct mu_experiment *experiment,
        const struct mu_settings *settings, struct mu_arena *arena, struct mu_error *error);

    /* Fill |reply| with exactly |request->wanted| suggestions, or fail. */
    enum mu_status (*suggest)(
        const struct mu_request *request, struct mu_reply *reply, struct mu_error *error);
};

/* Everything a service needs to know: its name and the algorithms it serves. */
struct mu_service {
    const char *name;                             /* "tpe": the binary is mushir-tpe */
    const struct mu_algorithm *const *algorithms; /* ended by NULL */
};

/* The algorithm called |name|, or NULL with "unknown algorithm name NAME; ..." in |error|. */
const struct mu_algorithm *mu_service_find(
    const struct mu_service *service, const char *name, struct mu_error *error);

/* ValidateAlgorithmSettings for an experiment in domain form (its parameters were checked when its
 * space was built). */
MU_MUST_USE enum mu_status mu_algorithm_validate(const struct mu_algorithm *algorithm,
    const struct mu_experiment *experiment, struct mu_arena *arena, struct mu_error *error);

/* GetSuggestions in domain form: reads the settings, derives the seed, calls suggest and holds it
 * to its promise (exactly |wanted|, else MU_INTERNAL). |request| comes with experiment, history,
 * wanted, first, arena and the stop function; settings and seed are filled here. */
MU_MUST_USE enum mu_status mu_algorithm_suggest(const struct mu_algorithm *algorithm,
    struct mu_request *request, struct mu_reply *reply, struct mu_error *error);

#endif
