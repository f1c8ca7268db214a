#include "services/enas/learner.h"

#include <math.h>
#include <string.h>

/* How far, as a share of ln(size of the space), log pi may leave that of the uniform policy:
 * docs/adr/0022-controller-on-old-rewards.md. */
static const double TRUSTED = 0.5;

/* Kingma and Ba, ICLR 2015, algorithm 1. */
struct adam {
    double *first, *second;  /* moments, one per weight */
    double power_1, power_2; /* decays to the power of the steps taken */
};

static void adam_step(
    struct adam *adam, double *weights, const double *gradient, size_t n, double rate) {
    static const double DECAY_1 = 0.9;
    static const double DECAY_2 = 0.999;
    static const double EPSILON = 1e-8;
    adam->power_1 *= DECAY_1;
    adam->power_2 *= DECAY_2;
    for (size_t i = 0; i < n; i++) {
        adam->first[i] = DECAY_1 * adam->first[i] + (1 - DECAY_1) * gradient[i];
        adam->second[i] = DECAY_2 * adam->second[i] + (1 - DECAY_2) * gradient[i] * gradient[i];
        weights[i] += rate * (adam->first[i] / (1 - adam->power_1)) /
                      (sqrt(adam->second[i] / (1 - adam->power_2)) + EPSILON);
    }
}

double mu_enas_baseline(const double *scores, size_t n, double decay) {
    double sum = 0;
    double mass = 0;
    for (size_t i = 0; i < n; i++) {
        sum = decay * sum + scores[i];
        mass = decay * mass + 1;
    }
    return sum / mass;
}

/* A training under way. */
struct training {
    struct mu_enas_controller *controller;
    const struct mu_enas_observations *observations;
    const struct mu_enas_learning *learning;
    struct mu_stream *stream;
    struct adam adam;
    size_t *order, at; /* the observations as they are dealt, and the next one's place */
    double baseline;
    double uniform;             /* log pi of the uniform policy */
    struct mu_enas_arch *batch; /* learning->batch, and the same number of: */
    double *advantages, *coefficients;
    double *gradient; /* n_weights */
};

static struct training training_of(struct mu_enas_controller *c,
    const struct mu_enas_observations *e, const struct mu_enas_learning *learning,
    struct mu_stream *stream, struct mu_arena *arena) {
    size_t n = c->n_weights;
    double decisions_log = (double)c->space->layers * log((double)c->space->table.n) +
                           (double)c->space->skips * log(2);
    return (struct training){.controller = c,
        .observations = e,
        .learning = learning,
        .stream = stream,
        .adam = {MU_ARRAY(arena, n, double), MU_ARRAY(arena, n, double), 1, 1},
        .order = MU_ARRAY(arena, e->n, size_t),
        .at = e->n,
        .baseline = mu_enas_baseline(e->scores, e->n, learning->decay),
        .uniform = -decisions_log,
        .batch = MU_ARRAY(arena, learning->batch, struct mu_enas_arch),
        .advantages = MU_ARRAY(arena, learning->batch, double),
        .coefficients = MU_ARRAY(arena, learning->batch, double),
        .gradient = MU_ARRAY(arena, n, double)};
}

/* The next observation of a random order of all, and again of another one. */
static size_t deal(struct training *t) {
    if (t->at == t->observations->n) {
        mu_shuffle(t->stream, t->order, t->observations->n);
        t->at = 0;
    }
    return t->order[t->at++];
}

static void deal_batch(struct training *t) {
    for (size_t m = 0; m < t->learning->batch; m++) {
        size_t i = deal(t);
        t->batch[m] = t->observations->archs[i];
        t->advantages[m] = t->observations->scores[i] - t->baseline;
    }
}

double mu_enas_trusted_advantage(double advantage, double moved, double trusted) {
    bool inside = advantage > 0 ? moved < trusted : moved > -trusted;
    return inside ? advantage : 0;
}

/* The gradient of the batch's mean objective, after deal_batch. */
static void differentiate(struct training *t) {
    struct mu_enas_controller *c = t->controller;
    size_t batch = t->learning->batch;
    double share = 1 / (double)batch;
    mu_enas_controller_forward(c, t->batch, batch, NULL);
    for (size_t m = 0; m < batch; m++) {
        double moved = c->log_probability[m] - t->uniform;
        t->coefficients[m] =
            share * mu_enas_trusted_advantage(t->advantages[m], moved, -TRUSTED * t->uniform);
    }
    memset(t->gradient, 0, c->n_weights * sizeof *t->gradient);
    mu_enas_controller_backward(c, t->coefficients, share * t->learning->entropy_weight,
        share * t->learning->skip_weight, t->gradient);
}

static bool stopped(const struct mu_enas_learning *learning) {
    return learning->request && mu_request_stopped(learning->request);
}

void mu_enas_learn(struct mu_enas_controller *c, const struct mu_enas_observations *observations,
    const struct mu_enas_learning *learning, struct mu_stream *stream, struct mu_arena *arena) {
    struct training t = training_of(c, observations, learning, stream, arena);
    for (size_t step = 0; step < learning->steps && !stopped(learning); step++) {
        deal_batch(&t);
        differentiate(&t);
        adam_step(&t.adam, c->weights, t.gradient, c->n_weights, learning->rate);
    }
}
