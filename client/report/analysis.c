#include "client/report/analysis.h"

#include "client/report/importance.h"
#include "client/text/json.h"
#include "client/text/visible.h"
#include "common/model/forecast.h"

/* What a model expects of the point that it expects to be best. */
struct expectation {
    const struct mu_pair *assignments; /* NULL: there is no model */
    size_t n;
    double mean, deviation;
};

static struct expectation expect(const struct cl_run *run, struct mu_arena *arena) {
    const struct mu_wire_suggestions *in = cl_importance_read(run, arena);
    struct mu_forecast *forecast =
        in ? mu_forecast_of(&in->experiment.space, &in->history, 0, arena) : NULL;
    if (!forecast) {
        return (struct expectation){0};
    }
    const struct mu_space *space = &in->experiment.space;
    double *x = MU_ARRAY(arena, space->n, double);
    mu_forecast_best(forecast, x);
    struct expectation result = {.assignments = mu_space_print(space, x, arena), .n = space->n};
    result.mean = mu_forecast_at(forecast, x, &result.deviation);
    result.mean = run->e->maximize ? -result.mean : result.mean;
    return result;
}

/* ---- for people ---- */

static int widest(const struct cl_run *run) {
    size_t most = sizeof "parameter" - 1;
    for (size_t i = 0; i < run->e->n_parameters; i++) {
        size_t width = cl_visible_width(run->e->parameters[i].name);
        most = width > most ? width : most;
    }
    return (int)most;
}

static void name(FILE *out, const char *text, int wide) {
    cl_visible_write(out, text);
    fprintf(out, "%*s", wide - (int)cl_visible_width(text), "");
}

static void print_parameters(
    const struct cl_run *run, const struct mu_effects *effects, FILE *out) {
    int wide = widest(run);
    name(out, "parameter", wide);
    fputs("   alone  error   among the good\n", out);
    for (size_t i = 0; i < run->e->n_parameters; i++) {
        const struct mu_effect *of = &effects->of[i];
        name(out, run->e->parameters[i].name, wide);
        fprintf(out, "  %4.1f %%   %4.1f  %13.1f %%\n", 100 * of->share, 100 * of->error,
            100 * of->good);
    }
}

static void print_pairs(const struct cl_run *run, const struct mu_effects *effects, FILE *out) {
    const double least = 0.005; /* below it 0.0 % or 0.4 % says nothing */
    for (size_t i = 0; i < effects->n_pairs && effects->pairs[i].share >= least; i++) {
        const struct mu_interaction *pair = &effects->pairs[i];
        fputs(i ? "" : "\ntogether, beyond what each does alone\n", out);
        fprintf(out, "  %4.1f %%  ", 100 * pair->share);
        cl_visible_line(
            out, "%s, %s", run->e->parameters[pair->a].name, run->e->parameters[pair->b].name);
    }
}

static void print_assignments(const struct mu_pair *pairs, size_t n, FILE *out) {
    for (size_t i = 0; i < n; i++) {
        fputs("  ", out);
        cl_visible_line(out, "%s=%s", pairs[i].name, pairs[i].value);
    }
}

static void print_best(const struct cl_run *run, FILE *out, struct mu_arena *arena) {
    const struct cl_trial *best = cl_trial_best(run->trials, run->n_trials, run->e);
    const struct expectation expected = expect(run, arena);
    if (best) {
        cl_visible_line(out, "best trial: %s, %s %s", best->name, run->e->metrics[0].name,
            cl_trial_value(best, run->e, 0));
        print_assignments(best->assignments, best->n_assignments, out);
    }
    if (expected.assignments) {
        cl_visible_line(out, "expected to be best: %s %.6g, deviation %.2g",
            run->e->metrics[0].name, expected.mean, expected.deviation);
        print_assignments(expected.assignments, expected.n, out);
    }
}

bool cl_analysis_print(const struct cl_run *run, FILE *out) {
    struct mu_arena *arena = mu_arena_create(SIZE_MAX / 4);
    const struct mu_effects *effects = cl_importance_of(run, arena);
    const char *metric = run->e->metrics[0].name;
    if (effects) {
        cl_visible_line(out, "%zu trials have a value of %s%s", effects->observed, metric,
            effects->observed < MU_EFFECTS_SURE ? ": what they say of importance is a guess" : "");
        fputs("\nshare of its variance over the whole space\n", out);
        print_parameters(run, effects, out);
        print_pairs(run, effects, out);
        fputc('\n', out);
        print_best(run, out, arena);
    } else {
        cl_visible_line(stderr, "mushir: the trials say nothing of %s yet", metric);
    }
    mu_arena_destroy(arena);
    return effects != NULL;
}

/* ---- for scripts ---- */

static void write_parameters(
    const struct cl_run *run, const struct mu_effects *effects, FILE *out) {
    fputs("\"parameters\": [", out);
    for (size_t i = 0; i < run->e->n_parameters; i++) {
        fputs(i ? ", {\"name\": " : "{\"name\": ", out);
        cl_json_string(out, run->e->parameters[i].name);
        fputs(", ", out);
        cl_importance_write_parameter(effects, i, out);
        fputs("}", out);
    }
    fputs("], ", out);
}

static void write_best(const struct cl_run *run, FILE *out) {
    const struct cl_trial *best = cl_trial_best(run->trials, run->n_trials, run->e);
    fputs("\"best\": ", out);
    if (!best) {
        fputs("null", out);
        return;
    }
    fputs("{\"trial\": ", out);
    cl_json_string(out, best->name);
    fputs(", \"value\": ", out);
    cl_json_string(out, cl_trial_value(best, run->e, 0));
    fputs(", \"assignments\": ", out);
    cl_json_pairs(out, best->assignments, best->n_assignments);
    fputs("}", out);
}

static void write_expected(const struct cl_run *run, FILE *out, struct mu_arena *arena) {
    const struct expectation expected = expect(run, arena);
    fputs(", \"expected\": ", out);
    if (!expected.assignments) {
        fputs("null", out);
        return;
    }
    fputs("{\"assignments\": ", out);
    cl_json_pairs(out, expected.assignments, expected.n);
    fputs(", \"mean\": ", out);
    cl_json_number(out, expected.mean);
    fputs(", \"deviation\": ", out);
    cl_json_number(out, expected.deviation);
    fputs("}", out);
}

void cl_analysis_write(const struct cl_run *run, FILE *out) {
    struct mu_arena *arena = mu_arena_create(SIZE_MAX / 4);
    const struct mu_effects *effects = cl_importance_of(run, arena);
    fputs("{\"metric\": ", out);
    cl_json_string(out, run->e->metrics[0].name);
    fputs(", ", out);
    write_parameters(run, effects, out);
    fputs("\"importance\": ", out);
    cl_importance_write(run, effects, out);
    fputs(", ", out);
    write_best(run, out);
    write_expected(run, out, arena);
    fputs("}\n", out);
    mu_arena_destroy(arena);
}
