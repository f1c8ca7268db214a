#include "common/search/experiment.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

ptrdiff_t mu_experiment_find_metric(const struct mu_experiment *experiment, const char *name) {
    for (size_t k = 0; k < experiment->n_metrics; k++) {
        if (strcmp(experiment->metrics[k].name, name) == 0) {
            return (ptrdiff_t)k;
        }
    }
    return -1;
}

const char *mu_trial_text(const struct mu_trial *trial, const char *name) {
    for (size_t i = 0; i < trial->n_assignments; i++) {
        if (strcmp(trial->assignments[i].name, name) == 0) {
            return trial->assignments[i].value;
        }
    }
    return NULL;
}

/* Seconds of a zone: "Z", "+hh:mm", "-hh:mm", or none, which counts as UTC; NAN for other texts. */
static double offset_of(const char *zone) {
    struct tm parts = {0};
    const char *end = *zone ? strptime(zone + 1, "%H:%M", &parts) : NULL;
    double seconds = 60 * (60 * parts.tm_hour + parts.tm_min);
    if (!*zone || strcmp(zone, "Z") == 0) {
        return 0;
    }
    return !end || *end   ? (double)NAN
           : *zone == '+' ? seconds
           : *zone == '-' ? -seconds
                          : (double)NAN;
}

/* Whole seconds since 1970 of a time such as 2026-01-31T23:59:59.5Z or ...+01:00, and its
 * |fraction|, |n| bytes from the point on; NAN for other texts. */
static double read_seconds(const char *text, const char **fraction, size_t *n) {
    struct tm parts = {0};
    const char *at = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
    if (!at) {
        return (double)NAN;
    }
    *fraction = at;
    *n = *at == '.' ? 1 + strspn(at + 1, "0123456789") : 0;
    return (double)timegm(&parts) - offset_of(at + *n);
}

static double seconds_of(const char *text) {
    const char *fraction = "";
    size_t n = 0;
    double seconds = read_seconds(text, &fraction, &n);
    return n > 1 ? seconds + strtod(fraction, NULL) : seconds;
}

double mu_trial_seconds(const struct mu_trial *trial) {
    double seconds = seconds_of(trial->completed) - seconds_of(trial->started);
    return seconds > 0 ? seconds : (double)NAN;
}

static enum mu_trial_state state_of(int condition, bool has_value) {
    switch (condition) {
    case MU_TRIAL_SUCCEEDED:
    case MU_TRIAL_EARLY_STOPPED:
        return has_value ? MU_DONE : MU_FAILED;
    case MU_TRIAL_KILLED:
    case MU_TRIAL_FAILED:
    case MU_TRIAL_METRICS_UNAVAILABLE:
        return MU_FAILED;
    default:
        return MU_PENDING;
    }
}

/* A time as strcmp orders moments: in UTC, with no zone behind it and no zeros that end a fraction.
 * Kubernetes' zero time and the empty text both mean: not known. A text that is no time stays. */
static const char *read_time(const char *text, struct mu_arena *arena) {
    enum { SECONDS = sizeof "2026-01-31T23:59:59" - 1 };
    if (!text || strncmp(text, "0001-", 5) == 0) {
        return "";
    }
    if (strlen(text) == SECONDS + 1 && text[SECONDS] == 'Z') {
        return mu_arena_copy_bytes(arena, text, SECONDS);
    }
    const char *fraction = "";
    size_t n = 0;
    double seconds = read_seconds(text, &fraction, &n);
    if (isnan(seconds)) {
        return text;
    }
    while (n > 0 && strchr(".0", fraction[n - 1])) {
        n--;
    }
    time_t whole = (time_t)seconds;
    struct tm parts;
    char moment[64];
    strftime(moment, sizeof moment, "%Y-%m-%dT%H:%M:%S", gmtime_r(&whole, &parts));
    return mu_arena_format(arena, "%s%.*s", moment, (int)n, fraction);
}

static int by_pair(const void *a, const void *b) {
    const struct mu_pair *x = a;
    const struct mu_pair *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : strcmp(x->value, y->value);
}

static bool in_order(const struct mu_space *space, const struct mu_trial *trial) {
    for (size_t i = 0; i < trial->n_assignments; i++) {
        const struct mu_pair *pair = &trial->assignments[i];
        bool here = space->n ? strcmp(pair->name, space->parameters[i].name) == 0
                             : i == 0 || by_pair(pair - 1, pair) <= 0;
        if (!here) {
            return false;
        }
    }
    return true;
}

