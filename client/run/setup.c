#include "client/run/setup.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/experiment/template.h"
#include "client/run/clock.h"
#include "client/run/replay.h"

/* Remove the folders that trials left; only files that we know. */
static void erase_trials(const char *path) {
    static const char *const files[] = {"log", "metrics.log", "pid", "exit", "exit.new", "lock"};
    DIR *folder = opendir(path);
    struct dirent *entry;
    char name[4400];
    while (folder && (entry = readdir(folder))) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
            snprintf(name, sizeof name, "%.3000s/%.255s/%s", path, entry->d_name, files[i]);
            unlink(name);
        }
        snprintf(name, sizeof name, "%.3000s/%.255s", path, entry->d_name);
        rmdir(name);
    }
    if (folder) {
        closedir(folder);
    }
}

const char *cl_setup_place(const char *file) {
    struct stat status;
    bool placed = file && !stat(file, &status) && S_ISREG(status.st_mode);
    return placed && strcmp(file, "/dev/stdin") != 0 ? file : "-";
}

const char *cl_setup_beside(const struct cl_run *run, const char *extension) {
    const char *file = strcmp(run->file, "-") ? run->file : run->e->name;
    bool named = run->e->one_of_several && file == run->file;
    return mu_arena_format(run->arena, "%.*s%s%s.%s", cl_run_stem(file), file, named ? "." : "",
        named ? run->e->name : "", extension);
}

const char *cl_setup_journal(const struct cl_run *run) {
    return run->options->journal ? run->options->journal : cl_setup_beside(run, "journal");
}

/* The folder that |path| names a file in. */
static const char *folder_of(const char *path, struct mu_arena *arena) {
    const char *slash = strrchr(path, '/');
    return slash ? mu_arena_format(arena, "%.*s", (int)(slash - path + 1), path) : ".";
}

static enum mu_status check_folder(const char *path, struct mu_error *error) {
    struct stat status;
    int why = stat(path, &status) ? errno : S_ISDIR(status.st_mode) ? 0 : ENOTDIR;
    return why ? mu_fail(error, MU_INTERNAL, "%s: %s", path, strerror(why)) : MU_OK;
}

/* |made|: whether the folder of the trials was not there before. */
static enum mu_status name_files(struct cl_run *run, bool *made, struct mu_error *error) {
    const struct cl_run_options *options = run->options;
    run->directory = options->directory ? options->directory : folder_of(run->file, run->arena);
    const char *trials = cl_run_trials(run);
    if (check_folder(run->directory, error) != MU_OK) {
        return error->code;
    }
    *made = !mkdir(trials, 0755);
    if (!*made && errno != EEXIST) {
        return mu_fail(error, MU_INTERNAL, "%s: %s", trials, strerror(errno));
    }
    if (check_folder(trials, error) != MU_OK) {
        return error->code;
    }
    char *real = realpath(trials, NULL);
    run->trials_path = mu_arena_copy(run->arena, real ? real : trials);
    free(real);
    return MU_OK;
}

/* What would make every trial fail is said before the first: a command that cannot be made. */
static enum mu_status check_command(const struct cl_run *run, struct mu_error *error) {
    char why[256];
    if (run->options->command) {
        return MU_OK;
    }
    const struct cl_node *container = cl_template_container(&run->e->template, why, sizeof why);
    if (!container) {
        return mu_fail(error, MU_INVALID_ARGUMENT, "%s; give a command after --", why);
    }
    if (!cl_node_get(container, "command")) {
        return mu_fail(error, MU_INVALID_ARGUMENT,
            "line %d: the container has no command, and its image is not used here; give one after "
            "--",
            container->line);
    }
    if (run->e->collector.kind == CL_COLLECT_OTHER) {
        return mu_fail(error, MU_INVALID_ARGUMENT,
            "metrics collectors of kind %s do not work here: StdOut and File do; a command after "
            "-- may print them",
            run->e->collector.kind_name);
    }
    return MU_OK;
}

static enum mu_status check_options(const struct cl_run *run, struct mu_error *error) {
    return run->options->resume && run->options->fresh
               ? mu_fail(error, MU_INVALID_ARGUMENT, "--resume and --fresh exclude each other")
               : check_command(run, error);
}

static enum mu_status open_journal(struct cl_run *run, struct mu_error *error) {
    enum cl_journal_mode mode = run->options->resume  ? CL_JOURNAL_RESUME
                                : run->options->fresh ? CL_JOURNAL_FRESH
                                                      : CL_JOURNAL_NEW;
    run->journal = cl_journal_open(run->journal_path, mode, error);
    if (!run->journal) {
        return error->code;
    }
    if (mode == CL_JOURNAL_FRESH) {
        erase_trials(run->trials_path);
    }
    return cl_run_replay(run, error);
}

static enum mu_status open_service(struct cl_run *run, struct mu_error *error) {
    if (cl_service_open(&run->service, run->address, run->e->algorithm, cl_run_data(run),
            run->arena, error) != MU_OK) {
        return error->code;
    }
    return cl_service_validate(
        &run->service, cl_experiment_text(run->e, run->arena), run->arena, error);
}

/* A run that is refused leaves no journal, and an earlier one as it was. */
static enum mu_status begin(struct cl_run *run, struct mu_error *error) {
    run->id = cl_run_new_id(run->arena);
    return open_service(run, error) == MU_OK ? open_journal(run, error) : error->code;
}

static enum mu_status go_on(struct cl_run *run, struct mu_error *error) {
    enum mu_status status = open_journal(run, error);
    return status == MU_OK && cl_run_pending(run) ? open_service(run, error) : status;
}

enum mu_status cl_setup_open(struct cl_run *run, struct mu_error *error) {
    bool made = false;
    run->inotify = -1;
    run->begun = cl_clock_now();
    run->parser = cl_metric_parser_create(run->e);
    if (check_options(run, error) != MU_OK || name_files(run, &made, error) != MU_OK) {
        return error->code;
    }
    enum mu_status status = run->options->resume ? go_on(run, error) : begin(run, error);
    if (status != MU_OK && made) {
        rmdir(run->trials_path);
    }
    return status;
}

void cl_setup_close(struct cl_run *run) {
    cl_journal_close(run->journal);
    cl_metric_parser_destroy(run->parser);
    cl_service_close(&run->service);
    if (run->inotify >= 0) {
        close(run->inotify);
    }
}
