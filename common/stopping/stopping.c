#include "common/stopping/stopping.h"

#include <math.h>
#include <string.h>

#include "common/stopping/stoppers.h"

const struct mu_stopper *const mu_stoppers[] = {
    &mu_medianstop, &mu_percentilestop, &mu_curvestop, NULL};

const struct mu_stopper *mu_stopper_called(const char *name) {
    const struct mu_stopper *const *stopper = mu_stoppers;
    while (*stopper && strcmp((*stopper)->name, name) != 0) {
        stopper++;
    }
    return *stopper;
}

static enum mu_status read_options(const struct mu_stopper *stopper, const struct mu_pair *pairs,
    size_t n_pairs, struct mu_arena *arena, void **options, struct mu_error *error) {
    *options = mu_arena_alloc(arena, stopper->settings.options_size);
    return mu_settings_read(&stopper->settings, pairs, n_pairs, *options, error);
}

enum mu_status mu_stopper_validate(const struct mu_stopper *stopper, const struct mu_pair *pairs,
    size_t n_pairs, struct mu_arena *arena, struct mu_error *error) {
    void *options;
    for (size_t i = 0; i < n_pairs; i++) {
        if (!mu_settings_find(&stopper->settings, pairs[i].name)) {
            return mu_fail(error, MU_INVALID_ARGUMENT, "unknown setting %.200s for algorithm %s",
                pairs[i].name, stopper->name);
        }
    }
    return read_options(stopper, pairs, n_pairs, arena, &options, error);
}

bool mu_stopper_find(const struct mu_stopper *stopper, const struct mu_pair *pairs, size_t n_pairs,
    const struct mu_curve *curves, size_t n, struct mu_arena *arena, struct mu_threshold *rule) {
    void *options;
    struct mu_error error;
    struct mu_curve *reported = MU_ARRAY(arena, n, struct mu_curve);
    size_t n_reported = 0;
    for (size_t i = 0; i < n; i++) {
        reported[n_reported] = curves[i];
        n_reported += curves[i].n > 0;
    }
    return read_options(stopper, pairs, n_pairs, arena, &options, &error) == MU_OK &&
           stopper->find(options, reported, n_reported, arena, rule);
}

bool mu_threshold_stops(const struct mu_threshold *rule, double best, size_t reports) {
    return reports == rule->step && best > rule->loss;
}

double mu_curve_best(const struct mu_curve *curve, size_t steps) {
    double best = curve->losses[0];
    for (size_t i = 1; i < steps && i < curve->n; i++) {
        best = fmin(best, curve->losses[i]);
    }
    return best;
}

double mu_sorted_quantile(const double *values, size_t n, double p) {
    double at = p * (double)(n - 1);
    size_t below = (size_t)at;
    size_t above = below + 1 < n ? below + 1 : below;
    double share = at - (double)below;
    return values[below] * (1 - share) + values[above] * share;
}
