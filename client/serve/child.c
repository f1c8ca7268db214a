#include "client/serve/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/run/options.h"

/* A file without a name that holds |size| bytes and is read from its beginning. */
static int memory_file(const char *bytes, size_t size) {
    int fd = memfd_create("mushir", MFD_CLOEXEC);
    if (fd >= 0 && size && (write(fd, bytes, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET))) {
        close(fd);
        return -1;
    }
    return fd;
}

static void limit_time(int seconds) {
    if (seconds > 0) {
        struct rlimit limit = {(rlim_t)seconds, (rlim_t)seconds + 1};
        setrlimit(RLIMIT_CPU, &limit);
    }
}

/* What a run is told by: a signal that comes while the command is being started waits until the
 * command listens. */
static void what_waits(sigset_t *signals) {
    sigemptyset(signals);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, CL_RUN_PAUSE_SIGNAL);
}

/* In the child. It dies with the server, as if by kill -9: trials that it began run on and are
 * taken up when the server is there again. */
static _Noreturn void become(
    const struct cl_child *child, const char *const *words, int in, int seconds, pid_t server) {
    const char *argv[16] = {"mushir"};
    sigset_t told;
    for (size_t i = 0; words[i] && i < sizeof argv / sizeof *argv - 2; i++) {
        argv[i + 1] = words[i];
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    what_waits(&told);
    sigprocmask(SIG_SETMASK, &told, NULL);
    signal(SIGPIPE, SIG_DFL);
    limit_time(seconds);
    dup2(in, 0);
    dup2(child->out, 1);
    dup2(child->err, 2);
    if (getppid() == server) {
        execv("/proc/self/exe", (char *const *)(const void *)argv);
    }
    _exit(127);
}

enum mu_status cl_child_start(struct cl_child *child, const char *const *words, const char *input,
    size_t size, int seconds, struct mu_error *error) {
    pid_t server = getpid();
    sigset_t all;
    sigset_t before;
    int in = memory_file(input, size);
    *child = (struct cl_child){-1, memory_file(NULL, 0), memory_file(NULL, 0)};
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* this program's handlers are not the child's */
    if (in >= 0 && child->out >= 0 && child->err >= 0) {
        child->pid = fork();
    }
    if (child->pid == 0) {
        setpgid(0, 0);
        become(child, words, in, seconds, server);
    }
    int why = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (child->pid > 0) {
        setpgid(child->pid, child->pid); /* whoever comes first: its group can be killed from now */
    }
    if (in >= 0) {
        close(in);
    }
    if (child->pid < 0) {
        cl_child_finish(child);
        return mu_fail(
            error, MU_RESOURCE_EXHAUSTED, "no process can be started: %s", strerror(why));
    }
    return MU_OK;
}

const char *cl_child_text(int fd, size_t most, struct mu_arena *arena) {
    struct stat file;
    size_t size = fstat(fd, &file) ? 0 : (size_t)file.st_size;
    size_t kept = size < most ? size : most;
    char *text = mu_arena_alloc(arena, kept + 1);
    ssize_t n = pread(fd, text, kept, (off_t)(size - kept));
    text[n > 0 ? n : 0] = '\0';
    return text;
}

void cl_child_finish(struct cl_child *child) {
    if (child->out >= 0) {
        close(child->out);
    }
    if (child->err >= 0) {
        close(child->err);
    }
    *child = (struct cl_child){0, -1, -1};
}
