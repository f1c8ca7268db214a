#include "common/search/outcomes.h"

#include <math.h>
#include <string.h>

struct texts {
    const char *objectives, *constraints;
};

static const struct mu_setting_spec SPECS[] = {
    {.name = "objectives",
        .value = MU_MEMBER(struct texts, objectives),
        .range = "`metric:max` or `metric:min`, separated by commas",
        .help = "What to optimize, up to 6 metrics among the objective and additionalMetricNames; "
                "without :max or :min in the objective's direction. One alone is the experiment's "
                "own objective. Unset: that."},
    {.name = "constraints",
        .value = MU_MEMBER(struct texts, constraints),
        .range = "`metric<=number` or `metric>=number`, separated by commas",
        .help = "What an acceptable trial meets, up to 16 bounds of such metrics."},
};
const struct mu_settings mu_outcome_settings = MU_SETTINGS(SPECS, struct texts);

struct reader {
    const char *setting, *text; /* the setting and its whole value */
    const struct mu_experiment *experiment;
    struct mu_arena *arena;
    struct mu_error *error;
};

/* A part of the text, without blanks at its ends. */
struct part {
    const char *at;
    size_t length;
};

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct part part_of(const char *from, const char *to) {
    while (from < to && is_blank(*from)) {
        from++;
    }
    while (to > from && is_blank(to[-1])) {
        to--;
    }
    return (struct part){from, (size_t)(to - from)};
}

static bool is_text(struct part part, const char *text) {
    return strlen(text) == part.length && memcmp(part.at, text, part.length) == 0;
}

/* A part as an error text shows it. */
#define SHOWN(part) (int)((part).length < 100 ? (part).length : 100), (part).at

static size_t position_of(const struct reader *r, struct part part) {
    return (size_t)(part.at - r->text) + 1;
}

/* The names that could stand in a setting, for an error text. */
static const char *known_names(const struct reader *r) {
    const char *names = "";
    for (size_t k = 0; k < r->experiment->n_metrics && strlen(names) < 400; k++) {
        names = mu_arena_format(
            r->arena, "%s%s%s", names, k ? ", " : "", r->experiment->metrics[k].name);
    }
    return names;
}

static bool find_metric(const struct reader *r, struct part name, size_t *metric) {
    for (size_t k = 0; k < r->experiment->n_metrics && name.length; k++) {
        if (is_text(name, r->experiment->metrics[k].name)) {
            *metric = k;
            return true;
        }
    }
    return false;
}

static enum mu_status resolve(const struct reader *r, struct part name, struct mu_outcome *out) {
    if (name.length == 0) {
        return mu_fail(r->error, MU_INVALID_ARGUMENT,
            "setting %s: a metric is missing at character %zu", r->setting, position_of(r, name));
    }
    if (!find_metric(r, name, &out->metric)) {
        return mu_fail(r->error, MU_INVALID_ARGUMENT,
            "setting %s: metric %.*s at character %zu is neither the objective nor in "
            "additionalMetricNames, "
            "which are %.500s",
            r->setting, SHOWN(name), position_of(r, name), known_names(r));
    }
    out->name = r->experiment->metrics[out->metric].name;
    return MU_OK;
}

/* The last |sign| within |part|, or NULL. */
static const char *find_last(struct part part, const char *sign) {
    size_t length = strlen(sign);
    for (size_t i = part.length + 1; i-- > 0 && length <= part.length;) {
        if (i + length <= part.length && memcmp(part.at + i, sign, length) == 0) {
            return part.at + i;
        }
    }
    return NULL;
}

/* The sign that turns a value of mu_trial, which is negated where the experiment maximizes, so that
 * less of it is more of the metric. */
static double sign_of(const struct reader *r, size_t metric, bool maximize) {
    return r->experiment->metrics[metric].maximize == maximize ? 1 : -1;
}

