/* The percentile of the trials' best losses at one step (the percentile pruner of Akiba et al.,
 * "Optuna", KDD 2019, judged once). Unlike the median rule it compares like with like, and knows
 * the trials that were stopped, without which it would get stricter with every stop. */
#include <math.h>

#include "common/num/sort.h"
#include "common/stopping/stoppers.h"

struct options {
    uint64_t min_trials, grace;
    double percentile;
};

static const struct mu_setting_spec SPECS[] = {
    MU_MIN_TRIALS_REQUIRED(struct options, "3"),
    {.name = "percentile",
        .value = MU_MEMBER(struct options, percentile),
        .fallback = "50",
        .max = 100,
        .min_open = true,
        .max_open = true,
        .help = "The share of the trials, in percent, that go on: the best."},
    {.name = "grace",
        .value = MU_MEMBER(struct options, grace),
        .fallback = "4",
        .min = 1,
        .max = INT32_MAX,
        .range = ">= 1",
        .help = "The report at which a trial is judged; shorter trials are not compared."},
};

static bool find(const void *user, const struct mu_curve *curves, size_t n, struct mu_arena *arena,
    struct mu_threshold *rule) {
    const struct options *options = user;
    double *bests = MU_ARRAY(arena, n, double);
    size_t finished = 0;
    size_t compared = 0;
    for (size_t i = 0; i < n; i++) {
        finished += !curves[i].stopped;
        bests[compared] = mu_curve_best(&curves[i], options->grace);
        compared += curves[i].n >= options->grace;
    }
    if (compared == 0 || finished < options->min_trials) {
        return false;
    }
    mu_sort(bests, compared);
    *rule = (struct mu_threshold){
        options->grace, mu_sorted_quantile(bests, compared, options->percentile / 100)};
    return bests[0] < bests[compared - 1];
}

const struct mu_stopper mu_percentilestop = {.name = "percentilestop",
    .summary = "Stops a trial whose best value at report `grace` is not among the best "
               "`percentile` percent of all trials that came as far.",
    .settings = MU_SETTINGS(SPECS, struct options),
    .find = find};
