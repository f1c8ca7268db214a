/* Training the controller on the architectures that were evaluated.
 *
 * The policy gradient (Williams 1992): each score moves the probability of the architecture that
 * earned it, by its advantage over a moving average of the scores, sum_i (score_i - baseline) grad
 * log pi(a_i). All evaluated architectures take part in every call, whatever policy proposed them,
 * so a trust region stands where on-policy training would draw afresh: an architecture moves no
 * further once its probability has left that under uniform choice by the factor sqrt(size of the
 * space), up or down. (The clipping of Schulman et al. 2017, with the uniform policy, from which
 * the rebuilt controller starts, as the old one.) Steps are taken by Adam, ascending. */
#ifndef MUSHIR_ENAS_LEARNER_H
#define MUSHIR_ENAS_LEARNER_H

#include "common/search/algorithm.h"
#include "services/enas/controller.h"
#include "services/enas/observations.h"

struct mu_enas_learning {
    size_t steps, batch; /* steps of Adam, architectures in each (at most the controller's batch) */
    double rate;         /* of Adam */
    double decay;        /* of the baseline, in (0, 1] */
    double entropy_weight, skip_weight;
    const struct mu_request *request; /* ends with it; NULL: none */
};

/* Train |c|. Needs at least one observation; equal scores leave it to entropy and skip penalty. */
void mu_enas_learn(struct mu_enas_controller *c, const struct mu_enas_observations *observations,
    const struct mu_enas_learning *learning, struct mu_stream *stream, struct mu_arena *arena);

/* What an architecture's log-probability counts in the gradient: its |advantage| while it is inside
 * the trust region, else 0. |moved|: how far its log-probability is from the uniform policy's. */
double mu_enas_trusted_advantage(double advantage, double moved, double trusted);

/* The baseline: mean of the |n| scores in the order of their trials, weighted by decay^(age). */
double mu_enas_baseline(const double *scores, size_t n, double decay);

#endif
