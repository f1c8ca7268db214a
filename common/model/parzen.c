#include "common/model/parzen.h"

#include <math.h>

#include "common/base/wide.h"
#include "common/model/fast.h"
#include "common/num/normal.h"

static const double TINY = 1e-300; /* for 0, where a logarithm is taken */

/* ---- axes ---- */

static void make_ladder(struct mu_parzen_space *space, size_t a, struct mu_arena *arena) {
    const struct mu_parameter *parameter = mu_frame_parameter(&space->frame, a);
    double *centres = MU_ARRAY(arena, parameter->levels, double);
    double *shares = MU_ARRAY(arena, parameter->levels, double);
    for (size_t k = 0; k < parameter->levels; k++) {
        double low = mu_parameter_edge(parameter, k);
        double high = mu_parameter_edge(parameter, k + 1);
        centres[k] = mu_parameter_unit(parameter, (double)k);
        shares[k] = fmax(high - low, TINY);
    }
    space->centres[a] = centres;
    space->shares[a] = shares;
}

const struct mu_parzen_space *mu_parzen_space_of(
    const struct mu_space *space, struct mu_arena *arena) {
    struct mu_parzen_space *s = MU_NEW(arena, struct mu_parzen_space);
    s->frame = mu_frame_of(space, arena);
    s->centres = MU_ARRAY(arena, s->frame.n, const double *);
    s->shares = MU_ARRAY(arena, s->frame.n, const double *);
    for (size_t a = 0; a < s->frame.n; a++) {
        if (s->frame.kind[a] == MU_FRAME_LADDER && s->frame.levels[a] <= MU_PARZEN_LEVELS) {
            make_ladder(s, a, arena);
        }
    }
    return s;
}

static bool is_ladder(const struct mu_parzen_space *space, size_t a) {
    return space->centres[a] != NULL;
}

/* ---- building ---- */

/* Are all cells of a parameter as wide as each other? A line without levels has none. */
static bool even_cells(const struct mu_parameter *p) {
    return p->levels == 0 || p->distribution == MU_UNIFORM;
}

/* Half the cell a position stands in: no kernel may be so narrow that it leaves its level no
 * neighbours. */
static double half_cell(const struct mu_parameter *p, double at) {
    if (even_cells(p)) {
        return p->levels ? 0.5 / (double)p->levels : 0;
    }
    uint64_t level = (uint64_t)mu_parameter_at(p, at);
    return (mu_parameter_edge(p, level + 1) - mu_parameter_edge(p, level)) / 2;
}

static const double FAR = 5.5; /* standard deviations beyond which less than 1e-7 is cut off */

/* The mass that an unnormalized normal at |mean| leaves on the axis: on a line within [0, 1], on a
 * ladder summed over the levels. */
static double mass_on_line(double mean, double sigma) {
    double below = mean < FAR * sigma ? mu_normal_cdf(-mean / sigma) : 0;
    double inside = (1 - mean < FAR * sigma ? mu_normal_cdf((1 - mean) / sigma) : 1) - below;
    return 2.5066282746310002 * sigma * inside; /* sqrt(2 pi) */
}

static double mass_on_ladder(
    const struct mu_parzen_space *space, size_t a, double mean, double sigma) {
    double mass = 0;
    double curvature = 1 / (2 * sigma * sigma);
    for (size_t k = 0; k < space->frame.levels[a]; k++) {
        double d = space->centres[a][k] - mean;
        mass += space->shares[a][k] * mu_fast_exp(-d * d * curvature);
    }
    return mass;
}

static double sigma_at(
    const struct mu_parzen_space *space, size_t a, double position, double width) {
    double cell = half_cell(mu_frame_parameter(&space->frame, a), position);
    double sigma = width > cell ? width : cell;
    return sigma < 1 ? sigma : 1;
}

static struct mu_parzen_kernel kernel_at(
    const struct mu_parzen_space *space, size_t a, double position, double width) {
    double sigma = sigma_at(space, a, position, width);
    double mass = is_ladder(space, a) ? mass_on_ladder(space, a, position, sigma)
                                      : mass_on_line(position, sigma);
    return (struct mu_parzen_kernel){1 / (2 * sigma * sigma), mass};
}

