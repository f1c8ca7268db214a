#include "client/report/contour.h"

#include <math.h>
#include <string.h>

#include "client/text/json.h"
#include "common/model/surrogate.h"
#include "common/num/moments.h"

/* Objectives that span more are modelled by their logarithms. */
static const double WIDE = 30;

struct study {
    const struct cl_run *run;
    struct mu_arena *arena;
    struct mu_space space;
    struct mu_frame frame;
    size_t n;
    const double **u; /* n points, that of the best trial first */
    double *values;   /* n: losses, or their logarithms */
    bool log;
};

struct pair {
    size_t a, b; /* parameters */
    double share;
};

/* ---- trials ---- */

static bool read_point(const struct study *s, const struct cl_trial *trial, double *u) {
    double *x = MU_ARRAY(s->arena, s->space.n, double);
    for (size_t j = 0; j < s->space.n; j++) {
        const struct mu_parameter *p = &s->space.parameters[j];
        const char *text = mu_pairs_find(trial->assignments, trial->n_assignments, p->name);
        if (!text || !mu_parameter_parse(p, text, &x[j])) {
            return false;
        }
    }
    mu_frame_encode(&s->frame, x, u);
    return true;
}

static void add(struct study *s, const struct cl_trial *trial) {
    double *u = MU_ARRAY(s->arena, s->frame.n, double);
    double value;
    if (cl_trial_objective(trial, s->run->e, &value) && read_point(s, trial, u)) {
        s->u[s->n] = u;
        s->values[s->n++] = value;
    }
}

static bool spans_decades(const double *values, size_t n) {
    double least = HUGE_VAL;
    double most = 0;
    for (size_t i = 0; i < n; i++) {
        least = fmin(least, values[i]);
        most = fmax(most, values[i]);
    }
    return least > 0 && most / least > WIDE;
}

static double objective_of(const struct study *s, double loss) {
    double value = s->run->e->maximize ? -loss : loss;
    return s->log ? exp(value) : value;
}

static void read_trials(struct study *s) {
    const struct cl_run *run = s->run;
    const struct cl_trial *best = cl_trial_best(run->trials, run->n_trials, run->e);
    s->u = MU_ARRAY(s->arena, run->n_trials, const double *);
    s->values = MU_ARRAY(s->arena, run->n_trials, double);
    if (best) {
        add(s, best);
    }
    for (size_t i = 0; i < run->n_trials; i++) {
        if (run->trials[i] != best) {
            add(s, run->trials[i]);
        }
    }
    s->log = spans_decades(s->values, s->n);
    for (size_t i = 0; i < s->n; i++) {
        double value = s->log ? log(s->values[i]) : s->values[i];
        s->values[i] = run->e->maximize ? -value : value;
    }
}

/* Keep trials that lie far from each other, as many as a model takes. */
static void thin(struct study *s) {
    size_t most = mu_surrogate_rows(s->frame.n);
    size_t *chosen = MU_ARRAY(s->arena, s->n, size_t);
    const double **u = MU_ARRAY(s->arena, s->n, const double *);
    double *values = MU_ARRAY(s->arena, s->n, double);
    s->n = mu_farthest(&s->frame, s->u, s->n, most, chosen, s->arena);
    for (size_t i = 0; i < s->n; i++) {
        u[i] = s->u[chosen[i]];
        values[i] = s->values[chosen[i]];
    }
    s->u = u;
    s->values = values;
}

/* ---- how good the model is ---- */

/* The model of the first |n| trials but those of |fold|; NULL when they do not differ. */
static struct mu_surrogate *without(const struct study *s, size_t n, size_t fold) {
    const double **u = MU_ARRAY(s->arena, n, const double *);
    double *values = MU_ARRAY(s->arena, n, double);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (i % CL_CONTOUR_FOLDS != fold) {
            u[kept] = s->u[i];
            values[kept++] = s->values[i];
        }
    }
    const struct mu_surrogate_data data = {.n = kept, .u = u, .values = values};
    return mu_surrogate_of(&s->frame, &data, s->arena);
}

/* NAN when it cannot be told. */
static double explained(const struct study *s) {
    size_t n = s->n < CL_CONTOUR_JUDGED ? s->n : CL_CONTOUR_JUDGED;
    double error = 0;
    for (size_t fold = 0; fold < CL_CONTOUR_FOLDS; fold++) {
        struct mu_surrogate *model = without(s, n, fold);
        for (size_t i = fold; i < n && model; i += CL_CONTOUR_FOLDS) {
            double miss = mu_surrogate_mean(model, s->u[i]) - s->values[i];
            error += miss * miss / (double)n;
        }
        error = model ? error : (double)NAN;
    }
    return 1 - error / mu_variance(s->values, n);
}

/* ---- the grid ---- */

static size_t dimension_of(const struct mu_frame *frame, size_t parameter) {
    size_t j = 0;
    while (j < frame->n && frame->parameter[j] != parameter) {
        j++;
    }
    return j;
}

static size_t side(const struct study *s, size_t j) {
    uint64_t levels = s->frame.levels[j];
    return levels == 0 || levels > CL_CONTOUR_SIDE ? CL_CONTOUR_SIDE : (size_t)levels;
}

