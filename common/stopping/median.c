/* The median stopping rule (Golovin et al., "Google Vizier", KDD 2017, section 3.2.2) in the form
 * of Katib's medianstop: the running average of each trial at one step, and their median, which in
 * Katib is a mean. */
#include <math.h>

#include "common/num/sort.h"
#include "common/stopping/stoppers.h"

struct options {
    uint64_t min_trials, start_step;
};

static const struct mu_setting_spec SPECS[] = {
    MU_MIN_TRIALS_REQUIRED(struct options, "3"),
    {.name = "start_step",
        .value = MU_MEMBER(struct options, start_step),
        .fallback = "4",
        .min = 1,
        .max = INT32_MAX,
        .range = ">= 1",
        .out_of_range = "start_step must be greater or equal than one (>=1)",
        .help = "The report at which a trial is judged, and how many reports are averaged."},
};

/* Divided before they are added: the sum of huge losses would overflow. */
static double average(const struct mu_curve *curve, size_t steps) {
    size_t n = curve->n < steps ? curve->n : steps;
    double mean = 0;
    for (size_t i = 0; i < n; i++) {
        mean += curve->losses[i] / (double)n;
    }
    return mean;
}

static bool find(const void *user, const struct mu_curve *curves, size_t n, struct mu_arena *arena,
    struct mu_threshold *rule) {
    const struct options *options = user;
    double *averages = MU_ARRAY(arena, n, double);
    size_t finished = 0;
    for (size_t i = 0; i < n; i++) {
        averages[finished] = average(&curves[i], options->start_step);
        finished += !curves[i].stopped;
    }
    if (finished == 0 || finished < options->min_trials) {
        return false;
    }
    mu_sort(averages, finished);
    *rule = (struct mu_threshold){options->start_step, mu_sorted_quantile(averages, finished, 0.5)};
    return averages[0] < averages[finished - 1];
}

const struct mu_stopper mu_medianstop = {.name = "medianstop",
    .summary = "Stops a trial whose best value at report `start_step` is worse than the median of "
               "what the succeeded trials averaged until then.",
    .settings = MU_SETTINGS(SPECS, struct options),
    .find = find};
