#include "services/enas/surrogate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/model/posterior.h"
#include "common/num/linalg.h"

enum {
    FITTED = 120,    /* observations that the scales are fitted to */
    TABULATED = 512, /* largest table whose distances are kept as a matrix */
    SCALES = 4,
};

/* Something with a score, by its number. */
struct ranked {
    double score;
    size_t at;
};

struct mu_enas_surrogate {
    const struct mu_enas_space *space;
    struct mu_posterior posterior; /* of one draw, of a signal of variance 1 */
    const struct mu_enas_arch *
        *archs; /* those observed, then those conditioned on; room for the posterior's capacity */
    size_t observed;
    struct mu_enas_scales scales;
    double deviation;       /* of the signal */
    struct ranked *leaders; /* observed: posterior means, best first */
    double *distances;      /* table.n x table.n, or NULL */
    double *skip_factors;   /* skips + 1: the kernel's part for each number of differing skips */
};

/* ---- distances and kernel ---- */

static size_t differing_skips(
    const struct mu_enas_space *space, const struct mu_enas_arch *a, const struct mu_enas_arch *b) {
    size_t n = 0;
    for (size_t w = 0; w < space->words; w++) {
        n += (size_t)__builtin_popcountll(a->skips[w] ^ b->skips[w]);
    }
    return n;
}

static double op_distance(
    const struct mu_enas_surrogate *s, const struct mu_enas_arch *a, const struct mu_enas_arch *b) {
    double sum = 0;
    size_t layers = s->space->layers;
    size_t n = s->space->table.n;
    if (s->distances) {
        for (size_t l = 0; l < layers; l++) {
            sum += s->distances[a->ops[l] * n + b->ops[l]];
        }
        return sum;
    }
    for (size_t l = 0; l < layers; l++) {
        sum += mu_enas_table_distance(&s->space->table, a->ops[l], b->ops[l], s->scales.within);
    }
    return sum;
}

static void set_scales(
    struct mu_enas_surrogate *s, struct mu_enas_scales scales, struct mu_arena *arena) {
    const struct mu_enas_table *table = &s->space->table;
    s->scales = scales;
    s->skip_factors = MU_ARRAY(arena, s->space->skips + 1, double);
    for (size_t i = 0; i <= s->space->skips; i++) {
        s->skip_factors[i] = i ? exp(-scales.skips * (double)i / (double)s->space->skips) : 1;
    }
    if (table->n <= TABULATED) {
        s->distances = MU_ARRAY(arena, table->n * table->n, double);
        for (size_t a = 0; a < table->n; a++) {
            for (size_t b = 0; b < a; b++) {
                s->distances[a * table->n + b] = s->distances[b * table->n + a] =
                    mu_enas_table_distance(table, a, b, scales.within);
            }
        }
    }
}

static double kernel(
    const struct mu_enas_surrogate *s, const struct mu_enas_arch *a, const struct mu_enas_arch *b) {
    double d = op_distance(s, a, b);
    return exp(-s->scales.ops * d / (double)s->space->layers) *
           s->skip_factors[differing_skips(s->space, a, b)];
}

/* ---- fitting the scales ---- */

/* Distances of all pairs of the observations that the scales are fitted to, apart, so that a trial
 * of the scales only exponentiates. */
struct pairs {
    size_t n, layers, skips_all;
    double *families, *within, *skips; /* n x n, lower triangle */
    const double *y, *noise;           /* n */
    double *matrix, *solution;         /* scratch: n x n, n */
    bool free_within; /* the share of parameters can be told from that of operations */
};

/* Scales on the axes of the search: logarithms. */
struct axes {
    double at[SCALES];
};

static const struct axes CENTRE = {{0.7, -0.4, 0.0, -4.6}}, SPREAD = {{1.2, 1.0, 1.2, 1.8}};
static const struct axes LOW = {{-3, -4, -5, -11}}, HIGH = {{4.5, 0, 4.5, 1}};

static struct mu_enas_scales scales_of(const struct axes *x, bool free_within) {
    return (struct mu_enas_scales){
        exp(x->at[0]), free_within ? exp(x->at[1]) : 1, exp(x->at[2]), exp(x->at[3])};
}