static size_t level_of(const struct mu_parzen_space *space, size_t a, double position) {
    return (size_t)mu_parameter_at(mu_frame_parameter(&space->frame, a), position);
}

/* The kernel of a point on axis |a|: mostly the usual one. Kernels on the same level are equal and
 * made once. */
static struct mu_parzen_kernel kernel_of(struct mu_parzen *z, size_t a, double position) {
    const struct mu_parzen_axis *on = &z->on[a];
    if (position >= on->margin && position <= 1 - on->margin) {
        return on->usual;
    }
    if (!is_ladder(z->space, a)) {
        return kernel_at(z->space, a, position, z->options.width);
    }
    struct mu_parzen_kernel *rung = &on->rungs[level_of(z->space, a, position)];
    if (rung->mass == 0) {
        *rung = kernel_at(z->space, a, position, z->options.width);
    }
    return *rung;
}

/* Masses are multiplied up, and taken out into the kernel's constant before the product can
 * underflow: one logarithm per kernel instead of one per axis. */
static double times(double product, double mass, double *constant) {
    product *= mass;
    if (product < 1e-250) {
        *constant -= log(fmax(product, TINY));
        return 1;
    }
    return product;
}

static struct mu_parzen_axis make_line(const struct mu_parzen_space *space, size_t a, double width,
    size_t capacity, struct mu_arena *arena) {
    bool even = even_cells(mu_frame_parameter(&space->frame, a));
    bool ladder = is_ladder(space, a);
    struct mu_parzen_axis on = {.position = MU_ARRAY(arena, capacity, double),
        .curvature = even ? NULL : MU_ARRAY(arena, capacity, double),
        .prior = kernel_at(space, a, 0.5, 1),
        .usual = kernel_at(space, a, 0.5, width),
        .margin = even && !ladder ? FAR * sigma_at(space, a, 0.5, width) : HUGE_VAL,
        .rungs = ladder ? MU_ARRAY(arena, space->frame.levels[a], struct mu_parzen_kernel) : NULL};
    on.position[0] = 0.5;
    return on;
}

