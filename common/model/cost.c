#include "common/model/cost.h"

#include <math.h>
#include <string.h>

#include "common/num/cholesky.h"
#include "common/num/linalg.h"
#include "common/num/sort.h"

/* docs/adr/0092-cost.md has the reasons. */
static const struct tuning {
    double ridge;  /* in observations: weights are drawn to 0 so strongly */
    double huber;  /* residuals beyond so many standard deviations count less */
    double least;  /* standard deviation of a residual, at least */
    int rounds;    /* of reweighting */
    size_t newest; /* costs that are looked at */
    size_t values; /* of a category that have a weight of their own */
} TUNING = {
    .ridge = 0.05, .huber = 1.345, .least = 0.01, .rounds = 10, .newest = 300, .values = 16};

/* The number of the weight of |u|'s value in the category |j|; n where it has none. */
static size_t value_weight(const struct mu_cost *c, size_t j, const double *u) {
    size_t value = (size_t)u[j];
    return value < TUNING.values && value < c->frame->levels[j] ? c->first[j] + value : c->n;
}

/* The features of |u|, by which weights are multiplied. */
static void describe(const struct mu_cost *c, const double *u, double *features) {
    memset(features, 0, (c->n + 1) * sizeof *features);
    features[0] = 1;
    for (size_t j = 0; j < c->frame->n; j++) {
        if (c->frame->category[j]) {
            features[value_weight(c, j, u)] = 1;
        } else {
            features[c->first[j]] = u[j] - 0.5;
        }
    }
}

static struct mu_cost *allocate(const struct mu_frame *frame, struct mu_arena *arena) {
    struct mu_cost *c = MU_NEW(arena, struct mu_cost);
    *c = (struct mu_cost){.frame = frame, .n = 1, .first = MU_ARRAY(arena, frame->n, size_t)};
    for (size_t j = 0; j < frame->n; j++) {
        uint64_t values = frame->levels[j] < TUNING.values ? frame->levels[j] : TUNING.values;
        c->first[j] = c->n;
        c->n += frame->category[j] ? (size_t)values : 1;
    }
    c->weight = MU_ARRAY(arena, c->n + 1, double);
    return c;
}

/* What is fitted: features (n x width) and logarithms of costs. */
struct sample {
    double *features, *log_cost, *residual, *size;
    size_t n, width;
};

/* The different points with the least cost of each. */
static void collect(
    struct sample *s, const struct mu_cost *c, const double *u, const double *costs, size_t n) {
    for (size_t i = n > TUNING.newest ? n - TUNING.newest : 0; i < n; i++) {
        double *features = s->features + s->n * s->width;
        size_t same = 0;
        describe(c, u + i * c->frame->n, features);
        while (memcmp(s->features + same * s->width, features, s->width * sizeof *features) != 0) {
            same++;
        }
        double log_cost = log(costs[i]);
        s->log_cost[same] = same < s->n ? fmin(s->log_cost[same], log_cost) : log_cost;
        s->n += same == s->n;
    }
}

/* Residuals under the weights; returns their standard deviation, from the median magnitude. */
static double spread(struct sample *s, const struct mu_cost *c) {
    const double normal = 1.4826; /* of a normal distribution's median magnitude */
    for (size_t i = 0; i < s->n; i++) {
        s->residual[i] = s->log_cost[i] - mu_dot(s->features + i * s->width, c->weight, c->n);
        s->size[i] = fabs(s->residual[i]);
    }
    mu_sort(s->size, s->n);
    return fmax(normal * s->size[s->n / 2], TUNING.least);
}

/* Weighted ridge regression: (X^T W X + ridge) w = X^T W y, the constant free. */
static void solve(struct mu_cost *c, const struct sample *s, double sd, double *matrix) {
    memset(matrix, 0, c->n * c->n * sizeof *matrix);
    memset(c->weight, 0, c->n * sizeof *c->weight);
    for (size_t i = 0; i < s->n; i++) {
        const double *x = s->features + i * s->width;
        double far = fabs(s->residual[i]) / sd;
        double w = far > TUNING.huber ? TUNING.huber / far : 1;
        for (size_t a = 0; a < c->n; a++) {
            c->weight[a] += w * x[a] * s->log_cost[i];
            for (size_t b = 0; b <= a; b++) {
                matrix[a * c->n + b] += w * x[a] * x[b];
            }
        }
    }
    for (size_t a = 1; a < c->n; a++) {
        matrix[a * c->n + a] += TUNING.ridge;
    }
    if (mu_cholesky(matrix, c->n, c->n)) {
        mu_solve_lower(matrix, c->n, c->n, false, c->weight);
        mu_solve_lower(matrix, c->n, c->n, true, c->weight);
    }
}

struct mu_cost *mu_cost_of(const struct mu_frame *frame, const double *u, const double *costs,
    size_t n, struct mu_arena *arena) {
    struct mu_cost *c = allocate(frame, arena);
    if (c->n > MU_COST_MOST) {
        return NULL;
    }
    size_t room = (n < TUNING.newest ? n : TUNING.newest) + 1;
    struct sample s = {.features = MU_MATRIX(arena, room, c->n + 1, double),
        .log_cost = MU_ARRAY(arena, room, double),
        .residual = MU_ARRAY(arena, room, double),
        .size = MU_ARRAY(arena, room, double),
        .width = c->n + 1};
    collect(&s, c, u, costs, n);
    if (s.n < MU_COST_LEAST) {
        return NULL;
    }
    double *matrix = MU_MATRIX(arena, c->n, c->n, double);
    double sd = HUGE_VAL; /* the first fit takes all alike */
    for (int round = 0; round < TUNING.rounds; round++) {
        solve(c, &s, sd, matrix);
        sd = spread(&s, c);
    }
    return c;
}

double mu_cost_log(const struct mu_cost *c, const double *u, double *gradient) {
    double sum = c->weight[0];
    for (size_t j = 0; j < c->frame->n; j++) {
        bool category = c->frame->category[j];
        sum += category ? c->weight[value_weight(c, j, u)] : c->weight[c->first[j]] * (u[j] - 0.5);
        if (gradient) {
            gradient[j] = category ? 0 : c->weight[c->first[j]];
        }
    }
    return sum;
}
