#include "common/service/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEAD_SIZE = 4096, MOST_CONNECTIONS = 32, PATIENCE = 2 /* seconds */ };

struct connection {
    struct mu_http *http;
    struct connection *next, **link;
    ev_io io;
    ev_timer timer;
    char head[HEAD_SIZE];
    size_t read;
    char *reply; /* once the request is complete */
    size_t size, sent;
};

struct mu_http {
    struct ev_loop *loop;
    ev_io io;
    mu_http_page page;
    void *user;
    int port;
    struct connection *connections;
    size_t n_connections;
};

static bool starts_with(const char *text, size_t size, const char *prefix) {
    return size >= strlen(prefix) && memcmp(text, prefix, strlen(prefix)) == 0;
}

struct mu_http_head mu_http_parse(const char *text, size_t size) {
    struct mu_http_head head = {0};
    const char *line_end = memchr(text, '\n', size);
    bool complete =
        line_end && (memmem(text, size, "\r\n\r\n", 4) || memmem(text, size, "\n\n", 2));
    if (!complete) {
        head.status = size >= HEAD_SIZE ? 431 : 0;
        return head;
    }
    head.head_only = starts_with(text, size, "HEAD ");
    if (!head.head_only && !starts_with(text, size, "GET ")) {
        head.status = 405;
        return head;
    }
    const char *path = text + (head.head_only ? 5 : 4);
    const char *end = memchr(path, ' ', (size_t)(line_end - path));
    if (!end || *path != '/' || !starts_with(end + 1, (size_t)(line_end - end - 1), "HTTP/1.")) {
        head.status = 400;
        return head;
    }
    const char *query = memchr(path, '?', (size_t)(end - path));
    size_t length = (size_t)((query ? query : end) - path);
    head.status = length < MU_HTTP_PATH ? 200 : 414;
    memcpy(head.path, path, length < MU_HTTP_PATH ? length : 0);
    return head;
}

static void drop(struct connection *connection) {
    struct mu_http *http = connection->http;
    ev_io_stop(http->loop, &connection->io);
    ev_timer_stop(http->loop, &connection->timer);
    close(connection->io.fd);
    *connection->link = connection->next;
    if (connection->next) {
        connection->next->link = connection->link;
    }
    http->n_connections--;
    free(connection->reply);
    free(connection);
}

static const char *reason(int status) {
    switch (status) {
    case 200:
        return "OK";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 414:
        return "URI Too Long";
    case 431:
        return "Request Header Fields Too Large";
    case 503:
        return "Service Unavailable";
    default:
        return "Bad Request";
    }
}

/* The whole reply as one text: the page, behind a head that knows its length. */
static bool build_reply(struct connection *connection, const struct mu_http_head *head) {
    char *body = NULL;
    size_t body_size = 0;
    int status = head->status;
    FILE *page = open_memstream(&body, &body_size);
    if (!page) {
        return false;
    }
    if (status == 200) {
        status = connection->http->page(connection->http->user, head->path, page);
    } else {
        fprintf(page, "%s\n", reason(status));
    }
    fclose(page);
    FILE *reply = open_memstream(&connection->reply, &connection->size);
    if (reply) {
        fprintf(reply,
            "HTTP/1.1 %d %s\r\nContent-Type: text/plain; version=0.0.4; "
            "charset=utf-8\r\nContent-Length: %zu\r\n%sConnection: "
            "close\r\n\r\n",
            status, reason(status), body_size, status == 405 ? "Allow: GET, HEAD\r\n" : "");
        fwrite(body, 1, head->head_only ? 0 : body_size, reply);
        fclose(reply);
    }
    free(body);
    return reply && connection->reply;
}

