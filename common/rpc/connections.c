/* Connections below gRPC core: functions of libc's that core calls, replaced by ours in every
 * program that serves. They are what core lacks for a port that anybody may reach:
 *
 * - A listener that lives on when descriptors run out; core takes EMFILE for its end
 *   (CVE-2023-4785). A descriptor in reserve lets the connection that does not fit be accepted and
 *   closed, so that its client knows at once.
 * - A bound on connections. At the bound the one that has been silent longest makes room, so that a
 *   newcomer, such as a probe, is heard whoever holds the others.
 * - Turns. Core reads a connection until nothing is left, so one that sends without end would keep
 *   all others waiting. Here it is told "nothing left" once its turn is over, and the kernel is
 *   asked to report the descriptor again, behind those that are ready already. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/rpc/internal.h"

enum {
    DESCRIPTORS = 1 << 16, /* the bound on connections of any configuration */
    TURN_BYTES = MU_RPC_TURN,
    TURN_ACCEPTS = 16,
};

struct descriptor {
    bool watched; /* by |epoll|, for |event| */
    int epoll;
    struct epoll_event event;
    size_t turn;  /* that it was heard in */
    size_t spent; /* of it: bytes, or connections of a listener */
    bool connection;
    bool leaving;                          /* told to go, not yet closed */
    struct descriptor *quieter, *livelier; /* among connections that are not leaving */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct descriptor descriptors[DESCRIPTORS];
static struct descriptor *quietest, *liveliest;
static size_t n_connections;
static size_t turn; /* counts how often core asked what is ready */
static size_t most = DESCRIPTORS;
static int reserve = -1; /* an open descriptor to give up; -1: none */

static struct descriptor *find(int fd) {
    return fd >= 0 && fd < DESCRIPTORS ? &descriptors[fd] : NULL;
}

static void list(struct descriptor *d) {
    d->quieter = liveliest;
    d->livelier = NULL;
    *(liveliest ? &liveliest->livelier : &quietest) = d;
    liveliest = d;
}

static void unlist(struct descriptor *d) {
    *(d->quieter ? &d->quieter->livelier : &quietest) = d->livelier;
    *(d->livelier ? &d->livelier->quieter : &liveliest) = d->quieter;
}

/* What |fd| may still take in this turn, of |limit|. Nothing: it will be reported in another. */
static size_t left_of_turn(int fd, size_t limit) {
    struct descriptor *d = find(fd);
    size_t left = limit;
    pthread_mutex_lock(&lock);
    if (d && d->watched && d->turn == turn) {
        left = d->spent < limit ? limit - d->spent : 0;
    } else if (d) {
        d->turn = turn;
        d->spent = 0;
    }
    if (left == 0 && epoll_ctl(d->epoll, EPOLL_CTL_MOD, fd, &d->event) != 0) {
        left = limit;
    }
    pthread_mutex_unlock(&lock);
    return left;
}

/* The one that has been silent longest sees its end, and core lets go of it. */
static void make_room(void) {
    struct descriptor *d = quietest;
    if (d && n_connections > most) {
        unlist(d);
        d->leaving = true;
        shutdown((int)(d - descriptors), SHUT_RDWR);
    }
}

/* False: there is no place for it. */
static bool enter(int listener, int fd) {
    struct descriptor *d = find(fd);
    struct descriptor *from = find(listener);
    if (!d) {
        return false;
    }
    pthread_mutex_lock(&lock);
    *d = (struct descriptor){.connection = true};
    list(d);
    n_connections++;
    make_room();
    if (from) {
        from->spent++;
    }
    pthread_mutex_unlock(&lock);
    return true;
}

static void heard(int fd, size_t bytes) {
    struct descriptor *d = find(fd);
    pthread_mutex_lock(&lock);
    if (d && d->connection) {
        d->spent += bytes;
        if (!d->leaving) {
            unlist(d);
            list(d);
        }
    }
    pthread_mutex_unlock(&lock);
}

static void forget(int fd) {
    struct descriptor *d = find(fd);
    pthread_mutex_lock(&lock);
    if (d && d->connection) {
        n_connections--;
        if (!d->leaving) {
            unlist(d);
        }
    }
    if (d) {
        *d = (struct descriptor){.watched = false};
    }
    pthread_mutex_unlock(&lock);
}

static int open_reserve(void) {
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

void mu_rpc_connections_init(size_t limit) {
    pthread_mutex_lock(&lock);
    most = limit < DESCRIPTORS ? limit : DESCRIPTORS;
    reserve = reserve < 0 ? open_reserve() : reserve;
    pthread_mutex_unlock(&lock);
}

size_t mu_rpc_connections(void) {
    pthread_mutex_lock(&lock);
    size_t n = n_connections;
    pthread_mutex_unlock(&lock);
    return n;
}

static int take(int listener, struct sockaddr *address, socklen_t *size, int flags) {
    return (int)syscall(SYS_accept4, listener, address, size, flags);
}

/* Accept one connection with the reserve, and close it. */
static void turn_away(int listener) {
    pthread_mutex_lock(&lock);
    if (reserve >= 0) {
        syscall(SYS_close, reserve);
        int fd = take(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0) {
            syscall(SYS_close, fd);
        }
    }
    reserve = open_reserve();
    pthread_mutex_unlock(&lock);
}

static int nothing_now(void) {
    errno = EAGAIN;
    return -1;
}

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): libc has no names to keep */

int accept4(int listener, struct sockaddr *address, socklen_t *size, int flags) {
    if (left_of_turn(listener, TURN_ACCEPTS) == 0) {
        return nothing_now();
    }
    int fd = take(listener, address, size, flags);
    bool lacking = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    if (fd < 0 && lacking) {
        turn_away(listener);
        return nothing_now();
    }
    if (fd >= 0 && !enter(listener, fd)) {
        syscall(SYS_close, fd);
        return nothing_now();
    }
    return fd;
}

/* Into the first buffer only: core asks again while there is more. */
ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
    size_t left = left_of_turn(fd, TURN_BYTES);
    if (flags & MSG_ERRQUEUE || message->msg_iovlen == 0) {
        return syscall(SYS_recvmsg, fd, message, flags);
    }
    if (left == 0) {
        return nothing_now();
    }
    struct iovec first = message->msg_iov[0];
    struct msghdr part = *message;
    first.iov_len = first.iov_len < left ? first.iov_len : left;
    part.msg_iov = &first;
    part.msg_iovlen = 1;
    ssize_t got = syscall(SYS_recvmsg, fd, &part, flags);
    message->msg_controllen = part.msg_controllen;
    message->msg_flags = part.msg_flags;
    if (got > 0) {
        heard(fd, (size_t)got);
    }
    return got;
}

int epoll_wait(int epoll, struct epoll_event *events, int size, int milliseconds) {
    pthread_mutex_lock(&lock);
    turn++;
    pthread_mutex_unlock(&lock);
    return (int)syscall(SYS_epoll_pwait, epoll, events, size, milliseconds, NULL, 0);
}

int epoll_ctl(int epoll, int op, int fd, struct epoll_event *event) {
    struct descriptor *d = find(fd);
    int failed = (int)syscall(SYS_epoll_ctl, epoll, op, fd, event);
    if (d && !failed && op == EPOLL_CTL_ADD) {
        pthread_mutex_lock(&lock);
        d->watched = true;
        d->epoll = epoll;
        d->event = *event;
        pthread_mutex_unlock(&lock);
    }
    return failed;
}

int close(int fd) {
    forget(fd);
    return (int)syscall(SYS_close, fd);
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