/* Minus the logarithm of the posterior density of |x|; |deviation| of the signal comes with it. */
static double cost(struct pairs *p, const struct axes *x, double *deviation) {
    struct mu_enas_scales s = scales_of(x, p->free_within);
    double skip_scale = p->skips_all ? s.skips / (double)p->skips_all : 0;
    double op_scale = s.ops / (double)p->layers;
    double prior = 0;
    for (size_t i = 0; i < p->n; i++) {
        for (size_t j = 0; j < i; j++) {
            size_t at = i * p->n + j;
            p->matrix[at] = exp(-op_scale * (p->families[at] + s.within * p->within[at]) -
                                skip_scale * p->skips[at]);
        }
        p->matrix[i * p->n + i] = 1 + s.noise * p->noise[i];
    }
    for (size_t i = 0; i < SCALES; i++) {
        double z = (x->at[i] - CENTRE.at[i]) / SPREAD.at[i];
        prior += z * z / 2;
    }
    if (!mu_cholesky(p->matrix, p->n, p->n)) {
        return INFINITY;
    }
    memcpy(p->solution, p->y, p->n * sizeof *p->solution);
    mu_solve_lower(p->matrix, p->n, p->n, false, p->solution);
    /* One more observation of variance 1 keeps few or equal scores from claiming certainty. */
    double variance = (mu_dot(p->solution, p->solution, p->n) + 1) / (double)(p->n + 1);
    *deviation = sqrt(variance);
    return (double)(p->n + 1) / 2 * log(variance) + mu_log_diagonal(p->matrix, p->n, p->n) + prior;
}

/* Pattern search: per axis a step each way, halved when no axis gains. */
static struct axes search(struct pairs *p, double *deviation) {
    struct axes best = CENTRE;
    double least = cost(p, &best, deviation);
    for (double step = 1.2; step > 0.2; step /= 2) {
        bool gained = true;
        for (int round = 0; round < 3 && gained; round++) {
            gained = false;
            for (size_t i = 0; i < SCALES; i++) {
                for (int sign = -1; sign <= 1; sign += 2) {
                    struct axes x = best;
                    double d;
                    double c;
                    x.at[i] = fmin(HIGH.at[i], fmax(LOW.at[i], x.at[i] + sign * step));
                    if ((i == 1 && !p->free_within) || (i == 2 && !p->skips_all) ||
                        (c = cost(p, &x, &d)) >= least) {
                        continue;
                    }
                    best = x;
                    least = c;
                    *deviation = d;
                    gained = true;
                    break;
                }
            }
        }
    }
    return best;
}

static void fill_pairs(
    struct pairs *p, const struct mu_enas_space *space, const struct mu_enas_arch *const *archs) {
    for (size_t i = 0; i < p->n; i++) {
        for (size_t j = 0; j < i; j++) {
            size_t at = i * p->n + j;
            for (size_t l = 0; l < space->layers; l++) {
                size_t a = archs[i]->ops[l];
                size_t b = archs[j]->ops[l];
                bool same = space->table.family[a] == space->table.family[b];
                *(same ? &p->within[at] : &p->families[at]) +=
                    mu_enas_table_distance(&space->table, a, b, 1);
            }
            p->skips[at] = (double)differing_skips(space, archs[i], archs[j]);
        }
    }
}

/* ---- which observations take part ---- */

static int best_first(const void *p, const void *q) {
    const struct ranked *a = p;
    const struct ranked *b = q;
    return a->score != b->score ? (a->score < b->score ? 1 : -1)
                                : (a->at > b->at) - (a->at < b->at);
}

static int by_at(const void *p, const void *q) {
    size_t a = ((const struct ranked *)p)->at;
    size_t b = ((const struct ranked *)q)->at;
    return (a > b) - (a < b);
}

/* Choose |most| of the evidence: the better half by score, the rest by how late they came.
 * Ascending indices into |chosen|. */
static size_t choose(
    const struct mu_enas_evidence *e, size_t most, size_t *chosen, struct mu_arena *arena) {
    struct ranked *r = MU_ARRAY(arena, e->n, struct ranked);
    for (size_t i = 0; i < e->n; i++) {
        r[i] = (struct ranked){e->scores[i], i};
    }
    size_t n = e->n < most ? e->n : most;
    size_t best = n / 2;
    if (e->n > most) {
        qsort(r, e->n, sizeof *r, best_first);
        qsort(r + best, e->n - best, sizeof *r, by_at);
        memmove(r + best, r + e->n - (n - best), (n - best) * sizeof *r);
        qsort(r, n, sizeof *r, by_at);
    }
    for (size_t i = 0; i < n; i++) {
        chosen[i] = r[i].at;
    }
    return n;
}

/* Ratio of an observation's noise to that of a completed one. */
static double noise_of(const struct mu_enas_evidence *e, size_t i) {
    return e->partial[i] ? 4 : 1;
}