/* "NAME:max", "NAME:min" or "NAME". A name may hold a colon. */
static enum mu_status read_objective(
    const struct reader *r, struct part entry, struct mu_outcome *out) {
    const char *colon = find_last(entry, ":");
    size_t metric;
    bool whole = !colon || find_metric(r, entry, &metric);
    struct part name = whole ? entry : part_of(entry.at, colon);
    enum mu_status status = resolve(r, name, out);
    if (status || whole) {
        out->sign = 1;
        return status;
    }
    struct part direction = part_of(colon + 1, entry.at + entry.length);
    bool maximize = is_text(direction, "max") || is_text(direction, "maximize");
    if (!maximize && !is_text(direction, "min") && !is_text(direction, "minimize")) {
        return mu_fail(r->error, MU_INVALID_ARGUMENT,
            "setting %s: \"%.*s\" at character %zu, the direction of %s, is neither max nor min",
            r->setting, SHOWN(direction), position_of(r, direction), out->name);
    }
    out->sign = sign_of(r, out->metric, maximize);
    return MU_OK;
}

/* "NAME<=NUMBER" or "NAME>=NUMBER". A name may hold such a sign. */
static enum mu_status read_constraint(
    const struct reader *r, struct part entry, struct mu_outcome *out) {
    const char *at_most = find_last(entry, "<=");
    const char *at_least = find_last(entry, ">=");
    bool upper = at_most && (!at_least || at_most > at_least);
    const char *sign = upper ? at_most : at_least;
    if (!sign) {
        return mu_fail(r->error, MU_INVALID_ARGUMENT,
            "setting %s: \"%.*s\" at character %zu is neither METRIC<=NUMBER nor METRIC>=NUMBER",
            r->setting, SHOWN(entry), position_of(r, entry));
    }
    enum mu_status status = resolve(r, part_of(entry.at, sign), out);
    if (status) {
        return status;
    }
    struct part number = part_of(sign + 2, entry.at + entry.length);
    double bound;
    if (!mu_read_double(mu_arena_copy_bytes(r->arena, number.at, number.length), &bound)) {
        return mu_fail(r->error, MU_INVALID_ARGUMENT,
            "setting %s: \"%.*s\" at character %zu, the bound of %s, is not a finite number",
            r->setting, SHOWN(number), position_of(r, number), out->name);
    }
    out->sign = sign_of(r, out->metric, !upper);
    out->bound = upper ? bound : -bound;
    return MU_OK;
}

/* An objective stands in the list once. */
static enum mu_status check_new(
    const struct reader *r, struct part entry, const struct mu_outcome *list, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (list[i].metric == list[n].metric) {
            return mu_fail(r->error, MU_INVALID_ARGUMENT,
                "setting %s: metric %s at character %zu stands there twice", r->setting,
                list[n].name, position_of(r, entry));
        }
    }
    return MU_OK;
}

/* A bound and one before it leave a number. */
static enum mu_status check_bound(
    const struct reader *r, struct part entry, const struct mu_outcome *list, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (list[i].metric == list[n].metric && list[i].sign != list[n].sign &&
            list[i].bound + list[n].bound < 0) {
            return mu_fail(r->error, MU_INVALID_ARGUMENT,
                "setting %s: no value of %s meets the bound at character %zu and those before it",
                r->setting, list[n].name, position_of(r, entry));
        }
    }
    return MU_OK;
}

/* How the entries of a setting are read, and each is checked beside the |n| before it. */
struct entries {
    enum mu_status (*read)(const struct reader *, struct part, struct mu_outcome *);
    enum mu_status (*check)(
        const struct reader *, struct part, const struct mu_outcome *, size_t n);
    size_t most;
};
static const struct entries OBJECTIVES = {read_objective, check_new, MU_MOST_OBJECTIVES};
static const struct entries CONSTRAINTS = {read_constraint, check_bound, MU_MOST_CONSTRAINTS};

/* The entries of the text, which commas separate, into |list|. */
static enum mu_status read_list(
    const struct reader *r, const struct entries *entries, struct mu_outcome *list, size_t *n) {
    const char *from = r->text;
    for (bool more = true; more; (*n)++) {
        const char *to = from + strcspn(from, ",");
        struct part entry = part_of(from, to);
        more = *to != '\0';
        if (*n == entries->most) {
            return mu_fail(r->error, MU_INVALID_ARGUMENT,
                "setting %s: more than %zu at character %zu", r->setting, entries->most,
                position_of(r, entry));
        }
        enum mu_status status = entries->read(r, entry, &list[*n]);
        status = status ? status : entries->check(r, entry, list, *n);
        if (status) {
            return status;
        }
        from = to + more;
    }
    return MU_OK;
}

