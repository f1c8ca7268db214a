/* accept4 of this program, in place of libc's: gRPC core takes EMFILE for the end of its listener
 * and never accepts again (CVE-2023-4785). A descriptor in reserve lets the connection that does
 * not fit be accepted and closed, so that its client knows at once, and the listener lives on. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/rpc/internal.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int reserve = -1; /* an open descriptor to give up; -1: none */

static int open_reserve(void) {
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

void mu_rpc_reserve_descriptor(void) {
    pthread_mutex_lock(&lock);
    reserve = reserve < 0 ? open_reserve() : reserve;
    pthread_mutex_unlock(&lock);
}

static int take(int listener, struct sockaddr *address, socklen_t *size, int flags) {
    return (int)syscall(SYS_accept4, listener, address, size, flags);
}

/* Accept one connection with the reserve, and close it. */
static void turn_away(int listener) {
    pthread_mutex_lock(&lock);
    if (reserve >= 0) {
        close(reserve);
        int fd = take(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0) {
            close(fd);
        }
    }
    reserve = open_reserve();
    pthread_mutex_unlock(&lock);
}

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): libc has no names to keep */
int accept4(int listener, struct sockaddr *address, socklen_t *size, int flags) {
    int fd = take(listener, address, size, flags);
    bool lacking = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    if (fd < 0 && lacking) {
        turn_away(listener);
        errno = EAGAIN; /* nobody waits, as far as the caller knows */
    }
    return fd;
}
