#include "services/cmaes/run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/num/linalg.h"
#include "common/num/normal.h"
#include "common/num/stream.h"
#include "services/cmaes/margin.h"

/* When a run has converged. A hundred-thousandth of the range is fine enough for any
 * hyperparameter; the other two are the reference's. */
static const double TOLERANCE_X = 1e-5;
static const double TOLERANCE_LOSS = 1e-12;
static const double TOLERANCE_CONDITION = 1e14;

static bool by_category(const struct mu_parameter *p) {
    return p->levels && (!p->ordered || p->levels == 2);
}

void mu_cma_frame_of(struct mu_cma_frame *f, const struct mu_space *space, struct mu_arena *arena) {
    size_t *normal = MU_ARRAY(arena, space->n, size_t);
    size_t *categories = MU_ARRAY(arena, space->n, size_t);
    size_t *sizes = MU_ARRAY(arena, space->n, size_t);
    *f = (struct mu_cma_frame){
        .space = space, .normal = normal, .categories = categories, .sizes = sizes};
    for (size_t i = 0; i < space->n; i++) {
        const struct mu_parameter *p = &space->parameters[i];
        if (p->levels == 1) {
            continue;
        }
        if (by_category(p)) {
            sizes[f->n_categories] = (size_t)p->levels;
            categories[f->n_categories++] = i;
        } else {
            f->n_grids += p->levels > 0;
            normal[f->n_normal++] = i;
        }
    }
}

struct mu_cma_run *mu_cma_run_of(const struct mu_cma_frame *frame, size_t lambda,
    const double *mean, double sigma, size_t most, struct mu_arena *arena) {
    size_t n = frame->n_normal;
    struct mu_cma_run *run = MU_NEW(arena, struct mu_cma_run);
    *run = (struct mu_cma_run){.frame = frame,
        .lambda = lambda,
        .best = MU_ARRAY(arena, most, double),
        .y = MU_ARRAY(arena, lambda * n, double),
        .precision = MU_ARRAY(arena, frame->n_grids ? n * n : 0, double),
        .rows = MU_ARRAY(arena, lambda * frame->n_categories, size_t),
        .shares = MU_ARRAY(arena, lambda, double),
        .individuals = MU_ARRAY(arena, lambda, struct mu_individual),
        .arena = arena};
    mu_gaussian_init(&run->gaussian, n, lambda, mean, sigma, arena);
    mu_categories_init(&run->categories, frame->sizes, frame->n_categories, arena);
    return run;
}

static const struct mu_parameter *normal_parameter(const struct mu_cma_run *run, size_t j) {
    return &run->frame->space->parameters[run->frame->normal[j]];
}

/* ---- from a trial to y ---- */

/* A standard normal draw between |low| and |high|, which |u| in (0, 1) picks. */
static double truncated_normal(double low, double high, double u) {
    if (low > 0) {
        return -truncated_normal(-high, -low, 1 - u);
    }
    double from = mu_normal_cdf(low);
    double z = mu_normal_quantile(from + u * (mu_normal_cdf(high) - from));
    return fmin(high, fmax(low, z));
}

static void invert_covariance(struct mu_cma_run *run) {
    const struct mu_gaussian *g = &run->gaussian;
    size_t n = g->rates.n;
    memset(run->precision, 0, n * n * sizeof *run->precision);
    for (size_t k = 0; k < n; k++) {
        const double *axis = g->axes + k * n;
        for (size_t i = 0; i < n; i++) {
            for (size_t j = 0; j < n; j++) {
                run->precision[i * n + j] += axis[i] * axis[j] / (g->lengths[k] * g->lengths[k]);
            }
        }
    }
}

/* Where coordinate |j| of y may lie for the cell of level |level|. */
static void cell_of(
    const struct mu_cma_run *run, size_t j, double level, double *low, double *high) {
    const struct mu_gaussian *g = &run->gaussian;
    const struct mu_parameter *p = normal_parameter(run, j);
    double unit = g->sigma * g->scale[j];
    uint64_t k = (uint64_t)level;
    *low = k == 0 ? -HUGE_VAL : (mu_parameter_edge(p, k) - g->mean[j]) / unit;
    *high = k + 1 == p->levels ? HUGE_VAL : (mu_parameter_edge(p, k + 1) - g->mean[j]) / unit;
}

/* Draw the grids' coordinates of |y| inside their cells, given the others: Gibbs sampling from the
 * law that the raw coordinate has when only its level is known. */
