/* Connections below gRPC core: functions of libc's that core calls, replaced by ours in every
 * program that serves. They are what core lacks for a port that anybody may reach:
 *
 * - A bound on connections. At the bound, or when descriptors run out, the one that has been silent
 *   longest is closed, so that a new one, such as a probe's, is served whoever holds the others.
 *   What was sent and not read yet is not silence: the server is behind, not its client. Core's
 *   own limit on idle ones takes a tenth of the time of a brief call.
 * - A listener that lives on when descriptors run out; core takes EMFILE for its end
 *   (CVE-2023-4785). Should others hold them, a descriptor in reserve lets whoever connects be
 *   accepted and closed. Whether a listener accepts can be asked.
 * - Turns. Core reads a connection until nothing is left, so one that sends without end would keep
 *   all others waiting. Here it is told "nothing left" once its turn is over, and the kernel is
 *   asked to report the descriptor again, behind those that are ready already.
 * - A pause after each whole turn while the process holds more than it may. Core takes memory back
 *   on other threads than it reads on: one that reads on while those wait for a processor would
 *   fill the memory with messages that core is about to end. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "common/rpc/internal.h"

enum {
    DESCRIPTORS = 1 << 16, /* the bound on connections of any configuration */
    TURN_BYTES = MU_RPC_TURN,
    BUFFERS = 8, /* that one call fills: core offers 8 KiB each and more */
    TURN_ACCEPTS = 16,
    SPARE = 64,  /* descriptors that are left for other things than connections */
    STALLED = 3, /* looks at a listener, one a second, at which somebody may wait in vain */
    LOOKS = 64,  /* at connections, for one that is silent */
    PAUSES = 4,  /* milliseconds after a turn, for memory to be given back */
};

struct descriptor {
    bool watched; /* by |epoll|, for |event| */
    int epoll;
    struct epoll_event event;
    size_t turn;     /* in which it was last read or accepted from */
    size_t spent;    /* then: bytes, or connections of a listener */
    bool is_to_come; /* all is spent, and the kernel will report it again */
    bool connection;
    bool leaving;  /* told to go, not yet closed */
    time_t active; /* when it was last read, in seconds */
    bool listener;
    size_t accepted, accepted_before; /* of a listener: connections, until now and the last look */
    unsigned stalled;                 /* looks at which somebody waited whom nobody had accepted */
    struct descriptor *older, *newer; /* in one of the lists */
};

/* Doubly linked, the newest last. */
struct list {
    struct descriptor *oldest, *newest;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct descriptor descriptors[DESCRIPTORS];
static struct list connections; /* by last activity; those that leave are not in it */
static struct list listeners;
static size_t n_connections;
static size_t turn; /* counts how often core was told what is ready */
static size_t most = DESCRIPTORS;
static int reserve = -1; /* an open descriptor to give up; -1: none */
static uint64_t (*resident)(void);
static uint64_t most_resident; /* bytes */

static struct descriptor *find(int fd) {
    return fd >= 0 && fd < DESCRIPTORS ? &descriptors[fd] : NULL;
}

static time_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
    return time.tv_sec;
}

static int number(const struct descriptor *d) {
    return (int)(d - descriptors);
}

static void add(struct list *list, struct descriptor *d) {
    d->older = list->newest;
    d->newer = NULL;
    *(list->newest ? &list->newest->newer : &list->oldest) = d;
    list->newest = d;
}

static void drop(struct list *list, struct descriptor *d) {
    *(d->older ? &d->older->newer : &list->oldest) = d->newer;
    *(d->newer ? &d->newer->older : &list->newest) = d->older;
}

static bool is_listener(int fd) {
    int listens = 0;
    socklen_t size = sizeof listens;
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens;
}

/* The port that |fd| is bound to; it is at the same place in the addresses of both families. */
static int port_of(int fd) {
    struct sockaddr_in6 address = {.sin6_port = 0};
    socklen_t size = sizeof address;
    getsockname(fd, (struct sockaddr *)&address, &size);
    return ntohs(address.sin6_port);
}

