#include "services/enas/controller_internal.h"

#include <math.h>
#include <string.h>

#include "common/num/gemm.h"

static struct mu_enas_layout layout_of(size_t h, size_t k) {
    struct mu_enas_layout at = {0};
    at.embedding = 2 * h * GATES * h;
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
    size_t gates_and_attention = (2 * GATES + 2) * h * h;
    size_t turned = k * h > gates_and_attention ? k * h : gates_and_attention;
    s->at = layout_of(h, k);
    s->inputs = MU_ARRAY(arena, steps * b * 2 * h, double);
    s->gates = MU_ARRAY(arena, steps * b * GATES * h, double);
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
    s->d_gates = MU_ARRAY(arena, steps * b * GATES * h, double);
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
        c->weights[i] = 0.1 * (2 * mu_uniform(stream) - 1);
    }
    return c;
}

double mu_enas_controller_cost(const struct mu_enas_space *space, size_t hidden) {
    double l = (double)space->layers;
    double h = (double)hidden;
    double k = (double)space->table.n;
    double exponential = 30;
    double products = 2 * (2 * l * 2 * GATES * h * h + l * h * k + 2 * l * h * h);
    return 3 * products + exponential * (10 * l * h + 2 * (double)space->skips * h + l * k);
}

double mu_enas_controller_state(const struct mu_enas_space *space, size_t hidden) {
    double h = (double)hidden;
    double k = (double)space->table.n;
    return (double)space->layers * (28 * h + 3 * k) + 2 * (double)space->skips;
}

/* ---- forward ---- */

/* One step of the LSTM for all rows, from inputs [x h] that are in place but for h. */
static void step(struct mu_enas_controller *c, size_t t) {
    struct mu_enas_state *s = c->state;
    size_t h = c->options.hidden;
    size_t n = s->n;
    size_t first = t * n;
    double *gates = s->gates + first * GATES * h;
    for (size_t m = 0; m < n; m++) {
        double *previous = s->inputs + (first + m) * 2 * h + h;
        if (t) {
            memcpy(previous, s->outputs + (first - n + m) * h, h * sizeof *previous);
        } else {
            memset(previous, 0, h * sizeof *previous);
        }
    }
    memset(gates, 0, n * GATES * h * sizeof *gates);
    mu_gemm(n, GATES * h, 2 * h, s->inputs + first * 2 * h, 2 * h, 1, c->weights + s->at.gates,
        GATES * h, gates, GATES * h);
    for (size_t r = first; r < first + n; r++) {
        double *g = s->gates + r * GATES * h;
        for (size_t i = 0; i < GATE_NEW * h; i++) {
            g[i] = mu_enas_sigmoid(g[i]);
        }
        for (size_t i = 0; i < h; i++) {
            g[GATE_NEW * h + i] = mu_enas_squash(g[GATE_NEW * h + i]);
            double cell = g[GATE_FORGET * h + i] * s->cells[r * h + i] +
                          g[GATE_IN * h + i] * g[GATE_NEW * h + i];
            s->cells[(r + n) * h + i] = cell;
            s->squashed[r * h + i] = mu_enas_squash(cell);
            s->outputs[r * h + i] = g[GATE_OUT * h + i] * s->squashed[r * h + i];
        }
    }
}

/* logit -> z, and dz/dlogit. */
static double temper(const struct mu_enas_controller_options *o, double logit, double *slope) {
    if (o->bound == 0) {
        *slope = 1 / o->temperature;
        return logit / o->temperature;
    }
    double t = mu_enas_squash(logit / o->temperature);
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
            s->archs[m].ops[l] = (uint16_t)draw_from(p + m * k, k, stream);
        }
        c->entropy[m] += *entropy;
        c->log_probability[m] += log(fmax(1e-300, p[m * k + s->archs[m].ops[l]]));
    }
}

/* ln(1 + e^t) without overflow. */
static double softplus(double t) {
    return fmax(t, 0) + log1p(exp(-fabs(t)));
}

/* Decide the skip whose logit is |t|, and count it in. */
static void choose_skip(struct mu_enas_controller *c, size_t m, size_t l, size_t j, double t,
    struct mu_stream *stream) {
    struct mu_enas_arch *arch = &c->state->archs[m];
    double p = mu_enas_sigmoid(t);
    double wanted = mu_enas_target_logit(c);
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
                score += v[i] * mu_enas_squash(a[i] + q[i]);
            }
            s->skip_logit[entry] = 2 * temper(&c->options, score, &slope);
            s->skip_slope[entry] = 2 * slope;
            choose_skip(c, m, l, j, s->skip_logit[entry], stream);
        }
    }
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
        double part = mu_enas_anchor_share(&s->archs[m], l - 1);
        for (size_t j = 0; j + 1 < l; j++) {
            const double *anchor = s->outputs + ((2 * j + 1) * n + m) * h;
            for (size_t i = 0; i < h && mu_enas_skip(&s->archs[m], l - 1, j); i++) {
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
            c->weights + s->at.embedding + s->archs[m].ops[l] * h, h * sizeof(double));
    }
}

void mu_enas_controller_forward(
    struct mu_enas_controller *c, struct mu_enas_arch *archs, size_t n, struct mu_stream *stream) {
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