static const char *direction_of(bool maximize) {
    return maximize ? "max" : "min";
}

/* One objective alone is what the controller judges trials by, too. */
static enum mu_status check_single(const struct reader *r, const struct mu_outcome *one) {
    const struct mu_objective *own = &r->experiment->metrics[0];
    if (one->metric == 0 && one->sign == 1) {
        return MU_OK;
    }
    return mu_fail(r->error, MU_INVALID_ARGUMENT,
        "setting %s: a single objective is the experiment's own, %.200s:%s, not %.200s:%s; change "
        "that or name more",
        r->setting, own->name, direction_of(own->maximize), one->name,
        direction_of(r->experiment->metrics[one->metric].maximize == (one->sign == 1)));
}

/* Whether the text says anything. */
static bool is_given(const char *text) {
    return text && part_of(text, text + strlen(text)).length > 0;
}

struct mu_outcomes mu_outcomes_usual(
    const struct mu_experiment *experiment, struct mu_arena *arena) {
    struct mu_outcome *one = MU_NEW(arena, struct mu_outcome);
    *one = (struct mu_outcome){
        .name = experiment->n_metrics ? experiment->metrics[0].name : "", .sign = 1};
    return (struct mu_outcomes){.list = one, .n = 1, .n_objectives = 1};
}

enum mu_status mu_outcomes_read(struct mu_outcomes *outcomes,
    const struct mu_experiment *experiment, struct mu_arena *arena, struct mu_error *error) {
    struct texts texts = {0};
    enum mu_status status = mu_settings_read(
        &mu_outcome_settings, experiment->settings, experiment->n_settings, &texts, error);
    struct mu_outcome *list =
        MU_ARRAY(arena, MU_MOST_OBJECTIVES + MU_MOST_CONSTRAINTS, struct mu_outcome);
    struct reader r = {SPECS[0].name, texts.objectives, experiment, arena, error};
    size_t n = 1;
    list[0] = mu_outcomes_usual(experiment, arena).list[0];
    if (!status && is_given(texts.objectives)) {
        n = 0;
        status = read_list(&r, &OBJECTIVES, list, &n);
        status = !status && n == 1 ? check_single(&r, &list[0]) : status;
    }
    *outcomes = (struct mu_outcomes){.list = list, .n = n, .n_objectives = n};
    n = 0;
    if (!status && is_given(texts.constraints)) {
        r.setting = SPECS[1].name;
        r.text = texts.constraints;
        status = read_list(&r, &CONSTRAINTS, list + outcomes->n_objectives, &n);
    }
    outcomes->n += n;
    return status;
}

bool mu_outcomes_several(const struct mu_outcomes *outcomes) {
    return outcomes->n > 1;
}

void mu_outcomes_of(
    const struct mu_outcomes *outcomes, const struct mu_trial *trial, double *values) {
    for (size_t k = 0; k < outcomes->n; k++) {
        const struct mu_outcome *o = &outcomes->list[k];
        bool bound = k >= outcomes->n_objectives && o->metric > 0;
        bool counts = trial->state == MU_DONE || bound;
        values[k] = counts ? o->sign * trial->values[o->metric] - o->bound : (double)NAN;
    }
}

bool mu_outcomes_complete(const struct mu_outcomes *outcomes, const double *values) {
    for (size_t k = 0; k < outcomes->n_objectives; k++) {
        if (isnan(values[k])) {
            return false;
        }
    }
    return true;
}

double mu_outcomes_violation(const struct mu_outcomes *outcomes, const double *values) {
    double sum = 0;
    for (size_t k = outcomes->n_objectives; k < outcomes->n; k++) {
        double bound = fabs(outcomes->list[k].bound);
        double excess = values[k] / (bound > 0 ? bound : 1);
        sum += isnan(excess) || excess > 0 ? excess : 0;
    }
    return sum;
}
