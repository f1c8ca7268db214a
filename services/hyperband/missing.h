/* Promotions whose trials are not to be seen: lost without metrics, stopped early with metrics that
 * come late, or running where the controller does not show it. They look as if they had not been
 * made, and must not be made again. */
#ifndef MUSHIR_HYPERBAND_MISSING_H
#define MUSHIR_HYPERBAND_MISSING_H

#include "services/hyperband/brackets.h"

/* Record those promotions of |brackets|, built for |request|, that were made as far as times and
 * numbers tell; the others stay promotable. What is due is promoted before a new configuration is
 * started, so a new one that was started later tells that a promotion was made. Suggestions that
 * are missing beyond these (mu_request_missing) are taken for the best of the promotions that are
 * due; returns how many are missing beyond those too, which were new configurations. Quadratic in
 * the results of a rung. */
size_t mu_brackets_believe(struct mu_brackets *brackets, const struct mu_request *request);

#endif
