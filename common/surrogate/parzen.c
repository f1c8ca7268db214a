#include "common/surrogate/parzen.h"

#include <math.h>

#include "common/num/normal.h"
#include "common/surrogate/fast.h"

/* ---- axes ---- */

static void make_ladder(struct mu_axis *axis, struct mu_arena *arena) {
    double *centres = MU_ARRAY(arena, axis->levels, double), *shares = MU_ARRAY(arena, axis->levels, double);
    for (size_t k = 0; k < axis->levels; k++) {
        double low = mu_parameter_edge(axis->parameter, k), high = mu_parameter_edge(axis->parameter, k + 1);
        centres[k] = mu_parameter_unit(axis->parameter, (double)k);
        shares[k] = fmax(high - low, 1e-300);
    }
    axis->kind = MU_AXIS_LADDER;
    axis->centres = centres;
    axis->shares = shares;
}

const struct mu_axis *mu_axes_create(const struct mu_space *space, struct mu_arena *arena) {
    struct mu_axis *axes = MU_ARRAY(arena, space->n, struct mu_axis);
    for (size_t i = 0; i < space->n; i++) {
        const struct mu_parameter *p = &space->parameters[i];
        axes[i] = (struct mu_axis){.parameter = p, .kind = MU_AXIS_LINE, .levels = p->levels};
        if (p->levels == 1) {
            axes[i].kind = MU_AXIS_CONSTANT;
        } else if (!p->ordered) {
            axes[i].kind = MU_AXIS_CATEGORY;
        } else if (p->levels && p->levels <= MU_PARZEN_LEVELS) {
            make_ladder(&axes[i], arena);
        }
    }
    return axes;
}

double mu_axis_position(const struct mu_axis *axis, double x) {
    return axis->kind == MU_AXIS_CATEGORY ? x : mu_parameter_unit(axis->parameter, x);
}

/* ---- building ---- */

/* Half the cell a position stands in: no kernel may be so narrow that it leaves its level no neighbours. */
static double half_cell(const struct mu_axis *axis, double at) {
    const struct mu_parameter *p = axis->parameter;
    if (p->levels == 0 || p->distribution == MU_UNIFORM) {
        return p->levels ? 0.5 / (double)p->levels : 0;
    }
    uint64_t level = (uint64_t)mu_parameter_at(p, at);
    return (mu_parameter_edge(p, level + 1) - mu_parameter_edge(p, level)) / 2;
}

/* The mass that an unnormalized normal at |mean| leaves on the axis: on a line within [0, 1], on a ladder summed over the levels. */
static double mass_on_line(double mean, double sigma) {
    const double FAR = 5.5; /* standard deviations beyond which less than 1e-7 is cut off */
    double below = mean < FAR * sigma ? mu_fast_normal_cdf(-mean / sigma) : 0;
    double inside = (1 - mean < FAR * sigma ? mu_fast_normal_cdf((1 - mean) / sigma) : 1) - below;
    return 2.5066282746310002 * sigma * inside; /* sqrt(2 pi) */
}

static double mass_on_ladder(const struct mu_axis *axis, double mean, double sigma) {
    double mass = 0, curvature = 1 / (2 * sigma * sigma);
    for (size_t k = 0; k < axis->levels; k++) {
        double d = axis->centres[k] - mean;
        mass += axis->shares[k] * mu_fast_exp(-d * d * curvature);
    }
    return mass;
}

struct kernel {
    double sigma, mass;
};

static struct kernel kernel_at(const struct mu_axis *axis, double position, double width) {
    double cell = half_cell(axis, position), sigma = width > cell ? width : cell;
    sigma = sigma < 1 ? sigma : 1;
    return (struct kernel){sigma, axis->kind == MU_AXIS_LADDER ? mass_on_ladder(axis, position, sigma) : mass_on_line(position, sigma)};
}

/* Deviation and mass of the |n| points' kernels and of the prior's. Kernels at the same place are equal: with more points than a ladder has
 * levels, those of the levels are made once. */
static void shape(const struct mu_axis *axis, const double *position, size_t n, double width, struct kernel *kernels) {
    bool crowd = axis->kind == MU_AXIS_LADDER && n > axis->levels;
    struct kernel rungs[MU_PARZEN_LEVELS];
    for (size_t k = 0; crowd && k < axis->levels; k++) {
        rungs[k] = kernel_at(axis, axis->centres[k], width);
    }
    for (size_t i = 0; i < n; i++) {
        kernels[i] = crowd ? rungs[(size_t)mu_parameter_at(axis->parameter, position[i])] : kernel_at(axis, position[i], width);
    }
    kernels[n] = kernel_at(axis, 0.5, 1);
}

