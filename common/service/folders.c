#include "common/service/folders.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/log.h"

enum { DEEPEST = 64, MOST_ENTRIES = 1000000 };
static const size_t CHUNK = (size_t)8 << 20; /* bytes copied between two polls */

struct copy {
    const struct mu_folders *folders;
    const struct mu_folder *folder;
    bool (*is_over)(void *user);
    void *user;
    struct mu_error *error;
    uint64_t bytes, entries;
    int depth;
};

/* ---- errors ---- */

/* What the system said of |name|. */
static enum mu_status fail_system(const struct copy *copy, const char *name) {
    int number = errno;
    return mu_fail(copy->error, MU_UNAVAILABLE, "folder of trial %.200s: %.200s: %s",
        copy->folder->trial, name, strerror(number));
}

static enum mu_status refuse(const struct copy *copy, const char *name, const char *reason) {
    return mu_fail(copy->error, MU_FAILED_PRECONDITION,
        "folder of trial %.200s, to be copied for %.200s: %.200s %s", copy->folder->parent,
        copy->folder->trial, name, reason);
}

static enum mu_status check_limits(const struct copy *copy, const char *name) {
    if (copy->bytes > copy->folders->most_bytes) {
        char reason[64];
        snprintf(reason, sizeof reason, "makes it more than %" PRIu64 " MiB",
            copy->folders->most_bytes >> 20);
        return refuse(copy, name, reason);
    }
    if (copy->entries > MOST_ENTRIES) {
        return refuse(copy, name, "makes it more than 1000000 entries");
    }
    if (copy->is_over && copy->is_over(copy->user)) {
        return mu_fail(copy->error, MU_DEADLINE_EXCEEDED,
            "folder of trial %.200s: the time of this call ended after %" PRIu64
            " MiB of trial %.200s's; the next call goes on from there",
            copy->folder->trial, copy->bytes >> 20, copy->folder->parent);
    }
    return MU_OK;
}

/* ---- files ---- */

/* What the owner may, for everybody. */
static mode_t for_all(mode_t mode) {
    mode_t owner = mode & S_IRWXU;
    return owner | owner >> 3 | owner >> 6;
}

/* Up to |size| bytes from |in| to |out|; how many, 0 at the end of |in|, or -1. */
static ssize_t copy_some(int in, int out, size_t size) {
    char buffer[1 << 16];
    ssize_t n = copy_file_range(in, NULL, out, NULL, size, 0);
    if (n >= 0 || (errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)) {
        return n;
    }
    n = read(in, buffer, size < sizeof buffer ? size : sizeof buffer);
    for (ssize_t done = 0; done < n;) {
        ssize_t written = write(out, buffer + done, (size_t)(n - done));
        if (written < 0) {
            return -1;
        }
        done += written;
    }
    return n;
}

static enum mu_status copy_content(
    struct copy *copy, int in, int out, uint64_t size, const char *name) {
    enum mu_status status = MU_OK;
    ssize_t n = 1;
    if (ioctl(out, FICLONE, in) == 0) {
        copy->bytes += size;
        return check_limits(copy, name);
    }
    for (uint64_t left = size; left && n && !status; left -= (uint64_t)n) { /* 0: it has shrunk */
        n = copy_some(in, out, left < CHUNK ? (size_t)left : CHUNK);
        if (n < 0) {
            return fail_system(copy, name);
        }
        copy->bytes += (uint64_t)n;
        status = check_limits(copy, name);
    }
    return status;
}

