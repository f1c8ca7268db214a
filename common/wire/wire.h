/* Contract messages <-> domain structs: requests and replies, each written and read. The only layer
 * that sees generated code of the API.
 *
 * Every text is checked to be UTF-8 without a NUL; numbers that the domain cannot hold are errors.
 * All results live in the arena or, while that does, in the cache. */
#ifndef MUSHIR_WIRE_WIRE_H
#define MUSHIR_WIRE_WIRE_H

#include "common/base/endpoint.h"
#include "common/search/algorithm.h"
#include "common/wire/cache.h"

/* ---- a service: requests read, replies written ---- */

/* A GetSuggestions request in domain form. */
struct mu_wire_suggestions {
    struct mu_experiment experiment;
    struct mu_history history;
    size_t n_trials;    /* as sent */
    size_t wanted;      /* current_request_number */
    uint64_t first;     /* total - current when counted; else mu_history_digest */
    bool counted;       /* the total is set, and not smaller than current */
    const char *others; /* what a trial reports that lacks the objective; NULL: none was read */
};

/* The largest current_request_number that is answered. */
enum { MU_MOST_WANTED = 10000 };

/* Read a GetSuggestionsRequest, with the help of |cache| unless that is NULL. MU_INVALID_ARGUMENT
 * names the field; MU_RESOURCE_EXHAUSTED when the arena's limit is passed. */
MU_MUST_USE enum mu_status mu_wire_read_suggestions(const uint8_t *bytes, size_t size,
    struct mu_trial_cache *cache, struct mu_arena *arena, struct mu_wire_suggestions *out,
    struct mu_error *error);

/* What a log and metrics tell of a request: whose it is, how much it asks for, and what its trials
 * are good for, so that a log tells why suggestions are random. Texts are those of |in|. */
struct mu_note mu_wire_note(const struct mu_wire_suggestions *in);

/* Read a ValidateAlgorithmSettingsRequest. Errors as above. */
MU_MUST_USE enum mu_status mu_wire_read_validate(const uint8_t *bytes, size_t size,
    struct mu_arena *arena, struct mu_experiment *experiment, struct mu_error *error);

/* Write a GetSuggestionsReply, the reply to |call|. Errors of mu_call_make_reply. */
MU_MUST_USE enum mu_status mu_wire_write_suggestions(const struct mu_experiment *experiment,
    const struct mu_reply *reply, struct mu_call *call, struct mu_error *error);

/* ---- a controller: requests written, replies read ---- */

/* A GetSuggestions request as a controller knows it. */
struct mu_wire_request {
    const struct mu_experiment_text *experiment;
    const struct mu_trial_report *trials;
    size_t n_trials;
    size_t wanted; /* suggestions to ask for, */
    size_t first;  /* after so many that were given before */
};

/* Write a GetSuggestionsRequest or a ValidateAlgorithmSettingsRequest, owned by the arena. */
struct mu_slice mu_wire_write_request(
    const struct mu_wire_request *request, struct mu_arena *arena);
struct mu_slice mu_wire_write_validate(
    const struct mu_experiment_text *experiment, struct mu_arena *arena);

/* Read a GetSuggestionsReply; nothing in it is checked against the experiment. An empty trial name
 * becomes NULL. MU_INVALID_ARGUMENT: no such message, or a text that is not UTF-8;
 * MU_RESOURCE_EXHAUSTED when the arena's limit is passed. */
MU_MUST_USE enum mu_status mu_wire_read_reply(
    struct mu_slice bytes, struct mu_arena *arena, struct mu_reply *reply, struct mu_error *error);

#endif
