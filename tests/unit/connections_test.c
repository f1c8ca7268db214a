/* What core calls instead of libc's functions, on sockets of the test's own. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/rpc/internal.h"
#include "tests/support/cmocka.h"

enum { MOST = 4 };

struct fixture {
    int epoll, listener;
    struct sockaddr_in address;
};

static void watch(const struct fixture *f, int fd) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.fd = fd};
    assert_int_equal(epoll_ctl(f->epoll, EPOLL_CTL_ADD, fd, &event), 0);
}

static int set_up(void **state) {
    static struct fixture f;
    socklen_t size = sizeof f.address;
    mu_rpc_connections_init(MOST);
    f.epoll = epoll_create1(EPOLL_CLOEXEC);
    f.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    f.address =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    *state = &f;
    return bind(f.listener, (struct sockaddr *)&f.address, size) ||
           getsockname(f.listener, (struct sockaddr *)&f.address, &size) || listen(f.listener, 64);
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    close(f->listener);
    close(f->epoll);
    return mu_rpc_connections() != 0;
}

static int dial(const struct fixture *f) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&f->address, sizeof f->address), 0);
    return fd;
}

static int accept_one(const struct fixture *f) {
    return accept4(f->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/* Bytes read at once into room for |size|; -1: nothing now. */
static ssize_t read_some(int fd, size_t size) {
    static char bytes[1 << 20];
    struct iovec room = {bytes, size};
    struct msghdr message = {.msg_iov = &room, .msg_iovlen = 1};
    return recvmsg(fd, &message, 0);
}

static bool is_reported(const struct fixture *f, int fd) {
    struct epoll_event events[8];
    int n = epoll_wait(f->epoll, events, 8, 0);
    bool found = false;
    for (int i = 0; i < n; i++) {
        found |= events[i].data.fd == fd && events[i].events & EPOLLIN;
    }
    return found;
}

/* All that was sent is there, but one turn does not bring more than its share, and then the
 * descriptor is reported again without anything new having come. */
static void a_connection_is_read_in_turns(void **state) {
    static const char bytes[2 * MU_RPC_TURN + 1];
    struct fixture *f = *state;
    int client = dial(f);
    int fd = accept_one(f);
    watch(f, fd);
    assert_int_equal(send(client, bytes, sizeof bytes, 0), sizeof bytes);
    assert_true(is_reported(f, fd));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(read_some(fd, sizeof bytes), MU_RPC_TURN);
        assert_int_equal(read_some(fd, sizeof bytes), -1);
        assert_int_equal(errno, EAGAIN);
        assert_int_equal(read_some(fd, sizeof bytes), -1);
        assert_true(is_reported(f, fd));
        assert_false(is_reported(f, fd));
    }
    assert_int_equal(read_some(fd, sizeof bytes), 1);
    assert_int_equal(read_some(fd, sizeof bytes), -1);
    assert_false(is_reported(f, fd));
    close(client);
    close(fd);
}

static size_t n_looks, n_looks_above; /* at the memory: so far, and those that find too much */

static uint64_t held(void) {
    return n_looks++ < n_looks_above ? 2 : 1;
}

/* Read one turn and a byte; how often it was looked whether memory had been given back. */
static size_t looks_of_a_turn(const struct fixture *f, size_t above) {
    static const char bytes[MU_RPC_TURN + 1];
    int client = dial(f);
    int fd = accept_one(f);
    watch(f, fd);
    n_looks = 0;
    n_looks_above = above;
    mu_rpc_connections_pause(held, 1);
    assert_int_equal(send(client, bytes, sizeof bytes, 0), sizeof bytes);
    assert_true(is_reported(f, fd));
    assert_int_equal(read_some(fd, sizeof bytes), MU_RPC_TURN);
    assert_int_equal(read_some(fd, sizeof bytes), -1);
    assert_true(is_reported(f, fd));
    assert_int_equal(
        read_some(fd, sizeof bytes), 1); /* which is no turn: a brief call pays nothing */
    mu_rpc_connections_pause(NULL, 0);
    close(client);
    close(fd);
    return n_looks;
}

static void too_much_memory_makes_whole_turns_pause(void **state) {
    assert_int_equal(looks_of_a_turn(*state, 0), 1);
    assert_int_equal(looks_of_a_turn(*state, 2), 3);
    size_t most = looks_of_a_turn(*state, SIZE_MAX); /* it goes on all the same */
    assert_true(most > 3 && most < 100);
}

static void newcomers_are_accepted_in_turns(void **state) {
    enum { MANY = 40 };
    struct fixture *f = *state;
    int clients[MANY];
    int accepted = 0;
    int turns = 0;
    mu_rpc_connections_init(MANY);
    watch(f, f->listener);
    for (int i = 0; i < MANY; i++) {
        clients[i] = dial(f);
    }
    while (is_reported(f, f->listener)) {
        turns++;
        for (int fd = accept_one(f); fd >= 0; fd = accept_one(f)) {
            accepted++;
            close(fd);
        }
        assert_int_equal(errno, EAGAIN);
    }
    assert_int_equal(accepted, MANY);
    assert_true(turns > 1);
    for (int i = 0; i < MANY; i++) {
        close(clients[i]);
    }
}

/* Whether the peer has been told that nothing more will come. */
static bool has_ended(int client) {
    char byte;
    return recv(client, &byte, 1, MSG_DONTWAIT) == 0;
}

