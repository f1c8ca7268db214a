/* The derivatives of the controller's objective, layer by layer from the last one. */
#include <math.h>
#include <string.h>

#include "common/num/gemm.h"
#include "services/enas/controller_internal.h"

struct objective {
    const double *coefficients;
    double entropy_weight, skip_weight;
};

/* Derivatives of the operation's logits of layer |l|, and through them of the step's output. With p
 * the softmax and H its entropy: d log p_chosen / dz = onehot - p,  dH / dz = -p (ln p + H).
 * |turned| holds S transposed. */
static void ops_backward(struct mu_enas_controller *c, size_t l, const struct objective *o) {
    struct mu_enas_state *s = c->state;
    size_t h = c->options.hidden;
    size_t k = c->space->table.n;
    size_t n = s->n;
    for (size_t m = 0; m < n; m++) {
        size_t row = l * n + m;
        const double *p = s->op_probability + row * k;
        const double *slope = s->op_slope + row * k;
        for (size_t i = 0; i < k; i++) {
            double chosen = s->archs[m].ops[l] == i;
            double information = p[i] > 0 ? log(p[i]) : 0;
            double d = o->coefficients[m] * (chosen - p[i]) -
                       o->entropy_weight * p[i] * (information + s->layer_entropy[row]);
            s->d_logits[row * k + i] = d * slope[i];
        }
    }
    mu_gemm(n, h, k, s->d_logits + l * n * k, k, 1, s->turned, h, s->d_outputs + 2 * l * n * h, h);
}

/* Derivatives of the scores of layer |l|'s skips, into d_anchors of the earlier layers, d_queries
 * of this one and v. With t = 2z and p = s(t): d log P(bit) / dt = bit - p,  dH / dt = -t p (1 -
 * p),  dKL / dt = p (1 - p) (t - logit(target)). */
static void skips_backward(
    struct mu_enas_controller *c, size_t l, const struct objective *o, double *d_attention) {
    struct mu_enas_state *s = c->state;
    size_t h = c->options.hidden;
    size_t n = s->n;
    const double *v = c->weights + s->at.attention;
    double wanted = mu_enas_target_logit(c);
    for (size_t j = 0; j < l; j++) {
        for (size_t m = 0; m < n; m++) {
            size_t entry = (l * (l - 1) / 2 + j) * n + m;
            double t = s->skip_logit[entry];
            double p = mu_enas_sigmoid(t);
            double spread = p * (1 - p);
            double d = o->coefficients[m] * (mu_enas_skip(&s->archs[m], l, j) - p) -
                       o->entropy_weight * t * spread - o->skip_weight * spread * (t - wanted);
            d *= s->skip_slope[entry];
            const double *a = s->anchors + (j * n + m) * h;
            const double *q = s->queries + (l * n + m) * h;
            double *da = s->d_anchors + (j * n + m) * h;
            double *dq = s->d_queries + (l * n + m) * h;
            for (size_t i = 0; i < h; i++) {
                double u = mu_enas_squash(a[i] + q[i]);
                double du = d * v[i] * (1 - u * u);
                d_attention[i] += d * u;
                da[i] += du;
                dq[i] += du;
            }
        }
    }
}

/* Through step |t|'s nonlinearities into d_gates, and d_cells from after the step to before it. */
static void cell_backward(struct mu_enas_controller *c, size_t t) {
    struct mu_enas_state *s = c->state;
    size_t h = c->options.hidden;
    size_t n = s->n;
    for (size_t m = 0; m < n; m++) {
        size_t r = t * n + m;
        const double *g = s->gates + r * GATES * h;
        double *dg = s->d_gates + r * GATES * h;
        for (size_t i = 0; i < h; i++) {
            double in = g[GATE_IN * h + i];
            double forget = g[GATE_FORGET * h + i];
            double out = g[GATE_OUT * h + i];
            double new = g[GATE_NEW * h + i];
            double squashed = s->squashed[r * h + i];
            double d_out = s->d_outputs[r * h + i];
            double d_cell = s->d_cells[m * h + i] + d_out * out * (1 - squashed * squashed);
            dg[GATE_IN * h + i] = d_cell * new *in *(1 - in);
            dg[GATE_FORGET * h + i] = d_cell * s->cells[r * h + i] * forget * (1 - forget);
            dg[GATE_OUT * h + i] = d_out * squashed * out * (1 - out);
            dg[GATE_NEW * h + i] = d_cell * in * (1 - new *new);
            s->d_cells[m * h + i] = d_cell * forget;
        }
    }
}

/* d_inputs = d_gates W^T (|turned|: 4H x 2H); its h part belongs to the output of the step before.
 */
static void step_backward(struct mu_enas_controller *c, size_t t, const double *turned) {
    struct mu_enas_state *s = c->state;
    size_t h = c->options.hidden;
    size_t n = s->n;
    cell_backward(c, t);
    memset(s->d_inputs, 0, n * 2 * h * sizeof *s->d_inputs);
    mu_gemm(n, 2 * h, GATES * h, s->d_gates + t * n * GATES * h, GATES * h, 1, turned, 2 * h,
        s->d_inputs, 2 * h);
    for (size_t m = 0; m < n && t; m++) {
        for (size_t i = 0; i < h; i++) {
            s->d_outputs[((t - 1) * n + m) * h + i] += s->d_inputs[m * 2 * h + h + i];
        }
    }
}

