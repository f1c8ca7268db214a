#include "client/report/status.h"

#include "client/report/front.h"
#include "client/text/json.h"

static void text(FILE *out, const char *name, const char *value) {
    fprintf(out, ", \"%s\": ", name);
    cl_json_string(out, value);
}

static void write_counts(const struct cl_run *run, FILE *out) {
    const char *before = "";
    fputs(", \"trials\": {", out);
    for (int c = MU_TRIAL_CREATED; c <= MU_TRIAL_EARLY_STOPPED; c++) {
        size_t n = 0;
        for (size_t i = 0; i < run->n_trials; i++) {
            n += (int)run->trials[i]->condition == c;
        }
        if (n > 0) {
            fprintf(out, "%s\"%s\": %zu", before, cl_condition_name((enum mu_trial_condition)c), n);
            before = ", ";
        }
    }
    fputs("}", out);
}

static void write_best(const struct cl_run *run, FILE *out) {
    const struct cl_trial *best = cl_trial_best(run->trials, run->n_trials, run->e);
    if (best) {
        text(out, "bestTrialName", best->name);
        text(out, "bestValue", cl_trial_value(best, run->e, 0));
        fputs(", \"bestAssignments\": ", out);
        cl_json_pairs(out, best->assignments, best->n_assignments);
    }
}

/* A trial of the front: the texts of its objectives. */
static void write_compromise(const struct cl_run *run, const struct mu_outcomes *outcomes,
    const struct cl_trial *trial, FILE *out) {
    fputs("{\"trialName\": ", out);
    cl_json_string(out, trial->name);
    fputs(", \"values\": {", out);
    for (size_t k = 0; k < outcomes->n_objectives; k++) {
        fputs(k ? ", " : "", out);
        cl_json_string(out, outcomes->list[k].name);
        fputs(": ", out);
        cl_json_string(out, cl_trial_value(trial, run->e, outcomes->list[k].metric));
    }
    fputs("}, \"assignments\": ", out);
    cl_json_pairs(out, trial->assignments, trial->n_assignments);
    fputs("}", out);
}

static void write_front(const struct cl_run *run, FILE *out) {
    struct cl_front front;
    if (!cl_front_of(run, &front)) {
        return;
    }
    fputs(", \"front\": [", out);
    for (size_t i = 0; i < front.n; i++) {
        fputs(i ? ", " : "", out);
        write_compromise(run, &front.outcomes, front.trials[i], out);
    }
    fputs("]", out);
}

void cl_status_write(const struct cl_run *run, FILE *out) {
    const struct cl_run_result *result = &run->result;
    fputs("{\"experiment\": ", out);
    cl_json_string(out, run->e->name);
    text(out, "state",
        result->finished ? cl_run_succeeded(run) ? "succeeded" : "failed"
        : run->runner    ? "running"
                         : "interrupted");
    text(out, "reason", result->finished ? result->reason : "");
    text(out, "message", result->finished ? cl_run_message(run) : "");
    text(out, "started", run->started);
    if (run->e->max_trials > 0) {
        fprintf(out, ", \"maxTrialCount\": %d", run->e->max_trials);
    }
    write_counts(run, out);
    write_best(run, out);
    write_front(run, out);
    fputs("}\n", out);
}
