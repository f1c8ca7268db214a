#include "common/search/parameter.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/num/normal.h"

/* Beyond this many levels a double cannot count them: the parameter is treated as continuous. */
static const double MOST_LEVELS = 9007199254740992.0; /* 2^53 */

/* How far outside its bounds or off its grid a double may lie and still count, as a share of the
 * range. Coordinates of continuous parameters that agree to it are the same point (space.h). */
static const double TOLERANCE = 1e-9;

static bool logarithmic(const struct mu_parameter *p) {
    return p->distribution == MU_LOG_UNIFORM || p->distribution == MU_LOG_NORMAL;
}

static bool normal(const struct mu_parameter *p) {
    return p->distribution == MU_NORMAL || p->distribution == MU_LOG_NORMAL;
}

static bool numeric(const struct mu_parameter *p) {
    return p->type == MU_DOUBLE || p->type == MU_INT;
}

/* ---- the scale: linear or ln, halved where the range of a double would overflow ---- */

static double to_scale(const struct mu_parameter *p, double value) {
    return logarithmic(p) ? log(value) : value;
}

static double from_scale(const struct mu_parameter *p, double s) {
    return logarithmic(p) ? exp(s) : s;
}

static double ratio(double s, double low, double high) {
    return (s / 2 - low / 2) / (high / 2 - low / 2);
}

/* Distribution function on the scale, from 0 at |low| to 1 at |high|. */
static double cdf(const struct mu_parameter *p, double s) {
    double u = normal(p) ? (mu_normal_cdf((s - p->mean) / p->sigma) - p->mass_low) / p->mass
                         : ratio(s, p->low, p->high);
    return fmin(1, fmax(0, u));
}

static double quantile(const struct mu_parameter *p, double u) {
    if (normal(p)) {
        double s = p->mean + p->sigma * mu_normal_quantile(p->mass_low + u * p->mass);
        return fmin(p->high, fmax(p->low, s));
    }
    if (p->coarse &&
        isfinite(p->high - p->low)) { /* the rounding of the other form is as large as the range */
        return p->low + u * (p->high - p->low);
    }
    return p->low * (1 - u) + p->high * u;
}

/* ---- reading ---- */

static enum mu_status bad(const struct mu_parameter_text *t, struct mu_error *error,
    const char *field, const char *value, const char *why) {
    return mu_fail(error, MU_INVALID_ARGUMENT, "parameter %.200s: %s \"%.200s\" %s", t->name, field,
        value, why);
}

static enum mu_status read_number(const struct mu_parameter_text *t, const char *field,
    const char *text, double *value, struct mu_error *error) {
    if (!text || !*text) {
        return bad(t, error, field, "", "is missing");
    }
    return mu_read_double(text, value) ? MU_OK
                                       : bad(t, error, field, text, "is not a finite number");
}

/* A bound: |value|, and of an int the same as |whole|. */
static enum mu_status read_bound(const struct mu_parameter *p, const struct mu_parameter_text *t,
    const char *field, const char *text, double *value, int64_t *whole, struct mu_error *error) {
    enum mu_status status = read_number(t, field, text, value, error);
    if (status || p->type != MU_INT) {
        return status;
    }
    return mu_read_integer(text, whole)
               ? MU_OK
               : bad(t, error, field, text, "is not an integer of 64 bits");
}

/* The step, 0 when there is none. An int's step defaults to 1; clients send fractions too (Katib's
 * own tests), which mean the next lower integer, at least 1. */
static enum mu_status read_step(
    struct mu_parameter *p, const struct mu_parameter_text *t, struct mu_error *error) {
    p->step = p->type == MU_INT ? 1 : 0;
    if (!t->step || !*t->step) {
        return MU_OK;
    }
    enum mu_status status = read_number(t, "step", t->step, &p->step, error);
    if (status) {
        return status;
    }
    if (p->step <= 0) {
        return bad(t, error, "step", t->step, "must be greater than zero");
    }
    if (p->type == MU_INT) {
        p->step = fmax(1, floor(p->step));
    }
    return MU_OK;
}

static void count_ints(struct mu_parameter *p, const struct mu_parameter_text *t, int64_t most) {
    int64_t step;
    p->stride = p->step < 0x1p64 ? (uint64_t)p->step : UINT64_MAX;
    if (t->step && mu_read_integer(t->step, &step)) {
        p->stride = (uint64_t)step; /* exactly */
    }
    p->last = ((uint64_t)most - (uint64_t)p->least) / p->stride;
    p->levels = p->last < (uint64_t)MOST_LEVELS ? p->last + 1 : 0;
    p->coarse = p->levels == 0;
}

/* The steps between min and max, of decimals that are doubles: what their rounding may have taken
 * is given back, so that 0.1 reaches 0.7.
 */
