#include "services/bayesopt/outcome_policy.h"

#include <math.h>
#include <string.h>

#include "common/model/hypervolume.h"
#include "services/bayesopt/process.h"

/* The constants of the policy; docs/adr/0091-several-outcomes.md has the reasons. */
static const struct tuning {
    size_t rows;      /* of the data that the front is looked for in, the newest */
    size_t boxes;     /* beside the front */
    double margin;    /* of the reference beyond the worst value, in standard deviations */
    double box_cost;  /* floating-point operations of a box and an objective */
    double edge_cost; /* and of an end of boxes */
} TUNING = {.rows = 1000, .boxes = 400, .margin = 0.1, .box_cost = 100, .edge_cost = 150};

enum { MOST = MU_MOST_OBJECTIVES + MU_MOST_CONSTRAINTS, DRAWS = 4 };

/* What one draw knows. */
struct draw {
    double *front; /* rows of n_objectives: feasible points, and imagined ones */
    size_t n;
    struct mu_ehvi improvement;
};

struct mu_outcome_policy {
    size_t n, n_objectives;
    const struct mu_column *columns;
    struct mu_gp_process *processes; /* n; known is 0 where no trial has a value */
    size_t n_draws;
    struct draw draws[DRAWS];
    double reference[MU_MOST_OBJECTIVES];
    size_t taken;     /* rows of the data that have been looked at for pending ones */
    bool stale;       /* points came to the fronts */
    size_t width;     /* coordinates of a point */
    double *gradient; /* scratch, width */
    double *scale;    /* length per dimension: the shortest of any process, at most the space's */
    size_t *good, n_good; /* rows of the data: the front */
};

/* ---- the front ---- */

/* Whether row |i| has a value of every objective and is known to meet every constraint. */
static bool is_feasible(const struct mu_outcome_policy *p, size_t i) {
    for (size_t k = 0; k < p->n; k++) {
        double loss = p->columns[k].loss[i];
        if (!isfinite(loss) || (k >= p->n_objectives && loss > 0)) {
            return false;
        }
    }
    return true;
}

/* The objectives of row |i| without their noise, smaller is better. */
static void denoise(
    struct mu_outcome_policy *p, const struct mu_dataset *data, size_t i, double *values) {
    double means[DRAWS];
    for (size_t k = 0; k < p->n_objectives; k++) {
        mu_gp_means(&p->processes[k].gp, mu_dataset_row(data, i), means);
        values[k] = -means[0];
    }
}

/* The feasible rows that no other one dominates: the front of every draw, and the good points. */
static void find_front(
    struct mu_outcome_policy *p, const struct mu_dataset *data, struct mu_arena *arena) {
    size_t m = p->n_objectives;
    double *values = MU_MATRIX(arena, data->n, m, double);
    size_t *rows = MU_ARRAY(arena, data->n, size_t);
    size_t n = 0;
    for (size_t i = data->n > TUNING.rows ? data->n - TUNING.rows : 0; i < data->n; i++) {
        if (is_feasible(p, i)) {
            denoise(p, data, i, values + n * m);
            rows[n++] = i;
        }
    }
    p->good = MU_ARRAY(arena, n, size_t);
    p->n_good = mu_pareto_front(values, n, m, p->good, arena);
    for (size_t i = 0; i < p->n_good; i++) {
        for (size_t s = 0; s < p->n_draws; s++) {
            memcpy(p->draws[s].front + i * m, values + p->good[i] * m, m * sizeof *values);
            p->draws[s].n = p->n_good;
        }
        p->good[i] = rows[p->good[i]];
    }
    p->stale = true;
}

/* Of every objective the worst value of any trial, and a margin. */
static void place_reference(struct mu_outcome_policy *p, const struct mu_dataset *data) {
    for (size_t k = 0; k < p->n_objectives; k++) {
        p->reference[k] = -HUGE_VAL;
        for (size_t i = 0; i < data->n; i++) {
            if (isfinite(data->columns[k].target[i])) {
                p->reference[k] = fmax(p->reference[k], TUNING.margin - data->columns[k].target[i]);
            }
        }
    }
}

/* ---- processes and pending points ---- */

