#include "client/report/report.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/report/importance.h"
#include "client/text/json.h"

/* client/report/report.html, embedded by the build. */
extern const char cl_report_page[], cl_report_page_end[];

static void field(FILE *out, const char *name, const char *value) {
    fprintf(out, "\"%s\": ", name);
    cl_json_string(out, value);
    fputs(", ", out);
}

static const char *assigned(const struct cl_trial *trial, const char *name) {
    for (size_t i = 0; i < trial->n_assignments; i++) {
        if (!strcmp(trial->assignments[i].name, name)) {
            return trial->assignments[i].value;
        }
    }
    return NULL;
}

/* Position of a value for ordering: the number, or the index in the list. NAN when it is neither.
 */
static double position(const struct mu_parameter_text *p, const char *value) {
    double number;
    bool choice = mu_parameter_is_choice(p);
    for (size_t i = 0; i < p->n_list && choice && value; i++) {
        if (!strcmp(p->list[i], value)) {
            return (double)i;
        }
    }
    return value && !choice && mu_read_double(value, &number) ? number : (double)NAN;
}

static double parameter_importance(const struct cl_run *run, const struct mu_parameter_text *p) {
    double *values = calloc(2 * run->n_trials + 1, sizeof *values);
    double *objective = values ? values + run->n_trials : NULL;
    double share = 0;
    size_t n = 0;
    for (size_t i = 0; values && i < run->n_trials; i++) {
        double value = position(p, assigned(run->trials[i], p->name));
        if (isfinite(value) && cl_trial_objective(run->trials[i], run->e, &objective[n])) {
            values[n++] = value;
        }
    }
    share = values ? cl_importance(values, objective, n) : 0;
    free(values);
    return share;
}

static void write_parameters(const struct cl_run *run, FILE *out) {
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
        fputs("], \"importance\": ", out);
        cl_json_number(out, parameter_importance(run, p));
        fputs("}", out);
    }
    fputs("], ", out);
}

static void write_trial(const struct cl_run *run, const struct cl_trial *t, FILE *out) {
    double value;
    fputs("{", out);
    field(out, "name", t->name);
    field(out, "condition", cl_condition_name(t->condition));
    field(out, "why", t->why);
    field(out, "started", t->started);
    fputs("\"seconds\": ", out);
    cl_json_number(out, cl_trial_over(t) ? t->ended - t->begun : (double)NAN);
    fprintf(out, ", \"attempt\": %d, \"objective\": ", t->attempt);
    cl_json_number(out, cl_trial_objective(t, run->e, &value) ? value : (double)NAN);
    fputs(", \"metrics\": [", out);
    for (size_t m = 0; m < run->e->n_metrics; m++) {
        const char *text = cl_trial_value(t, run->e, m);
        fputs(m ? ", " : "", out);
        cl_json_string(out, text ? text : "");
    }
    fputs("], \"assignments\": ", out);
    cl_json_pairs(out, t->assignments, t->n_assignments);
    fputs(", \"curve\": [", out);
    size_t step = t->n_objective / 500 + 1; /* long curves are thinned */
    for (size_t k = 0; k < t->n_objective; k += step) {
        fputs(k ? ", " : "", out);
        cl_json_number(out, t->objective[k]);
    }
    fputs("]}", out);
}

static void write_data(const struct cl_run *run, FILE *out) {
    const struct cl_trial *best = cl_trial_best(run->trials, run->n_trials, run->e);
    fputs("{", out);
    field(out, "experiment", run->e->name);
    field(out, "algorithm", run->e->algorithm);
    field(out, "started", run->started);
    field(out, "ended", run->result.finished ? run->result.time : "");
    field(out, "reason", run->result.finished ? run->result.reason : "Interrupted");
    field(out, "message",
        run->result.finished ? run->result.message
                             : "Not finished: continue with mushir run --resume");
    field(out, "best", best ? best->name : "");
    fprintf(out, "\"good\": %s, \"maximize\": %s, \"goal\": ", run->result.good ? "true" : "false",
        run->e->maximize ? "true" : "false");
    cl_json_number(out, run->e->has_goal ? run->e->goal : (double)NAN);
    fputs(", \"metrics\": [", out);
    for (size_t m = 0; m < run->e->n_metrics; m++) {
        fputs(m ? ", " : "", out);
        cl_json_string(out, run->e->metrics[m].name);
    }
    fputs("], ", out);
    write_parameters(run, out);
    fputs("\"trials\": [", out);
    for (size_t i = 0; i < run->n_trials; i++) {
        fputs(i ? ",\n" : "\n", out);
        write_trial(run, run->trials[i], out);
    }
    fputs("]}", out);
}

enum mu_status cl_report_write(const struct cl_run *run, const char *path, struct mu_error *error) {
    static const char mark[] = "/*DATA*/";
    const char *temporary = mu_arena_format(run->arena, "%s.new", path);
    const char *at =
        memmem(cl_report_page, (size_t)(cl_report_page_end - cl_report_page), mark, strlen(mark));
    FILE *out = fopen(temporary, "w");
    if (!out || !at) {
        if (out) {
            fclose(out);
        }
        return mu_fail(error, MU_INTERNAL, "%s: %s", temporary, strerror(errno));
    }
    fwrite(cl_report_page, 1, (size_t)(at - cl_report_page), out);
    write_data(run, out);
    at += strlen(mark);
    fwrite(at, 1, (size_t)(cl_report_page_end - at), out);
    bool good = !ferror(out);
    good = !fclose(out) && good && !rename(temporary, path);
    return good ? MU_OK : mu_fail(error, MU_INTERNAL, "%s: %s", path, strerror(errno));
}
