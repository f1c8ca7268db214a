/* What an algorithm is: a settings table and pure functions.
 *
 * What it suggests is a function of the request alone: no state in the process, no clock, no global
 * generator. The same request gives the same bytes after a restart, on another replica and for any
 * order of the trials. Everything it allocates comes from the request's arena.
 *
 * The loop over a batch stands here once: it stops when nobody waits, keeps the set of tried
 * points, draws an untried random point where the algorithm has nothing to say, and writes the
 * reply. */
#ifndef MUSHIR_SEARCH_ALGORITHM_H
#define MUSHIR_SEARCH_ALGORITHM_H

#include "common/search/outcomes.h"

/* The setting, of any algorithm, that has a controller mount a folder of its own into every trial:
 * the path where the trial finds it. */
#define MU_TRIAL_FOLDER "suggestion_trial_dir"

struct mu_request {
    const struct mu_experiment *experiment;
    const void *options; /* the algorithm's own struct, filled from its table and range-checked */
    const struct mu_outcomes *outcomes; /* what is to be optimized and met: one objective, or what
                                           the settings of mu_outcome_settings say */
    const struct mu_history *history;
    size_t wanted;  /* how many assignments to answer with, exactly */
    uint64_t first; /* number of the first of them, the key of every random stream */
    bool counted;   /* |first| is how many suggestions the experiment had before; false: the client
                       does not say, and |first| is mu_history_digest, since the number of trials
                       that are shown may be that of one which is not */
    uint64_t seed;  /* random_state or seed, or mu_experiment_seed */
    struct mu_seen **seen; /* see mu_request_seen */
    struct mu_arena *arena;
    bool (*should_stop)(void *user); /* polled by long computations; see mu_request_stopped */
    void *user;
};

/* True when nobody waits for the answer any more (client gone, deadline passed): end long
 * computations soon; the loop over the batch then answers MU_CANCELLED. */
bool mu_request_stopped(const struct mu_request *request);

/* The points of all the request's trials and of what was suggested so far. Made when first asked
 * for. */
const struct mu_seen *mu_request_seen(const struct mu_request *request);

/* How many suggestions were handed out of which no trial is shown: lost, deleted, not yet created,
 * or running. Without a total, when nothing is shown that runs, those of parallel_trials that the
 * request does not ask for are taken for running. */
size_t mu_request_missing(const struct mu_request *request);

/* Whether a suggestion may have been handed out whose trial is not shown: always where no total
 * tells how many were. */
bool mu_request_may_hide(const struct mu_request *request);

/* How many trials may run at a time; 0: not known. */
size_t mu_request_workers(const struct mu_request *request);

/* Whether all trials that are shown have ended although others may run: as many are missing as the
 * request leaves workers, or neither a total nor the number of workers is sent. */
bool mu_request_hides_running(const struct mu_request *request);

/* Whether |x|, which a model found in |space| of the request, may be the point of a trial that is
 * missing or hidden although the model was told of others: models of different results meet at
 * corners of the space (docs/adr/0042-trials-that-are-not-shown.md). It is to be drawn at random
 * instead. */
bool mu_request_may_repeat(
    const struct mu_request *request, const struct mu_space *space, const double *x);

/* How many of the latest missing suggestions an algorithm proposes again, to take the same points
 * for running: more than workers that are not shown have, and few enough to wait for. */
enum { MU_REQUEST_RECALLED = 16 };

/* The name of a trial: |experiment| and |suffix|, cut at the end of |experiment| to the 63
 * characters that Kubernetes takes as a label. |suffix| begins with '-' and has at most 62
 * characters. Arena-owned. */
const char *mu_trial_name(const char *experiment, const char *suffix, struct mu_arena *arena);

/* One suggestion. */
struct mu_suggestion {
    const struct mu_pair *assignments; /* in the order of the specification */
    size_t n_assignments;
    const char *trial_name; /* NULL: the controller names the trial */
    const char *parent;     /* of a named trial: whose folder it starts with; NULL: an empty one */
    const struct mu_pair *labels; /* of the trial */
    size_t n_labels;
};

