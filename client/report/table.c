#include "client/report/table.h"

#include <string.h>

/* A field of a line (RFC 4180), quoted where it must be. A text that a spreadsheet would compute
 * stays a text: "=", "@" and signs before what is no number get an apostrophe. */
static void cell(FILE *out, const char *text) {
    double number;
    bool formula = *text && strchr("=@+-\t\r", *text) && !mu_read_double(text, &number);
    if (!formula && !text[strcspn(text, "\",\r\n")]) {
        fputs(text, out);
        return;
    }
    fputs(formula ? "\"'" : "\"", out);
    for (; *text; text++) {
        fputs(*text == '"' ? "\"" : "", out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void next(FILE *out, const char *text) {
    fputc(',', out);
    cell(out, text ? text : "");
}

static void head(const struct cl_run *run, FILE *out) {
    fputs("trial,condition,started,completed,attempt", out);
    for (size_t m = 0; m < run->e->n_metrics; m++) {
        next(out, run->e->metrics[m].name);
    }
    for (size_t i = 0; i < run->e->n_parameters; i++) {
        next(out, run->e->parameters[i].name);
    }
    fputs("\r\n", out);
}

static void row(const struct cl_run *run, const struct cl_trial *trial, FILE *out) {
    cell(out, trial->name);
    next(out, cl_condition_name(trial->condition));
    next(out, trial->started);
    next(out, trial->completed);
    fprintf(out, ",%d", trial->attempt);
    for (size_t m = 0; m < run->e->n_metrics; m++) {
        next(out, cl_trial_value(trial, run->e, m));
    }
    for (size_t i = 0; i < run->e->n_parameters; i++) {
        next(out,
            mu_pairs_find(trial->assignments, trial->n_assignments, run->e->parameters[i].name));
    }
    fputs("\r\n", out);
}

void cl_table_write(const struct cl_run *run, FILE *out) {
    head(run, out);
    for (size_t i = 0; i < run->n_trials; i++) {
        row(run, run->trials[i], out);
    }
}
