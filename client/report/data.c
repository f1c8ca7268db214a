#include "client/report/data.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "client/report/contour.h"
#include "client/report/curve.h"
#include "client/report/front.h"
#include "client/report/importance.h"
#include "client/report/tail.h"
#include "client/run/clock.h"
#include "client/text/json.h"

static void field(FILE *out, const char *name, const char *value) {
    fprintf(out, "\"%s\": ", name);
    cl_json_string(out, value);
    fputs(", ", out);
}

static void write_parameters(
    const struct cl_run *run, const struct mu_effects *effects, FILE *out) {
    fputs("\"parameters\": [", out);
    for (size_t i = 0; i < run->e->n_parameters; i++) {
        const struct mu_parameter_text *p = &run->e->parameters[i];
        fputs(i ? ", {" : "{", out);
        field(out, "name", p->name);
        fprintf(out, "\"numeric\": %s, \"log\": %s, \"list\": [",
            mu_parameter_is_choice(p) ? "false" : "true",
            p->distribution == MU_LOG_UNIFORM || p->distribution == MU_LOG_NORMAL ? "true"
                                                                                  : "false");
        for (size_t k = 0; k < p->n_list; k++) {
            fputs(k ? ", " : "", out);
            cl_json_string(out, p->list[k]);
        }
        fputs("], ", out);
        field(out, "min", p->n_list || !p->min ? "" : p->min);
        field(out, "max", p->n_list || !p->max ? "" : p->max);
        cl_importance_write_parameter(effects, i, out);
        fputs("}", out);
    }
    fputs("], ", out);
}

/* What the parameters are, and what they matter. */
static void write_effects(const struct cl_run *run, FILE *out) {
    struct mu_arena *arena = mu_arena_create(SIZE_MAX / 4);
    const struct mu_effects *effects = cl_importance_of(run, arena);
    write_parameters(run, effects, out);
    fputs("\"importance\": ", out);
    cl_importance_write(run, effects, out);
    fputs(", \"contours\": ", out);
    cl_contour_write(run, effects, out);
    fputs(", ", out);
    mu_arena_destroy(arena);
}

/* A member that is a number, null when it is none. */
static void number(FILE *out, const char *name, double value) {
    fprintf(out, "\"%s\": ", name);
    cl_json_number(out, value);
    fputs(", ", out);
}

/* |total| shared among |n|, within bounds. */
static size_t share(size_t total, size_t n, size_t least, size_t most) {
    size_t each = total / (n ? n : 1);
    return each < least ? least : each > most ? most : each;
}

static void write_curve(const struct cl_run *run, const struct cl_trial *t, FILE *out) {
    size_t kept[CL_DATA_POINTS_MOST];
    size_t most = share(CL_DATA_POINTS, run->n_trials, CL_DATA_POINTS_LEAST, CL_DATA_POINTS_MOST);
    size_t n = cl_curve_thin(t->objective, t->n_objective, most, kept);
    fputs("\"curve\": [", out);
    for (size_t k = 0; k < n; k++) {
        fprintf(out, "%s%.7g", k ? ", " : "", t->objective[kept[k]]);
    }
    fputs("], ", out);
    if (n < t->n_objective) {
        fputs("\"at\": [", out);
        for (size_t k = 0; k < n; k++) {
            fprintf(out, "%s%zu", k ? ", " : "", kept[k] + 1);
        }
        fputs("], ", out);
    }
}

/* The texts of the metrics: those that count, or the |latest|. */
static void write_metrics(
    const struct cl_run *run, const struct cl_trial *t, bool latest, FILE *out) {
    fprintf(out, "\"%s\": [", latest ? "latest" : "metrics");
    for (size_t m = 0; m < run->e->n_metrics; m++) {
        const char *text = latest ? cl_metric_summary_value(&t->summaries[m], CL_STRATEGY_LATEST)
                                  : cl_trial_value(t, run->e, m);
        fputs(m ? ", " : "", out);
        cl_json_string(out, text ? text : "");
    }
    fputs("], ", out);
}

static void write_log(const struct cl_run *run, const struct cl_trial *t, FILE *out) {
    size_t most = share(CL_DATA_LOGS, run->n_trials, 0, CL_DATA_LOG_MOST);
    struct mu_arena_mark mark = mu_arena_mark(run->arena);
    const char *path = mu_arena_format(run->arena, "%s/log", cl_run_folder(run, t));
    fputs("\"log\": ", out);
    cl_json_string(out, cl_tail(path, most, run->arena));
    mu_arena_release(run->arena, mark);
}

