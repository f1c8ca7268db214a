/* What an experiment's trials say, as a service: mushir.v1.Analysis (proto/analysis.proto). */
#ifndef MUSHIR_SERVICES_ANALYSIS_H
#define MUSHIR_SERVICES_ANALYSIS_H

#include "common/base/endpoint.h"

/* Importance, Predict, ParetoFront and Best, of the experiment and trials in the request. Every
 * program with an algorithm serves it; which one does not matter. */
extern const struct mu_contract mu_analysis;

#endif
