#include "services/hyperband/ladder.h"

#include <math.h>
#include <string.h>

/* Relative error of products and powers of eta. */
static const double TOLERANCE = 1e-9;

/* Least resource that makes sense: the parameter's minimum when its range says something about
 * resources up to r_l, else one unit. */
static double least_resource(const struct mu_parameter *resource, double r_l, double eta) {
    double least = 1;
    if (resource->min < resource->max && resource->min > 0 && resource->min < r_l) {
        least = resource->min;
    } else if (resource->type == MU_DOUBLE && r_l < eta) {
        least = r_l / pow(eta, 3); /* a share of the data set, say: one unit is no lower bound */
    }
    return resource->type == MU_INT ? fmax(least, 1) : least;
}

/* s_max without logarithms: ln 243 / ln 3 is 4.999.. in doubles. */
static size_t count_rungs(double least, double r_l, double eta) {
    size_t n = 1;
    double r = least;
    while (n < MU_LADDER_RUNGS && r * eta <= r_l * (1 + TOLERANCE)) {
        r *= eta;
        n++;
    }
    return n;
}

static const char *print_free(
    const struct mu_parameter *resource, double value, struct mu_arena *arena) {
    char text[32];
    mu_print_double(value, text);
    if (resource->type == MU_DOUBLE || value != floor(value)) {
        return mu_arena_copy(arena, text);
    }
    return mu_arena_format(arena, "%.0f", value);
}

/* The value nearest to |raw| and not above |r_l| that the parameter can be given, and its text. A
 * list of several is kept to; a range only where it holds the value. */
static double fit(const struct mu_parameter *resource, double raw, double r_l, const char **text,
    struct mu_arena *arena) {
    bool list = resource->type == MU_DISCRETE && resource->levels > 1;
    bool inside = resource->min < resource->max && raw >= resource->min && raw <= resource->max;
    bool vast = resource->type == MU_INT &&
                resource->levels == 0; /* its coordinates are too coarse for small numbers */
    if (list || (inside && !vast)) {
        double x = mu_parameter_nearest(resource, raw);
        if (resource->levels > 0 && x > 0 &&
            mu_parameter_value(resource, x) > r_l * (1 + TOLERANCE)) {
            x--;
        }
        *text = mu_parameter_print(resource, x, arena);
        return mu_parameter_value(resource, x);
    }
    double value = resource->type == MU_DOUBLE ? raw : fmax(1, fmin(round(raw), floor(r_l)));
    if (resource->type == MU_DISCRETE && raw < 1) {
        value = raw;
    }
    *text = print_free(resource, value, arena);
    return value;
}

static void plan_brackets(struct mu_ladder *ladder) {
    for (size_t b = 0; b < ladder->brackets; b++) {
        size_t s = ladder->n - 1 - b;
        double planned = ceil(
            (double)ladder->n / (double)(s + 1) * pow(ladder->eta, (double)s) * (1 - TOLERANCE));
        ladder->planned[b] = fmin(planned, 1e15);
    }
}

void mu_ladder_build(struct mu_ladder *ladder, const struct mu_parameter *resource, double r_l,
    double eta, bool one_bracket, struct mu_arena *arena) {
    size_t n = count_rungs(least_resource(resource, r_l, eta), r_l, eta);
    *ladder = (struct mu_ladder){.eta = eta};
    for (size_t k = 0; k < n; k++) {
        double raw = r_l / pow(eta, (double)(n - 1 - k));
        const char *text;
        double value = fit(resource, raw, r_l, &text, arena);
        if (ladder->n > 0 && value <= ladder->value[ladder->n - 1]) {
            continue;
        }
        ladder->value[ladder->n] = value;
        ladder->text[ladder->n++] = text;
    }
    ladder->brackets = one_bracket ? 1 : ladder->n;
    plan_brackets(ladder);
}

size_t mu_ladder_quota(const struct mu_ladder *ladder, size_t n) {
    return (size_t)floor((double)n / ladder->eta * (1 + TOLERANCE));
}

int mu_ladder_rung(const struct mu_ladder *ladder, double value) {
    for (size_t k = 0; k < ladder->n; k++) {
        if (fabs(value - ladder->value[k]) <= TOLERANCE * fabs(ladder->value[k])) {
            return (int)k;
        }
    }
    return -1;
}

double mu_ladder_position(const struct mu_ladder *ladder, double value) {
    double low = ladder->value[0];
    double high = ladder->value[ladder->n - 1];
    if (ladder->n < 2) {
        return 1;
    }
    if (low <= 0) { /* a list may hold such numbers */
        return fmin(2, fmax(-1, (value - low) / (high - low)));
    }
    return value > 0 ? fmin(2, fmax(-1, log(value / low) / log(high / low))) : -1;
}