static void count_steps(struct mu_parameter *p, const struct mu_parameter_text *t) {
    double steps = (p->max / 2 - p->min / 2) / p->step * 2;
    double lost = DBL_EPSILON * ((fabs(p->min) + fabs(p->max)) / p->step + steps);
    p->step = isfinite(steps) ? p->step : 0;
    if (p->step > 0) {
        int a = mu_decimals(t->min);
        int b = mu_decimals(t->step);
        p->decimals = a > b ? a : b;
    }
    if (p->min == p->max) {
        p->levels = 1;
    } else if (p->step > 0 && steps < MOST_LEVELS) {
        p->levels = (uint64_t)floor(steps + fmin(lost, 1e-3)) + 1;
    } else {
        double most = fmax(fabs(p->min), fabs(p->max));
        p->coarse =
            p->step > 0 || (most - nextafter(most, 0)) / (p->max / 2 - p->min / 2) > TOLERANCE / 10;
    }
}

/* Edges and mass on the scale. A level owns half a step to both sides (Optuna's convention); on a
 * log scale the lowest edge stays above half the lowest value. */
static void init_scale(struct mu_parameter *p) {
    double half = p->step / 2;
    double top = p->levels ? p->min + (double)(p->levels - 1) * p->step : p->max;
    double bottom = p->min - half;
    if (logarithmic(p)) {
        bottom = fmax(bottom, half > 0 ? p->min / 2 : p->min);
    }
    p->low = to_scale(p, bottom);
    p->high = to_scale(p, top + half);
    if (normal(p)) {
        double a = to_scale(p, p->min);
        double b = to_scale(p, p->max);
        p->mean = a / 2 + b / 2;
        p->sigma = fmax(b / 6 - a / 6, 1e-300);
        p->mass_low = mu_normal_cdf((p->low - p->mean) / p->sigma);
        p->mass = mu_normal_cdf((p->high - p->mean) / p->sigma) - p->mass_low;
    }
}

static enum mu_status init_number(
    struct mu_parameter *p, const struct mu_parameter_text *t, struct mu_error *error) {
    int64_t most = 0;
    enum mu_status status = read_bound(p, t, "min", t->min, &p->min, &p->least, error);
    status = status ? status : read_bound(p, t, "max", t->max, &p->max, &most, error);
    status = status ? status : read_step(p, t, error);
    if (status) {
        return status;
    }
    if (p->type == MU_INT ? p->least > most : p->min > p->max) {
        return mu_fail(error, MU_INVALID_ARGUMENT,
            "parameter %.200s: min \"%.200s\" is greater than max \"%.200s\"", t->name, t->min,
            t->max);
    }
    if (logarithmic(p) && p->min <= 0) {
        return bad(
            t, error, "min", t->min, "must be greater than zero for a logarithmic distribution");
    }
    if (p->type == MU_INT) {
        count_ints(p, t, most);
    } else {
        count_steps(p, t);
    }
    init_scale(p);
    return MU_OK;
}

struct entry {
    const char *text;
    double number;
    uint32_t index;
};

static int by_text(const void *a, const void *b) {
    const struct entry *x = a;
    const struct entry *y = b;
    int order = strcmp(x->text, y->text);
    return order ? order : (x->index > y->index) - (x->index < y->index);
}

static int by_index(const void *a, const void *b) {
    const struct entry *x = a;
    const struct entry *y = b;
    return (x->index > y->index) - (x->index < y->index);
}

static int by_number(const void *a, const void *b) {
    const struct entry *x = a;
    const struct entry *y = b;
    return x->number != y->number ? (x->number > y->number) - (x->number < y->number)
                                  : by_index(a, b);
}

/* The list's distinct texts in order of appearance: a value listed twice is one value. */
static size_t distinct(struct entry *entries, const struct mu_parameter_text *t) {
    for (size_t i = 0; i < t->n_list; i++) {
        entries[i] = (struct entry){.text = t->list[i], .index = (uint32_t)i};
    }
    qsort(entries, t->n_list, sizeof *entries, by_text);
    size_t n = 0;
    for (size_t i = 0; i < t->n_list; i++) {
        if (n == 0 || strcmp(entries[n - 1].text, entries[i].text) != 0) {
            entries[n++] = entries[i];
        }
    }
    qsort(entries, n, sizeof *entries, by_index);
    return n;
}

bool mu_parameter_is_choice(const struct mu_parameter_text *text) {
    double number;
    for (size_t i = 0; i < text->n_list && text->type == MU_DISCRETE; i++) {
        if (mu_read_double(text->list[i], &number)) {
            return false;
        }
    }
    return text->type == MU_CATEGORICAL || (text->type == MU_DISCRETE && text->n_list > 0);
}

