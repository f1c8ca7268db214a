#include "services/bayesopt/study.h"

#include <math.h>

/* What |trial| cost; NAN where it says nothing about others: it failed, was cut short, or its cost
 * is unknown. */
static double cost_of(const struct mu_bayesopt_study *s, const struct mu_trial *trial) {
    const struct mu_objective *price = s->plan.price;
    if (trial->state != MU_DONE || trial->early_stopped) {
        return (double)NAN;
    }
    if (!price) {
        return mu_trial_seconds(trial);
    }
    double value = trial->values[price - s->request->experiment->metrics];
    return price->maximize ? -value : value;
}

static const struct mu_cost *learn_cost(const struct mu_bayesopt_study *s) {
    struct mu_arena *arena = s->request->arena;
    const struct mu_history *history = s->request->history;
    double *u = MU_MATRIX(arena, history->n, s->frame.n, double);
    double *costs = MU_ARRAY(arena, history->n, double);
    size_t n = 0;
    for (size_t i = 0; i < history->n && s->frame.n > 0; i++) {
        double cost = cost_of(s, &history->trials[i]);
        if (cost > 0) {
            mu_frame_encode(&s->frame, history->trials[i].x, u + n * s->frame.n);
            costs[n++] = cost;
        }
    }
    return mu_cost_of(&s->frame, u, costs, n, arena);
}

struct mu_bayesopt_study *mu_bayesopt_study_of(
    const struct mu_request *request, const struct mu_bayesopt_plan *plan) {
    struct mu_arena *arena = request->arena;
    const struct mu_space *space = &request->experiment->space;
    struct mu_bayesopt_study *s = MU_NEW(arena, struct mu_bayesopt_study);
    *s = (struct mu_bayesopt_study){
        .request = request, .plan = *plan, .frame = mu_frame_of(space, arena)};
    s->data = mu_dataset_of(&s->frame, request->outcomes, request->history,
        request->wanted + MU_REQUEST_RECALLED, arena);
    s->cost = plan->priced ? learn_cost(s) : NULL;
    s->seen = mu_request_seen(request);
    s->tpe = mu_tpe_of_history(&(struct mu_tpe_options){0}, space, request->outcomes,
        request->history, request->wanted + MU_REQUEST_RECALLED, arena);
    return s;
}

void mu_bayesopt_suggested(struct mu_bayesopt_study *s, const double *x) {
    (void)mu_dataset_add(s->data, x, MU_PENDING, NULL);
    mu_tpe_avoid(s->tpe, x);
}

struct mu_maximizer mu_bayesopt_maximizer(const struct mu_bayesopt_study *s, uint64_t number) {
    return (struct mu_maximizer){.frame = &s->frame,
        .seen = s->seen,
        .climb = s->plan.climb,
        .seed = s->request->seed,
        .number = number};
}

struct priced {
    const struct mu_maximizer *maximizer;
    const struct mu_cost *cost;
    double *slope; /* scratch: of the cost, per dimension */
};

static double acquire_per_cost(void *user, const double *u, double *gradient) {
    const struct priced *p = user;
    double value = p->maximizer->criterion(p->maximizer->user, u, gradient);
    value -= mu_cost_log(p->cost, u, p->slope);
    for (size_t j = 0; gradient && j < p->cost->frame->n; j++) {
        gradient[j] -= p->slope[j];
    }
    return value;
}

bool mu_bayesopt_maximize(
    const struct mu_bayesopt_study *s, const struct mu_maximizer *maximizer, double *x) {
    struct mu_arena *arena = s->request->arena;
    struct mu_maximizer m = *maximizer;
    struct priced priced = {maximizer, s->cost, MU_ARRAY(arena, s->frame.n, double)};
    if (s->cost) {
        m.criterion = acquire_per_cost;
        m.user = &priced;
    }
    return mu_maximize(&m, x, arena);
}
