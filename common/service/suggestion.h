/* The Suggestion service of the contract: requests to algorithms and back. */
#ifndef MUSHIR_SERVICE_SUGGESTION_H
#define MUSHIR_SERVICE_SUGGESTION_H

#include "common/base/endpoint.h"
#include "common/search/algorithm.h"

/* GetSuggestions and ValidateAlgorithmSettings for |algorithms|, ended by NULL and borrowed. */
struct mu_contract mu_suggestion_contract(const struct mu_algorithm *const *algorithms);

#endif