/* What an algorithm proposes: a point, or texts for what is no point of the space. */
struct mu_proposal {
    double *x;  /* space.n coordinates for the algorithm to fill, kept while the request lives */
    bool found; /* |x| is the proposal; else the assignments of |suggestion| are, unless NULL */
    struct mu_suggestion suggestion;
};

struct mu_reply {
    struct mu_suggestion *suggestions;
    size_t n;
    const struct mu_pair *settings; /* what a controller should store and send back, for people to
                                       look at: nothing may depend on it */
    size_t n_settings;
};

struct mu_algorithm {
    const char *name;            /* as in algorithm_name */
    const char *summary;         /* one sentence */
    struct mu_settings settings; /* besides random_state and seed, which every algorithm has */
    bool unseeded;               /* but not one that draws nothing */
    bool outcomes;               /* regards mu_request.outcomes: has mu_outcome_settings */
    bool unknown_settings_pass;  /* validation accepts settings that are not in the table */
    const char *unknown_setting; /* format of the error with %s name and %s algorithm; NULL:
                                    "unknown setting %s for algorithm %s" */

    /* What is wrong with the experiment beyond its settings and parameters, which are checked
     * already; may be NULL. */
    enum mu_status (*validate)(const struct mu_experiment *experiment, const void *options,
        struct mu_arena *arena, struct mu_error *error);

    /* What the suggestions of a request have in common, arena-owned, into |*state|, which is NULL
     * before; may be NULL. An error is the answer. */
    enum mu_status (*begin)(const struct mu_request *request, void **state, struct mu_error *error);

    /* Suggestion |number|, counted from request->first, into |proposal|, which is empty before.
     * Left empty it becomes an untried point drawn from the declared distributions, the same for
     * any algorithm. NULL: all are. An error is the answer. */
    enum mu_status (*propose)(
        void *state, uint64_t number, struct mu_proposal *proposal, struct mu_error *error);

    /* The point |x| was handed out and has no value yet: what was proposed, or drawn instead; may
     * be NULL. |x| lives as long as the request. */
    void (*pending)(void *state, const double *x);

    /* Before the suggestions of a request come those again whose trials are missing
     * (mu_request_missing), by their numbers and the results of today, and are taken for running.
     */
    bool recalls;

    /* What else a reply of at least one suggestion says: its settings; may be NULL. */
    void (*describe)(void *state, struct mu_reply *reply);
};

/* Everything a service needs to know: its name and the algorithms it serves. */
struct mu_service {
    const char *name;                             /* "tpe": the binary is mushir-tpe */
    const struct mu_algorithm *const *algorithms; /* ended by NULL */
};

/* The algorithm called |name|, or NULL with Katib's whole text, "unknown algorithm name NAME", in
 * |error|; what a service serves, its --help tells. */
const struct mu_algorithm *mu_service_find(
    const struct mu_service *service, const char *name, struct mu_error *error);

/* ValidateAlgorithmSettings for an experiment in domain form (its parameters were checked when its
 * space was built). */
MU_MUST_USE enum mu_status mu_algorithm_validate(const struct mu_algorithm *algorithm,
    const struct mu_experiment *experiment, struct mu_arena *arena, struct mu_error *error);

/* GetSuggestions in domain form: reads the settings, derives the seed and fills |reply| with
 * exactly |request->wanted| suggestions. |request| comes with experiment, history, wanted, first,
 * counted, arena and the stop function; options, outcomes, seed and seen are filled here.
 * MU_CANCELLED when nobody waits for the answer. */
MU_MUST_USE enum mu_status mu_algorithm_suggest(const struct mu_algorithm *algorithm,
    struct mu_request *request, struct mu_reply *reply, struct mu_error *error);

/* Write the table of the algorithm's settings, random_state included, as Markdown to |out|. */
void mu_algorithm_document(const struct mu_algorithm *algorithm, FILE *out);

#endif
