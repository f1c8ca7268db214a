/* The admin port: reading requests, answering over a socket, and the metrics' text. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/service/http.h"
#include "common/service/metrics.h"
#include "tests/support/cmocka.h"

static struct mu_http_head parse(const char *text) {
    return mu_http_parse(text, strlen(text));
}

static void requests_are_read(void **state) {
    (void)state;
    assert_int_equal(parse("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
    assert_string_equal(parse("GET /metrics HTTP/1.1\r\n\r\n").path, "/metrics");
    assert_string_equal(parse("GET /metrics?name=x HTTP/1.0\n\n").path, "/metrics");
    assert_true(parse("HEAD / HTTP/1.1\r\n\r\n").head_only);
    assert_int_equal(parse("GET /metrics HTTP/1.1\r\nHost: x\r\n").status, 0);
    assert_int_equal(parse("").status, 0);
    assert_int_equal(parse("POST /metrics HTTP/1.1\r\n\r\n").status, 405);
    assert_int_equal(parse("GET metrics HTTP/1.1\r\n\r\n").status, 400);
    assert_int_equal(parse("GET /metrics\r\n\r\n").status, 400);
    assert_int_equal(parse("GET /metrics HTTP/2\r\n\r\n").status, 400);
    assert_int_equal(parse("\r\n\r\n").status, 405);
    assert_int_equal(mu_http_parse("\0\0\n\n", 4).status, 405);
}

static void long_requests_are_refused(void **state) {
    (void)state;
    char text[5000];
    memset(text, 'a', sizeof text);
    assert_int_equal(mu_http_parse(text, 4096).status, 431);
    snprintf(text, sizeof text, "GET /%0995d HTTP/1.1\r\n\r\n", 0);
    assert_int_equal(mu_http_parse(text, 1013).status, 414);
}

static int page(void *user, const char *path, FILE *body) {
    (void)user;
    for (int i = 0; i < 100000 && strcmp(path, "/big") == 0; i++) {
        fputs("0123456789", body);
    }
    fprintf(body, "page %s\n", path);
    return strcmp(path, "/none") == 0 ? 404 : 200;
}

struct exchange {
    int port;
    const char *request;
    char *answer; /* everything that came until the end */
    size_t size;
    struct ev_loop *loop;
    ev_async *done;
};

