#include "services/enas/controller.h"

#include <math.h>
#include <string.h>

#include "common/num/gemm.h"

/* Where each matrix stands in the weights, row-major. */
struct layout {
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
    struct layout at;
    size_t n; /* architectures in the last pass */
    struct mu_enas_arch *const *archs;
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

static struct layout layout_of(size_t h, size_t k) {
    struct layout at = {0};
    at.embedding = 2 * h * 4 * h;
    at.start = at.embedding + k * h;
    at.softmax = at.start + h;
    at.anchor = at.softmax + h * k;
    at.query = at.anchor + h * h;
    at.attention = at.query + h * h;
    at.end = at.attention + h;
    return at;
}

static struct mu_enas_state *state_of(
    const struct mu_enas_space *space, size_t h, size_t b, struct mu_arena *arena) {
    struct mu_enas_state *s = MU_NEW(arena, struct mu_enas_state);
    size_t steps = 2 * space->layers;
    size_t k = space->table.n;
    size_t layers = space->layers;
    size_t turned = k * h > 10 * h * h ? k * h : 10 * h * h;
    s->at = layout_of(h, k);
    s->inputs = MU_ARRAY(arena, steps * b * 2 * h, double);
    s->gates = MU_ARRAY(arena, steps * b * 4 * h, double);
    s->cells = MU_ARRAY(arena, (steps + 1) * b * h, double);
    s->squashed = MU_ARRAY(arena, steps * b * h, double);
    s->outputs = MU_ARRAY(arena, steps * b * h, double);
    s->op_probability = MU_ARRAY(arena, layers * b * k, double);
    s->op_slope = MU_ARRAY(arena, layers * b * k, double);
    s->anchors = MU_ARRAY(arena, layers * b * h, double);
    s->queries = MU_ARRAY(arena, layers * b * h, double);
    s->skip_logit = MU_ARRAY(arena, space->skips * b, double);
    s->skip_slope = MU_ARRAY(arena, space->skips * b, double);
    s->layer_entropy = MU_ARRAY(arena, layers * b, double);
    s->d_outputs = MU_ARRAY(arena, steps * b * h, double);
    s->d_cells = MU_ARRAY(arena, b * h, double);
    s->d_gates = MU_ARRAY(arena, steps * b * 4 * h, double);
    s->d_inputs = MU_ARRAY(arena, b * 2 * h, double);
    s->d_logits = MU_ARRAY(arena, layers * b * k, double);
    s->d_anchors = MU_ARRAY(arena, layers * b * h, double);
    s->d_queries = MU_ARRAY(arena, layers * b * h, double);
    s->turned = MU_ARRAY(arena, turned, double);
    return s;
}

struct mu_enas_controller *mu_enas_controller_new(const struct mu_enas_space *space,
    const struct mu_enas_controller_options *options, struct mu_stream *stream,
    struct mu_arena *arena) {
    struct mu_enas_controller *c = MU_NEW(arena, struct mu_enas_controller);
    c->options = *options;
    c->space = space;
    c->state = state_of(space, options->hidden, options->batch, arena);
    c->n_weights = c->state->at.end;
    c->weights = MU_ARRAY(arena, c->n_weights, double);
    c->log_probability = MU_ARRAY(arena, options->batch, double);
    c->entropy = MU_ARRAY(arena, options->batch, double);
    c->penalty = MU_ARRAY(arena, options->batch, double);
    for (size_t i = 0; i < c->n_weights; i++) {
        c->weights[i] = 0.2 * mu_uniform(stream) - 0.1;
    }
    return c;
}

double mu_enas_controller_cost(const struct mu_enas_space *space, size_t hidden) {
    double l = (double)space->layers;
    double h = (double)hidden;
    double k = (double)space->table.n;
    double exponential = 30;
    double products = 2 * (2 * l * 8 * h * h + l * h * k + 2 * l * h * h);
    return 3 * products + exponential * (10 * l * h + 2 * (double)space->skips * h + l * k);
}

double mu_enas_controller_state(const struct mu_enas_space *space, size_t hidden) {
    double h = (double)hidden;
    double k = (double)space->table.n;
    return (double)space->layers * (28 * h + 3 * k) + 2 * (double)space->skips;
}

/* ---- forward ---- */

static double sigmoid(double x) {
    return 1 / (1 + exp(-x));
}

/* tanh, several times as fast as the library's; absolute error below 3e-16, which is what counts
 * here. */
static double squash(double x) {
    return 2 / (1 + exp(-2 * x)) - 1;
}

/* One step of the LSTM for all rows, from inputs [x h] that are in place but for h. */
static void step(struct mu_enas_controller *c, size_t t) {
    struct mu_enas_state *s = c->state;
    size_t h = c->options.hidden;
    size_t n = s->n;
    size_t first = t * n;
    double *gates = s->gates + first * 4 * h;
    for (size_t m = 0; m < n; m++) {
        double *previous = s->inputs + (first + m) * 2 * h + h;
        if (t) {
            memcpy(previous, s->outputs + (first - n + m) * h, h * sizeof *previous);
        } else {
            memset(previous, 0, h * sizeof *previous);
        }
    }
    memset(gates, 0, n * 4 * h * sizeof *gates);
    mu_gemm(n, 4 * h, 2 * h, s->inputs + first * 2 * h, 2 * h, 1, c->weights + s->at.gates, 4 * h,
        gates, 4 * h);
    for (size_t r = first; r < first + n; r++) {
        double *g = s->gates + r * 4 * h;
        for (size_t i = 0; i < 3 * h; i++) {
            g[i] = sigmoid(g[i]);
        }
        for (size_t i = 0; i < h; i++) {
            g[3 * h + i] = squash(g[3 * h + i]);
            double cell = g[h + i] * s->cells[r * h + i] + g[i] * g[3 * h + i];
            s->cells[(r + n) * h + i] = cell;
            s->squashed[r * h + i] = squash(cell);
            s->outputs[r * h + i] = g[2 * h + i] * s->squashed[r * h + i];
        }
    }
}

/* logit -> z, and dz/dlogit. */
static double temper(const struct mu_enas_controller_options *o, double logit, double *slope) {
    if (o->bound == 0) {
        *slope = 1 / o->temperature;
        return logit / o->temperature;
    }
    double t = squash(logit / o->temperature);
    *slope = o->bound * (1 - t * t) / o->temperature;
    return o->bound * t;
}

static size_t draw_from(const double *probability, size_t k, struct mu_stream *stream) {
    double u = mu_uniform(stream);
    for (size_t i = 0; i + 1 < k; i++) {
        u -= probability[i];
        if (u < 0) {
            return i;
        }
    }
    return k - 1;
}

/* Softmax in place of the logits |p|; adds to the entropy. */
static void softmax(struct mu_enas_controller *c, double *p, double *slope, double *entropy) {
    size_t k = c->space->table.n;
    double largest = -INFINITY;
    double sum = 0;
    for (size_t i = 0; i < k; i++) {
        p[i] = temper(&c->options, p[i], &slope[i]);
        largest = fmax(largest, p[i]);
    }
    for (size_t i = 0; i < k; i++) {
        p[i] = exp(p[i] - largest);
        sum += p[i];
    }
    *entropy = 0;
    for (size_t i = 0; i < k; i++) {
        p[i] /= sum;
        *entropy -= p[i] > 0 ? p[i] * log(p[i]) : 0;
    }
}

static void choose_ops(struct mu_enas_controller *c, size_t l, struct mu_stream *stream) {
    struct mu_enas_state *s = c->state;
    size_t h = c->options.hidden;
    size_t k = c->space->table.n;
    size_t n = s->n;
    double *p = s->op_probability + l * n * k;
    memset(p, 0, n * k * sizeof *p);
    mu_gemm(n, k, h, s->outputs + 2 * l * n * h, h, 1, c->weights + s->at.softmax, k, p, k);
    for (size_t m = 0; m < n; m++) {
        double *entropy = &s->layer_entropy[l * n + m];
        softmax(c, p + m * k, s->op_slope + (l * n + m) * k, entropy);
        if (stream) {
            s->archs[m]->ops[l] = (uint16_t)draw_from(p + m * k, k, stream);
        }
        c->entropy[m] += *entropy;
        c->log_probability[m] += log(fmax(1e-300, p[m * k + s->archs[m]->ops[l]]));
    }
}

/* ln(1 + e^t) without overflow. */
static double softplus(double t) {
    return fmax(t, 0) + log1p(exp(-fabs(t)));
}

static double target_logit(const struct mu_enas_controller *c) {
    double target = fmin(0.999, fmax(0.001, c->options.skip_target));
    return log(target / (1 - target));
}

/* Decide the skip whose logit is |t|, and count it in. */
static void choose_skip(struct mu_enas_controller *c, size_t m, size_t l, size_t j, double t,
    struct mu_stream *stream) {
    struct mu_enas_arch *arch = c->state->archs[m];
    double p = sigmoid(t);
    double wanted = target_logit(c);
    if (stream) {
        mu_enas_set_skip(arch, l, j, mu_uniform(stream) < p);
    }
    c->log_probability[m] -= softplus(mu_enas_skip(arch, l, j) ? -t : t);
    c->entropy[m] += softplus(t) - p * t;
    c->penalty[m] += p * (t - wanted) - softplus(t) + softplus(wanted);
}

static void choose_skips(struct mu_enas_controller *c, size_t l, struct mu_stream *stream) {
    struct mu_enas_state *s = c->state;
    size_t h = c->options.hidden;
    size_t n = s->n;
    const double *v = c->weights + s->at.attention;
    const double *output = s->outputs + (2 * l + 1) * n * h;
    double *anchors = s->anchors + l * n * h;
    double *queries = s->queries + l * n * h;
    memset(anchors, 0, n * h * sizeof *anchors);
    memset(queries, 0, n * h * sizeof *queries);
    mu_gemm(n, h, h, output, h, 1, c->weights + s->at.anchor, h, anchors, h);
    mu_gemm(n, h, h, output, h, 1, c->weights + s->at.query, h, queries, h);
    for (size_t j = 0; j < l; j++) {
        for (size_t m = 0; m < n; m++) {
            const double *a = s->anchors + (j * n + m) * h;
            const double *q = queries + m * h;
            size_t entry = (l * (l - 1) / 2 + j) * n + m;
            double score = 0;
            double slope;
            for (size_t i = 0; i < h; i++) {
                score += v[i] * squash(a[i] + q[i]);
            }
            s->skip_logit[entry] = 2 * temper(&c->options, score, &slope);
            s->skip_slope[entry] = 2 * slope;
            choose_skip(c, m, l, j, s->skip_logit[entry], stream);
        }
    }
}

/* One over one plus the number of skips that layer |l| reads. */
static double share(const struct mu_enas_arch *arch, size_t l) {
    double n = 1;
    for (size_t j = 0; j < l; j++) {
        n += mu_enas_skip(arch, l, j);
    }
    return 1 / n;
}

/* The first input of layer |l|: the start vector, or what the layer before reads. */
static void read_anchors(struct mu_enas_controller *c, size_t l) {
    struct mu_enas_state *s = c->state;
    size_t h = c->options.hidden;
    size_t n = s->n;
    for (size_t m = 0; m < n; m++) {
        double *x = s->inputs + (2 * l * n + m) * 2 * h;
        if (l < 2) {
            memcpy(x, c->weights + s->at.start, h * sizeof *x);
            continue;
        }
        memset(x, 0, h * sizeof *x);
        double part = share(s->archs[m], l - 1);
        for (size_t j = 0; j + 1 < l; j++) {
            const double *anchor = s->outputs + ((2 * j + 1) * n + m) * h;
            for (size_t i = 0; i < h && mu_enas_skip(s->archs[m], l - 1, j); i++) {
                x[i] += part * anchor[i];
            }
        }
    }
}

static void read_embeddings(struct mu_enas_controller *c, size_t l) {
    struct mu_enas_state *s = c->state;
    size_t h = c->options.hidden;
    size_t n = s->n;
    for (size_t m = 0; m < n; m++) {
        memcpy(s->inputs + ((2 * l + 1) * n + m) * 2 * h,
            c->weights + s->at.embedding + s->archs[m]->ops[l] * h, h * sizeof(double));
    }
}

void mu_enas_controller_forward(struct mu_enas_controller *c, struct mu_enas_arch *const *archs,
    size_t n, struct mu_stream *stream) {
    struct mu_enas_state *s = c->state;
    s->n = n;
    s->archs = archs;
    memset(s->cells, 0, n * c->options.hidden * sizeof *s->cells);
    for (size_t m = 0; m < n; m++) {
        c->log_probability[m] = c->entropy[m] = c->penalty[m] = 0;
    }
    for (size_t l = 0; l < c->space->layers; l++) {
        read_anchors(c, l);
        step(c, 2 * l);
        choose_ops(c, l, stream);
        read_embeddings(c, l);
        step(c, 2 * l + 1);
        choose_skips(c, l, stream);
    }
}

/* ---- backward ---- */

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
            double chosen = s->archs[m]->ops[l] == i;
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
    double wanted = target_logit(c);
    for (size_t j = 0; j < l; j++) {
        for (size_t m = 0; m < n; m++) {
            size_t entry = (l * (l - 1) / 2 + j) * n + m;
            double t = s->skip_logit[entry];
            double p = sigmoid(t);
            double spread = p * (1 - p);
            double d = o->coefficients[m] * (mu_enas_skip(s->archs[m], l, j) - p) -
                       o->entropy_weight * t * spread - o->skip_weight * spread * (t - wanted);
            d *= s->skip_slope[entry];
            const double *a = s->anchors + (j * n + m) * h;
            const double *q = s->queries + (l * n + m) * h;
            double *da = s->d_anchors + (j * n + m) * h;
            double *dq = s->d_queries + (l * n + m) * h;
            for (size_t i = 0; i < h; i++) {
                double u = squash(a[i] + q[i]);
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
        const double *g = s->gates + r * 4 * h;
        double *dg = s->d_gates + r * 4 * h;
        for (size_t i = 0; i < h; i++) {
            double in = g[i];
            double forget = g[h + i];
            double out = g[2 * h + i];
            double new = g[3 * h + i];
            double squashed = s->squashed[r * h + i];
            double d_out = s->d_outputs[r * h + i];
            double d_cell = s->d_cells[m * h + i] + d_out * out * (1 - squashed * squashed);
            dg[i] = d_cell * new *in *(1 - in);
            dg[h + i] = d_cell * s->cells[r * h + i] * forget * (1 - forget);
            dg[2 * h + i] = d_out * squashed * out * (1 - out);
            dg[3 * h + i] = d_cell * in * (1 - new *new);
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
    mu_gemm(
        n, 2 * h, 4 * h, s->d_gates + t * n * 4 * h, 4 * h, 1, turned, 2 * h, s->d_inputs, 2 * h);
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
        add(gradient + s->at.embedding + s->archs[m]->ops[l] * h, s->d_inputs + m * 2 * h, 1, h);
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
        double part = share(s->archs[m], l - 1);
        for (size_t j = 0; j + 1 < l; j++) {
            if (mu_enas_skip(s->archs[m], l - 1, j)) {
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
    mu_gemm(2 * h, 4 * h, 2 * layers * n, s->inputs, 1, 2 * h, s->d_gates, 4 * h,
        gradient + s->at.gates, 4 * h);
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
    double *anchor = gates + 8 * h * h;
    memset(s->d_outputs, 0, 2 * layers * n * h * sizeof *s->d_outputs);
    memset(s->d_anchors, 0, layers * n * h * sizeof *s->d_anchors);
    memset(s->d_queries, 0, layers * n * h * sizeof *s->d_queries);
    memset(s->d_cells, 0, n * h * sizeof *s->d_cells);
    mu_transpose(c->weights + s->at.softmax, h, k, s->turned);
    for (size_t l = 0; l < layers; l++) {
        ops_backward(c, l, &o);
    }
    mu_transpose(c->weights + s->at.gates, 2 * h, 4 * h, gates);
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