static void add(double *to, const double *from, double factor, size_t n) {
    for (size_t i = 0; i < n; i++) {
        to[i] += factor * from[i];
    }
}

static void embeddings_backward(struct mu_enas_controller *c, size_t l, double *gradient) {
    struct mu_enas_state *s = c->state;
    size_t h = c->options.hidden;
    for (size_t m = 0; m < s->n; m++) {
        add(gradient + s->at.embedding + s->archs[m].ops[l] * h, s->d_inputs + m * 2 * h, 1, h);
    }
}

static void anchors_backward(struct mu_enas_controller *c, size_t l, double *gradient) {
    struct mu_enas_state *s = c->state;
    size_t h = c->options.hidden;
    size_t n = s->n;
    for (size_t m = 0; m < n; m++) {
        const double *dx = s->d_inputs + m * 2 * h;
        if (l < 2) {
            add(gradient + s->at.start, dx, 1, h);
            continue;
        }
        double part = mu_enas_anchor_share(&s->archs[m], l - 1);
        for (size_t j = 0; j + 1 < l; j++) {
            if (mu_enas_skip(&s->archs[m], l - 1, j)) {
                add(s->d_outputs + ((2 * j + 1) * n + m) * h, dx, part, h);
            }
        }
    }
}

/* What flows into the anchors of layer |l| from its own and all later skips: d_outputs += d_anchors
 * U^T + d_queries Q^T. */
static void attention_backward(struct mu_enas_controller *c, size_t l, const double *anchor_turned,
    const double *query_turned) {
    struct mu_enas_state *s = c->state;
    size_t h = c->options.hidden;
    size_t n = s->n;
    double *d = s->d_outputs + (2 * l + 1) * n * h;
    mu_gemm(n, h, h, s->d_anchors + l * n * h, h, 1, anchor_turned, h, d, h);
    mu_gemm(n, h, h, s->d_queries + l * n * h, h, 1, query_turned, h, d, h);
}

/* The products over all steps at once: dW += inputs^T d_gates, and alike for S, U and Q. */
static void matrices_backward(struct mu_enas_controller *c, double *gradient) {
    struct mu_enas_state *s = c->state;
    size_t h = c->options.hidden;
    size_t k = c->space->table.n;
    size_t n = s->n;
    size_t layers = c->space->layers;
    mu_gemm(2 * h, GATES * h, 2 * layers * n, s->inputs, 1, 2 * h, s->d_gates, GATES * h,
        gradient + s->at.gates, GATES * h);
    for (size_t l = 0; l < layers; l++) {
        const double *first = s->outputs + 2 * l * n * h;
        const double *second = first + n * h;
        mu_gemm(h, k, n, first, 1, h, s->d_logits + l * n * k, k, gradient + s->at.softmax, k);
        mu_gemm(h, h, n, second, 1, h, s->d_anchors + l * n * h, h, gradient + s->at.anchor, h);
        mu_gemm(h, h, n, second, 1, h, s->d_queries + l * n * h, h, gradient + s->at.query, h);
    }
}

void mu_enas_controller_backward(struct mu_enas_controller *c, const double *coefficients,
    double entropy_weight, double skip_weight, double *gradient) {
    struct mu_enas_state *s = c->state;
    const struct objective o = {coefficients, entropy_weight, skip_weight};
    size_t h = c->options.hidden;
    size_t k = c->space->table.n;
    size_t n = s->n;
    size_t layers = c->space->layers;
    double *gates = s->turned;
    double *anchor = gates + 2 * GATES * h * h;
    memset(s->d_outputs, 0, 2 * layers * n * h * sizeof *s->d_outputs);
    memset(s->d_anchors, 0, layers * n * h * sizeof *s->d_anchors);
    memset(s->d_queries, 0, layers * n * h * sizeof *s->d_queries);
    memset(s->d_cells, 0, n * h * sizeof *s->d_cells);
    mu_transpose(c->weights + s->at.softmax, h, k, s->turned);
    for (size_t l = 0; l < layers; l++) {
        ops_backward(c, l, &o);
    }
    mu_transpose(c->weights + s->at.gates, 2 * h, GATES * h, gates);
    mu_transpose(c->weights + s->at.anchor, h, h, anchor);
    mu_transpose(c->weights + s->at.query, h, h, anchor + h * h);
    for (size_t l = layers; l-- > 0;) {
        skips_backward(c, l, &o, gradient + s->at.attention);
        attention_backward(c, l, anchor, anchor + h * h);
        step_backward(c, 2 * l + 1, gates);
        embeddings_backward(c, l, gradient);
        step_backward(c, 2 * l, gates);
        anchors_backward(c, l, gradient);
    }
    matrices_backward(c, gradient);
}
