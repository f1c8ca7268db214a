/* The experiment and its trials as messages of the contract, and the replies read back. */
#ifndef MUSHIR_CLIENT_RUN_REQUEST
#define MUSHIR_CLIENT_RUN_REQUEST

#include "client/experiment/experiment.h"

/* A trial as Katib's controller would describe it. */
struct cl_request_trial {
    const char *name, *started, *completed; /* times in RFC 3339, "" while there is none */
    int condition;                          /* the contract's number */
    const struct mu_pair *assignments, *metrics;
    size_t n_assignments, n_metrics;
};

/* A ValidateAlgorithmSettingsRequest; arena-owned bytes. */
const uint8_t *cl_request_validate(
    const struct cl_experiment *e, struct mu_arena *arena, size_t *size);

/* A GetSuggestionsRequest for |wanted| suggestions after |accepted| earlier ones. |settings| are
 * those that earlier replies asked to be sent back. */
const uint8_t *cl_request_suggestions(const struct cl_experiment *e,
    const struct cl_request_trial *trials, size_t n_trials, size_t wanted, size_t accepted,
    const struct mu_pair *settings, size_t n_settings, struct mu_arena *arena, size_t *size);

/* A reply: the assignments of each suggestion, and its trial's name ("" when the controller names
 * it). */
struct cl_suggested {
    const char *name;
    struct mu_pair *assignments;
    size_t n_assignments;
};
struct cl_suggestions {
    struct cl_suggested *items;
    size_t n;
    struct mu_pair *settings; /* to be sent back */
    size_t n_settings;
};

/* Read a GetSuggestionsReply. MU_INTERNAL when it is no message or holds another number than
 * |wanted|. */
MU_MUST_USE enum mu_status cl_request_read_reply(const uint8_t *bytes, size_t size, size_t wanted,
    struct mu_arena *arena, struct cl_suggestions *out, struct mu_error *error);

#endif