static void draw_raw(struct mu_cma_run *run, const double *x, struct mu_stream *stream, double *y) {
    enum { SWEEPS = 2 };
    size_t n = run->gaussian.rates.n;
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
        for (size_t j = 0; j < n; j++) {
            if (normal_parameter(run, j)->levels == 0) {
                continue;
            }
            double low;
            double high;
            double peak = run->precision[j * n + j];
            double mean = y[j] - mu_dot(run->precision + j * n, y, n) / peak;
            double deviation = 1 / sqrt(peak);
            cell_of(run, j, x[run->frame->normal[j]], &low, &high);
            double z = truncated_normal(
                (low - mean) / deviation, (high - mean) / deviation, mu_uniform(stream));
            y[j] = fmin(high, fmax(low, mean + deviation * z));
        }
    }
}

/* Injected solutions must not be longer than this in the metric of C (Hansen 2011, eq. 4). */
static void limit_length(struct mu_gaussian *g, double *y) {
    double n = (double)g->rates.n;
    double most = sqrt(n) + 2 * n / (n + 2);
    mu_gaussian_whiten(g, y, g->whitened);
    double length = sqrt(mu_dot(g->whitened, g->whitened, g->rates.n));
    for (size_t j = 0; length > most && j < g->rates.n; j++) {
        y[j] *= most / length;
    }
}

static void read_trial(
    struct mu_cma_run *run, const struct mu_trial *trial, struct mu_stream *stream, double *y) {
    struct mu_gaussian *g = &run->gaussian;
    for (size_t j = 0; j < g->rates.n; j++) {
        double u = mu_parameter_unit(normal_parameter(run, j), trial->x[run->frame->normal[j]]);
        y[j] = (u - g->mean[j]) / (g->sigma * g->scale[j]);
    }
    if (run->frame->n_grids) {
        draw_raw(run, trial->x, stream, y);
    }
    limit_length(g, y);
}

/* ---- a generation ---- */

static int compare(const struct mu_trial *a, const struct mu_trial *b) {
    bool a_failed = a->state == MU_FAILED;
    bool b_failed = b->state == MU_FAILED;
    return a_failed != b_failed ? a_failed - b_failed : (a->loss > b->loss) - (a->loss < b->loss);
}

/* Stable, so that equals stay in canonical order. */
static void sort(const struct mu_trial **trials, size_t n) {
    for (size_t i = 1; i < n; i++) {
        const struct mu_trial *t = trials[i];
        size_t k = i;
        for (; k > 0 && compare(trials[k - 1], t) > 0; k--) {
            trials[k] = trials[k - 1];
        }
        trials[k] = t;
    }
}

/* The weights of the ranks; equals share theirs. */
static void weigh(struct mu_cma_run *run, const struct mu_trial **trials) {
    const double *w = run->gaussian.rates.weights;
    for (size_t from = 0, to; from < run->lambda; from = to) {
        double share = 0;
        double weight = 0;
        for (to = from; to < run->lambda && compare(trials[from], trials[to]) == 0; to++) {
            share += fmax(0, w[to]);
            weight += w[to];
        }
        for (size_t i = from; i < to; i++) {
            run->shares[i] = share / (double)(to - from);
            run->individuals[i] = (struct mu_individual){
                run->y + i * run->frame->n_normal, run->shares[i], weight / (double)(to - from)};
        }
    }
}

static void correct_margins(struct mu_cma_run *run) {
    struct mu_gaussian *g = &run->gaussian;
    size_t n = g->rates.n;
    double margin = 1 / (double)(n * run->lambda);
    for (size_t j = 0; j < n; j++) {
        const struct mu_parameter *p = normal_parameter(run, j);
        if (p->levels == 0) {
            continue;
        }
        uint64_t level = (uint64_t)mu_parameter_at(p, g->mean[j]);
        uint64_t below = level == 0 ? 1 : level;
        uint64_t above = level + 1 == p->levels ? level : level + 1;
        struct mu_marginal m = {g->mean[j], g->scale[j], g->sigma * sqrt(g->covariance[j * n + j])};
        mu_margin_correct(&m, mu_parameter_edge(p, below), mu_parameter_edge(p, above), margin);
        g->mean[j] = m.mean;
        g->scale[j] = m.scale;
    }
}