static struct mu_outcome_policy *policy_of(const struct mu_bayesopt_study *s) {
    struct mu_arena *arena = s->request->arena;
    const struct mu_outcomes *outcomes = s->request->outcomes;
    struct mu_outcome_policy *p = MU_NEW(arena, struct mu_outcome_policy);
    size_t *rows = MU_ARRAY(arena, s->data->n, size_t);
    p->n = outcomes->n;
    p->n_objectives = outcomes->n_objectives;
    p->columns = s->data->columns;
    p->processes = MU_ARRAY(arena, p->n, struct mu_gp_process);
    p->n_draws = mu_gp_process_has_pending(s) ? DRAWS : 1;
    p->width = s->frame.n;
    p->gradient = MU_ARRAY(arena, p->width, double);
    p->scale = MU_ARRAY(arena, p->width, double);
    for (size_t j = 0; j < p->width; j++) {
        p->scale[j] = 1;
    }
    for (size_t k = 0; k < p->n; k++) {
        size_t observed;
        (void)mu_dataset_rank(s->data, k, rows, &observed, arena);
        if (observed > 0) {
            mu_gp_process_init(&p->processes[k], s, k, p->n_draws);
        }
        for (size_t j = 0; j < p->width && observed > 0; j++) {
            p->scale[j] = fmin(p->scale[j], p->processes[k].gp.length[j]);
        }
    }
    for (size_t i = 0; i < p->n_draws; i++) {
        p->draws[i].front = MU_MATRIX(arena, s->data->room, p->n_objectives, double);
    }
    p->taken = mu_gp_process_first_pending(s->data);
    find_front(p, s->data, arena);
    place_reference(p, s->data);
    return p;
}

/* Joint values of the pending |row| in every draw; where they are feasible they join its front. */
static void imagine(struct mu_outcome_policy *p, const struct mu_bayesopt_study *s, size_t row) {
    double values[MOST][DRAWS] = {{0}};
    bool feasible[DRAWS];
    for (size_t i = 0; i < p->n_draws; i++) {
        feasible[i] = p->n_good > 0;
    }
    for (size_t k = 0; k < p->n; k++) {
        uint64_t seed = mu_hash(s->request->seed, (size_t[]){row, k}, 2 * sizeof row);
        if (p->processes[k].known > 0 &&
            !mu_gp_fantasize(&p->processes[k].gp, mu_dataset_row(s->data, row), seed, values[k])) {
            return; /* no room, in this process as in all */
        }
        for (size_t i = 0; i < p->n_draws && k >= p->n_objectives; i++) {
            feasible[i] &= p->processes[k].known > 0 && values[k][i] >= p->columns[k].bound;
        }
    }
    for (size_t i = 0; i < p->n_draws; i++) {
        struct draw *draw = &p->draws[i];
        for (size_t k = 0; k < p->n_objectives && feasible[i]; k++) {
            draw->front[draw->n * p->n_objectives + k] = -values[k][i];
        }
        draw->n += feasible[i];
        p->stale |= feasible[i];
    }
}

/* The policy of the study, which knows all its points. */
static struct mu_outcome_policy *current(struct mu_bayesopt_study *s) {
    struct mu_arena *arena = s->request->arena;
    s->outcomes = s->outcomes ? s->outcomes : policy_of(s);
    struct mu_outcome_policy *p = s->outcomes;
    for (; p->taken < s->data->n; p->taken++) {
        if (s->data->state[p->taken] == MU_PENDING) {
            imagine(p, s, p->taken);
        }
    }
    for (size_t i = 0; i < p->n_draws && p->stale && p->n_good > 0; i++) {
        const struct draw *draw = &p->draws[i];
        struct mu_boxes boxes =
            mu_boxes_of(draw->front, draw->n, p->n_objectives, p->reference, TUNING.boxes, arena);
        p->draws[i].improvement = mu_ehvi_of(&boxes, arena);
    }
    p->stale = false;
    return p;
}

/* ---- what is maximized ---- */

/* Predictions of one point, and how the value changes with them. */
struct prediction {
    double sd[MOST], by_sd[MOST];
    double mean[MOST][DRAWS], by_mean[MOST][DRAWS];
};

/* The value in draw |i|; derivatives into |by_mean| and |by_sd|, one per outcome. */
static double value_of_draw(const struct mu_outcome_policy *p, const struct prediction *at,
    size_t i, double *by_mean, double *by_sd) {
    double loss[MU_MOST_OBJECTIVES];
    double value = 0;
    size_t m = p->n_objectives;
    for (size_t k = 0; k < p->n; k++) {
        by_mean[k] = by_sd[k] = 0;
        if (k >= m && p->processes[k].known > 0) {
            value += mu_log_probability(
                at->mean[k][i], at->sd[k], p->columns[k].bound, &by_mean[k], &by_sd[k]);
        }
    }
    if (p->n_good == 0) {
        return value;
    }
    for (size_t k = 0; k < m; k++) {
        loss[k] = -at->mean[k][i];
    }
    value += mu_log_ehvi(&p->draws[i].improvement, loss, at->sd, by_mean, by_sd);
    for (size_t k = 0; k < m; k++) {
        by_mean[k] = -by_mean[k];
    }
    return value;
}