/* A client may list a trial's assignments in any order. Those of another experiment stay as they
 * are: nothing reads them. */
static void order_assignments(
    struct mu_trial *trial, const struct mu_space *space, struct mu_arena *arena) {
    if (trial->belongs == MU_FOREIGN || in_order(space, trial)) {
        return;
    }
    struct mu_pair *pairs = MU_ARRAY(arena, trial->n_assignments, struct mu_pair);
    for (size_t i = 0; i < space->n; i++) {
        const char *name = space->parameters[i].name;
        pairs[i] = (struct mu_pair){name, mu_trial_text(trial, name)};
    }
    if (!space->n) {
        memcpy(pairs, trial->assignments, trial->n_assignments * sizeof *pairs);
        qsort(pairs, trial->n_assignments, sizeof *pairs, by_pair);
    }
    trial->assignments = pairs;
}

static int compare_assignments(const struct mu_trial *a, const struct mu_trial *b) {
    size_t n = a->n_assignments < b->n_assignments ? a->n_assignments : b->n_assignments;
    for (size_t i = 0; i < n; i++) {
        int order = by_pair(&a->assignments[i], &b->assignments[i]);
        if (order) {
            return order;
        }
    }
    return (a->n_assignments > b->n_assignments) - (a->n_assignments < b->n_assignments);
}

/* A missing value after any number. */
static int compare_values(const struct mu_trial *a, const struct mu_trial *b) {
    for (size_t k = 0; k < a->n_values && k < b->n_values; k++) {
        double x = a->values[k];
        double y = b->values[k];
        int order = isnan(x) || isnan(y) ? !!isnan(x) - !!isnan(y) : (x > y) - (x < y);
        if (order) {
            return order;
        }
    }
    return 0;
}

static int canonical(const void *p, const void *q) {
    const struct mu_trial *a = p;
    const struct mu_trial *b = q;
    if (!*a->completed != !*b->completed) {
        return *a->completed ? -1 : 1;
    }
    int order = strcmp(a->completed, b->completed);
    order = order ? order : strcmp(a->name, b->name);
    order = order ? order : compare_assignments(a, b);
    order = order ? order : (a->state > b->state) - (a->state < b->state);
    return order ? order : compare_values(a, b);
}

/* Whether the trial belongs to the space, and its coordinates. Assignments usually come in the
 * order of the specification, so each is looked for there first. */
static enum mu_belonging fit(
    const struct mu_space *space, const struct mu_trial *trial, double *x) {
    enum mu_belonging result = MU_FITS;
    if (trial->n_assignments != space->n) {
        return MU_FOREIGN;
    }
    for (size_t i = 0; i < space->n; i++) {
        const struct mu_parameter *p = &space->parameters[i];
        const struct mu_pair *here = &trial->assignments[i];
        const char *text =
            strcmp(here->name, p->name) == 0 ? here->value : mu_trial_text(trial, p->name);
        if (!text) {
            return MU_FOREIGN;
        }
        if (!mu_parameter_parse(p, text, &x[i])) {
            x[i] = NAN;
            result = MU_INFEASIBLE;
        }
    }
    return result;
}

static double read_value(const struct mu_objective *metric, const char *text) {
    double value;
    if (!text || !mu_read_double(text, &value)) {
        return (double)NAN;
    }
    return metric->maximize ? -value : value;
}

static void read_values(
    double *values, const struct mu_experiment *experiment, const struct mu_trial_record *record) {
    values[0] = read_value(&experiment->metrics[0], record->metric);
    for (size_t k = 1; k < experiment->n_metrics; k++) {
        const char *text = record->additional ? record->additional[k - 1] : NULL;
        values[k] = read_value(&experiment->metrics[k], text);
    }
}

/* What a running trial reports is not its result. */
static void forget(double *values, size_t n) {
    for (size_t k = 0; k < n; k++) {
        values[k] = NAN;
    }
}