static double place(const struct study *s, size_t j, size_t i) {
    return mu_frame_at(&s->frame, j, ((double)i + 0.5) / (double)side(s, j));
}

static void write_side(const struct study *s, const char *name, size_t j, FILE *out) {
    const struct mu_parameter *p = mu_frame_parameter(&s->frame, j);
    double *u = MU_ARRAY(s->arena, s->frame.n, double);
    double *x = MU_ARRAY(s->arena, s->space.n, double);
    memcpy(u, s->u[0], s->frame.n * sizeof *u);
    fprintf(out, "\"%s\": {\"name\": ", name);
    cl_json_string(out, p->name);
    fputs(", \"values\": [", out);
    for (size_t i = 0; i < side(s, j); i++) {
        u[j] = place(s, j, i);
        mu_frame_decode(&s->frame, u, x);
        fputs(i ? ", " : "", out);
        cl_json_string(out, mu_parameter_print(p, x[s->frame.parameter[j]], s->arena));
    }
    fputs("]}, ", out);
}

static void write_numbers(const char *name, const double *values, size_t n, FILE *out) {
    fprintf(out, "\"%s\": [", name);
    for (size_t i = 0; i < n; i++) {
        fputs(i ? ", " : "", out);
        if (isfinite(values[i])) {
            fprintf(out, "%.4g", values[i]);
        } else {
            fputs("null", out);
        }
    }
    fputs("]", out);
}

static void write_pair(
    const struct study *s, struct mu_surrogate *model, const struct pair *pair, FILE *out) {
    double means[CL_CONTOUR_SIDE * CL_CONTOUR_SIDE];
    double sds[CL_CONTOUR_SIDE * CL_CONTOUR_SIDE];
    size_t a = dimension_of(&s->frame, pair->a);
    size_t b = dimension_of(&s->frame, pair->b);
    size_t n = 0;
    double *u = MU_ARRAY(s->arena, s->frame.n, double);
    memcpy(u, s->u[0], s->frame.n * sizeof *u);
    write_side(s, "x", a, out);
    write_side(s, "y", b, out);
    for (size_t k = 0; k < side(s, b); k++) {
        for (size_t i = 0; i < side(s, a); i++, n++) {
            u[a] = place(s, a, i);
            u[b] = place(s, b, k);
            means[n] = objective_of(s, mu_surrogate_predict(model, u, &sds[n]));
            sds[n] = s->log ? exp(sds[n]) : sds[n];
        }
    }
    write_numbers("mean", means, n, out);
    fputs(", ", out);
    write_numbers("sd", sds, n, out);
}

/* ---- which pairs ---- */

/* The pairs that explain most, the first being the largest; returns how many. */
static size_t choose_pairs(const struct mu_effects *effects, struct pair *pairs) {
    size_t n = 0;
    for (size_t i = 0; i < effects->n_pairs; i++) {
        const struct mu_interaction *p = &effects->pairs[i];
        double share = effects->of[p->a].share + effects->of[p->b].share + p->share;
        size_t at = n < CL_CONTOUR_PAIRS ? n++ : CL_CONTOUR_PAIRS;
        for (; at > 0 && pairs[at - 1].share < share; at--) {
            if (at < CL_CONTOUR_PAIRS) {
                pairs[at] = pairs[at - 1];
            }
        }
        if (at < CL_CONTOUR_PAIRS) {
            pairs[at] = (struct pair){p->a, p->b, share};
        }
    }
    return n;
}

/* The model, or NULL when there is none. */
static struct mu_surrogate *model_of(struct study *s) {
    const struct cl_experiment *e = s->run->e;
    struct mu_error error;
    if (mu_space_init(&s->space, e->parameters, e->n_parameters, s->arena, &error) != MU_OK) {
        return NULL;
    }
    s->frame = mu_frame_of(&s->space, s->arena);
    read_trials(s);
    if (s->n == 0) {
        return NULL;
    }
    thin(s);
    return without(s, s->n, CL_CONTOUR_FOLDS);
}

static void write_contours(const struct study *s, struct mu_surrogate *model,
    const struct pair *pairs, size_t n, FILE *out) {
    fprintf(out, "{\"trials\": %zu, \"log\": %s, \"explained\": ", s->n, s->log ? "true" : "false");
    cl_json_number(out, explained(s));
    fputs(", \"pairs\": [", out);
    for (size_t i = 0; i < n; i++) {
        fputs(i ? ", {" : "{", out);
        write_pair(s, model, &pairs[i], out);
        fputs("}", out);
    }
    fputs("]}", out);
}

void cl_contour_write(const struct cl_run *run, const struct mu_effects *effects, FILE *out) {
    struct pair pairs[CL_CONTOUR_PAIRS];
    struct study s = {.run = run, .arena = mu_arena_create(SIZE_MAX / 4)};
    size_t n = effects ? choose_pairs(effects, pairs) : 0;
    struct mu_surrogate *model = n > 0 ? model_of(&s) : NULL;
    if (model) {
        write_contours(&s, model, pairs, n, out);
    } else {
        fputs("null", out);
    }
    mu_arena_destroy(s.arena);
}