/* The logarithm of the mean of the draws' values; derivatives into |at|. */
static double value_of(const struct mu_outcome_policy *p, struct prediction *at) {
    double value[DRAWS];
    double weight[DRAWS];
    double by_sd[DRAWS][MOST];
    double by_mean[DRAWS][MOST];
    for (size_t i = 0; i < p->n_draws; i++) {
        value[i] = value_of_draw(p, at, i, by_mean[i], by_sd[i]);
    }
    double result = mu_acquisition_mean(MU_LOG_EI, value, p->n_draws, weight);
    for (size_t k = 0; k < p->n; k++) {
        at->by_sd[k] = 0;
        for (size_t i = 0; i < p->n_draws; i++) {
            at->by_mean[k][i] = weight[i] * by_mean[i][k];
            at->by_sd[k] += weight[i] * by_sd[i][k];
        }
    }
    return result;
}

static double acquire(void *user, const double *u, double *gradient) {
    struct mu_outcome_policy *p = user;
    struct prediction at = {0};
    for (size_t k = 0; k < p->n; k++) {
        if (p->processes[k].known > 0) {
            at.sd[k] = mu_gp_predict(&p->processes[k].gp, u, at.mean[k]);
        }
    }
    double result = value_of(p, &at);
    for (size_t j = 0; gradient && j < p->width; j++) {
        gradient[j] = 0;
    }
    for (size_t k = 0; gradient && k < p->n; k++) {
        if (p->processes[k].known > 0) {
            mu_gp_gradient(&p->processes[k].gp, u, at.by_mean[k], at.by_sd[k], p->gradient);
            for (size_t j = 0; j < p->width; j++) {
                gradient[j] += p->gradient[j];
            }
        }
    }
    return result;
}

double mu_outcome_policy_value(struct mu_bayesopt_study *s, const double *u, double *gradient) {
    return acquire(current(s), u, gradient);
}

/* ---- a suggestion ---- */

/* How many evaluations the operations are enough for. */
static size_t evaluations_of(const struct mu_outcome_policy *p) {
    double cost = 0;
    size_t n = 0;
    for (size_t k = 0; k < p->n; k++) {
        cost += mu_gp_process_cost(&p->processes[k]);
        n += p->processes[k].known > 0;
    }
    for (size_t i = 0; i < p->n_draws; i++) {
        const struct mu_ehvi *e = &p->draws[i].improvement;
        cost += TUNING.box_cost * (double)(e->n * e->m);
        for (size_t k = 0; k < e->m; k++) {
            cost += TUNING.edge_cost * (double)e->n_edges[k];
        }
    }
    size_t affordable = (size_t)((double)n * mu_gp_process_operations() / fmax(cost, 1));
    return affordable > MU_MAXIMIZE_LEAST ? affordable : MU_MAXIMIZE_LEAST;
}

/* Points of the front, other ones for every suggestion, as they are looked for around. */
static size_t choose_parents(const struct mu_outcome_policy *p, const struct mu_bayesopt_study *s,
    uint64_t number, double *good) {
    struct mu_arena *arena = s->request->arena;
    size_t *order = MU_ARRAY(arena, p->n_good, size_t);
    struct mu_stream stream;
    size_t n = p->n_good < MU_MAXIMIZE_PARENTS ? p->n_good : MU_MAXIMIZE_PARENTS;
    mu_stream_init(&stream, s->request->seed, number, "parents");
    mu_shuffle(&stream, order, p->n_good);
    for (size_t i = 0; i < n; i++) {
        memcpy(good + i * p->width, mu_dataset_row(s->data, p->good[order[i]]),
            p->width * sizeof *good);
    }
    return n;
}

bool mu_outcome_policy_propose(struct mu_bayesopt_study *s, uint64_t number, double *x) {
    struct mu_outcome_policy *p = current(s);
    struct mu_maximizer m = mu_bayesopt_maximizer(s, number);
    double *good = MU_MATRIX(s->request->arena, MU_MAXIMIZE_PARENTS, p->width, double);
    m.criterion = acquire;
    m.user = p;
    m.good = good;
    m.n_good = choose_parents(p, s, number, good);
    m.scale = p->scale;
    m.gradient = true;
    m.evaluations = evaluations_of(p);
    return mu_bayesopt_maximize(s, &m, x);
}
