/* Marking a trial as stopped early in the Kubernetes API. */
#ifndef MUSHIR_SERVICES_MEDIANSTOP_STOP_H
#define MUSHIR_SERVICES_MEDIANSTOP_STOP_H

#include "common/search/settings.h"
#include "services/medianstop/kubernetes.h"

/* Mark |trial|, of the pod's namespace, with what it reported (mu_trial_stop_patch). When another
 * writer changed it meanwhile, or the API does not answer, again, for half a minute; a trial that
 * is marked stays as it is. MU_OK: the API has said that it is done. MU_INVALID_ARGUMENT: no name
 * of a trial; MU_NOT_FOUND: there is no such trial; MU_FAILED_PRECONDITION: there is no Kubernetes
 * API to ask, or no service account; MU_PERMISSION_DENIED: the service account may not;
 * MU_UNAVAILABLE: it could not be done in time. Takes no memory from an arena. */
MU_MUST_USE enum mu_status mu_stop_trial(const struct mu_kubernetes *api, const char *trial,
    const struct mu_pair *reports, size_t n, struct mu_error *error);

#endif
