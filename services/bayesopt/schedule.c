#include "services/bayesopt/schedule.h"

#include "services/bayesopt/gp_policy.h"
#include "services/bayesopt/outcome_policy.h"
#include "services/bayesopt/process.h"
#include "services/bayesopt/tree_policy.h"

/* docs/adr/0013-bayesopt.md has the reasons. */
enum {
    OTHER_EVERY =
        4, /* suggestions of a portfolio of which the last is the Parzen estimator's, .. */
    OTHER_FROM = 10, /* .. from this one on */
};

static bool varies(const struct mu_dataset *data) {
    for (size_t c = 0; c < data->n_columns; c++) {
        if (data->columns[c].varied) {
            return true;
        }
    }
    return false;
}

static bool is_several(const struct mu_bayesopt_study *s) {
    return s->data->n_columns > 1;
}

/* The models speak once enough points were handed out and two of them have different values. */
static bool lacks_points(const struct mu_bayesopt_study *s, uint64_t number) {
    (void)number;
    return !varies(s->data) || s->frame.n == 0 || s->data->n < s->plan.initial;
}

static bool propose_design(struct mu_bayesopt_study *s, uint64_t number, double *x) {
    mu_space_design(s->frame.space, s->request->seed, number, x);
    return !mu_seen_has(s->seen, x);
}

static bool models_speak(const struct mu_bayesopt_study *s, uint64_t number) {
    return !lacks_points(s, number);
}

static bool is_turn_of_other(const struct mu_bayesopt_study *s, uint64_t number) {
    return models_speak(s, number) && !is_several(s) && s->plan.portfolio && number >= OTHER_FROM &&
           number % OTHER_EVERY == OTHER_EVERY - 1;
}

static bool propose_parzen(struct mu_bayesopt_study *s, uint64_t number, double *x) {
    mu_tpe_propose(s->tpe, s->seen, s->request->seed, number, x);
    return true;
}

static bool is_modelled(const struct mu_bayesopt_study *s, uint64_t number) {
    return models_speak(s, number) && s->modelled < mu_gp_process_most();
}

static bool propose_modelled(struct mu_bayesopt_study *s, uint64_t number, double *x) {
    s->modelled++;
    if (is_several(s)) {
        return mu_outcome_policy_propose(s, number, x);
    }
    return s->plan.estimator == MU_BAYESOPT_GP ? mu_gp_policy_propose(s, number, x)
                                               : mu_tree_policy_propose(s, number, x);
}

static bool is_left_over(const struct mu_bayesopt_study *s, uint64_t number) {
    return models_speak(s, number) && !is_several(s);
}

static const struct mu_bayesopt_step SCHEDULE[] = {
    {"design", lacks_points, propose_design},    /* spread over the space */
    {"other", is_turn_of_other, propose_parzen}, /* protects where the model is wrong */
    {"model", is_modelled, propose_modelled},    /* the acquisition's best, while it is cheap */
    {"parzen", is_left_over, propose_parzen},    /* what a large request has left */
};

const struct mu_bayesopt_step *mu_bayesopt_next_step(
    const struct mu_bayesopt_study *s, uint64_t number, const struct mu_bayesopt_step *from) {
    const struct mu_bayesopt_step *end = SCHEDULE + sizeof SCHEDULE / sizeof *SCHEDULE;
    const struct mu_bayesopt_step *step = from ? from : SCHEDULE;
    while (step < end && !step->applies(s, number)) {
        step++;
    }
    return step < end ? step : NULL;
}

bool mu_bayesopt_propose(struct mu_bayesopt_study *s, uint64_t number, double *x) {
    const struct mu_bayesopt_step *step = mu_bayesopt_next_step(s, number, NULL);
    while (step && !step->propose(s, number, x)) {
        step = mu_bayesopt_next_step(s, number, step + 1);
    }
    return step != NULL;
}
