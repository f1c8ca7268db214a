/* The estimator of an experiment's trials: what they say of its objectives becomes one order, what
 * they say of each constraint two groups. */
#include <math.h>
#include <string.h>

#include "common/model/tpe.h"
#include "common/model/tpe_order.h"
#include "common/num/pareto.h"

struct reading {
    const struct mu_outcomes *outcomes;
    const struct mu_history *history;
    size_t n;       /* trials regarded */
    double *values; /* n x outcomes->n */
    struct mu_arena *arena;
};

static const double *row_of(const struct reading *r, size_t i) {
    return r->values + i * r->outcomes->n;
}

static bool has_objectives(const struct reading *r, size_t i) {
    return mu_outcomes_complete(r->outcomes, row_of(r, i));
}

/* The violations of the |n| trials |index|, and into |place| their places among each other: equal
 * ones share one, and where a constraint has no value it is the last. Returns how many meet all. */
static size_t place_by_violation(
    const struct reading *r, const size_t *index, size_t n, size_t *place, double *violation) {
    double *known = MU_ARRAY(r->arena, n, double);
    size_t feasible = 0;
    for (size_t i = 0; i < n; i++) {
        violation[i] = mu_outcomes_violation(r->outcomes, row_of(r, index[i]));
        known[i] = isnan(violation[i]) ? HUGE_VAL : violation[i];
        feasible += known[i] <= 0;
    }
    mu_pareto_ranks(known, n, 1, NULL, place, r->arena);
    return feasible;
}

/* The places that the |n| trials |index| have among each other, into |loss|. Once some are feasible
 * and others not, the violation is one objective more, by its place: what misses the constraints by
 * little and is better otherwise says where to look, too. docs/adr/0113 */
static void rank_by_outcomes(const struct reading *r, const size_t *index, size_t n, double *loss) {
    size_t m = r->outcomes->n_objectives;
    size_t *order = MU_ARRAY(r->arena, n, size_t);
    size_t *place = MU_ARRAY(r->arena, n, size_t);
    double *violation = MU_ARRAY(r->arena, n, double);
    size_t feasible = place_by_violation(r, index, n, place, violation);
    bool traded = feasible > 0 && feasible < n;
    size_t width = m + traded;
    double *values = MU_MATRIX(r->arena, n, width, double);
    for (size_t i = 0; i < n; i++) {
        memcpy(values + i * width, row_of(r, index[i]), m * sizeof *values);
        if (traded) {
            values[i * width + m] = (double)place[i];
            violation[i] = isnan(violation[i]) ? violation[i] : 0;
        }
    }
    mu_tpe_order(values, n, width, violation, MU_TPE_MOST_GOOD, order, r->arena);
    for (size_t i = 0; i < n; i++) {
        loss[order[i]] = (double)i;
    }
}

/* Who has a value of outcome |k|: those that meet it first. Where none does, the one that misses it
 * least stands for them, as in c-TPE. */
static struct mu_tpe_constraint read_constraint(const struct reading *r, size_t k) {
    const double **x = MU_ARRAY(r->arena, r->n, const double *);
    struct mu_tpe_constraint c = {.x = x};
    size_t least = 0;
    double excess = HUGE_VAL;
    for (int missed = 0; missed <= 1; missed++) {
        for (size_t i = 0; i < r->n; i++) {
            double value = row_of(r, i)[k];
            if (!isnan(value) && (value > 0) == missed) {
                least = value < excess ? c.n : least;
                excess = fmin(excess, value);
                x[c.n++] = r->history->trials[i].x;
            }
        }
        c.n_met = missed ? c.n_met : c.n;
    }
    if (c.n_met == 0 && c.n > 0) {
        const double *first = x[0];
        x[0] = x[least];
        x[least] = first;
        c.n_met = 1;
    }
    return c;
}

static void read_constraints(const struct reading *r, struct mu_tpe_data *data) {
    size_t first = r->outcomes->n_objectives;
    struct mu_tpe_constraint *list =
        MU_ARRAY(r->arena, r->outcomes->n - first, struct mu_tpe_constraint);
    for (size_t k = first; k < r->outcomes->n; k++) {
        list[data->n_constraints] = read_constraint(r, k);
        data->n_constraints += list[data->n_constraints].n > 0;
    }
    data->constraints = list;
}

struct mu_tpe_model *mu_tpe_of_history(const struct mu_tpe_options *options,
    const struct mu_space *space, const struct mu_outcomes *outcomes,
    const struct mu_history *history, size_t wanted, struct mu_arena *arena) {
    struct reading r = {outcomes, history, space->n ? history->n : 0, NULL, arena};
    const double **x = MU_ARRAY(arena, r.n, const double *);
    double *loss = MU_ARRAY(arena, r.n, double);
    size_t *index = MU_ARRAY(arena, r.n, size_t);
    struct mu_tpe_data data = {.space = space, .x = x, .loss = loss};
    r.values = MU_MATRIX(arena, r.n, outcomes->n, double);
    for (size_t i = 0; i < r.n; i++) {
        mu_outcomes_of(outcomes, &history->trials[i], r.values + i * outcomes->n);
        if (has_objectives(&r, i)) {
            loss[data.n] = row_of(&r, i)[0];
            index[data.n] = i;
            x[data.n++] = history->trials[i].x;
        }
    }
    if (mu_outcomes_several(outcomes)) {
        rank_by_outcomes(&r, index, data.n, loss);
        read_constraints(&r, &data);
    }
    struct mu_tpe_model *t = mu_tpe_new(options, &data, r.n - data.n + wanted, arena);
    for (size_t i = 0; i < r.n; i++) {
        if (!has_objectives(&r, i)) {
            mu_tpe_avoid(t, history->trials[i].x);
        }
    }
    return t;
}
