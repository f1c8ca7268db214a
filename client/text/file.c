#include "client/text/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_file(int folder, const char *path, int flags, off_t *size) {
    struct stat status;
    int fd = openat(folder, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | flags);
    if (fd >= 0 && (fstat(fd, &status) || !S_ISREG(status.st_mode))) {
        close(fd);
        fd = -1;
    }
    *size = fd >= 0 ? status.st_size : 0;
    return fd;
}

int cl_file_open(int folder, const char *path, off_t *size) {
    return open_file(folder, path, O_NOFOLLOW, size);
}

int cl_file_follow(const char *path, off_t *size) {
    return open_file(AT_FDCWD, path, 0, size);
}
