/* What a metric would be at points that nobody has tried. */
#ifndef MUSHIR_MODEL_FORECAST_H
#define MUSHIR_MODEL_FORECAST_H

#include "common/search/experiment.h"

struct mu_forecast;

/* The forecast of metric number |metric|, learned from the finished trials in |history| that have a
 * value: the best, the newest and some of the rest (mu_subset). NULL: less than two trials have
 * one, their values do not differ, or no parameter has a choice. Values are the history's, so that
 * smaller is better. Arena-owned; |space| is borrowed. */
struct mu_forecast *mu_forecast_of(const struct mu_space *space, const struct mu_history *history,
    size_t metric, struct mu_arena *arena);

/* The expected value at |x| (coordinates of the space); the standard deviation of the function
 * there into |sd|. */
double mu_forecast_at(struct mu_forecast *forecast, const double *x, double *sd);

/* The point whose expected value is the smallest found, tried or not, into |x|. The same for the
 * same trials. */
void mu_forecast_best(struct mu_forecast *forecast, double *x);

#endif
