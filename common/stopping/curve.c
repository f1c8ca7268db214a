/* Step and threshold chosen together, so that most reports are saved at a stated risk.
 *
 * What a trial still gains after report s, gain(s) = best(s) - best(end), is taken to be normal,
 * with the mean and deviation that it had in the better half of the finished trials: those are what
 * a new best trial is like. With probability 1 - risk a new trial gains at most bound(s) = mean +
 * t(1 - risk; m - 1) deviation sqrt(1 + 1/m), the upper prediction bound of m observations
 * (Student's t; Hahn and Meeker, "Statistical Intervals", 1991, section 4.8), so one whose best(s)
 * is worse than the best trial's end by more than the bound would have become the best with a
 * probability of at most |risk|. */
#include <math.h>

#include "common/num/normal.h"
#include "common/num/sort.h"
#include "common/stopping/stoppers.h"

struct options {
    uint64_t min_trials;
    double risk;
};

static const struct mu_setting_spec SPECS[] = {
    MU_MIN_TRIALS_REQUIRED(struct options, "5"),
    {.name = "risk",
        .value = MU_MEMBER(struct options, risk),
        .fallback = "0.05",
        .max = 0.5,
        .min_open = true,
        .max_open = true,
        .help = "Probability of stopping a trial that would have become the best."},
};

/* The curves with the least loss so far instead of the loss, and what is known of their ends. */
struct study {
    const struct options *options;
    double **best; /* of each trial, at each of its reports */
    const struct mu_curve *curves;
    size_t n;
    double incumbent; /* least loss at the end of a finished trial */
    double good;      /* the median of these: better trials are like a new best one */
    size_t length;    /* median number of reports of a finished trial */
    size_t longest;
};

static double *best_so_far(const struct mu_curve *curve, struct mu_arena *arena) {
    double *best = MU_ARRAY(arena, curve->n, double);
    best[0] = curve->losses[0];
    for (size_t i = 1; i < curve->n; i++) {
        best[i] = fmin(best[i - 1], curve->losses[i]);
    }
    return best;
}

static bool begin(struct study *study, struct mu_arena *arena) {
    double *ends = MU_ARRAY(arena, study->n, double);
    double *lengths = MU_ARRAY(arena, study->n, double);
    size_t finished = 0;
    study->best = MU_ARRAY(arena, study->n, double *);
    for (size_t i = 0; i < study->n; i++) {
        const struct mu_curve *curve = &study->curves[i];
        study->best[i] = best_so_far(curve, arena);
        ends[finished] = study->best[i][curve->n - 1];
        lengths[finished] = (double)curve->n;
        finished += !curve->stopped;
    }
    if (finished < 2 || finished < study->options->min_trials) {
        return false;
    }
    mu_sort(ends, finished);
    mu_sort(lengths, finished);
    study->incumbent = ends[0];
    study->good = mu_sorted_quantile(ends, finished, 0.5);
    study->length = (size_t)mu_sorted_quantile(lengths, finished, 0.5);
    study->longest = (size_t)lengths[finished - 1];
    return true;
}

/* What a good trial gains after |step| at most; false when fewer than two went on from there. */
static bool gain_bound(const struct study *study, size_t step, double *bound) {
    double mean = 0;
    double squares = 0; /* of the deviations; updated as by Welford, Technometrics 1962 */
    double m = 0;
    for (size_t i = 0; i < study->n; i++) {
        size_t n = study->curves[i].n;
        const double *best = study->best[i];
        if (!study->curves[i].stopped && n > step && best[n - 1] <= study->good) {
            double gain = best[step - 1] - best[n - 1];
            double away = gain - mean;
            m++;
            mean += away / m;
            squares += away * (gain - mean);
        }
    }
    if (m < 2) {
        return false;
    }
    *bound = mean + mu_student_quantile(1 - study->options->risk, m - 1) *
                        sqrt(squares / (m - 1) * (1 + 1 / m));
    return true;
}

/* Reports that |rule| would have saved. A trial that was stopped before the rule's step is taken to
 * have stayed as it was. */
static size_t saved_by(const struct study *study, const struct mu_threshold *rule) {
    size_t saved = 0;
    for (size_t i = 0; i < study->n; i++) {
        const struct mu_curve *curve = &study->curves[i];
        size_t length = curve->stopped ? study->length : curve->n;
        size_t at = rule->step < curve->n ? rule->step : curve->n;
        if (length > rule->step && study->best[i][at - 1] > rule->loss) {
            saved += length - rule->step;
        }
    }
    return saved;
}

static bool find(const void *options, const struct mu_curve *curves, size_t n,
    struct mu_arena *arena, struct mu_threshold *rule) {
    struct study study = {.options = options, .curves = curves, .n = n};
    size_t most = 0;
    if (!begin(&study, arena)) {
        return false;
    }
    for (size_t step = 1; step < study.longest && step <= INT32_MAX; step++) {
        double bound;
        if (!gain_bound(&study, step, &bound)) {
            break; /* nor does any later step have two */
        }
        struct mu_threshold candidate = {step, study.incumbent + bound};
        size_t saved = saved_by(&study, &candidate);
        if (saved > most) {
            most = saved;
            *rule = candidate;
        }
    }
    return most > 0;
}

const struct mu_stopper mu_curvestop = {.name = "curvestop",
    .summary =
        "From the curves of the trials that have ended, the step and the threshold that save "
        "most at a stated risk of stopping a trial that would have become the best.",
    .settings = MU_SETTINGS(SPECS, struct options),
    .find = find};
