#include "common/service/suggestion.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/num/stream.h"
#include "common/service/folders.h"
#include "common/wire/contract.h"
#include "common/wire/wire.h"

enum { WARNED = 64 };

struct suggestion_state {
    struct mu_service service;
    struct mu_folders folders;
    struct mu_trial_cache *cache;    /* or NULL */
    _Atomic uint64_t warned[WARNED]; /* hashes of experiments that a warning was logged of */
};

/* The folders of the trials that |reply| names, for an experiment that gives its trials folders. */
static enum mu_status make_folders(const struct suggestion_state *own,
    const struct mu_experiment *experiment, const struct mu_reply *reply, struct mu_call *call,
    struct mu_error *error) {
    const char *wanted =
        mu_pairs_find(experiment->settings, experiment->n_settings, MU_TRIAL_FOLDER);
    enum mu_status status = MU_OK;
    bool needed = wanted && *wanted && strcmp(own->folders.root, "none") != 0;
    for (size_t i = 0; needed && i < reply->n && !status; i++) {
        const struct mu_suggestion *suggestion = &reply->suggestions[i];
        if (suggestion->trial_name) {
            const struct mu_folder folder = {
                experiment->name, suggestion->trial_name, suggestion->parent};
            status = mu_folders_make(&own->folders, &folder, mu_call_is_over, call, error);
        }
    }
    return status;
}

/* Once for an experiment, unless another with the same place comes between: its trials report, but
 * not the objective, so that every suggestion is a first one. */
static void warn_without_objective(
    struct suggestion_state *own, const struct mu_wire_suggestions *in, size_t observed) {
    if (!in->others || observed > 0) {
        return;
    }
    const struct mu_experiment *experiment = &in->experiment;
    uint64_t hash = mu_hash(0, experiment->name, strlen(experiment->name));
    if (atomic_exchange(&own->warned[hash % WARNED], hash) != hash) {
        const struct mu_log_field fields[] = {{.name = "experiment", .text = experiment->name},
            {.name = "objective", .text = experiment->metrics[0].name},
            {.name = "reported", .text = in->others}};
        mu_log(MU_LOG_WARNING, "no trial reports the objective", fields,
            sizeof fields / sizeof *fields);
    }
}

static enum mu_status get_suggestions(void *state, struct mu_call *call, struct mu_error *error) {
    struct suggestion_state *own = state;
    struct mu_wire_suggestions *in = MU_NEW(call->arena, struct mu_wire_suggestions);
    enum mu_status status =
        mu_wire_read_suggestions(call->bytes, call->size, own->cache, call->arena, in, error);
    call->note = mu_wire_note(in);
    if (status) {
        return status;
    }
    warn_without_objective(own, in, call->note.observed);
    const struct mu_algorithm *algorithm =
        mu_service_find(&own->service, in->experiment.algorithm, error);
    if (!algorithm) {
        return error->code;
    }
    struct mu_request request = {
        .experiment = &in->experiment,
        .history = &in->history,
        .wanted = in->wanted,
        .first = in->first,
        .counted = in->counted,
        .arena = call->arena,
        .should_stop = mu_call_is_over,
        .user = call,
    };
    struct mu_reply reply;
    status = mu_algorithm_suggest(algorithm, &request, &reply, error);
    if (!status) {
        status = make_folders(own, &in->experiment, &reply, call, error);
    }
    return status ? status : mu_wire_write_suggestions(&in->experiment, &reply, call, error);
}

static enum mu_status validate_settings(void *state, struct mu_call *call, struct mu_error *error) {
    const struct suggestion_state *own = state;
    struct mu_experiment *experiment = MU_NEW(call->arena, struct mu_experiment);
    enum mu_status status =
        mu_wire_read_validate(call->bytes, call->size, call->arena, experiment, error);
    call->note =
        (struct mu_note){.experiment = experiment->name, .algorithm = experiment->algorithm};
    if (status) {
        return status;
    }
    const struct mu_algorithm *algorithm =
        mu_service_find(&own->service, experiment->algorithm, error);
    return algorithm ? mu_algorithm_validate(algorithm, experiment, call->arena, error)
                     : error->code;
}

/* Room for some 14,000 trials of ten parameters. */
enum { MOST_CACHE = 16 << 20 };

static void *open_state(const struct mu_contract *contract, const struct mu_means *means) {
    struct suggestion_state *own = calloc(1, sizeof *own);
    if (own) {
        own->service.algorithms = contract->serves;
        own->cache = mu_trial_cache_create(means->memory < MOST_CACHE ? means->memory : MOST_CACHE);
        own->folders = (struct mu_folders){means->data, means->most_copied};
    }
    return own;
}

static void close_state(void *state) {
    struct suggestion_state *own = state;
    if (own) {
        mu_trial_cache_destroy(own->cache);
    }
    free(own);
}

static void print_names(const struct mu_contract *contract, FILE *out) {
    for (const struct mu_algorithm *const *a = contract->serves; *a; a++) {
        fprintf(out, " %s", (*a)->name);
    }
}

/* How many of |algorithms|, from the first on, have one table of settings. */
static size_t count_alike(const struct mu_algorithm *const *algorithms) {
    size_t n = 1;
    while (algorithms[n] && algorithms[n]->settings.specs == algorithms[0]->settings.specs) {
        n++;
    }
    return n;
}

static void print_settings(const struct mu_contract *contract, FILE *out) {
    const struct mu_algorithm *const *first = contract->serves;
    for (size_t n, i = 0; first[i]; i += n) {
        n = count_alike(&first[i]);
        for (size_t k = i; k < i + n; k++) {
            fprintf(out, "%s### %s\n\n", k > 0 && k == i ? "\n" : "", first[k]->name);
            if (first[k]->summary) {
                fprintf(out, "%s\n\n", first[k]->summary);
            }
        }
        mu_algorithm_document(first[i], out);
    }
}

struct mu_contract mu_suggestion_contract(const struct mu_algorithm *const *algorithms) {
    static const char *const probes[] = {MU_CONTRACT_SUGGESTION_PROBE, NULL};
    static const struct mu_endpoint endpoints[] = {
        {MU_CONTRACT_GET_SUGGESTIONS, get_suggestions},
        {MU_CONTRACT_VALIDATE_ALGORITHM, validate_settings},
    };
    return (struct mu_contract){
        .name = MU_CONTRACT_SUGGESTION,
        .health_names = probes,
        .endpoints = endpoints,
        .n_endpoints = sizeof endpoints / sizeof *endpoints,
        .serves = algorithms,
        .open = open_state,
        .close = close_state,
        .print_names = print_names,
        .print_settings = print_settings,
    };
}