/* Masses are multiplied up and their logarithm taken once per kernel, in |mass|; before the product can underflow it is taken out. */
static void build_ordered(struct mu_parzen *z, size_t a, const double *position, double width, double *mass, struct mu_arena *arena) {
    size_t n = z->n - 1;
    struct mu_arena_mark mark = mu_arena_mark(arena);
    struct kernel *kernels = MU_ARRAY(arena, z->n, struct kernel);
    shape(&z->axes[a], position, n, width, kernels);
    for (size_t i = 0; i <= n; i++) {
        z->position[a][i] = i < n ? position[i] : 0.5;
        z->curvature[a][i] = 1 / (2 * kernels[i].sigma * kernels[i].sigma);
        mass[i] *= kernels[i].mass;
        if (mass[i] < 1e-250) {
            z->constant[i] -= log(fmax(mass[i], 1e-308));
            mass[i] = 1;
        }
    }
    mu_arena_release(arena, mark);
}

/* Optuna's rule: 1/K on every category and 1 on the own one, normalized. The prior is uniform, which a position that no category
 * has and equal probabilities for all cannot say; so its constant carries the difference. */
static void build_category(struct mu_parzen *z, size_t a, const double *position) {
    size_t n = z->n - 1;
    double levels = (double)z->axes[a].levels, k = (double)z->n;
    z->own[a] = log((1 + 1 / k) / (1 + levels / k));
    z->other[a] = log(1 / k / (1 + levels / k));
    for (size_t i = 0; i < n; i++) {
        z->position[a][i] = position[i];
    }
    z->position[a][n] = -1;
    z->constant[n] += -log(levels) - z->other[a];
}

static void set_weights(struct mu_parzen *z, const double *weights, double prior_weight) {
    size_t n = z->n - 1;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += weights[i];
    }
    double prior = n ? prior_weight * sum / (double)n : 1, total = sum + prior, running = 0;
    for (size_t i = 0; i <= n; i++) {
        double w = (i < n ? weights[i] : prior) / total;
        running += w;
        z->cumulative[i] = running;
        z->constant[i] += log(fmax(w, 1e-300));
    }
    z->cumulative[n] = 1;
}

struct mu_parzen *mu_parzen_create(const struct mu_axis *axes, size_t n_axes, const double *const *positions, const double *weights,
                                   size_t n, const struct mu_parzen_options *options, struct mu_arena *arena) {
    struct mu_parzen *z = MU_NEW(arena, struct mu_parzen);
    *z = (struct mu_parzen){.axes = axes,
                            .n_axes = n_axes,
                            .n = n + 1,
                            .position = MU_ARRAY(arena, n_axes, double *),
                            .curvature = MU_ARRAY(arena, n_axes, double *),
                            .own = MU_ARRAY(arena, n_axes, double),
                            .other = MU_ARRAY(arena, n_axes, double),
                            .constant = MU_ARRAY(arena, n + 1, double),
                            .cumulative = MU_ARRAY(arena, n + 1, double)};
    double *mass = MU_ARRAY(arena, n + 1, double);
    for (size_t i = 0; i <= n; i++) {
        mass[i] = 1;
    }
    set_weights(z, weights, options->prior_weight);
    for (size_t a = 0; a < n_axes; a++) {
        if (axes[a].kind == MU_AXIS_CONSTANT) {
            continue;
        }
        z->position[a] = MU_ARRAY(arena, n + 1, double);
        if (axes[a].kind == MU_AXIS_CATEGORY) {
            build_category(z, a, positions[a]);
        } else {
            z->curvature[a] = MU_ARRAY(arena, n + 1, double);
            build_ordered(z, a, positions[a], options->width, mass, arena);
        }
    }
    for (size_t i = 0; i <= n; i++) {
        z->constant[i] -= log(mass[i]);
    }
    return z;
}

/* ---- evaluating ---- */