static enum mu_status init_list(struct mu_parameter *p, const struct mu_parameter_text *t,
    struct mu_arena *arena, struct mu_error *error) {
    if (t->n_list == 0) {
        return mu_fail(error, MU_INVALID_ARGUMENT, "parameter %.200s: list is empty", t->name);
    }
    struct entry *entries = MU_ARRAY(arena, t->n_list, struct entry);
    size_t n = distinct(entries, t);
    if (mu_parameter_is_choice(t)) {
        p->type = MU_CATEGORICAL;
    } else {
        for (size_t i = 0; i < n; i++) {
            if (!mu_read_double(entries[i].text, &entries[i].number)) {
                return bad(t, error, "list entry", entries[i].text,
                    "is not a finite number, which type discrete needs (use categorical)");
            }
        }
        qsort(entries, n, sizeof *entries, by_number);
    }
    const char **list = MU_ARRAY(arena, n, const char *);
    double *numbers = MU_ARRAY(arena, n, double);
    uint32_t *order = MU_ARRAY(arena, n, uint32_t);
    for (size_t i = 0; i < n; i++) {
        list[i] = entries[i].text;
        numbers[i] = entries[i].number;
        entries[i].index = (uint32_t)i;
    }
    qsort(entries, n, sizeof *entries, by_text);
    for (size_t i = 0; i < n; i++) {
        order[i] = entries[i].index;
    }
    p->list = list;
    p->by_text = order;
    p->levels = n;
    p->ordered = p->type == MU_DISCRETE;
    p->numbers = p->ordered ? numbers : NULL;
    p->min = p->ordered ? numbers[0] : 0;
    p->max = p->ordered ? numbers[n - 1] : (double)(n - 1);
    return MU_OK;
}

enum mu_status mu_parameter_init(struct mu_parameter *p, const struct mu_parameter_text *t,
    struct mu_arena *arena, struct mu_error *error) {
    if (!t->name || !*t->name) {
        return mu_fail(error, MU_INVALID_ARGUMENT, "a parameter has no name");
    }
    if (t->type < MU_DOUBLE || t->type > MU_CATEGORICAL) {
        return mu_fail(error, MU_INVALID_ARGUMENT,
            "parameter %.200s: parameter_type %d is not DOUBLE, INT, DISCRETE or CATEGORICAL",
            t->name, t->type);
    }
    if (t->distribution < 0 || t->distribution > MU_LOG_NORMAL) {
        return mu_fail(error, MU_INVALID_ARGUMENT,
            "parameter %.200s: distribution %d is not UNIFORM, LOG_UNIFORM, NORMAL or LOG_NORMAL",
            t->name, t->distribution);
    }
    *p = (struct mu_parameter){.name = t->name,
        .type = (enum mu_parameter_type)t->type,
        .distribution = t->distribution ? (enum mu_distribution)t->distribution : MU_UNIFORM,
        .ordered = true,
        .decimals = -1};
    return numeric(p) ? init_number(p, t, error) : init_list(p, t, arena, error);
}

/* ---- coordinates ---- */

static double clamp_level(const struct mu_parameter *p, double level) {
    return fmin((double)(p->levels - 1), fmax(0, level));
}

double mu_parameter_at(const struct mu_parameter *p, double u) {
    u = fmin(1, fmax(0, u));
    if (p->levels == 0) {
        return p->coarse ? mu_parameter_nearest(p, mu_parameter_value(p, u)) : u;
    }
    if (p->levels == 1) {
        return 0;
    }
    if (!numeric(p)) {
        return clamp_level(p, floor(u * (double)p->levels));
    }
    if (p->distribution == MU_UNIFORM) {
        return clamp_level(p, floor(u * (double)p->levels));
    }
    return clamp_level(p, floor((from_scale(p, quantile(p, u)) - p->min) / p->step + 0.5));
}

double mu_parameter_edge(const struct mu_parameter *p, uint64_t level) {
    if (level == 0) {
        return 0;
    }
    if (level >= p->levels) {
        return 1;
    }
    if (!numeric(p) || p->distribution == MU_UNIFORM) {
        return (double)level / (double)p->levels;
    }
    return cdf(p, to_scale(p, p->min + ((double)level - 0.5) * p->step));
}

double mu_parameter_unit(const struct mu_parameter *p, double x) {
    if (p->levels == 0) {
        return x;
    }
    if (p->levels == 1) {
        return 0.5;
    }
    if (!numeric(p) || p->distribution == MU_UNIFORM) {
        return (x + 0.5) / (double)p->levels;
    }
    return (mu_parameter_edge(p, (uint64_t)x) + mu_parameter_edge(p, (uint64_t)x + 1)) / 2;
}

/* The number of the level of an int that is nearest to |value|, and the integer that it stands for.
 */
static uint64_t level_of(const struct mu_parameter *p, double value) {
    double level = round((value - p->min) / (double)p->stride);
    return level <= 0 ? 0 : level >= (double)p->last ? p->last : (uint64_t)level;
}