static bool try_again(ssize_t n) {
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

static void on_writable(struct connection *connection) {
    ssize_t n = send(connection->io.fd, connection->reply + connection->sent,
        connection->size - connection->sent, MSG_NOSIGNAL);
    connection->sent += n > 0 ? (size_t)n : 0;
    if (connection->sent == connection->size) {
        shutdown(connection->io.fd, SHUT_WR);
        drop(connection);
    } else if (n <= 0 && !try_again(n)) {
        drop(connection);
    }
}

static void on_readable(struct connection *connection) {
    ssize_t n = recv(
        connection->io.fd, connection->head + connection->read, HEAD_SIZE - connection->read, 0);
    if (n <= 0) {
        if (!try_again(n)) {
            drop(connection);
        }
        return;
    }
    connection->read += (size_t)n;
    struct mu_http_head head = mu_http_parse(connection->head, connection->read);
    if (head.status == 0) {
        return;
    }
    if (!build_reply(connection, &head)) {
        drop(connection);
        return;
    }
    ev_io_stop(connection->http->loop, &connection->io);
    ev_io_set(&connection->io, connection->io.fd, EV_WRITE);
    ev_io_start(connection->http->loop, &connection->io);
}

static void on_connection(struct ev_loop *loop, ev_io *io, int events) {
    (void)loop;
    if (events & EV_WRITE) {
        on_writable(io->data);
    } else {
        on_readable(io->data);
    }
}

static void on_timeout(struct ev_loop *loop, ev_timer *timer, int events) {
    (void)loop, (void)events;
    drop(timer->data);
}

/* The connection to make room for another: the one that has waited longest. */
static struct connection *oldest(const struct mu_http *http) {
    struct connection *connection = http->connections;
    while (connection->next) {
        connection = connection->next;
    }
    return connection;
}

static void on_accept(struct ev_loop *loop, ev_io *io, int events) {
    (void)events;
    struct mu_http *http = io->data;
    int fd = accept4(io->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct connection *connection = fd >= 0 ? calloc(1, sizeof *connection) : NULL;
    if (!connection) {
        if (fd >= 0) {
            close(fd);
        }
        return;
    }
    if (http->n_connections == MOST_CONNECTIONS) {
        drop(oldest(http));
    }
    connection->http = http;
    connection->link = &http->connections;
    connection->next = http->connections;
    if (connection->next) {
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): drop takes what it frees off the list */
        connection->next->link = &connection->next;
    }
    http->connections = connection;
    http->n_connections++;
    ev_io_init(&connection->io, on_connection, fd, EV_READ);
    ev_timer_init(&connection->timer, on_timeout, PATIENCE, 0);
    connection->io.data = connection->timer.data = connection;
    ev_io_start(loop, &connection->io);
    ev_timer_start(loop, &connection->timer);
}

/* A listening socket, or -1 with errno. */
static int listen_at(const char *host, int port) {
    struct sockaddr_in6 six = {
        .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port), .sin6_addr = in6addr_any};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    bool is_four = host && inet_pton(AF_INET, host, &four.sin_addr) == 1;
    if (host && !is_four && inet_pton(AF_INET6, host, &six.sin6_addr) != 1) {
        errno = EINVAL;
        return -1;
    }
    int fd = socket(is_four ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int yes = 1;
    int no = 0;
    if (fd < 0) {
        return !host && errno == EAFNOSUPPORT ? listen_at("0.0.0.0", port) : -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (!is_four) {
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
    }
    const struct sockaddr *address =
        is_four ? (const struct sockaddr *)&four : (const struct sockaddr *)&six;
    if (bind(fd, address, is_four ? sizeof four : sizeof six) == 0 && listen(fd, 64) == 0) {
        return fd;
    }
    int reason_now = errno;
    close(fd);
    errno = reason_now;
    return !host && reason_now == EADDRNOTAVAIL ? listen_at("0.0.0.0", port) : -1;
}

struct mu_http *mu_http_open(struct ev_loop *loop, const char *host, int port, mu_http_page page,
    void *user, struct mu_error *error) {
    int fd = listen_at(host, port);
    struct mu_http *http = fd >= 0 ? calloc(1, sizeof *http) : NULL;
    if (!http) {
        (void)mu_fail(
            error, MU_UNAVAILABLE, "cannot listen on admin port %d: %s", port, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return NULL;
    }
    struct sockaddr_in6 bound = {0};
    socklen_t size = sizeof bound;
    getsockname(fd, (struct sockaddr *)&bound, &size);
    *http = (struct mu_http){.loop = loop,
        .page = page,
        .user = user,
        .port = ntohs(bound.sin6_port)}; /* at one place in both families */
    ev_io_init(&http->io, on_accept, fd, EV_READ);
    http->io.data = http;
    ev_io_start(loop, &http->io);
    return http;
}

int mu_http_port(const struct mu_http *http) {
    return http->port;
}

void mu_http_close(struct mu_http *http) {
    if (!http) {
        return;
    }
    while (http->connections) {
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): drop takes what it frees off the list */
        drop(http->connections);
    }
    ev_io_stop(http->loop, &http->io);
    close(http->io.fd);
    free(http);
}
