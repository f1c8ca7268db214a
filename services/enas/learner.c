#include "services/enas/learner.h"

#include <math.h>
#include <string.h>

/* How far, as a share of ln(size of the space), log pi may leave that of the uniform policy. */
static const double TRUSTED = 0.5;

/* Largest norm of a step's gradient. */
static const double STEEPEST = 5;

/* Kingma and Ba, ICLR 2015, algorithm 1. */
struct adam {
    double *first, *second;  /* moments */
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

static void limit_norm(double *gradient, size_t n) {
    double square = 0;
    for (size_t i = 0; i < n; i++) {
        square += gradient[i] * gradient[i];
    }
    double factor = square > STEEPEST * STEEPEST ? STEEPEST / sqrt(square) : 1;
    for (size_t i = 0; i < n; i++) {
        gradient[i] *= factor;
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

/* Minibatches: the observations in a random order, and again in another one. */
struct deck {
    size_t *order, n, at;
};

static size_t deal(struct deck *deck, struct mu_stream *stream) {
    if (deck->at == deck->n) {
        mu_shuffle(stream, deck->order, deck->n);
        deck->at = 0;
    }
    return deck->order[deck->at++];
}

/* What an architecture's log-probability counts in the gradient: its advantage, inside the trust
 * region. |moved|: how far its log-probability is from the uniform policy's. */
static double coefficient(double advantage, double moved, double trusted) {
    bool inside = advantage > 0 ? moved < trusted : moved > -trusted;
    return inside ? advantage : 0;
}

void mu_enas_learn(struct mu_enas_controller *c, const struct mu_enas_evidence *e,
    const struct mu_enas_learning *learning, struct mu_stream *stream, struct mu_arena *arena) {
    size_t n = c->n_weights;
    size_t batch = learning->batch;
    struct adam adam = {MU_ARRAY(arena, n, double), MU_ARRAY(arena, n, double), 1, 1};
    struct deck deck = {MU_ARRAY(arena, e->n, size_t), e->n, e->n};
    struct mu_enas_arch *archs = MU_ARRAY(arena, batch, struct mu_enas_arch);
    struct mu_enas_arch **pointers = MU_ARRAY(arena, batch, struct mu_enas_arch *);
    double *gradient = MU_ARRAY(arena, n, double);
    double *coefficients = MU_ARRAY(arena, batch, double);
    double *advantages = MU_ARRAY(arena, batch, double);
    double average = mu_enas_baseline(e->scores, e->n, learning->decay);
    double share = 1 / (double)batch;
    double uniform = -(double)c->space->layers * log((double)c->space->table.n) -
                     (double)c->space->skips * log(2);
    for (size_t step = 0;
         step < learning->steps && !(learning->stop && learning->stop(learning->user)); step++) {
        for (size_t m = 0; m < batch; m++) {
            size_t at = deal(&deck, stream);
            archs[m] = e->archs[at];
            pointers[m] = &archs[m];
            advantages[m] = e->scores[at] - average;
        }
        mu_enas_controller_forward(c, pointers, batch, NULL);
        for (size_t m = 0; m < batch; m++) {
            coefficients[m] = share * coefficient(advantages[m], c->log_probability[m] - uniform,
                                          -TRUSTED * uniform);
        }
        memset(gradient, 0, n * sizeof *gradient);
        mu_enas_controller_backward(c, coefficients, share * learning->entropy_weight,
            share * learning->skip_weight, gradient);
        limit_norm(gradient, n);
        adam_step(&adam, c->weights, gradient, n, learning->rate);
    }
}
