#include "client/text/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int cl_file_open(int folder, const char *path, off_t *size) {
    struct stat status;
    int fd = openat(folder, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && (fstat(fd, &status) || !S_ISREG(status.st_mode))) {
        close(fd);
        fd = -1;
    }
    *size = fd >= 0 ? status.st_size : 0;
    return fd;
}
