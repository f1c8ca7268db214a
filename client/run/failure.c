#include "client/run/failure.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "client/text/file.h"
#include "common/base/text.h"

enum { SHOWN = 120, TAIL = 4096 }; /* bytes of a line; of a log, where its last line is */

static void keep_line(char kept[SHOWN + 1], const char *line) {
    snprintf(kept, SHOWN + 1, "%.*s", SHOWN, line);
    kept[strcspn(kept, "\r\n")] = '\0';
    mu_text_repair(kept);
}

static FILE *open_log(const char *path) {
    off_t size;
    int fd = cl_file_follow(path, &size);
    return fd >= 0 ? fdopen(fd, "r") : NULL;
}

/* The first line of |path| that names |metric|, else its last one that is not empty; "" when there
 * is none. True when the metric was named. */
static bool nearest_line(const char *path, const char *metric, char kept[SHOWN + 1]) {
    char line[4096];
    bool named = false;
    FILE *in = open_log(path);
    *kept = '\0';
    while (in && !named && fgets(line, sizeof line, in)) {
        named = strstr(line, metric) != NULL;
        if (named || line[strspn(line, " \t\r\n")]) {
            keep_line(kept, line);
        }
    }
    if (in) {
        fclose(in);
    }
    return named;
}

/* The last line of |path| that is not empty; "" when there is none. */
static void last_line(const char *path, char kept[SHOWN + 1]) {
    char line[TAIL];
    FILE *in = open_log(path);
    *kept = '\0';
    if (in && fseek(in, -TAIL, SEEK_END)) { /* it is shorter */
        rewind(in);
    }
    while (in && fgets(line, sizeof line, in)) {
        if (line[strspn(line, " \t\r\n")]) {
            keep_line(kept, line);
        }
    }
    if (in) {
        fclose(in);
    }
}

/* Whether the collector's own path, not the trial's, was written while the trial ran. */
static bool written_elsewhere(const struct cl_run *run, const struct cl_trial *trial) {
    struct stat status;
    return run->e->collector.kind == CL_COLLECT_FILE && !stat(run->e->collector.path, &status) &&
           (double)status.st_mtim.tv_sec + 1 >= trial->begun;
}

const char *cl_failure_of_metric(const struct cl_run *run, const struct cl_trial *trial) {
    const struct cl_collector_spec *collector = &run->e->collector;
    const char *metric = run->e->metrics[0].name;
    char line[SHOWN + 1];
    bool named = nearest_line(cl_run_log(run, trial), metric, line);
    if (!*line && written_elsewhere(run, trial)) {
        return mu_arena_format(run->arena,
            "nothing was written to its metrics file ($MUSHIR_METRICS_FILE); %s was written "
            "meanwhile",
            collector->path);
    }
    const char *wanted =
        collector->json ? mu_arena_format(run->arena, "a line {\"%s\": \"<number>\"}", metric)
        : collector->n_filters ? mu_arena_format(run->arena, "%s in a line that matches %s", metric,
                                     collector->filters[0])
                               : mu_arena_format(run->arena, "a line %s=<number>", metric);
    if (!*line) {
        return mu_arena_format(
            run->arena, "it did not report %s: expected %s, nothing was printed", metric, wanted);
    }
    return mu_arena_format(run->arena, "it did not report %s: expected %s, %s was \"%s\"", metric,
        wanted, named ? "the first line with that name" : "the last line", line);
}

const char *cl_failure_of_exit(
    const struct cl_run *run, const struct cl_trial *trial, int exit_status) {
    char line[SHOWN + 1];
    const char *meaning = exit_status == 127   ? ": command not found"
                          : exit_status == 126 ? ": not executable"
                                               : "";
    last_line(mu_arena_format(run->arena, "%s/log", cl_run_folder(run, trial)), line);
    return *line ? mu_arena_format(run->arena, "exit status %d%s, the last line was \"%s\"",
                       exit_status, meaning, line)
                 : mu_arena_format(run->arena, "exit status %d%s", exit_status, meaning);
}
