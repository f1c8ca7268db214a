#include "common/model/effects.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/model/anova.h"
#include "common/model/divergence.h"
#include "common/model/surrogate.h"

/* docs/adr/0080-importance.md has the reasons. */
enum {
    PARTNERS = 5, /* parameters of which every pair is looked at */
    HALVES = 8    /* random halves of the trials, for the error */
};
static const double BEST = 0.1, GOOD = 0.5; /* shares of the trials that are compared */

/* The trials with a value of the metric. */
struct sample {
    const struct mu_frame *frame;
    size_t n;
    const double **x, **u; /* coordinates of the space, dimensions of the frame */
    double *values;
    bool (*stopped)(void *user);
    void *user;
};

static bool is_stopped(const struct sample *sample) {
    return sample->stopped && sample->stopped(sample->user);
}

static void take(struct sample *sample, const struct mu_history *history, size_t metric,
    struct mu_arena *arena) {
    sample->x = MU_ARRAY(arena, history->n, const double *);
    sample->u = MU_ARRAY(arena, history->n, const double *);
    sample->values = MU_ARRAY(arena, history->n, double);
    for (size_t i = 0; i < history->n; i++) {
        const struct mu_trial *trial = &history->trials[i];
        if (trial->state == MU_DONE && isfinite(trial->values[metric])) {
            double *u = MU_ARRAY(arena, sample->frame->n, double);
            mu_frame_encode(sample->frame, trial->x, u);
            sample->x[sample->n] = trial->x;
            sample->u[sample->n] = u;
            sample->values[sample->n++] = trial->values[metric];
        }
    }
}

/* ---- shares of the variance ---- */

static double standardised(void *surrogate, const double *u) {
    struct mu_surrogate *s = surrogate;
    double mean;
    mu_gp_means(&s->gp, u, &mean);
    return mean;
}

/* A function that |data| says, over the frame; false when the values do not differ. */
static bool learn(struct mu_anova *f, const struct sample *sample,
    const struct mu_surrogate_data *data, struct mu_arena *arena) {
    *f = (struct mu_anova){.frame = sample->frame,
        .value = standardised,
        .user = mu_surrogate_of(sample->frame, data, arena),
        .u = MU_ARRAY(arena, sample->frame->n, double)};
    return f->user != NULL;
}

/* Shares of every dimension into |share|, and what they are shares of as the result: the variance
 * of the function and of its noise. 0 when it was stopped. */
static double decompose(const struct sample *sample, const struct mu_anova *f, double *share) {
    const struct mu_surrogate *s = f->user;
    double all = mu_anova_variance(f) + s->gp.noise;
    for (size_t j = 0; j < sample->frame->n; j++) {
        if (is_stopped(sample)) {
            return 0;
        }
        share[j] = mu_anova_main(f, j) / all;
    }
    return all;
}

/* Random halves of the data say what random samples of half the size say of each other; their
 * distance from the whole estimates its standard error (the jackknife that leaves out half: Shao
 * and Tu, "The jackknife and bootstrap", 1995, section 2.3). */
static void find_errors(const struct sample *sample, const struct mu_surrogate_data *data,
    struct mu_effects *effects, struct mu_arena *arena) {
    const struct mu_frame *frame = sample->frame;
    const size_t half = (data->n + 1) / 2;
    size_t *order = MU_ARRAY(arena, data->n, size_t);
    const double **u = MU_ARRAY(arena, half, const double *);
    double *values = MU_ARRAY(arena, half, double);
    double *share = MU_ARRAY(arena, frame->n, double);
    for (uint64_t h = 0; h < HALVES && !is_stopped(sample); h++) {
        struct mu_arena_mark mark = mu_arena_mark(arena);
        struct mu_stream stream;
        struct mu_anova f;
        mu_stream_init(&stream, 0, h, "halves");
        mu_shuffle(&stream, order, data->n);
        for (size_t i = 0; i < half; i++) {
            u[i] = data->u[order[i]];
            values[i] = data->values[order[i]];
        }
        const struct mu_surrogate_data part = {.n = half, .u = u, .values = values};
        memset(share, 0, frame->n * sizeof *share);
        if (learn(&f, sample, &part, arena)) {
            decompose(sample, &f, share);
        }
        for (size_t j = 0; j < frame->n; j++) {
            struct mu_effect *of = &effects->of[frame->parameter[j]];
            of->error += (share[j] - of->share) * (share[j] - of->share) / HALVES;
        }
        mu_arena_release(arena, mark);
    }
    for (size_t j = 0; j < frame->n; j++) {
        struct mu_effect *of = &effects->of[frame->parameter[j]];
        of->error = sqrt(of->error);
    }
}

/* ---- pairs ---- */

static int largest_first(const void *a, const void *b) {
    const struct mu_interaction *p = a;
    const struct mu_interaction *q = b;
    return p->share != q->share ? (p->share < q->share) - (p->share > q->share)
           : p->a != q->a       ? (p->a > q->a) - (p->a < q->a)
                                : (p->b > q->b) - (p->b < q->b);
}

/* The dimensions with the largest total variance into |partners|; returns how many. */
static size_t find_partners(
    const struct sample *sample, const struct mu_anova *f, size_t partners[PARTNERS]) {
    double totals[PARTNERS];
    size_t n = 0;
    for (size_t j = 0; j < f->frame->n && !is_stopped(sample); j++) {
        double total = mu_anova_total(f, j);
        size_t at = n < PARTNERS ? n++ : PARTNERS;
        for (; at > 0 && totals[at - 1] < total; at--) {
            if (at < PARTNERS) {
                totals[at] = totals[at - 1];
                partners[at] = partners[at - 1];
            }
        }
        if (at < PARTNERS) {
            totals[at] = total;
            partners[at] = j;
        }
    }
    return n;
}