static void fit_scales(
    struct mu_enas_surrogate *s, const struct mu_enas_evidence *e, struct mu_arena *arena) {
    size_t chosen[FITTED];
    size_t n = choose(e, FITTED, chosen, arena);
    struct mu_arena_mark mark = mu_arena_mark(arena);
    const struct mu_enas_arch **archs = MU_ARRAY(arena, n, const struct mu_enas_arch *);
    double *y = MU_ARRAY(arena, n, double);
    double *noise = MU_ARRAY(arena, n, double);
    for (size_t i = 0; i < n; i++) {
        archs[i] = &e->archs[chosen[i]];
        y[i] = e->scores[chosen[i]];
        noise[i] = noise_of(e, chosen[i]);
    }
    struct pairs p = {.n = n,
        .layers = s->space->layers,
        .skips_all = s->space->skips,
        .y = y,
        .noise = noise,
        .families = MU_ARRAY(arena, n * n, double),
        .within = MU_ARRAY(arena, n * n, double),
        .skips = MU_ARRAY(arena, n * n, double),
        .matrix = MU_ARRAY(arena, n * n, double),
        .solution = MU_ARRAY(arena, n, double),
        .free_within =
            s->space->table.n_families > 1 && s->space->table.n > s->space->table.n_families};
    fill_pairs(&p, s->space, archs);
    struct axes x = search(&p, &s->deviation);
    mu_arena_release(arena, mark);
    set_scales(s, scales_of(&x, p.free_within), arena);
}

/* ---- the model ---- */

static void condition(struct mu_enas_surrogate *s, const struct mu_enas_evidence *e,
    const size_t *chosen, struct mu_arena *arena) {
    struct mu_arena_mark mark = mu_arena_mark(arena);
    size_t n = s->observed;
    double *y = MU_ARRAY(arena, n, double);
    double *matrix = MU_ARRAY(arena, n * n, double);
    for (size_t i = 0; i < n; i++) {
        y[i] = e->scores[chosen[i]];
        for (size_t j = 0; j < i; j++) {
            matrix[i * n + j] = kernel(s, s->archs[i], s->archs[j]);
        }
        matrix[i * n + i] = 1 + s->scales.noise * noise_of(e, chosen[i]);
    }
    mu_posterior_condition(&s->posterior, matrix, y, n);
    mu_arena_release(arena, mark);
}

static void rank_observed(struct mu_enas_surrogate *s, struct mu_arena *arena) {
    s->leaders = MU_ARRAY(arena, s->observed, struct ranked);
    for (size_t i = 0; i < s->observed; i++) {
        s->leaders[i] = (struct ranked){mu_enas_surrogate_mean(s, s->archs[i]), i};
    }
    qsort(s->leaders, s->observed, sizeof *s->leaders, best_first);
}

struct mu_enas_surrogate *mu_enas_surrogate_fit(const struct mu_enas_space *space,
    const struct mu_enas_evidence *evidence, size_t more, struct mu_arena *arena) {
    struct mu_enas_surrogate *s = MU_NEW(arena, struct mu_enas_surrogate);
    size_t chosen[MU_ENAS_MODELLED];
    size_t n = choose(evidence, MU_ENAS_MODELLED, chosen, arena);
    *s = (struct mu_enas_surrogate){.space = space, .observed = n};
    fit_scales(s, evidence, arena);
    mu_posterior_init(&s->posterior, n + more, 1, arena);
    s->archs = MU_ARRAY(arena, n + more, const struct mu_enas_arch *);
    for (size_t i = 0; i < n; i++) {
        s->archs[i] = &evidence->archs[chosen[i]];
    }
    condition(s, evidence, chosen, arena);
    rank_observed(s, arena);
    return s;
}

double mu_enas_surrogate_mean(const struct mu_enas_surrogate *s, const struct mu_enas_arch *arch) {
    double sum = 0; /* what was expected at its mean has no weight */
    for (size_t i = 0; i < s->observed; i++) {
        sum += s->posterior.alpha[i] * kernel(s, arch, s->archs[i]);
    }
    return sum;
}

void mu_enas_surrogate_predict(
    struct mu_enas_surrogate *s, const struct mu_enas_arch *arch, double *mean, double *deviation) {
    for (size_t i = 0; i < s->posterior.n; i++) {
        s->posterior.k[i] = kernel(s, arch, s->archs[i]);
    }
    mu_posterior_means(&s->posterior, mean);
    *deviation = s->deviation * mu_posterior_sd(&s->posterior, 1);
}

void mu_enas_surrogate_expect(struct mu_enas_surrogate *s, const struct mu_enas_arch *arch) {
    double mean;
    double deviation;
    mu_enas_surrogate_predict(s, arch, &mean, &deviation);
    if (mu_posterior_extend(&s->posterior, 1 + s->scales.noise, s->scales.noise, &mean)) {
        s->archs[s->posterior.n - 1] = arch;
    }
}

double mu_enas_surrogate_best(const struct mu_enas_surrogate *s) {
    return s->leaders[0].score;
}

size_t mu_enas_surrogate_leaders(
    const struct mu_enas_surrogate *s, size_t most, const struct mu_enas_arch **leaders) {
    size_t n = s->observed < most ? s->observed : most;
    for (size_t i = 0; i < n; i++) {
        leaders[i] = s->archs[s->leaders[i].at];
    }
    return n;
}

struct mu_enas_scales mu_enas_surrogate_scales(const struct mu_enas_surrogate *s) {
    return s->scales;
}