/* The time of change is set last: a file that has its source's is complete. */
static bool is_complete(int to, const char *name, const struct stat *source) {
    struct stat there;
    return fstatat(to, name, &there, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(there.st_mode) &&
           there.st_size == source->st_size && there.st_mtim.tv_sec == source->st_mtim.tv_sec &&
           there.st_mtim.tv_nsec == source->st_mtim.tv_nsec;
}

static enum mu_status copy_open_file(
    struct copy *copy, int in, int out, const struct stat *source, const char *name) {
    const struct timespec times[] = {source->st_atim, source->st_mtim};
    enum mu_status status = copy_content(copy, in, out, (uint64_t)source->st_size, name);
    if (status) {
        return status;
    }
    bool failed = fchmod(out, for_all(source->st_mode)) || fsync(out) || futimens(out, times);
    return failed ? fail_system(copy, name) : MU_OK;
}

static enum mu_status copy_file(struct copy *copy, int from, int to, const char *name) {
    struct stat source;
    int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (in < 0 || fstat(in, &source)) {
        enum mu_status status = fail_system(copy, name);
        return in < 0 ? status : (close(in), status);
    }
    if (is_complete(to, name, &source)) {
        close(in);
        return MU_OK;
    }
    unlinkat(to, name, 0); /* what an interrupted copy left */
    int out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    enum mu_status status =
        out < 0 ? fail_system(copy, name) : copy_open_file(copy, in, out, &source, name);
    close(in);
    return out >= 0 && close(out) && !status ? fail_system(copy, name) : status;
}

/* ---- links ---- */

/* Whether a link with |target|, |depth| folders below the root of the copy, stays inside, whatever
 * its parts lead to: it never climbs above the root. */
static bool stays_inside(const char *target, int depth) {
    const char *part = target;
    while (*part && *target != '/' && depth >= 0) {
        size_t length = strcspn(part, "/");
        if (length == 2 && strncmp(part, "..", 2) == 0) {
            depth--;
        } else if (length > 1 || (length == 1 && *part != '.')) {
            depth++;
        }
        part += length;
        part += strspn(part, "/");
    }
    return *target != '/' && depth >= 0;
}

static enum mu_status copy_link(struct copy *copy, int from, int to, const char *name) {
    char target[PATH_MAX];
    ssize_t n = readlinkat(from, name, target, sizeof target - 1);
    if (n < 0) {
        return fail_system(copy, name);
    }
    target[n] = '\0';
    if (!stays_inside(target, copy->depth)) {
        return refuse(copy, name, "is a link that leads out of it");
    }
    return symlinkat(target, to, name) && errno != EEXIST ? fail_system(copy, name) : MU_OK;
}

/* ---- folders ---- */

static enum mu_status copy_entries(struct copy *copy, int from, int to);

/* The folder |name| in |at|, made when it is not there, or -1. */
static int open_folder(int at, const char *name, bool make) {
    if (make && mkdirat(at, name, S_IRWXU) && errno != EEXIST) {
        return -1;
    }
    return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static enum mu_status copy_folder(struct copy *copy, int from, int to, const char *name) {
    int in = open_folder(from, name, false);
    int out = open_folder(to, name, true);
    enum mu_status status = in < 0 || out < 0 ? fail_system(copy, name) : MU_OK;
    copy->depth++;
    if (!status) {
        status = copy->depth > DEEPEST ? refuse(copy, name, "is too deep") : MU_OK;
    }
    if (!status) {
        status = copy_entries(copy, in, out);
    }
    copy->depth--;
    if (in >= 0) {
        close(in);
    }
    if (out >= 0) {
        close(out);
    }
    return status;
}

static enum mu_status copy_entry(struct copy *copy, int from, int to, const char *name) {
    struct stat source;
    copy->entries++;
    enum mu_status status = check_limits(copy, name);
    if (status) {
        return status;
    }
    if (fstatat(from, name, &source, AT_SYMLINK_NOFOLLOW)) {
        return fail_system(copy, name);
    }
    switch (source.st_mode & S_IFMT) {
    case S_IFDIR:
        return copy_folder(copy, from, to, name);
    case S_IFREG:
        return copy_file(copy, from, to, name);
    case S_IFLNK:
        return copy_link(copy, from, to, name);
    default:
        return refuse(copy, name, "is neither a file nor a folder nor a link");
    }
}

/* Everything in |from|, and last the rights of the folder itself. */
static enum mu_status copy_entries(struct copy *copy, int from, int to) {
    int again = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = again < 0 ? NULL : fdopendir(again);
    enum mu_status status = MU_OK;
    struct dirent *entry;
    if (!folder) {
        status = fail_system(copy, ".");
        return again < 0 ? status : (close(again), status);
    }
    while (!status && (errno = 0, entry = readdir(folder))) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            status = copy_entry(copy, from, to, entry->d_name);
        }
    }
    if (!status && (errno || fchmod(to, for_all(S_IRWXU)))) {
        status = fail_system(copy, ".");
    }
    closedir(folder);
    return status;
}