void mu_cma_run_learn(struct mu_cma_run *run, const struct mu_trial **trials, uint64_t seed) {
    const struct mu_cma_frame *f = run->frame;
    struct mu_stream stream;
    sort(trials, run->lambda);
    run->best[run->generations++] = trials[0]->state == MU_FAILED ? HUGE_VAL : trials[0]->loss;
    if (run->broken || compare(trials[0], trials[run->lambda - 1]) == 0) {
        return;
    }
    mu_stream_init(&stream, seed, run->generations, "raw coordinates");
    if (f->n_grids) {
        invert_covariance(run);
    }
    for (size_t i = 0; i < run->lambda; i++) {
        read_trial(run, trials[i], &stream, run->y + i * f->n_normal);
        for (size_t k = 0; k < f->n_categories; k++) {
            run->rows[i * f->n_categories + k] = (size_t)trials[i]->x[f->categories[k]];
        }
    }
    weigh(run, trials);
    if (f->n_normal) {
        run->broken = !mu_gaussian_update(&run->gaussian, run->individuals);
    }
    if (f->n_grids && !run->broken) {
        correct_margins(run);
    }
    if (f->n_categories) {
        mu_categories_update(&run->categories, run->rows, run->shares, run->lambda);
    }
}

/* ---- what a run is asked ---- */

static bool stagnates(const struct mu_cma_run *run) {
    double lambda = (double)run->lambda;
    size_t latest = 10 + (size_t)ceil(30 * (double)run->frame->n_normal / lambda);
    if (run->generations < latest) {
        return false;
    }
    const double *best = run->best + run->generations - latest;
    double low = best[0];
    double high = best[0];
    for (size_t i = 1; i < latest; i++) {
        low = fmin(low, best[i]);
        high = fmax(high, best[i]);
    }
    return high - low <= TOLERANCE_LOSS * fmax(1, fabs(low));
}

static bool converged(const struct mu_cma_run *run) {
    const struct mu_gaussian *g = &run->gaussian;
    size_t n = g->rates.n;
    bool continuous = false;
    for (size_t j = 0; j < n; j++) {
        bool free = normal_parameter(run, j)->levels == 0;
        if (free && g->sigma * sqrt(g->covariance[j * n + j]) > TOLERANCE_X) {
            return false;
        }
        continuous = continuous || free;
    }
    return continuous;
}

bool mu_cma_run_ended(const struct mu_cma_run *run) {
    const struct mu_gaussian *g = &run->gaussian;
    size_t n = g->rates.n;
    if (run->broken || stagnates(run) || converged(run)) {
        return true;
    }
    return n > 0 && pow(g->lengths[n - 1] / g->lengths[0], 2) > TOLERANCE_CONDITION;
}

double mu_cma_run_density(const struct mu_cma_run *run, const double *x) {
    const struct mu_gaussian *g = &run->gaussian;
    double log_volume = 0;
    for (size_t j = 0; j < g->rates.n; j++) {
        double u = mu_parameter_unit(normal_parameter(run, j), x[run->frame->normal[j]]);
        g->step[j] = (u - g->mean[j]) / (g->sigma * g->scale[j]);
        log_volume += log(g->sigma * g->scale[j] * g->lengths[j]);
    }
    mu_gaussian_whiten(g, g->step, g->whitened);
    return -0.5 * mu_dot(g->whitened, g->whitened, g->rates.n) - log_volume;
}

bool mu_cma_run_draw(const struct mu_cma_run *run, const double *u, double *x) {
    const struct mu_cma_frame *f = run->frame;
    const struct mu_gaussian *g = &run->gaussian;
    bool inside = true;
    for (size_t j = 0; j < f->n_normal; j++) {
        g->whitened[j] = mu_normal_quantile(u[j]);
    }
    mu_gaussian_shape(g, g->whitened, g->step);
    for (size_t i = 0; i < f->space->n; i++) {
        x[i] = 0;
    }
    for (size_t j = 0; j < f->n_normal; j++) {
        const struct mu_parameter *p = normal_parameter(run, j);
        double at = g->mean[j] + g->sigma * g->scale[j] * g->step[j];
        inside = inside && (p->levels || (at >= 0 && at <= 1));
        x[f->normal[j]] = mu_parameter_at(p, at);
    }
    for (size_t k = 0; k < f->n_categories; k++) {
        x[f->categories[k]] = (double)mu_categories_at(&run->categories, k, u[f->n_normal + k]);
    }
    return inside;
}
