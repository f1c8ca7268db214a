/* Promotions whose trials are not to be seen: lost without metrics, stopped early with metrics that
 * come late, or running where the controller does not show it. They look as if they had not been
 * made, and must not be made again. */
#ifndef MUSHIR_HYPERBAND_MISSING_H
#define MUSHIR_HYPERBAND_MISSING_H

#include "services/hyperband/brackets.h"

/* Take those promotions of |brackets|, built for |request|, for running that were made as far as
 * times and numbers tell; what stays promotable was not promoted. A promotion that was due is made
 * before any new configuration is started, so one that was due before the results that the latest
 * new configuration had waited for was made. Suggestions that are missing beyond these
 * (mu_request_missing) are taken for the best of the promotions that are due; returns how
 * many are missing beyond those too, which were new configurations. Quadratic in the results of a
 * rung. */
size_t mu_brackets_believe(struct mu_brackets *brackets, const struct mu_request *request);

#endif
