/* What the two passes of the controller share. */
#ifndef MUSHIR_ENAS_CONTROLLER_INTERNAL_H
#define MUSHIR_ENAS_CONTROLLER_INTERNAL_H

#include <math.h>

#include "services/enas/controller.h"

/* The four parts of a step's gates, H numbers each: input, forget, output, new content. */
enum { GATE_IN, GATE_FORGET, GATE_OUT, GATE_NEW, GATES };

/* Where each matrix stands in the weights, row-major. */
struct mu_enas_layout {
    size_t gates;     /* 2H x 4H: W */
    size_t embedding; /* K x H */
    size_t start;     /* H */
    size_t softmax;   /* H x K: S */
    size_t anchor;    /* H x H: U */
    size_t query;     /* H x H: Q */
    size_t attention; /* H: v */
    size_t end;
};

/* What the backward pass needs. Row t B + m belongs to step t of architecture m; row l B + m to
 * layer l; entry (b, m) to skip bit b. */
struct mu_enas_state {
    struct mu_enas_layout at;
    size_t n; /* architectures in the last pass */
    struct mu_enas_arch *archs;
    double *inputs;                    /* steps B x 2H: [x h] */
    double *gates;                     /* steps B x 4H, after the nonlinearity */
    double *cells;                     /* (steps + 1) B x H: c before step t */
    double *squashed;                  /* steps B x H: tanh(c') */
    double *outputs;                   /* steps B x H: h' */
    double *op_probability, *op_slope; /* L B x K: softmax, dz/dlogit */
    double *anchors;                   /* L B x H: anchor U */
    double *queries;                   /* L B x H: h' Q */
    double *skip_logit, *skip_slope;   /* skips B: 2z, d(2z)/dscore */
    double *layer_entropy;             /* L B: of the operation */
    /* backward only */
    double *d_outputs, *d_cells, *d_gates, *d_inputs, *d_logits, *d_anchors, *d_queries, *turned;
};

static inline double mu_enas_sigmoid(double x) {
    return 1 / (1 + exp(-x));
}

/* tanh, several times as fast as the library's; absolute error below 3e-16, which is what counts
 * here. */
static inline double mu_enas_squash(double x) {
    return 2 / (1 + exp(-2 * x)) - 1;
}

/* The logit of the share of skips that the controller is drawn to. */
static inline double mu_enas_target_logit(const struct mu_enas_controller *c) {
    double target = fmin(0.999, c->options.skip_target);
    return log(target / (1 - target));
}

/* One over one plus the number of skips that layer |l| reads. */
static inline double mu_enas_anchor_share(const struct mu_enas_arch *arch, size_t l) {
    double n = 1;
    for (size_t j = 0; j < l; j++) {
        n += mu_enas_skip(arch, l, j);
    }
    return 1 / n;
}

#endif