/* Have the kernel report |d| again if there is anything, though nothing new has come. */
static bool report_again(struct descriptor *d) {
    return d->watched && epoll_ctl(d->epoll, EPOLL_CTL_MOD, number(d), &d->event) == 0;
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
        d->is_to_come = false;
    }
    if (left == 0 && !d->is_to_come) {
        d->is_to_come = report_again(d);
        left = d->is_to_come ? 0 : limit;
    }
    pthread_mutex_unlock(&lock);
    return left;
}

/* Has sent what was not read yet. */
static bool is_waiting(const struct descriptor *d) {
    int bytes = 0;
    return ioctl(number(d), FIONREAD, &bytes) == 0 && bytes > 0;
}

/* The oldest that is not waiting; when too many are, the oldest of all. NULL: there is none. */
static struct descriptor *longest_silent(void) {
    struct descriptor *d = connections.oldest;
    for (int n = 0; d && n < LOOKS; n++, d = d->newer) {
        if (!is_waiting(d)) {
            return d;
        }
    }
    return connections.oldest;
}

/* |d| sees its end, and core lets go of it. */
static void end(struct descriptor *d) {
    drop(&connections, d);
    d->leaving = true;
    shutdown(number(d), SHUT_RDWR);
}

/* The one that has been silent longest goes. False: there is none. */
static bool make_room(void) {
    struct descriptor *d = longest_silent();
    if (d) {
        end(d);
    }
    return d != NULL;
}

/* False: there is no place for it. */
static bool enter(int listener, int fd) {
    struct descriptor *d = find(fd);
    struct descriptor *from = find(listener);
    if (!d) {
        return false;
    }
    pthread_mutex_lock(&lock);
    *d = (struct descriptor){.connection = true, .active = now()};
    add(&connections, d);
    if (++n_connections > most) {
        make_room();
    }
    if (from) {
        from->spent++;
        from->accepted++;
    }
    pthread_mutex_unlock(&lock);
    return true;
}

static void mark_active(int fd, size_t bytes) {
    struct descriptor *d = find(fd);
    pthread_mutex_lock(&lock);
    if (d && d->connection) {
        d->spent += bytes;
        d->active = now();
        if (!d->leaving) {
            drop(&connections, d);
            add(&connections, d);
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
            drop(&connections, d);
        }
    }
    if (d && d->listener) {
        drop(&listeners, d);
    }
    if (d) {
        *d = (struct descriptor){.watched = false};
    }
    pthread_mutex_unlock(&lock);
}

static int open_reserve(void) {
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* How many the process may have, and we can tell apart. */
static size_t most_descriptors(void) {
    struct rlimit limit;
    bool lower = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < DESCRIPTORS;
    size_t n = lower ? (size_t)limit.rlim_cur : DESCRIPTORS;
    return n > 2 * SPARE ? n : 2 * SPARE;
}

void mu_rpc_connections_init(size_t limit) {
    pthread_mutex_lock(&lock);
    size_t descriptors_left = most_descriptors() - SPARE;
    most = limit < descriptors_left ? limit : descriptors_left;
    reserve = reserve < 0 ? open_reserve() : reserve;
    pthread_mutex_unlock(&lock);
}

void mu_rpc_connections_pause(uint64_t (*held)(void), uint64_t bytes) {
    resident = held;
    most_resident = bytes;
}

size_t mu_rpc_connections(void) {
    pthread_mutex_lock(&lock);
    size_t n = n_connections;
    pthread_mutex_unlock(&lock);
    return n;
}

void mu_rpc_connections_drop_idle(long seconds) {
    pthread_mutex_lock(&lock);
    while (connections.oldest && now() - connections.oldest->active >= seconds) {
        end(connections.oldest);
    }
    pthread_mutex_unlock(&lock);
}

static bool is_stalled(struct descriptor *d) {
    struct pollfd waiting = {.fd = number(d), .events = POLLIN};
    bool waits = d->accepted == d->accepted_before && poll(&waiting, 1, 0) > 0;
    d->accepted_before = d->accepted;
    d->stalled = waits ? d->stalled + 1 : 0;
    return d->stalled > STALLED;
}

bool mu_rpc_connections_accepted(int port) {
    bool accepted = false;
    pthread_mutex_lock(&lock);
    for (struct descriptor *d = listeners.oldest; d; d = d->newer) {
        accepted |= port_of(number(d)) == port && !is_stalled(d);
    }
    pthread_mutex_unlock(&lock);
    return accepted;
}

static int take(int listener, struct sockaddr *address, socklen_t *size, int flags) {
    return (int)syscall(SYS_accept4, listener, address, size, flags);
}

/* Accept one connection with the reserve, and close it. */
static void refuse_one(int listener) {
    if (reserve >= 0) {
        syscall(SYS_close, reserve);
        int fd = take(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0) {
            syscall(SYS_close, fd);
        }
    }
    reserve = open_reserve();
}

/* For want of descriptors or memory |listener| cannot accept now. */
static void postpone(int listener) {
    struct descriptor *d = find(listener);
    pthread_mutex_lock(&lock);
    if (!make_room()) {
        refuse_one(listener);
    }
    if (d) {
        (void)report_again(d);
    }
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
    bool lacking =
        fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM);
    if (fd >= 0 && !enter(listener, fd)) {
        syscall(SYS_close, fd);
        lacking = true;
    }
    if (lacking) {
        postpone(listener);
        return nothing_now();
    }
    return fd;
}

