#include "client/report/summary.h"

#include <stdio.h>
#include <string.h>

#include "client/text/visible.h"

static void line(int depth, const char *name, const char *value) {
    printf("%*s%s:%*s", 2 * depth, "", name, (int)(strlen(name) < 16 ? 18 - strlen(name) : 2), "");
    cl_visible_line(stdout, "%s", value);
}

/* Kubernetes shows whole seconds. */
static void when(int depth, const char *name, const char *time) {
    char text[32];
    snprintf(text, sizeof text, "%.19sZ", time);
    line(depth, name, text);
}

static void number(int depth, const char *name, size_t value) {
    char text[32];
    snprintf(text, sizeof text, "%zu", value);
    if (value > 0) {
        line(depth, name, text);
    }
}

static void names(const struct cl_run *run, const char *title, enum mu_trial_condition condition) {
    bool any = false;
    for (size_t i = 0; i < run->n_trials; i++) {
        if (run->trials[i]->condition == condition) {
            printf("%s", any ? "" : "  ");
            if (!any) {
                printf("%s:\n", title);
            }
            printf("    %s\n", run->trials[i]->name);
            any = true;
        }
    }
}

static void conditions(const struct cl_run *run) {
    const struct cl_run_result *result = &run->result;
    printf("  Conditions:\n");
    when(2, "Last Transition Time", result->finished ? result->time : run->started);
    line(2, "Message", result->finished ? result->message : "Experiment is running");
    line(2, "Reason", result->finished ? result->reason : "ExperimentRunning");
    line(2, "Status", "True");
    line(2, "Type", !result->finished ? "Running" : result->good ? "Succeeded" : "Failed");
}

static void optimal(const struct cl_run *run) {
    const struct cl_trial *best = cl_trial_best(run->trials, run->n_trials, run->e);
    if (!best) {
        return;
    }
    printf("  Current Optimal Trial:\n");
    line(2, "Best Trial Name", best->name);
    printf("    Observation:\n      Metrics:\n");
    for (size_t m = 0; m < run->e->n_metrics; m++) {
        const struct cl_metric_summary *summary = &best->summaries[m];
        if (summary->n > 0) {
            line(4, "Latest", summary->latest);
            line(4, "Max", summary->max);
            line(4, "Min", summary->min);
            line(4, "Name", run->e->metrics[m].name);
        }
    }
    printf("    Parameter Assignments:\n");
    for (size_t i = 0; i < best->n_assignments; i++) {
        line(3, "Name", best->assignments[i].name);
        line(3, "Value", best->assignments[i].value);
    }
}

void cl_summary_print(const struct cl_run *run, const char *report) {
    struct cl_trial_counts counts = cl_trial_count(run->trials, run->n_trials);
    line(0, "Name", run->e->name);
    if (*run->e->space_name) {
        line(0, "Namespace", run->e->space_name);
    }
    line(0, "API Version", "kubeflow.org/v1beta1");
    line(0, "Kind", "Experiment");
    printf("Status:\n");
    if (run->result.finished) {
        when(1, "Completion Time", run->result.time);
    }
    conditions(run);
    optimal(run);
    names(run, "Early Stopped Trial List", MU_TRIAL_EARLY_STOPPED);
    names(run, "Failed Trial List", MU_TRIAL_FAILED);
    names(run, "Killed Trial List", MU_TRIAL_KILLED);
    names(run, "Metrics Unavailable Trial List", MU_TRIAL_METRICS_UNAVAILABLE);
    when(1, "Start Time", run->started);
    names(run, "Succeeded Trial List", MU_TRIAL_SUCCEEDED);
    number(1, "Trials", counts.total);
    number(1, "Trials Early Stopped", counts.early_stopped);
    number(1, "Trials Failed", counts.failed);
    number(1, "Trials Killed", counts.killed);
    number(1, "Trials Metrics Unavailable", counts.unavailable);
    number(1, "Trials Pending", counts.pending);
    number(1, "Trials Running", counts.running);
    number(1, "Trials Succeeded", counts.succeeded);
    if (report) {
        putchar('\n');
        cl_visible_line(stdout, "Report: %s", report);
    }
}