static void find_pairs(
    const struct sample *sample, const struct mu_anova *f, double all, struct mu_effects *effects) {
    size_t partners[PARTNERS];
    const size_t *parameter = f->frame->parameter;
    size_t n = find_partners(sample, f, partners);
    for (size_t p = 0; p < n; p++) {
        for (size_t q = p + 1; q < n && !is_stopped(sample); q++) {
            size_t j = partners[p] < partners[q] ? partners[p] : partners[q];
            size_t k = partners[p] + partners[q] - j;
            effects->pairs[effects->n_pairs++] =
                (struct mu_interaction){parameter[j], parameter[k], mu_anova_pair(f, j, k) / all};
        }
    }
    qsort(effects->pairs, effects->n_pairs, sizeof *effects->pairs, largest_first);
}

/* The parts are sampled at other points than the whole: where they sum to more, the whole is their
 * sum. */
static void limit(struct mu_effects *effects, size_t n) {
    double sum = effects->noise;
    for (size_t j = 0; j < n; j++) {
        sum += effects->of[j].share;
    }
    for (size_t i = 0; i < effects->n_pairs; i++) {
        sum += effects->pairs[i].share;
    }
    for (size_t j = 0; j < n && sum > 1; j++) {
        effects->of[j].share /= sum;
    }
    for (size_t i = 0; i < effects->n_pairs && sum > 1; i++) {
        effects->pairs[i].share /= sum;
    }
    effects->noise /= fmax(sum, 1);
}

/* ---- what tells the best from the good ---- */

struct ranked {
    double value;
    size_t index;
};

static int smallest_first(const void *a, const void *b) {
    const struct ranked *p = a;
    const struct ranked *q = b;
    return p->value != q->value ? (p->value > q->value) - (p->value < q->value)
                                : (p->index > q->index) - (p->index < q->index);
}

static size_t count(double share, size_t n) {
    return (size_t)ceil(share * (double)n);
}

static void compare_good(
    const struct sample *sample, struct mu_effects *effects, struct mu_arena *arena) {
    const struct mu_frame *frame = sample->frame;
    struct ranked *ranked = MU_ARRAY(arena, sample->n, struct ranked);
    double *coordinates = MU_ARRAY(arena, sample->n, double);
    double sum = 0;
    for (size_t i = 0; i < sample->n; i++) {
        ranked[i] = (struct ranked){sample->values[i], i};
    }
    qsort(ranked, sample->n, sizeof *ranked, smallest_first);
    for (size_t j = 0; j < frame->n && !is_stopped(sample); j++) {
        struct mu_effect *of = &effects->of[frame->parameter[j]];
        for (size_t i = 0; i < count(GOOD, sample->n); i++) {
            coordinates[i] = sample->x[ranked[i].index][frame->parameter[j]];
        }
        of->good = mu_divergence(mu_frame_parameter(frame, j), coordinates, count(BEST, sample->n),
            count(GOOD, sample->n), arena);
        sum += of->good;
    }
    for (size_t j = 0; j < frame->space->n && sum > 0; j++) {
        effects->of[j].good /= sum;
    }
}

/* ---- */

/* The trials that a surrogate learns from: those farthest from each other. */
static struct mu_surrogate_data spread(const struct sample *sample, struct mu_arena *arena) {
    size_t most = mu_surrogate_rows(sample->frame->n);
    size_t room = sample->n < most ? sample->n : most;
    size_t *chosen = MU_ARRAY(arena, room, size_t);
    const double **u = MU_ARRAY(arena, room, const double *);
    double *values = MU_ARRAY(arena, room, double);
    size_t n = mu_farthest(sample->frame, sample->u, sample->n, room, chosen, arena);
    for (size_t i = 0; i < n; i++) {
        u[i] = sample->u[chosen[i]];
        values[i] = sample->values[chosen[i]];
    }
    return (struct mu_surrogate_data){.n = n, .u = u, .values = values};
}

static struct mu_effects *effects_of(const struct sample *sample, struct mu_arena *arena) {
    const struct mu_frame *frame = sample->frame;
    struct mu_effects *effects = MU_NEW(arena, struct mu_effects);
    double *share = MU_ARRAY(arena, frame->n, double);
    struct mu_surrogate_data data = spread(sample, arena);
    struct mu_anova f;
    *effects = (struct mu_effects){.observed = sample->n,
        .of = MU_ARRAY(arena, frame->space->n, struct mu_effect),
        .pairs = MU_ARRAY(arena, PARTNERS * (PARTNERS - 1) / 2, struct mu_interaction)};
    double all = learn(&f, sample, &data, arena) ? decompose(sample, &f, share) : 0;
    if (all <= 0) {
        return NULL;
    }
    for (size_t j = 0; j < frame->n; j++) {
        effects->of[frame->parameter[j]].share = share[j];
    }
    effects->noise = ((struct mu_surrogate *)f.user)->gp.noise / all;
    find_pairs(sample, &f, all, effects);
    find_errors(sample, &data, effects, arena);
    limit(effects, frame->space->n);
    compare_good(sample, effects, arena);
    return is_stopped(sample) ? NULL : effects;
}

struct mu_effects *mu_effects_of(const struct mu_space *space, const struct mu_history *history,
    size_t metric, bool (*stopped)(void *user), void *user, struct mu_arena *arena) {
    struct mu_frame frame = mu_frame_of(space, arena);
    struct sample sample = {.frame = &frame, .stopped = stopped, .user = user};
    if (frame.n == 0) {
        return NULL;
    }
    take(&sample, history, metric, arena);
    return sample.n < MU_EFFECTS_LEAST ? NULL : effects_of(&sample, arena);
}
