#include "common/model/parzen.h"

#include <math.h>

#include "common/model/fast.h"
#include "common/num/normal.h"

/* ---- axes ---- */

static void make_ladder(struct mu_axis *axis, struct mu_arena *arena) {
    double *centres = MU_ARRAY(arena, axis->levels, double);
    double *shares = MU_ARRAY(arena, axis->levels, double);
    for (size_t k = 0; k < axis->levels; k++) {
        double low = mu_parameter_edge(axis->parameter, k);
        double high = mu_parameter_edge(axis->parameter, k + 1);
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

/* Are all cells of the axis as wide as each other? A line without levels has none. */
static bool even_cells(const struct mu_axis *axis) {
    return axis->parameter->levels == 0 || axis->parameter->distribution == MU_UNIFORM;
}

/* Half the cell a position stands in: no kernel may be so narrow that it leaves its level no
 * neighbours. */
static double half_cell(const struct mu_axis *axis, double at) {
    const struct mu_parameter *p = axis->parameter;
    if (even_cells(axis)) {
        return p->levels ? 0.5 / (double)p->levels : 0;
    }
    uint64_t level = (uint64_t)mu_parameter_at(p, at);
    return (mu_parameter_edge(p, level + 1) - mu_parameter_edge(p, level)) / 2;
}

static const double FAR = 5.5; /* standard deviations beyond which less than 1e-7 is cut off */

/* The mass that an unnormalized normal at |mean| leaves on the axis: on a line within [0, 1], on a
 * ladder summed over the levels. */
static double mass_on_line(double mean, double sigma) {
    double below = mean < FAR * sigma ? mu_fast_normal_cdf(-mean / sigma) : 0;
    double inside = (1 - mean < FAR * sigma ? mu_fast_normal_cdf((1 - mean) / sigma) : 1) - below;
    return 2.5066282746310002 * sigma * inside; /* sqrt(2 pi) */
}

static double mass_on_ladder(const struct mu_axis *axis, double mean, double sigma) {
    double mass = 0;
    double curvature = 1 / (2 * sigma * sigma);
    for (size_t k = 0; k < axis->levels; k++) {
        double d = axis->centres[k] - mean;
        mass += axis->shares[k] * mu_fast_exp(-d * d * curvature);
    }
    return mass;
}

static double sigma_at(const struct mu_axis *axis, double position, double width) {
    double cell = half_cell(axis, position);
    double sigma = width > cell ? width : cell;
    return sigma < 1 ? sigma : 1;
}

static struct mu_parzen_kernel kernel_at(
    const struct mu_axis *axis, double position, double width) {
    double sigma = sigma_at(axis, position, width);
    double mass = axis->kind == MU_AXIS_LADDER ? mass_on_ladder(axis, position, sigma)
                                               : mass_on_line(position, sigma);
    return (struct mu_parzen_kernel){1 / (2 * sigma * sigma), mass};
}

/* The kernel of a point on axis |a|: mostly the usual one. Kernels on the same level are equal and
 * made once. */
static struct mu_parzen_kernel kernel_of(struct mu_parzen *z, size_t a, double position) {
    const struct mu_axis *axis = &z->axes[a];
    const struct mu_parzen_axis *on = &z->on[a];
    if (position >= on->margin && position <= 1 - on->margin) {
        return on->usual;
    }
    if (axis->kind != MU_AXIS_LADDER) {
        return kernel_at(axis, position, z->options.width);
    }
    struct mu_parzen_kernel *rung = &on->rungs[(size_t)mu_parameter_at(axis->parameter, position)];
    if (rung->mass == 0) {
        *rung = kernel_at(axis, position, z->options.width);
    }
    return *rung;
}

/* Masses are multiplied up, and taken out into the kernel's constant before the product can
 * underflow: one logarithm per kernel instead of one per axis. */
static double times(double product, double mass, double *constant) {
    product *= mass;
    if (product < 1e-250) {
        *constant -= log(fmax(product, 1e-308));
        return 1;
    }
    return product;
}

static struct mu_parzen_axis make_line(
    const struct mu_axis *axis, double width, size_t capacity, struct mu_arena *arena) {
    bool even = even_cells(axis), ladder = axis->kind == MU_AXIS_LADDER;
    struct mu_parzen_axis on = {.position = MU_ARRAY(arena, capacity, double),
        .curvature = even ? NULL : MU_ARRAY(arena, capacity, double),
        .prior = kernel_at(axis, 0.5, 1),
        .usual = kernel_at(axis, 0.5, width),
        .margin = even && !ladder ? FAR * sigma_at(axis, 0.5, width) : HUGE_VAL,
        .rungs = ladder ? MU_ARRAY(arena, axis->levels, struct mu_parzen_kernel) : NULL};
    on.position[0] = 0.5;
    return on;
}

struct mu_parzen *mu_parzen_create(const struct mu_axis *axes, size_t n_axes,
    const struct mu_parzen_options *options, size_t room, struct mu_arena *arena) {
    struct mu_parzen *z = MU_NEW(arena, struct mu_parzen);
    size_t capacity = room + 1;
    *z = (struct mu_parzen){.options = *options,
        .axes = axes,
        .on = MU_ARRAY(arena, n_axes, struct mu_parzen_axis),
        .n_axes = n_axes,
        .n = 1,
        .capacity = capacity,
        .constant = MU_ARRAY(arena, capacity, double),
        .running = MU_ARRAY(arena, capacity, double)};
    double mass = 1;
    z->constant[0] = log(fmax(options->prior_weight, 1e-300));
    for (size_t a = 0; a < n_axes; a++) {
        if (axes[a].kind == MU_AXIS_CATEGORY) {
            z->on[a].position = MU_ARRAY(arena, capacity, double);
            z->constant[0] -= log((double)axes[a].levels);
        } else if (axes[a].kind != MU_AXIS_CONSTANT) {
            z->on[a] = make_line(&axes[a], options->width, capacity, arena);
            mass = times(mass, z->on[a].prior.mass, &z->constant[0]);
        }
    }
    z->constant[0] -= log(mass);
    return z;
}

void mu_parzen_add(struct mu_parzen *parzen, const double *at, double weight) {
    if (parzen->n == parzen->capacity) {
        return;
    }
    size_t i = parzen->n++;
    double mass = 1;
    for (size_t a = 0; a < parzen->n_axes; a++) {
        struct mu_parzen_axis *on = &parzen->on[a];
        if (parzen->axes[a].kind == MU_AXIS_CONSTANT) {
            continue;
        }
        on->position[i] = at[a];
        if (parzen->axes[a].kind != MU_AXIS_CATEGORY) {
            struct mu_parzen_kernel kernel = kernel_of(parzen, a, at[a]);
            if (on->curvature) {
                on->curvature[i] = kernel.curvature;
            }
            mass = times(mass, kernel.mass, &parzen->constant[i]);
        }
    }
    parzen->constant[i] += log(weight / mass);
    parzen->running[i] = parzen->running[i - 1] + weight;
}

/* The probabilities on categories follow the number of kernels. */
static void settle(struct mu_parzen *z) {
    for (size_t a = 0; a < z->n_axes && z->settled != z->n; a++) {
        double levels = (double)z->axes[a].levels;
        double n = (double)z->n;
        z->on[a].own = log((1 + 1 / n) / (1 + levels / n));
        z->on[a].other = log(1 / n / (1 + levels / n));
    }
    z->settled = z->n;
}

static double total_weight(const struct mu_parzen *z) {
    return z->running[z->n - 1] + z->options.prior_weight;
}

/* ---- evaluating ---- */

/* Compiled twice, for wider vectors where the processor has them: the same operations in the same
 * order, so the same bits. */
#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__clang__) && \
    defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

static double ladder_share(const struct mu_axis *axis, double at) {
    size_t k = (size_t)mu_parameter_at(axis->parameter, at);
    return log(axis->shares[k]);
}

/* In eight lanes, so that no comparison waits for the one before. */
static inline double largest_of(const double *values, size_t n) {
    double lanes[8];
    double most = -INFINITY;
    size_t i = 0;
    for (size_t l = 0; l < 8; l++) {
        lanes[l] = -INFINITY;
    }
    for (; i + 8 <= n; i += 8) {
        for (size_t l = 0; l < 8; l++) {
            lanes[l] = values[i + l] > lanes[l] ? values[i + l] : lanes[l];
        }
    }
    for (; i < n; i++) {
        most = values[i] > most ? values[i] : most;
    }
    for (size_t l = 0; l < 8; l++) {
        most = lanes[l] > most ? lanes[l] : most;
    }
    return most;
}

/* The points' kernels on one axis. */
WIDE static void add_axis(const struct mu_parzen *z, size_t a, double x, double *restrict values) {
    const struct mu_parzen_axis *on = &z->on[a];
    const double *restrict position = on->position;
    const double *restrict curvature = on->curvature;
    const double c = on->usual.curvature;
    if (z->axes[a].kind == MU_AXIS_CATEGORY) {
        double own = on->own;
        double other = on->other;
        for (size_t i = 1; i < z->n; i++) {
            values[i] += position[i] == x ? own : other;
        }
    } else if (curvature) {
        for (size_t i = 1; i < z->n; i++) {
            double d = x - position[i];
            values[i] -= d * d * curvature[i];
        }
    } else {
        for (size_t i = 1; i < z->n; i++) {
            double d = x - position[i];
            values[i] -= d * d * c;
        }
    }
}

double mu_parzen_kernels(struct mu_parzen *parzen, const double *at, double *values) {
    settle(parzen);
    memcpy(values, parzen->constant, parzen->n * sizeof *values);
    double base = 0;
    for (size_t a = 0; a < parzen->n_axes; a++) {
        if (parzen->axes[a].kind == MU_AXIS_CONSTANT) {
            continue;
        }
        double d = at[a] - parzen->on[a].position[0];
        values[0] -=
            d * d * parzen->on[a].prior.curvature; /* categories: 0, the prior is uniform there */
        base += parzen->axes[a].kind == MU_AXIS_LADDER ? ladder_share(&parzen->axes[a], at[a]) : 0;
        add_axis(parzen, a, at[a], values);
    }
    for (size_t i = 0; i < parzen->n; i++) {
        values[i] += base;
    }
    return largest_of(values, parzen->n);
}

/* sum_i exp(values[i] - most) in four lanes, which a processor adds at once; the order is fixed, so
 * is the result. Of kernels that are narrow beside the space nearly all are far away: a block in
 * which none reaches 1e-17 is passed over. */
WIDE static double sum_of_shares(const double *values, size_t n, double most) {
    enum { BLOCK = 16 };
    double lanes[4] = {0};
    for (; n >= BLOCK; values += BLOCK, n -= BLOCK) {
        double shares[BLOCK];
        if (largest_of(values, BLOCK) - most < -40) {
            continue;
        }
        for (size_t i = 0; i < BLOCK; i++) {
            shares[i] = mu_fast_exp(values[i] - most);
        }
        for (size_t i = 0; i < BLOCK; i++) {
            lanes[i % 4] += shares[i];
        }
    }
    for (size_t i = 0; i < n; i++) {
        lanes[0] += mu_fast_exp(values[i] - most);
    }
    return lanes[0] + lanes[1] + (lanes[2] + lanes[3]);
}

double mu_parzen_log_density(struct mu_parzen *parzen, const double *at, double *scratch) {
    double density;
    mu_parzen_log_tails(parzen, at, &(size_t){0}, 1, scratch, &density);
    return density;
}

void mu_parzen_log_tails(struct mu_parzen *parzen, const double *at, const size_t *from,
    size_t n_from, double *scratch, double *result) {
    double most = mu_parzen_kernels(parzen, at, scratch);
    double sum = sum_of_shares(scratch, 1, most);
    double scale = most - log(total_weight(parzen));
    size_t end = parzen->n;
    for (size_t f = n_from; f-- > 0;) {
        size_t first = from[f] + 1;
        sum += sum_of_shares(scratch + first, end - first, most);
        end = first;
        result[f] = scale + log(fmax(sum, 1e-300));
    }
}

/* ---- drawing ---- */

size_t mu_parzen_pick(const struct mu_parzen *parzen, struct mu_stream *stream) {
    double u = mu_uniform(stream) * total_weight(parzen);
    size_t low = 1;
    size_t high = parzen->n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (parzen->running[middle] > u) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low < parzen->n ? low : 0;
}

static double draw_category(struct mu_parzen *z, size_t k, size_t a, struct mu_stream *stream) {
    uint64_t levels = z->axes[a].levels;
    if (k == 0) {
        return (double)mu_uniform_below(stream, levels);
    }
    double own = z->on[a].position[k];
    if (mu_uniform(stream) < exp(z->on[a].own)) {
        return own;
    }
    double other = (double)mu_uniform_below(stream, levels - 1);
    return other < own ? other : other + 1;
}

static double draw_ladder(
    const struct mu_axis *axis, double mean, double curvature, struct mu_stream *stream) {
    double running[MU_PARZEN_LEVELS];
    double sum = 0;
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

double mu_parzen_curvature(const struct mu_parzen *parzen, size_t k, size_t axis) {
    const struct mu_parzen_axis *on = &parzen->on[axis];
    return k == 0 ? on->prior.curvature : on->curvature ? on->curvature[k] : on->usual.curvature;
}

double mu_parzen_draw(struct mu_parzen *parzen, size_t k, size_t axis, struct mu_stream *stream) {
    const struct mu_axis *own = &parzen->axes[axis];
    if (own->kind == MU_AXIS_CONSTANT) {
        return 0.5;
    }
    if (own->kind == MU_AXIS_CATEGORY) {
        settle(parzen);
        return draw_category(parzen, k, axis, stream);
    }
    double mean = parzen->on[axis].position[k];
    double curvature = mu_parzen_curvature(parzen, k, axis);
    double sigma = sqrt(0.5 / curvature);
    if (own->kind == MU_AXIS_LADDER) {
        return draw_ladder(own, mean, curvature, stream);
    }
    double low = mu_normal_cdf(-mean / sigma);
    double high = mu_normal_cdf((1 - mean) / sigma);
    double at = mean + sigma * mu_normal_quantile(low + mu_uniform(stream) * (high - low));
    at = fmin(1, fmax(0, at));
    return own->levels ? mu_parameter_unit(own->parameter, mu_parameter_at(own->parameter, at))
                       : at;
}