static void *ask(void *user) {
    struct exchange *exchange = user;
    struct sockaddr_in address = {.sin_family = AF_INET,
        .sin_port = htons((uint16_t)exchange->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    exchange->answer = calloc(1, 2 << 20);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) {
        for (const char *at = exchange->request; *at;
             at++) { /* one byte at a time: the worst a client can do */
            if (send(fd, at, 1, MSG_NOSIGNAL) != 1) {
                break;
            }
        }
        for (ssize_t n; (n = recv(fd, exchange->answer + exchange->size,
                             (2 << 20) - 1 - exchange->size, 0)) > 0;) {
            exchange->size += (size_t)n;
        }
    }
    close(fd);
    ev_async_send(exchange->loop, exchange->done);
    return NULL;
}

static void on_done(struct ev_loop *loop, ev_async *async, int events) {
    (void)async, (void)events;
    ev_break(loop, EVBREAK_ALL);
}

static char *exchange(const char *request) {
    struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
    struct mu_error error;
    ev_async done;
    pthread_t thread;
    ev_async_init(&done, on_done);
    ev_async_start(loop, &done);
    struct mu_http *http = mu_http_open(loop, "127.0.0.1", 0, page, NULL, &error);
    assert_non_null(http);
    struct exchange e = {
        .port = mu_http_port(http), .request = request, .loop = loop, .done = &done};
    assert_int_equal(pthread_create(&thread, NULL, ask, &e), 0);
    ev_run(loop, 0);
    pthread_join(thread, NULL);
    mu_http_close(http);
    ev_loop_destroy(loop);
    return e.answer;
}

static void assert_answer(const char *request, const char *status, const char *end) {
    char *answer = exchange(request);
    assert_int_equal(strncmp(answer, status, strlen(status)), 0);
    assert_non_null(strstr(answer, "Connection: close\r\n"));
    assert_true(
        strlen(answer) > strlen(end) && strcmp(answer + strlen(answer) - strlen(end), end) == 0);
    free(answer);
}

static void pages_are_served(void **state) {
    (void)state;
    assert_answer("GET /x HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 OK\r\n", "\r\n\r\npage /x\n");
    assert_answer("HEAD /x HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n", "\r\n\r\n");
    assert_answer(
        "GET /none HTTP/1.1\r\n\r\n", "HTTP/1.1 404 Not Found\r\n", "\r\n\r\npage /none\n");
    assert_answer("GET /big HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n", "0123456789page /big\n");
    assert_answer("PUT /x HTTP/1.1\r\n\r\n", "HTTP/1.1 405 Method Not Allowed\r\n",
        "\r\n\r\nMethod Not Allowed\n");
    assert_answer("rubbish\r\n\r\n", "HTTP/1.1 405", "\n");
}

static void a_taken_admin_port_is_an_error(void **state) {
    (void)state;
    struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
    struct mu_error error;
    struct mu_http *first = mu_http_open(loop, NULL, 0, page, NULL, &error);
    assert_non_null(first);
    assert_null(mu_http_open(loop, NULL, mu_http_port(first), page, NULL, &error));
    assert_non_null(strstr(error.text, "Address already in use"));
    assert_null(mu_http_open(loop, "localhost", 0, page, NULL, &error));
    mu_http_close(first);
    ev_loop_destroy(loop);
}

static void metrics_count_what_happened(void **state) {
    (void)state;
    static const struct mu_endpoint METHODS[] = {
        {"/s/GetSuggestions", NULL}, {"/s/Validate", NULL}};
    static const struct mu_contract contract = {
        .name = "s", .endpoints = METHODS, .n_endpoints = 2};
    static const struct mu_contract *const contracts[] = {&contract, NULL};
    const struct mu_note note = {.experiment = "e",
        .algorithm = "a",
        .trials = 7,
        .asked = 3,
        .observed = 4,
        .failed = 1,
        .running = 2};
    struct mu_rpc_outcome outcome = {.method = METHODS[0].path,
        .note = &note,
        .text = "",
        .seconds = 0.002,
        .request_bytes = 100};
    struct mu_metrics metrics;
    mu_metrics_init(&metrics, contracts);
    mu_metrics_count(&metrics, &outcome);
    outcome.seconds = 100;
    mu_metrics_count(&metrics, &outcome);
    outcome.status = MU_INVALID_ARGUMENT;
    outcome.seconds = 0;
    mu_metrics_count(&metrics, &outcome);
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    mu_metrics_print(
        &metrics, &(const struct mu_metrics_now){.service = "s", .version = "1", .queued = 5}, out);
    fclose(out);
    static const char *const LINES[] = {
        "\nmushir_requests_total{method=\"GetSuggestions\",status=\"OK\"} 2\n",
        "\nmushir_requests_total{method=\"GetSuggestions\",status=\"INVALID_ARGUMENT\"} 1\n",
        "\nmushir_requests_total{method=\"Validate\",status=\"OK\"} 0\n",
        "\nmushir_requests_total{method=\"Validate\",status=\"INTERNAL\"} 0\n",
        "\nmushir_request_seconds_bucket{method=\"GetSuggestions\",le=\"0.0001\"} 1\n",
        "\nmushir_request_seconds_bucket{method=\"GetSuggestions\",le=\"0.003\"} 2\n",
        "\nmushir_request_seconds_bucket{method=\"GetSuggestions\",le=\"10\"} 2\n",
        "\nmushir_request_seconds_bucket{method=\"GetSuggestions\",le=\"+Inf\"} 3\n",
        "\nmushir_request_seconds_count{method=\"GetSuggestions\"} 3\n",
        "\nmushir_trials_total 21\n",
        "\nmushir_trial_states_total{state=\"observed\"} 12\n",
        "\nmushir_trial_states_total{state=\"failed\"} 3\n",
        "\nmushir_trial_states_total{state=\"running\"} 6\n",
        "\nmushir_trial_states_total{state=\"dropped\"} 0\n",
        "\nmushir_suggestions_total 6\n",
        "\nmushir_request_bytes_total 300\n",
        "\nmushir_queue_depth 5\n",
    };
    for (size_t i = 0; i < sizeof LINES / sizeof *LINES; i++) {
        assert_non_null(strstr(text, LINES[i]));
    }
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_read),
        cmocka_unit_test(long_requests_are_refused),
        cmocka_unit_test(pages_are_served),
        cmocka_unit_test(a_taken_admin_port_is_an_error),
        cmocka_unit_test(metrics_count_what_happened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