static void the_longest_silent_makes_room(void **state) {
    struct fixture *f = *state;
    int clients[MOST + 1];
    int fds[MOST + 1];
    for (int i = 0; i < MOST; i++) {
        clients[i] = dial(f);
        fds[i] = accept_one(f);
    }
    assert_int_equal(send(clients[0], "x", 1, 0), 1);
    assert_int_equal(read_some(fds[0], 8), 1);
    assert_int_equal(mu_rpc_connections(), MOST);
    clients[MOST] = dial(f);
    fds[MOST] = accept_one(f);
    for (int i = 0; i <= MOST; i++) {
        assert_int_equal(has_ended(clients[i]), i == 1);
    }
    for (int i = 0; i <= MOST; i++) {
        close(clients[i]);
        close(fds[i]);
    }
    assert_int_equal(mu_rpc_connections(), 0);
}

/* The first two have been sent a byte that nobody reads. */
static void who_waits_to_be_read_is_not_silent(void **state) {
    struct fixture *f = *state;
    int clients[2 * MOST];
    int fds[2 * MOST];
    for (int i = 0; i < 2 * MOST; i++) {
        if (i == MOST) {
            assert_int_equal(send(clients[0], "x", 1, 0), 1);
            assert_int_equal(send(clients[1], "x", 1, 0), 1);
        }
        clients[i] = dial(f);
        fds[i] = accept_one(f);
    }
    for (int i = 0; i < 2 * MOST; i++) {
        bool last = i >= 2 * MOST - (MOST - 2);
        assert_int_equal(has_ended(clients[i]), i >= 2 && !last);
    }
    for (int i = 0; i < 2 * MOST; i++) {
        close(clients[i]);
        close(fds[i]);
    }
}

static void when_all_wait_to_be_read_the_first_makes_room(void **state) {
    struct fixture *f = *state;
    int clients[MOST + 1];
    int fds[MOST + 1];
    for (int i = 0; i <= MOST; i++) {
        clients[i] = dial(f);
        assert_int_equal(send(clients[i], "x", 1, 0), 1);
        fds[i] = accept_one(f);
    }
    for (int i = 0; i <= MOST; i++) {
        assert_int_equal(has_ended(clients[i]), i == 0);
        close(clients[i]);
        close(fds[i]);
    }
}

static void the_idle_are_closed(void **state) {
    struct fixture *f = *state;
    int client = dial(f);
    int fd = accept_one(f);
    mu_rpc_connections_drop_idle(3600);
    char byte;
    assert_int_equal(recv(client, &byte, 1, MSG_DONTWAIT), -1);
    mu_rpc_connections_drop_idle(0);
    assert_true(has_ended(client));
    close(fd);
    close(client);
}

/* The next descriptor will be one too many. */
static struct rlimit use_up_descriptors(void) {
    struct rlimit former;
    getrlimit(RLIMIT_NOFILE, &former);
    int next = dup(STDERR_FILENO);
    close(next);
    setrlimit(
        RLIMIT_NOFILE, &(struct rlimit){.rlim_cur = (rlim_t)next, .rlim_max = former.rlim_max});
    return former;
}

static void without_descriptors_the_longest_silent_makes_room(void **state) {
    struct fixture *f = *state;
    watch(f, f->listener);
    int clients[] = {dial(f), dial(f)};
    int first = accept_one(f);
    assert_true(is_reported(f, f->listener));
    struct rlimit former = use_up_descriptors();
    assert_int_equal(accept_one(f), -1);
    assert_int_equal(errno, EAGAIN);
    assert_true(has_ended(clients[0]));
    assert_true(is_reported(f, f->listener)); /* for the one that still waits */
    close(first);
    int second = accept_one(f);
    assert_true(second >= 0);
    close(second);
    close(clients[0]);
    close(clients[1]);
    setrlimit(RLIMIT_NOFILE, &former);
}

static void without_connections_the_newcomer_is_refused(void **state) {
    struct fixture *f = *state;
    int client = dial(f);
    struct rlimit former = use_up_descriptors();
    assert_int_equal(accept_one(f), -1);
    assert_int_equal(errno, EAGAIN);
    assert_true(has_ended(client));
    close(client);
    setrlimit(RLIMIT_NOFILE, &former);
}

static void a_listener_that_accepts_nobody_is_noticed(void **state) {
    struct fixture *f = *state;
    int port = ntohs(f->address.sin_port);
    watch(f, f->listener);
    assert_false(mu_rpc_connections_accepted(port == 1 ? 2 : 1));
    for (int look = 0; look < 10; look++) {
        assert_true(mu_rpc_connections_accepted(port));
    }
    int client = dial(f);
    assert_true(mu_rpc_connections_accepted(port)); /* it has only just come */
    int looks = 1;
    while (mu_rpc_connections_accepted(port)) {
        assert_in_range(++looks, 1, 10);
    }
    int fd = accept_one(f);
    assert_true(mu_rpc_connections_accepted(port));
    close(fd);
    close(client);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_connection_is_read_in_turns),
        TEST(too_much_memory_makes_whole_turns_pause),
        TEST(newcomers_are_accepted_in_turns),
        TEST(the_longest_silent_makes_room),
        TEST(who_waits_to_be_read_is_not_silent),
        TEST(when_all_wait_to_be_read_the_first_makes_room),
        TEST(the_idle_are_closed),
        TEST(without_descriptors_the_longest_silent_makes_room),
        TEST(without_connections_the_newcomer_is_refused),
        TEST(a_listener_that_accepts_nobody_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
