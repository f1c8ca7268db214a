/* Suggestions from trees (base_estimator RF, ET, GBRT). */
#ifndef MUSHIR_BAYESOPT_GROVE_H
#define MUSHIR_BAYESOPT_GROVE_H

#include "common/model/acquisition.h"
#include "services/bayesopt/evidence.h"

enum grove_kind { GROVE_FOREST, GROVE_EXTRA, GROVE_BOOSTED };

/* The point for suggestion |number| into |x|; false when only seen points were found. The model is
 * fitted anew per suggestion on at most 200 observations. */
bool grove_propose(const struct evidence *evidence, const struct mu_request *request,
    enum grove_kind kind, enum mu_acquisition acquisition, bool climb, uint64_t number, double *x);

#endif
