#include "common/model/anova.h"

#include "common/num/sobol.h"

/* docs/adr/0080-importance.md has the reasons. */
enum {
    GRID = 16,       /* positions of a parameter, */
    CATEGORIES = 64, /* but so many of a category */
    BASE = 64,       /* points that a mean over the other parameters is taken at, */
    LEAST_BASE = 4,  /* fewer in wide spaces: */
    MEANS = 20000,   /* so many evaluations for all parameters */
    VARIANCE = 1024, /* points for the variance of the whole */
    TOTAL = 128,     /* points for what a parameter takes part in */
    PAIR_GRID = 8,
    PAIR_BASE = 16
};
static const uint64_t SEED = 0; /* of the points: one design for everybody */

/* Positions of a dimension with the part of [0, 1] that each stands for. */
struct grid {
    size_t n;
    double at[CATEGORIES], part[CATEGORIES];
};

static void make_grid(const struct mu_frame *frame, size_t j, size_t most, struct grid *grid) {
    const struct mu_parameter *parameter = mu_frame_parameter(frame, j);
    uint64_t levels = frame->levels[j];
    bool whole = levels > 0 && levels <= (frame->category[j] && most == GRID ? CATEGORIES : most);
    grid->n = whole ? (size_t)levels : most;
    for (size_t k = 0; k < grid->n; k++) {
        grid->at[k] = whole ? mu_frame_level(frame, j, k)
                            : mu_frame_at(frame, j, ((double)k + 0.5) / (double)most);
        grid->part[k] = whole
                            ? mu_parameter_edge(parameter, k + 1) - mu_parameter_edge(parameter, k)
                            : 1 / (double)most;
    }
}

/* Point |number| of the design, drawn from the declared distributions. */
static void design(const struct mu_frame *frame, uint64_t number, double *u) {
    mu_sobol_point(SEED, number, u, frame->n);
    for (size_t j = 0; j < frame->n; j++) {
        u[j] = mu_frame_at(frame, j, u[j]);
    }
}

static double value(const struct mu_anova *f) {
    return f->value(f->user, f->u);
}

static double variance(const double *values, const double *part, size_t n) {
    double mean = 0;
    double square = 0;
    for (size_t i = 0; i < n; i++) {
        mean += part[i] * values[i];
    }
    for (size_t i = 0; i < n; i++) {
        square += part[i] * (values[i] - mean) * (values[i] - mean);
    }
    return square;
}

double mu_anova_variance(const struct mu_anova *f) {
    double values[VARIANCE];
    double part[VARIANCE];
    for (size_t i = 0; i < VARIANCE; i++) {
        design(f->frame, i, f->u);
        values[i] = value(f);
        part[i] = 1.0 / VARIANCE;
    }
    return variance(values, part, VARIANCE);
}

/* How many of |most| points of |evaluations| each |n| parameters get of MEANS. */
static size_t points_for(size_t n, size_t evaluations, size_t most) {
    size_t points = MEANS / (evaluations * n);
    return points < LEAST_BASE ? LEAST_BASE : points < most ? points : most;
}

/* The others take the same values at every position, so what they do by themselves falls out
 * exactly. */
double mu_anova_main(const struct mu_anova *f, size_t j) {
    struct grid grid;
    double means[CATEGORIES] = {0};
    const size_t base = points_for(f->frame->n, GRID, BASE);
    make_grid(f->frame, j, GRID, &grid);
    for (size_t i = 0; i < base; i++) {
        design(f->frame, i, f->u);
        for (size_t k = 0; k < grid.n; k++) {
            f->u[j] = grid.at[k];
            means[k] += value(f) / (double)base;
        }
    }
    return variance(means, grid.part, grid.n);
}

double mu_anova_total(const struct mu_anova *f, size_t j) {
    const size_t points = points_for(f->frame->n, 2, TOTAL);
    double sum = 0;
    for (size_t i = 0; i < points; i++) {
        design(f->frame, i, f->u);
        double before = value(f);
        double again = mu_sobol_coordinate(SEED, i, f->frame->n + j);
        f->u[j] = mu_frame_at(f->frame, j, again);
        double gap = value(f) - before;
        sum += gap * gap / (2 * (double)points);
    }
    return sum;
}

/* ---- pairs ---- */

/* The variance of |means| (a x b) without what either alone explains. */
static double joint_variance(const double *means, const struct grid *a, const struct grid *b) {
    double sum = 0;
    double row[PAIR_GRID] = {0};
    double column[PAIR_GRID] = {0};
    double mean = 0;
    for (size_t p = 0; p < a->n; p++) {
        for (size_t q = 0; q < b->n; q++) {
            double at = means[p * b->n + q];
            row[p] += b->part[q] * at;
            column[q] += a->part[p] * at;
            mean += a->part[p] * b->part[q] * at;
        }
    }
    for (size_t p = 0; p < a->n; p++) {
        for (size_t q = 0; q < b->n; q++) {
            double left = means[p * b->n + q] - row[p] - column[q] + mean;
            sum += a->part[p] * b->part[q] * left * left;
        }
    }
    return sum;
}

double mu_anova_pair(const struct mu_anova *f, size_t j, size_t k) {
    struct grid a;
    struct grid b;
    double means[PAIR_GRID * PAIR_GRID] = {0};
    make_grid(f->frame, j, PAIR_GRID, &a);
    make_grid(f->frame, k, PAIR_GRID, &b);
    for (size_t i = 0; i < PAIR_BASE; i++) {
        design(f->frame, i, f->u);
        for (size_t p = 0; p < a.n; p++) {
            for (size_t q = 0; q < b.n; q++) {
                f->u[j] = a.at[p];
                f->u[k] = b.at[q];
                means[p * b.n + q] += value(f) / PAIR_BASE;
            }
        }
    }
    return joint_variance(means, &a, &b);
}
