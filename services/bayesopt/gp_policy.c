#include "services/bayesopt/gp_policy.h"

#include <math.h>
#include <string.h>

#include "services/bayesopt/process.h"

enum { FANTASIES = 16 };

struct mu_gp_policy {
    struct mu_gp_process process;
    size_t draws;
    size_t taken;           /* rows of the data that the process has looked at for pending ones */
    double best[FANTASIES]; /* the incumbent's value, or a better one that a draw imagines */
    double *scale;          /* length per dimension, at most that of the space */
    double *good;           /* n_good observed points, the incumbent first */
    size_t n_good;
    size_t evaluations; /* that the operations are enough for */
};

/* The highest posterior mean at one of the best observed points, of which it looks at as many as
 * the process is conditioned on: the incumbent, robust against noise. It is the first of the good
 * points, which the best others follow. */
static void find_incumbent(struct mu_gp_policy *p, const struct mu_dataset *data) {
    size_t d = data->width;
    double means[FANTASIES];
    size_t first = 0;
    p->best[0] = -HUGE_VAL;
    for (size_t i = 0; i < data->n_observed && i < p->process.known; i++) {
        mu_gp_means(&p->process.gp, mu_dataset_row(data, data->known[i]), means);
        first = means[0] > p->best[0] ? i : first;
        p->best[0] = fmax(p->best[0], means[0]);
    }
    for (size_t i = 1; i < p->draws; i++) {
        p->best[i] = p->best[0];
    }
    memcpy(p->good, mu_dataset_row(data, data->known[first]), d * sizeof *p->good);
    for (size_t i = 0, at = 1; at < p->n_good; i++) {
        if (i != first) {
            memcpy(p->good + at++ * d, mu_dataset_row(data, data->known[i]), d * sizeof *p->good);
        }
    }
}

static struct mu_gp_policy *policy_of(const struct mu_bayesopt_study *s) {
    struct mu_arena *arena = s->request->arena;
    struct mu_gp_policy *p = MU_NEW(arena, struct mu_gp_policy);
    size_t d = s->frame.n;
    size_t observed = s->data->n_observed;
    p->draws = mu_gp_process_has_pending(s) ? FANTASIES : 1;
    p->n_good = observed < MU_MAXIMIZE_PARENTS ? observed : MU_MAXIMIZE_PARENTS;
    p->good = MU_ARRAY(arena, MU_MAXIMIZE_PARENTS * d, double);
    p->scale = MU_ARRAY(arena, d, double);
    p->taken = mu_gp_process_first_pending(s->data);
    mu_gp_process_init(&p->process, s, 0, p->draws);
    p->evaluations = (size_t)(mu_gp_process_operations() / mu_gp_process_cost(&p->process));
    find_incumbent(p, s->data);
    for (size_t j = 0; j < d; j++) {
        p->scale[j] = fmin(p->process.gp.length[j], 1);
    }
    return p;
}

/* Draw joint values of the pending points that the process does not know yet, and raise each draw's
 * best to them. */
static void add_pending(struct mu_gp_policy *p, const struct mu_bayesopt_study *s) {
    for (; p->taken < s->data->n; p->taken++) {
        double values[FANTASIES];
        uint64_t seed = mu_hash(s->request->seed, &p->taken, sizeof p->taken);
        if (s->data->state[p->taken] == MU_PENDING &&
            mu_gp_fantasize(&p->process.gp, mu_dataset_row(s->data, p->taken), seed, values)) {
            for (size_t i = 0; i < p->draws; i++) {
                p->best[i] = fmax(p->best[i], values[i]);
            }
        }
    }
}

struct criterion {
    struct mu_gp_policy *policy;
    enum mu_acquisition kind;
};

/* The acquisition averaged over the draws: logarithms by log-mean-exp, the confidence bound as it
 * is. */
static double acquire(void *user, const double *u, double *gradient) {
    struct criterion *c = user;
    struct mu_gp_policy *p = c->policy;
    double means[FANTASIES];
    double value[FANTASIES];
    double by_mean[FANTASIES];
    double by_sd[FANTASIES];
    double sd = mu_gp_predict(&p->process.gp, u, means);
    for (size_t i = 0; i < p->draws; i++) {
        value[i] = mu_acquisition_value(c->kind, means[i], sd, p->best[i], &by_mean[i], &by_sd[i]);
    }
    double weight[FANTASIES];
    double result = mu_acquisition_mean(c->kind, value, p->draws, weight);
    if (gradient) {
        double total_sd = 0;
        for (size_t i = 0; i < p->draws; i++) {
            by_mean[i] *= weight[i];
            total_sd += by_sd[i] * weight[i];
        }
        mu_gp_gradient(&p->process.gp, u, by_mean, total_sd, gradient);
    }
    return result;
}

/* The process of the study, which knows all its points. */
static struct mu_gp_policy *current(struct mu_bayesopt_study *s) {
    if (!s->process) {
        s->process = policy_of(s);
    }
    add_pending(s->process, s);
    return s->process;
}

const double *mu_gp_policy_best(struct mu_bayesopt_study *s, size_t *draws) {
    const struct mu_gp_policy *p = current(s);
    *draws = p->draws;
    return p->best;
}

double mu_gp_policy_worth(struct mu_bayesopt_study *s, const double *x) {
    double *u = MU_ARRAY(s->request->arena, s->frame.n, double);
    struct criterion criterion = {.policy = current(s), .kind = s->plan.acquisition};
    mu_frame_encode(&s->frame, x, u);
    return acquire(&criterion, u, NULL);
}

bool mu_gp_policy_propose(struct mu_bayesopt_study *s, uint64_t number, double *x) {
    struct mu_gp_policy *p = current(s);
    struct criterion criterion = {.policy = p, .kind = s->plan.acquisition};
    struct mu_maximizer m = mu_bayesopt_maximizer(s, number);
    m.criterion = acquire;
    m.user = &criterion;
    m.good = p->good;
    m.n_good = p->n_good;
    m.scale = p->scale;
    m.gradient = true;
    m.evaluations = p->evaluations;
    return mu_bayesopt_maximize(s, &m, x);
}