/* Compiled twice, for wider vectors where the processor has them: the same operations in the same order, so the same bits. */
#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__clang__) && defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) &&     \
    !defined(__SANITIZE_THREAD__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

static double ladder_share(const struct mu_axis *axis, double at) {
    size_t k = (size_t)mu_parameter_at(axis->parameter, at);
    return log(axis->shares[k]);
}

WIDE double mu_parzen_kernels(const struct mu_parzen *z, const double *at, double *restrict values) {
    size_t n = z->n;
    memcpy(values, z->constant, n * sizeof *values);
    double base = 0;
    for (size_t a = 0; a < z->n_axes; a++) {
        const double x = at[a], *restrict position = z->position[a], *restrict curvature = z->curvature[a];
        if (z->axes[a].kind == MU_AXIS_CATEGORY) {
            double own = z->own[a], other = z->other[a];
            for (size_t i = 0; i < n; i++) {
                values[i] += position[i] == x ? own : other;
            }
        } else if (z->axes[a].kind != MU_AXIS_CONSTANT) {
            for (size_t i = 0; i < n; i++) {
                double d = x - position[i];
                values[i] -= d * d * curvature[i];
            }
            base += z->axes[a].kind == MU_AXIS_LADDER ? ladder_share(&z->axes[a], x) : 0;
        }
    }
    double most = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        values[i] += base;
        most = values[i] > most ? values[i] : most;
    }
    return most;
}

/* values[i] = exp(values[i] - most) */
WIDE static void to_shares(double *restrict values, size_t n, double most) {
    for (size_t i = 0; i < n; i++) {
        values[i] = mu_fast_exp(values[i] - most);
    }
}

/* In four lanes, which the processor adds at once; the order is fixed, so is the result. */
static double sum_of(const double *values, size_t n) {
    double lanes[4] = {0};
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        for (size_t l = 0; l < 4; l++) {
            lanes[l] += values[i + l];
        }
    }
    for (; i < n; i++) {
        lanes[0] += values[i];
    }
    return lanes[0] + lanes[1] + (lanes[2] + lanes[3]);
}

double mu_parzen_log_density(const struct mu_parzen *z, const double *at, double *scratch) {
    double density;
    mu_parzen_log_tails(z, at, &(size_t){0}, 1, scratch, &density);
    return density;
}

void mu_parzen_log_tails(const struct mu_parzen *z, const double *at, const size_t *from, size_t n_from, double *scratch, double *result) {
    double most = mu_parzen_kernels(z, at, scratch);
    to_shares(scratch, z->n, most);
    double sum = 0;
    size_t end = z->n;
    for (size_t f = n_from; f-- > 0;) {
        sum += sum_of(scratch + from[f], end - from[f]);
        end = from[f];
        result[f] = most + log(fmax(sum, 1e-300));
    }
}

/* ---- drawing ---- */

size_t mu_parzen_pick(const struct mu_parzen *z, struct mu_stream *stream) {
    double u = mu_uniform(stream);
    size_t low = 0, high = z->n - 1;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (z->cumulative[middle] > u) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

static double draw_category(const struct mu_parzen *z, size_t k, size_t a, struct mu_stream *stream) {
    uint64_t levels = z->axes[a].levels;
    if (k == z->n - 1) {
        return (double)mu_uniform_below(stream, levels);
    }
    double own = z->position[a][k];
    if (mu_uniform(stream) < exp(z->own[a])) {
        return own;
    }
    double other = (double)mu_uniform_below(stream, levels - 1);
    return other < own ? other : other + 1;
}

static double draw_ladder(const struct mu_axis *axis, double mean, double curvature, struct mu_stream *stream) {
    double running[MU_PARZEN_LEVELS], sum = 0;
    for (size_t k = 0; k < axis->levels; k++) {
        double d = axis->centres[k] - mean;
        sum += axis->shares[k] * mu_fast_exp(-d * d * curvature);
        running[k] = sum;
    }
    double u = mu_uniform(stream) * sum;
    size_t k = 0;
    while (k + 1 < axis->levels && running[k] < u) {
        k++;
    }
    return axis->centres[k];
}

double mu_parzen_draw(const struct mu_parzen *z, size_t k, size_t a, struct mu_stream *stream) {
    const struct mu_axis *axis = &z->axes[a];
    if (axis->kind == MU_AXIS_CONSTANT) {
        return 0.5;
    }
    if (axis->kind == MU_AXIS_CATEGORY) {
        return draw_category(z, k, a, stream);
    }
    double mean = z->position[a][k], sigma = sqrt(0.5 / z->curvature[a][k]);
    if (axis->kind == MU_AXIS_LADDER) {
        return draw_ladder(axis, mean, z->curvature[a][k], stream);
    }
    double low = mu_normal_cdf(-mean / sigma), high = mu_normal_cdf((1 - mean) / sigma);
    double at = mean + sigma * mu_normal_quantile(low + mu_uniform(stream) * (high - low));
    at = fmin(1, fmax(0, at));
    return axis->levels ? mu_parameter_unit(axis->parameter, mu_parameter_at(axis->parameter, at)) : at;
}
