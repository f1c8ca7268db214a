/* The controller: an LSTM that writes an architecture decision by decision (Pham et al. 2018,
 * section 2.4, macro search space).
 *
 * Layer l takes two steps of a one-layer LSTM. The first one's output gives the operation's logits;
 * the second one reads the operation's embedding and its output is the layer's anchor, which
 * attends to the anchors of all earlier layers to decide the skips:
 *
 *   gates [i f o g] = [x h] W,  c' = s(f) c + s(i) tanh(g),  h' = s(o) tanh(c')      (no biases)
 *
 *   operation ~ softmax(z),  z = k tanh(h' S / T)
 *
 *   skip from j ~ Bernoulli(s(2 z)),  z = k tanh(v . tanh(A_j U + h' Q) / T)
 *
 * The next layer's first input is the sum of the chosen anchors over one plus their number; of the
 * first two layers, a learned start vector.
 *
 * Batches of architectures go through in lockstep. Dimensions: B batch, L layers, H hidden, K
 * operations. */
#ifndef MUSHIR_ENAS_CONTROLLER_H
#define MUSHIR_ENAS_CONTROLLER_H

#include "services/enas/architecture.h"

struct mu_enas_controller_options {
    size_t hidden, batch; /* H, largest B */
    double temperature;   /* T > 0 */
    double bound;         /* k of the formulas; 0: z is not bounded */
    double skip_target;   /* in (0, 1]: what the skip penalty compares with */
};

struct mu_enas_controller {
    struct mu_enas_controller_options options;
    const struct mu_enas_space *space;
    double *weights; /* all parameters, one after the other */
    size_t n_weights;
    /* results of the last forward pass, per architecture */
    double *log_probability; /* B */
    double *entropy;         /* B: sum over decisions */
    double *penalty;         /* B: sum over skips of KL(policy || skip_target) */
    struct mu_enas_state *state;
};

/* A controller whose weights are uniform in (-0.1, 0.1). Arena-owned. */
struct mu_enas_controller *mu_enas_controller_new(const struct mu_enas_space *space,
    const struct mu_enas_controller_options *options, struct mu_stream *stream,
    struct mu_arena *arena);

/* Floating-point operations of a forward and backward pass of one architecture: what budgets are
 * kept in. */
double mu_enas_controller_cost(const struct mu_enas_space *space, size_t hidden);

/* Numbers that are kept of a forward pass for the backward one, per architecture of a batch. */
double mu_enas_controller_state(const struct mu_enas_space *space, size_t hidden);

/* Pass the |n| <= B architectures through. With |stream| they are drawn from the policy and
 * written; with NULL they are read. */
void mu_enas_controller_forward(
    struct mu_enas_controller *c, struct mu_enas_arch *archs, size_t n, struct mu_stream *stream);

/* Add to |gradient| (n_weights) the derivative of sum_m (coefficient_m log_probability_m +
 * entropy_weight entropy_m - skip_weight penalty_m) over the last forward pass. */
void mu_enas_controller_backward(struct mu_enas_controller *c, const double *coefficients,
    double entropy_weight, double skip_weight, double *gradient);

#endif