/* The first |size| bytes of |message|'s buffers, as far as BUFFERS hold them; how many buffers. */
static size_t cut(const struct msghdr *message, size_t size, struct iovec buffers[BUFFERS]) {
    size_t n = 0;
    while (n < BUFFERS && n < message->msg_iovlen && size > 0) {
        buffers[n] = message->msg_iov[n];
        buffers[n].iov_len = buffers[n].iov_len < size ? buffers[n].iov_len : size;
        size -= buffers[n++].iov_len;
    }
    return n;
}

static void wait_for_memory(void) {
    for (int i = 0; i < PAUSES && resident && resident() > most_resident; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 1000 * 1000}, NULL);
    }
}

/* Less than there is room for: core asks again while there is more. */
ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
    if (flags & MSG_ERRQUEUE || message->msg_iovlen == 0) {
        return syscall(SYS_recvmsg, fd, message, flags);
    }
    size_t left = left_of_turn(fd, TURN_BYTES);
    if (left == 0) {
        return nothing_now();
    }
    struct iovec buffers[BUFFERS];
    struct msghdr part = *message;
    part.msg_iov = buffers;
    part.msg_iovlen = cut(message, left, buffers);
    ssize_t got = syscall(SYS_recvmsg, fd, &part, flags);
    message->msg_controllen = part.msg_controllen;
    message->msg_flags = part.msg_flags;
    if (got > 0) {
        mark_active(fd, (size_t)got);
    }
    if (got == (ssize_t)left) {
        wait_for_memory();
    }
    return got;
}

int epoll_wait(int epoll, struct epoll_event *events, int size, int milliseconds) {
    int n = (int)syscall(SYS_epoll_pwait, epoll, events, size, milliseconds, NULL, 0);
    pthread_mutex_lock(&lock);
    turn++;
    pthread_mutex_unlock(&lock);
    return n;
}

int epoll_ctl(int epoll, int op, int fd, struct epoll_event *event) {
    struct descriptor *d = find(fd);
    int failed = (int)syscall(SYS_epoll_ctl, epoll, op, fd, event);
    if (d && !failed && op == EPOLL_CTL_ADD) {
        pthread_mutex_lock(&lock);
        d->watched = true;
        d->epoll = epoll;
        d->event = *event;
        if (!d->listener && is_listener(fd)) {
            d->listener = true;
            add(&listeners, d);
        }
        pthread_mutex_unlock(&lock);
    }
    return failed;
}

int close(int fd) {
    forget(fd);
    return (int)syscall(SYS_close, fd);
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