struct mu_parzen *mu_parzen_new(const struct mu_parzen_space *space,
    const struct mu_parzen_options *options, size_t room, struct mu_arena *arena) {
    struct mu_parzen *z = MU_NEW(arena, struct mu_parzen);
    size_t capacity = room + 1;
    *z = (struct mu_parzen){.options = *options,
        .space = space,
        .on = MU_ARRAY(arena, space->frame.n, struct mu_parzen_axis),
        .n_axes = space->frame.n,
        .n = 1,
        .capacity = capacity,
        .constant = MU_ARRAY(arena, capacity, double),
        .running = MU_ARRAY(arena, capacity, double)};
    double mass = 1;
    z->constant[0] = log(fmax(options->prior_weight, TINY));
    for (size_t a = 0; a < z->n_axes; a++) {
        if (space->frame.category[a]) {
            z->on[a].position = MU_ARRAY(arena, capacity, double);
            z->constant[0] -= log((double)space->frame.levels[a]);
        } else {
            z->on[a] = make_line(space, a, options->width, capacity, arena);
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
        on->position[i] = at[a];
        if (!parzen->space->frame.category[a]) {
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
        double levels = (double)z->space->frame.levels[a];
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

/* In eight lanes, so that no comparison waits for the one before. */
static inline double largest_of(const double *values, size_t n) {
    enum { LANES = 8 };
    double lanes[LANES];
    double most = -INFINITY;
    size_t i = 0;
    for (size_t l = 0; l < LANES; l++) {
        lanes[l] = -INFINITY;
    }
    for (; i + LANES <= n; i += LANES) {
        for (size_t l = 0; l < LANES; l++) {
            lanes[l] = values[i + l] > lanes[l] ? values[i + l] : lanes[l];
        }
    }
    for (; i < n; i++) {
        most = values[i] > most ? values[i] : most;
    }
    for (size_t l = 0; l < LANES; l++) {
        most = lanes[l] > most ? lanes[l] : most;
    }
    return most;
}

/* The points' kernels on one axis. */
MU_WIDE static void add_axis(
    const struct mu_parzen *z, size_t a, double x, double *restrict values) {
    const struct mu_parzen_axis *on = &z->on[a];
    const double *restrict position = on->position;
    const double *restrict curvature = on->curvature;
    const double c = on->usual.curvature;
    if (z->space->frame.category[a]) {
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
        double d = at[a] - parzen->on[a].position[0];
        values[0] -=
            d * d * parzen->on[a].prior.curvature; /* categories: 0, the prior is uniform there */
        if (is_ladder(parzen->space, a)) {
            base += log(parzen->space->shares[a][level_of(parzen->space, a, at[a])]);
        }
        add_axis(parzen, a, at[a], values);
    }
    for (size_t i = 0; i < parzen->n; i++) {
        values[i] += base;
    }
    return largest_of(values, parzen->n);
}

/* sum_i exp(values[i] - most) in lanes. Of kernels that are narrow beside the space nearly all are
 * far away: a block in which none reaches 1e-17 is passed over. */
MU_WIDE static double sum_of_shares(const double *values, size_t n, double most) {
    enum { BLOCK = 16 };
    double lanes[MU_LANES] = {0};
    for (; n >= BLOCK; values += BLOCK, n -= BLOCK) {
        double shares[BLOCK];
        if (largest_of(values, BLOCK) - most < -40) {
            continue;
        }
        for (size_t i = 0; i < BLOCK; i++) {
            shares[i] = mu_fast_exp(values[i] - most);
        }
        for (size_t i = 0; i < BLOCK; i++) {
            lanes[i % MU_LANES] += shares[i];
        }
    }
    for (size_t i = 0; i < n; i++) {
        lanes[0] += mu_fast_exp(values[i] - most);
    }
    return mu_sum_of_lanes(lanes);
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
        result[f] = scale + log(fmax(sum, TINY));
    }
}

/* ---- drawing ---- */

double mu_parzen_points_share(const struct mu_parzen *parzen) {
    return parzen->running[parzen->n - 1] / total_weight(parzen);
}

size_t mu_parzen_pick_point(const struct mu_parzen *parzen, struct mu_stream *stream) {
    size_t low = parzen->n > 1;
    size_t high = parzen->n - 1;
    double u = mu_uniform(stream) * parzen->running[high];
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (parzen->running[middle] > u) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

static double draw_category(struct mu_parzen *z, size_t k, size_t a, struct mu_stream *stream) {
    uint64_t levels = z->space->frame.levels[a];
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

static double draw_ladder(const struct mu_parzen_space *space, size_t a, double mean,
    double curvature, struct mu_stream *stream) {
    double running[MU_PARZEN_LEVELS];
    double sum = 0;
    size_t levels = space->frame.levels[a];
    for (size_t k = 0; k < levels; k++) {
        double d = space->centres[a][k] - mean;
        sum += space->shares[a][k] * mu_fast_exp(-d * d * curvature);
        running[k] = sum;
    }
    double u = mu_uniform(stream) * sum;
    size_t k = 0;
    while (k + 1 < levels && running[k] < u) {
        k++;
    }
    return space->centres[a][k];
}

double mu_parzen_curvature(const struct mu_parzen *parzen, size_t k, size_t axis) {
    const struct mu_parzen_axis *on = &parzen->on[axis];
    return k == 0 ? on->prior.curvature : on->curvature ? on->curvature[k] : on->usual.curvature;
}

double mu_parzen_draw(struct mu_parzen *parzen, size_t k, size_t axis, struct mu_stream *stream) {
    const struct mu_frame *frame = &parzen->space->frame;
    if (frame->category[axis]) {
        settle(parzen);
        return draw_category(parzen, k, axis, stream);
    }
    double mean = parzen->on[axis].position[k];
    double curvature = mu_parzen_curvature(parzen, k, axis);
    double sigma = sqrt(0.5 / curvature);
    if (is_ladder(parzen->space, axis)) {
        return draw_ladder(parzen->space, axis, mean, curvature, stream);
    }
    double low = mu_normal_cdf(-mean / sigma);
    double high = mu_normal_cdf((1 - mean) / sigma);
    double at = mean + sigma * mu_normal_quantile(low + mu_uniform(stream) * (high - low));
    at = fmin(1, fmax(0, at));
    const struct mu_parameter *parameter = mu_frame_parameter(frame, axis);
    return parameter->levels ? mu_parameter_unit(parameter, mu_parameter_at(parameter, at)) : at;
}