static int64_t integer(const struct mu_parameter *p, uint64_t level) {
    return (int64_t)((uint64_t)p->least + level * p->stride);
}

/* The number of a grid level, as the decimal that min and step denote. */
static double grid_value(const struct mu_parameter *p, double level) {
    if (p->type == MU_INT) {
        return (double)integer(p, (uint64_t)level);
    }
    double value = p->levels == 1 ? p->min : fmin(p->max, p->min + level * p->step);
    if (p->decimals >= 0 && p->decimals <= 17 && fabs(value) < 1e15) {
        char text[64];
        snprintf(text, sizeof text, "%.*f", p->decimals, value);
        value = fmin(p->max, strtod(text, NULL));
    }
    return fmax(p->min, value);
}

/* The number of the step that is nearest to |value|. */
static double level_near(const struct mu_parameter *p, double value) {
    return round((value / 2 - p->min / 2) / p->step * 2);
}

double mu_parameter_value(const struct mu_parameter *p, double x) {
    if (p->numbers) {
        return p->numbers[(size_t)x];
    }
    if (!p->ordered) {
        return x;
    }
    if (p->levels) {
        return grid_value(p, x);
    }
    double value = x <= 0   ? p->min
                   : x >= 1 ? p->max
                            : fmin(p->max, fmax(p->min, from_scale(p, quantile(p, x))));
    return p->type == MU_INT ? (double)integer(p, level_of(p, value))
           : p->step > 0     ? grid_value(p, level_near(p, value))
                             : value;
}

static double nearest_in_list(const struct mu_parameter *p, double value) {
    size_t low = 0;
    size_t high = p->levels - 1;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        *(p->numbers[middle] <= value ? &low : &high) = middle;
    }
    return (double)(fabs(p->numbers[high] - value) < fabs(value - p->numbers[low]) ? high : low);
}

double mu_parameter_nearest(const struct mu_parameter *p, double value) {
    if (p->numbers) {
        return nearest_in_list(p, value);
    }
    value = fmin(p->max, fmax(p->min, value));
    if (p->levels == 1) {
        return 0;
    }
    if (p->levels) {
        return clamp_level(p, level_near(p, value));
    }
    return value == p->min ? 0 : value == p->max ? 1 : cdf(p, to_scale(p, value));
}

/* Index of |text| in the list, or -1. */
static ptrdiff_t find_text(const struct mu_parameter *p, const char *text) {
    size_t low = 0;
    size_t high = p->levels;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(text, p->list[p->by_text[middle]]);
        if (order == 0) {
            return (ptrdiff_t)p->by_text[middle];
        }
        *(order < 0 ? &high : &low) = order < 0 ? middle : middle + 1;
    }
    return -1;
}

static bool parse_integer(const struct mu_parameter *p, const char *text, double *x) {
    int64_t value;
    if (!mu_read_integer(text, &value) || value < p->least) {
        return false;
    }
    uint64_t above = (uint64_t)value - (uint64_t)p->least;
    uint64_t level = above / p->stride;
    if (above % p->stride || level > p->last) {
        return false;
    }
    *x = p->levels ? (double)level : mu_parameter_nearest(p, (double)value);
    return true;
}

bool mu_parameter_parse(const struct mu_parameter *p, const char *text, double *x) {
    double value;
    if (p->list) {
        ptrdiff_t found = find_text(p, text);
        if (found < 0 && p->numbers && mu_read_double(text, &value)) { /* "16.0" for "16" */
            double k = nearest_in_list(p, value);
            found = p->numbers[(size_t)k] == value ? (ptrdiff_t)k : -1;
        }
        *x = (double)found;
        return found >= 0;
    }
    if (p->type == MU_INT) {
        return parse_integer(p, text, x);
    }
    if (!mu_read_double(text, &value)) {
        return false;
    }
    double slack =
        TOLERANCE * fmax(p->max / 2 - p->min / 2, fmax(fabs(p->min), fabs(p->max)) * 1e-6);
    if (value < p->min - slack || value > p->max + slack) {
        return false;
    }
    *x = mu_parameter_nearest(p, value);
    return p->levels == 0 || fabs(grid_value(p, *x) - value) <= fmax(slack, p->step * 1e-6);
}

const char *mu_parameter_print(const struct mu_parameter *p, double x, struct mu_arena *arena) {
    if (p->list) {
        return p->list[(size_t)x];
    }
    if (p->type == MU_INT) {
        uint64_t level = p->levels ? (uint64_t)x : level_of(p, mu_parameter_value(p, x));
        return mu_arena_format(arena, "%" PRId64, integer(p, level));
    }
    char text[32];
    mu_print_double(mu_parameter_value(p, x), text);
    return mu_arena_copy(arena, text);
}
