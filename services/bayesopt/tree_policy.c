#include "services/bayesopt/tree_policy.h"

#include <math.h>
#include <string.h>

#include "common/model/tree.h"
#include "services/bayesopt/process.h"

/* The constants of the policy; docs/adr/0013-bayesopt.md has the reasons. */
static const struct tuning {
    size_t rows; /* known, that are looked at */
    size_t trees;
    double far_sd;        /* of a point that is as far from all others as can be */
    double pending_reach; /* squared distance at which a pending point leaves 1 - 1/e */
} TUNING = {.rows = 250, .trees = 48, .far_sd = 0.05, .pending_reach = 0.01};

struct policy {
    const struct mu_frame *frame;
    struct mu_ensemble *model;
    size_t n, n_pending; /* points known, then points without a value */
    const double **points;
    enum mu_acquisition acquisition;
    double best;
};

/* Mean squared distance per dimension of |u| to the nearest of |n| points. */
static double nearest(
    const struct mu_frame *frame, const double *const *points, size_t n, const double *u) {
    double least = HUGE_VAL;
    for (size_t i = 0; i < n; i++) {
        least = fmin(least, mu_frame_distance(frame, u, points[i]));
    }
    return least / (double)frame->n;
}

double mu_tree_policy_variance(double variance, double far, double pending) {
    variance += TUNING.far_sd * TUNING.far_sd * fmin(far, 1);
    return variance * -expm1(-pending / TUNING.pending_reach) + 1e-12;
}

static double acquire(void *user, const double *u, double *gradient) {
    struct policy *p = user;
    double mean;
    double sd;
    double by_mean;
    double by_sd;
    (void)gradient;
    mu_ensemble_predict(p->model, u, &mean, &sd);
    double pending = nearest(p->frame, p->points + p->n, p->n_pending, u);
    double far = fmin(pending, nearest(p->frame, p->points, p->n, u));
    sd = sqrt(mu_tree_policy_variance(sd * sd, far, pending));
    return mu_acquisition_value(p->acquisition, mean, sd, p->best, &by_mean, &by_sd);
}

/* The known rows that the trees are grown on, and the latest pending ones, which have no say in the
 * model. */
static struct mu_tree_data gather(struct policy *p, const struct mu_bayesopt_study *s) {
    struct mu_arena *arena = s->request->arena;
    const struct mu_dataset *data = s->data;
    size_t d = data->width;
    size_t *chosen = MU_ARRAY(arena, TUNING.rows, size_t);
    p->n = mu_subset(data->known, data->n_known, TUNING.rows, chosen, arena);
    size_t most_pending = 2 * mu_gp_process_most(); /* as many as processes know */
    p->points = MU_ARRAY(arena, p->n + most_pending, const double *);
    double *u = MU_ARRAY(arena, p->n * d, double);
    double *y = MU_ARRAY(arena, p->n, double);
    for (size_t i = 0; i < p->n; i++) {
        p->points[i] = u + i * d;
        memcpy(u + i * d, mu_dataset_row(data, chosen[i]), d * sizeof *u);
        y[i] = data->columns[0].target[chosen[i]];
    }
    for (size_t i = data->n; i-- > 0 && p->n_pending < most_pending;) {
        if (data->state[i] == MU_PENDING) {
            p->points[p->n + p->n_pending++] = mu_dataset_row(data, i);
        }
    }
    return (struct mu_tree_data){
        .n = p->n, .n_dims = d, .u = u, .y = y, .category = p->frame->category};
}

static struct mu_ensemble *grow(
    const struct mu_bayesopt_study *s, const struct mu_tree_data *data, uint64_t number) {
    uint64_t seed = s->request->seed + number;
    if (s->plan.estimator == MU_BAYESOPT_BOOSTING) {
        return mu_boosting_fit(data, seed, s->request->arena);
    }
    return mu_forest_fit(
        data, s->plan.estimator == MU_BAYESOPT_EXTRA_TREES, TUNING.trees, seed, s->request->arena);
}

bool mu_tree_policy_propose(struct mu_bayesopt_study *s, uint64_t number, double *x) {
    struct mu_arena_mark mark = mu_arena_mark(s->request->arena);
    struct policy p = {.frame = &s->frame, .acquisition = s->plan.acquisition, .best = -HUGE_VAL};
    struct mu_tree_data data = gather(&p, s);
    size_t d = s->frame.n;
    double *good = MU_ARRAY(s->request->arena, MU_MAXIMIZE_PARENTS * d, double);
    struct mu_maximizer m = mu_bayesopt_maximizer(s, number);
    p.model = grow(s, &data, number);
    for (size_t i = 0; i < p.n; i++) {
        double mean;
        double sd;
        mu_ensemble_predict(p.model, p.points[i], &mean, &sd);
        p.best = fmax(p.best, mean);
    }
    for (; m.n_good < MU_MAXIMIZE_PARENTS && m.n_good < s->data->n_observed; m.n_good++) {
        memcpy(good + m.n_good * d, mu_dataset_row(s->data, s->data->known[m.n_good]),
            d * sizeof *good);
    }
    m.criterion = acquire;
    m.user = &p;
    m.good = good;
    m.evaluations = (size_t)(mu_gp_process_operations() /
                             (20 * (double)TUNING.trees + 3 * (double)((p.n + p.n_pending) * d)));
    bool found = mu_bayesopt_maximize(s, &m, x);
    mu_arena_release(s->request->arena, mark);
    return found;
}