/* ---- one trial ---- */

static bool is_file_name(const char *name) {
    size_t length = strlen(name);
    return length > 0 && length <= NAME_MAX && *name != '.' && !strchr(name, '/');
}

/* The name that names no file, or NULL. */
static const char *wrong_name(const struct mu_folder *folder) {
    if (!is_file_name(folder->experiment)) {
        return folder->experiment;
    }
    if (!is_file_name(folder->trial)) {
        return folder->trial;
    }
    return folder->parent && !is_file_name(folder->parent) ? folder->parent : NULL;
}

static bool is_there(int at, const char *name) {
    struct stat status;
    return fstatat(at, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

static enum mu_status fill(struct copy *copy, int experiment, int to) {
    const char *parent = copy->folder->parent;
    int from = parent ? open_folder(experiment, parent, false) : -1;
    if (from < 0) {
        if (parent) {
            mu_log_text(MU_LOG_WARNING, "a trial starts without a checkpoint", "missing", parent);
        }
        return fchmod(to, for_all(S_IRWXU)) ? fail_system(copy, copy->folder->trial) : MU_OK;
    }
    enum mu_status status = copy_entries(copy, from, to);
    close(from);
    return status;
}

/* Fill the folder |part|, open as |to|, and give it its name. */
static enum mu_status complete(struct copy *copy, int experiment, int to, const char *part) {
    const char *trial = copy->folder->trial;
    if (flock(to, LOCK_EX | LOCK_NB)) {
        return mu_fail(copy->error, MU_UNAVAILABLE,
            "folder of trial %.200s: another process is copying it", trial);
    }
    if (is_there(experiment, trial)) { /* renamed by the one who had the lock before */
        return MU_OK;
    }
    enum mu_status status = fill(copy, experiment, to);
    if (!status && renameat(experiment, part, experiment, trial)) {
        status = fail_system(copy, trial);
    }
    return status;
}

static enum mu_status make_in(struct copy *copy, int experiment) {
    char part[NAME_MAX + sizeof ".part-"];
    snprintf(part, sizeof part, ".part-%s", copy->folder->trial);
    if (is_there(experiment, copy->folder->trial)) {
        return MU_OK;
    }
    int to = open_folder(experiment, part, true);
    if (to < 0) {
        return fail_system(copy, part);
    }
    enum mu_status status = complete(copy, experiment, to, part);
    close(to);
    return status;
}

/* The root, open; made when it is missing. */
static int open_root(const char *root) {
    char path[PATH_MAX];
    int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 || errno != ENOENT || strlen(root) >= sizeof path) {
        return fd;
    }
    mu_log_text(MU_LOG_WARNING, "no volume holds the trials' folders", "made", root);
    snprintf(path, sizeof path, "%s", root);
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, S_IRWXU | S_IRGRP | S_IXGRP | S_IROTH | S_IXOTH);
        *slash = '/';
    }
    mkdir(path, S_IRWXU | S_IRGRP | S_IXGRP | S_IROTH | S_IXOTH);
    return open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

enum mu_status mu_folders_make(const struct mu_folders *folders, const struct mu_folder *folder,
    bool (*is_over)(void *user), void *user, struct mu_error *error) {
    struct copy copy = {
        .folders = folders, .folder = folder, .is_over = is_over, .user = user, .error = error};
    const char *wrong = wrong_name(folder);
    if (wrong) {
        return mu_fail(error, MU_INVALID_ARGUMENT, "\"%.200s\" is no name of a folder", wrong);
    }
    int root = open_root(folders->root);
    int experiment = root < 0 ? -1 : open_folder(root, folder->experiment, true);
    enum mu_status status = experiment < 0
                                ? fail_system(&copy, root < 0 ? folders->root : folder->experiment)
                                : make_in(&copy, experiment);
    if (experiment >= 0) {
        close(experiment);
    }
    if (root >= 0) {
        close(root);
    }
    return status;
}
