/* The Suggestion service of the contract: requests to algorithms and back. */
#ifndef MUSHIR_SERVICE_SUGGESTION_H
#define MUSHIR_SERVICE_SUGGESTION_H

#include "common/rpc/rpc.h"
#include "common/search/algorithm.h"
#include "common/wire/cache.h"

enum { MU_SUGGESTION_METHODS = 2 };

struct mu_suggestion_service {
    const struct mu_service *service;
    struct mu_trial_cache *cache; /* or NULL */
};

/* GetSuggestions and ValidateAlgorithmSettings; their `user` is a struct mu_suggestion_service. */
extern const struct mu_rpc_method mu_suggestion_methods[MU_SUGGESTION_METHODS];

#endif
