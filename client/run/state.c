#include "client/run/state.h"

#include <string.h>

int cl_run_stem(const char *path) {
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(path, '.');
    return (int)(dot && dot > (slash ? slash : path) ? (size_t)(dot - path) : strlen(path));
}

const char *cl_run_trials(const struct cl_run *run) {
    return mu_arena_format(
        run->arena, "%.*s.trials", cl_run_stem(run->journal_path), run->journal_path);
}

const char *cl_run_folder(const struct cl_run *run, const struct cl_trial *trial) {
    return mu_arena_format(run->arena, "%s/%s", run->trials_path, trial->name);
}

const char *cl_run_data(const struct cl_run *run) {
    return mu_arena_format(run->arena, "%s/.folders/%s", run->trials_path, run->id);
}

const char *cl_run_checkpoint(const struct cl_run *run, const struct cl_trial *trial) {
    const char *mounted = mu_pairs_find(run->e->settings, run->e->n_settings, MU_TRIAL_FOLDER);
    return mounted && *mounted ? mu_arena_format(run->arena, "%s/%s/%s", cl_run_data(run),
                                     run->e->name, trial->name)
                               : NULL;
}

const char *cl_run_log(const struct cl_run *run, const struct cl_trial *trial) {
    bool file = run->e->collector.kind == CL_COLLECT_FILE;
    return mu_arena_format(
        run->arena, "%s/%s", cl_run_folder(run, trial), file ? "metrics.log" : "log");
}

struct cl_trial *cl_run_add_trial(struct cl_run *run, const char *name) {
    if (run->n_trials == run->trial_room) {
        size_t room = run->trial_room ? 2 * run->trial_room : 64;
        struct cl_trial **larger = MU_ARRAY(run->arena, room, struct cl_trial *);
        if (run->n_trials) {
            memcpy(larger, run->trials, run->n_trials * sizeof *larger);
        }
        run->trials = larger;
        run->trial_room = room;
    }
    struct cl_trial *trial = MU_NEW(run->arena, struct cl_trial);
    *trial = (struct cl_trial){.number = run->n_trials,
        .name = mu_arena_copy(run->arena, name),
        .started = "",
        .completed = "",
        .why = "",
        .watch = -1};
    cl_trial_restart(trial, run->e, run->arena);
    run->trials[run->n_trials++] = trial;
    return trial;
}

const struct cl_trial *cl_run_find_trial(const struct cl_run *run, const char *name) {
    for (size_t i = 0; i < run->n_trials; i++) {
        if (!strcmp(run->trials[i]->name, name)) {
            return run->trials[i];
        }
    }
    return NULL;
}

void cl_run_keep_setting(struct cl_run *run, const char *name, const char *value) {
    name = mu_arena_copy(run->arena, name);
    value = mu_arena_copy(run->arena, value);
    for (size_t i = 0; i < run->n_settings; i++) {
        if (!strcmp(run->settings[i].name, name)) {
            run->settings[i].value = value;
            return;
        }
    }
    if (run->n_settings == run->setting_room) {
        size_t room = run->setting_room ? 2 * run->setting_room : 16;
        struct mu_pair *larger = MU_ARRAY(run->arena, room, struct mu_pair);
        if (run->n_settings) {
            memcpy(larger, run->settings, run->n_settings * sizeof *larger);
        }
        run->settings = larger;
        run->setting_room = room;
    }
    run->settings[run->n_settings++] = (struct mu_pair){name, value};
}

bool cl_run_pending(const struct cl_run *run) {
    return !run->result.finished || cl_trial_count(run->trials, run->n_trials).running > 0;
}

static bool has_value(const struct cl_run *run) {
    return cl_trial_best(run->trials, run->n_trials, run->e) != NULL;
}

bool cl_run_succeeded(const struct cl_run *run) {
    return run->result.finished && run->result.good && has_value(run);
}

const char *cl_run_message(const struct cl_run *run) {
    return !run->result.good || has_value(run)
               ? run->result.message
               : mu_arena_format(run->arena, CL_TRIAL_NO_BEST, run->e->metrics[0].name);
}