void mu_trial_read(struct mu_trial *trial, const struct mu_experiment *experiment,
    const struct mu_trial_record *record, struct mu_arena *arena) {
    const struct mu_space *space = &experiment->space;
    assert(experiment->n_metrics > 0);
    double *values = MU_ARRAY(arena, experiment->n_metrics, double);
    read_values(values, experiment, record);
    *trial = (struct mu_trial){.name = record->name,
        .state = state_of(record->condition, !isnan(values[0])),
        .early_stopped = record->condition == MU_TRIAL_EARLY_STOPPED,
        .completed = read_time(record->completed, arena),
        .started = read_time(record->started, arena),
        .values = values,
        .n_values = experiment->n_metrics,
        .assignments = record->assignments,
        .n_assignments = record->n_assignments,
        .labels = record->labels,
        .n_labels = record->n_labels};
    if (trial->state == MU_DONE) {
        trial->loss = values[0];
    }
    if (!*trial->completed) {
        trial->completed = trial->started;
    }
    if (trial->state == MU_PENDING) {
        trial->completed = "";
        forget(values, experiment->n_metrics);
    }
    if (space->n) {
        double *x = MU_ARRAY(arena, space->n, double);
        trial->belongs = fit(space, trial, x);
        trial->x = x;
    }
    order_assignments(trial, space, arena);
}

static bool sorted(const struct mu_trial *trials, size_t n) {
    for (size_t i = 1; i < n; i++) {
        if (canonical(&trials[i - 1], &trials[i]) > 0) {
            return false;
        }
    }
    return true;
}

void mu_history_of(struct mu_history *history, const struct mu_trial *const *trials, size_t n,
    struct mu_arena *arena) {
    size_t counts[3] = {0};
    for (size_t i = 0; i < n; i++) {
        counts[trials[i]->belongs]++;
    }
    struct mu_trial *fitting = MU_ARRAY(arena, counts[MU_FITS], struct mu_trial);
    struct mu_trial *f = fitting;
    struct mu_trial *infeasible = MU_ARRAY(arena, counts[MU_INFEASIBLE], struct mu_trial);
    struct mu_trial *s = infeasible;
    for (size_t i = 0; i < n; i++) {
        if (trials[i]->belongs != MU_FOREIGN) {
            *(trials[i]->belongs == MU_FITS ? f++ : s++) = *trials[i];
        }
    }
    *history = (struct mu_history){
        fitting, counts[MU_FITS], infeasible, counts[MU_INFEASIBLE], counts[MU_FOREIGN]};
    if (!sorted(fitting, history->n)) {
        qsort(fitting, history->n, sizeof *fitting, canonical);
    }
    qsort(infeasible, history->n_infeasible, sizeof *infeasible, canonical);
}

static size_t count_pending(const struct mu_trial *trials, size_t n) {
    size_t pending = 0;
    for (size_t i = 0; i < n; i++) {
        pending += trials[i].state == MU_PENDING;
    }
    return pending;
}

size_t mu_history_running(const struct mu_history *history) {
    return count_pending(history->trials, history->n) +
           count_pending(history->infeasible, history->n_infeasible);
}

bool mu_history_stopped_early(const struct mu_history *history) {
    for (size_t i = 0; i < history->n; i++) {
        if (history->trials[i].early_stopped) {
            return true;
        }
    }
    return false;
}

static uint64_t hash_text(uint64_t hash, const char *text) {
    return mu_hash(hash, text, strlen(text) + 1);
}

static uint64_t hash_trial(uint64_t hash, const struct mu_trial *trial) {
    double state[] = {(double)trial->state, trial->loss + 0.0}; /* -0 becomes 0 */
    hash = hash_text(hash, trial->name);
    for (size_t i = 0; i < trial->n_assignments; i++) {
        hash = hash_text(hash_text(hash, trial->assignments[i].name), trial->assignments[i].value);
    }
    return mu_hash(hash, state, sizeof state);
}

uint64_t mu_history_digest(const struct mu_history *history) {
    if (history->n + history->n_infeasible + history->foreign == 0) {
        return 0;
    }
    uint64_t left_out = history->foreign;
    uint64_t hash = mu_hash(0, &left_out, sizeof left_out);
    for (size_t i = 0; i < history->n; i++) {
        hash = hash_trial(hash, &history->trials[i]);
    }
    for (size_t i = 0; i < history->n_infeasible; i++) {
        hash = hash_trial(hash, &history->infeasible[i]);
    }
    return hash;
}

uint64_t mu_experiment_seed(const struct mu_experiment *experiment) {
    uint64_t hash = hash_text(0, experiment->name);
    for (size_t i = 0; i < experiment->space.n; i++) {
        const struct mu_parameter *p = &experiment->space.parameters[i];
        double shape[] = {
            (double)p->type, (double)p->distribution, p->min, p->max, p->step, (double)p->levels};
        hash = mu_hash(hash_text(hash, p->name), shape, sizeof shape);
    }
    return hash;
}