static void write_times(const struct cl_run *run, const struct cl_trial *t, FILE *out) {
    bool begun = t->begun > 0;
    bool over = begun && cl_trial_over(t);
    number(out, "begin", begun ? t->begun - run->begun : (double)NAN);
    number(out, "end", over ? t->ended - run->begun : (double)NAN);
    number(out, "seconds", over ? t->ended - t->begun : (double)NAN);
}

static void write_trial(const struct cl_run *run, const struct cl_trial *t, FILE *out) {
    double value;
    fputs("{", out);
    field(out, "name", t->name);
    field(out, "condition", cl_condition_name(t->condition));
    field(out, "why", t->why);
    field(out, "started", t->started);
    write_times(run, t, out);
    number(out, "attempt", t->attempt);
    number(out, "objective", cl_trial_objective(t, run->e, &value) ? value : (double)NAN);
    write_metrics(run, t, false, out);
    write_metrics(run, t, true, out);
    fputs("\"assignments\": ", out);
    cl_json_pairs(out, t->assignments, t->n_assignments);
    fputs(", ", out);
    write_curve(run, t, out);
    write_log(run, t, out);
    fputs("}", out);
}

static void write_state(const struct cl_run *run, FILE *out) {
    const struct cl_run_result *result = &run->result;
    bool finished = result->finished;
    field(out, "started", run->started);
    field(out, "ended", finished ? result->time : "");
    number(out, "elapsed", (finished ? cl_clock_read(result->time) : cl_clock_now()) - run->begun);
    field(out, "reason", finished ? result->reason : run->runner ? "Running" : "Interrupted");
    field(out, "message",
        finished      ? cl_run_message(run)
        : run->runner ? "Not finished: it is running"
                      : "Not finished: continue with mushir run --resume");
    fprintf(out, "\"good\": %s, ", cl_run_succeeded(run) ? "true" : "false");
}

/* The parameter that hyperband's setting names. */
static const char *resource_of(const struct cl_experiment *e) {
    const char *name = mu_pairs_find(e->settings, e->n_settings, "resource_name");
    for (size_t i = 0; name && i < e->n_parameters; i++) {
        if (!strcmp(e->parameters[i].name, name)) {
            return name;
        }
    }
    return NULL;
}

static void write_experiment(const struct cl_experiment *e, FILE *out) {
    const char *resource = resource_of(e);
    field(out, "experiment", e->name);
    field(out, "algorithm", e->algorithm);
    fprintf(out, "\"maximize\": %s, ", e->maximize ? "true" : "false");
    number(out, "goal", e->has_goal ? e->goal : (double)NAN);
    fputs("\"resource\": ", out);
    if (resource) {
        cl_json_string(out, resource);
    }
    fputs(resource ? ", \"metrics\": [" : "null, \"metrics\": [", out);
    for (size_t m = 0; m < e->n_metrics; m++) {
        fputs(m ? ", {" : "{", out);
        field(out, "name", e->metrics[m].name);
        fputs("\"strategy\": ", out);
        cl_json_string(out, cl_strategy_name(e->metrics[m].strategy));
        fputs("}", out);
    }
    fputs("], ", out);
}

/* The objectives' metrics and the front's trials; none of either where there is one objective. */
static void write_front(const struct cl_run *run, FILE *out) {
    struct cl_front front = {.n = 0};
    bool several = cl_front_of(run, &front);
    fputs("\"objectives\": [", out);
    for (size_t k = 0; several && k < front.outcomes.n_objectives; k++) {
        fputs(k ? ", " : "", out);
        cl_json_string(out, front.outcomes.list[k].name);
    }
    fputs("], \"front\": [", out);
    for (size_t i = 0; several && i < front.n; i++) {
        fputs(i ? ", " : "", out);
        cl_json_string(out, front.trials[i]->name);
    }
    fputs("], ", out);
}

void cl_data_write(const struct cl_run *run, FILE *out) {
    const struct cl_trial *best = cl_trial_best(run->trials, run->n_trials, run->e);
    fputs("{", out);
    write_experiment(run->e, out);
    write_state(run, out);
    field(out, "best", best ? best->name : "");
    write_front(run, out);
    write_effects(run, out);
    fputs("\"trials\": [", out);
    for (size_t i = 0; i < run->n_trials; i++) {
        fputs(i ? ",\n" : "\n", out);
        write_trial(run, run->trials[i], out);
    }
    fputs("]}", out);
}
