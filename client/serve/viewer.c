#include "client/serve/viewer.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LONGEST_WORDS = 1000, PATIENCE_MS = 10000, STEP_MS = 10 };

/* The first line that |viewer| prints; NULL when none comes. */
static const char *first_line(const struct cl_child *viewer, struct mu_arena *arena) {
    for (int waited = 0; waited < PATIENCE_MS; waited += STEP_MS) {
        const char *text = cl_child_text(viewer->out, LONGEST_WORDS, arena);
        size_t length = strcspn(text, "\n");
        if (text[length]) {
            return mu_arena_copy_bytes(arena, text, length);
        }
        siginfo_t ended = {0};
        if (waitid(P_PID, (id_t)viewer->pid, &ended, WEXITED | WNOHANG | WNOWAIT) || ended.si_pid) {
            return NULL;
        }
        nanosleep(&(struct timespec){0, STEP_MS * 1000000L}, NULL);
    }
    return NULL;
}

/* The folder of |path|, and the name of its file without ".journal". */
static void split(
    const char *path, struct mu_arena *arena, const char **folder, const char **name) {
    const char *slash = strrchr(path, '/');
    const char *file = slash ? slash + 1 : path;
    const char *dot = strrchr(file, '.');
    *folder = slash ? mu_arena_copy_bytes(arena, path, (size_t)(slash + 1 - path)) : ".";
    *name = mu_arena_copy_bytes(arena, file, dot ? (size_t)(dot - file) : strlen(file));
}

enum mu_status cl_viewer_start(struct cl_child *viewer, const char *journal, struct mu_arena *arena,
    const char **url, struct mu_error *error) {
    const char *folder;
    const char *name;
    split(journal, arena, &folder, &name);
    const char *const words[] = {"serve", folder, "--read-only", "--port", "0", NULL};
    if (cl_child_start(viewer, words, NULL, 0, 0, error) != MU_OK) {
        return error->code;
    }
    const char *page = first_line(viewer, arena);
    if (!page) {
        mu_fail(
            error, MU_UNAVAILABLE, "no page: %s", cl_child_text(viewer->err, LONGEST_WORDS, arena));
        cl_viewer_stop(viewer);
        return error->code;
    }
    *url = mu_arena_format(arena, "%s#/e/%s", page, name);
    return MU_OK;
}

void cl_viewer_stop(struct cl_child *viewer) {
    if (viewer->pid > 0) {
        kill(viewer->pid, SIGKILL);
        waitpid(viewer->pid, NULL, 0);
        cl_child_finish(viewer);
    }
}

void cl_viewer_open(const char *url) {
    bool desktop = getenv("DISPLAY") || getenv("WAYLAND_DISPLAY");
    if (desktop && fork() == 0) {
        setpgid(0, 0);
        execlp("xdg-open", "xdg-open", url, (char *)NULL);
        _exit(127);
    }
}
