/* A Trial object of Katib's (kubeflow.org/v1beta1), and what changes in it when it was stopped. */
#ifndef MUSHIR_SERVICES_MEDIANSTOP_TRIAL_H
#define MUSHIR_SERVICES_MEDIANSTOP_TRIAL_H

#include <stddef.h>

#include "common/search/settings.h"

/* The merge patch that marks |object| (JSON of |size| bytes) as stopped early: the condition
 * EarlyStopped behind the others, completionTime |now| (RFC 3339), and the observation that Katib
 * would compute from the |n| |reports| (metrics and values as texts, oldest first): min, max and
 * latest of each metric in spec.objective.metricStrategies. It holds for the object's
 * resourceVersion only. What the object has of these stays, and no observation is written without
 * reports. |*patch| is for the caller to free; NULL when nothing changes. MU_INTERNAL: the object
 * is no trial. Takes no memory from an arena. */
MU_MUST_USE enum mu_status mu_trial_stop_patch(const char *object, size_t size,
    const struct mu_pair *reports, size_t n, const char *now, char **patch, struct mu_error *error);

/* What the API says went wrong: the message of the Status object |answer|, cut to |size| bytes; ""
 * when it has none. */
void mu_trial_api_message(const char *answer, size_t length, char *message, size_t size);

#endif
