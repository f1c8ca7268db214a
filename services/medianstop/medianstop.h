/* Early stopping as a service: Katib's EarlyStopping contract. */
#ifndef MUSHIR_SERVICES_MEDIANSTOP_H
#define MUSHIR_SERVICES_MEDIANSTOP_H

#include "common/base/endpoint.h"

/* Gives rules for trials that begin (the stoppers of common/stopping, by name), from what the
 * DBManager of the request knows of those that have ended, and marks trials that were stopped in
 * the Kubernetes API. */
extern const struct mu_contract mu_early_stopping;

#endif
