/* Who may ask what: the rules of the guard, one request at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "client/serve/guard.h"

static const char token[] = "0123456789abcdef";

/* A request that nothing is wrong with. */
static struct cl_http_request request(const char *method, const char *path) {
    return (struct cl_http_request){.method = method,
        .path = path,
        .query = "",
        .host = "localhost:8080",
        .origin = "",
        .content_type = "",
        .authorization = "",
        .cookie = "",
        .fetch_site = "",
        .fetch_mode = "",
        .body = ""};
}

static int check(const struct cl_guard *guard, const struct cl_http_request *r) {
    const char *why = NULL;
    int status = cl_guard_check(guard, r, &why);
    assert_true(status == 0 || why);
    return status;
}

static void hosts_are_addresses_localhost_or_named(void **state) {
    static const char *const names[] = {"tuning.example", NULL};
    static const struct {
        const char *host;
        int status;
    } cases[] = {{"localhost", 0}, {"LocalHost:1", 0}, {"127.0.0.1:8080", 0}, {"10.1.2.3", 0},
        {"[::1]:8080", 0}, {"[2001:db8::1]", 0}, {"tuning.example:80", 0}, {"Tuning.Example", 0},
        {"", 403}, {"example", 403}, {"tuning.example.attacker", 403}, {"127.0.0.1.attacker", 403},
        {"127.0.0.1@attacker", 403}, {"localhost.attacker:8080", 403}, {"[attacker]", 403}};
    struct cl_guard guard = {.names = names};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cl_http_request r = request("GET", "/api/v1/experiments");
        r.host = cases[i].host;
        assert_int_equal(check(&guard, &r), cases[i].status);
    }
}

static void the_origin_is_our_own(void **state) {
    struct cl_guard guard = {.tls = false};
    (void)state;
    for (int tls = 0; tls < 2; tls++) {
        struct cl_http_request r = request("POST", "/api/v1/experiments");
        guard.tls = tls;
        r.origin = "http://localhost:8080";
        assert_int_equal(check(&guard, &r), tls ? 403 : 0);
        r.origin = "https://localhost:8080";
        assert_int_equal(check(&guard, &r), tls ? 0 : 403);
        r.origin = "null";
        assert_int_equal(check(&guard, &r), 403);
    }
}

static void other_sites_open_the_page_and_nothing_else(void **state) {
    struct cl_guard guard = {.tls = false};
    (void)state;
    struct cl_http_request r = request("GET", "/");
    r.fetch_site = "cross-site";
    r.fetch_mode = "navigate";
    assert_int_equal(check(&guard, &r), 0);
    r.fetch_mode = "cors";
    assert_int_equal(check(&guard, &r), 403);
    r = request("GET", "/api/v1/experiments");
    r.fetch_site = "same-site";
    r.fetch_mode = "navigate";
    assert_int_equal(check(&guard, &r), 403);
    r.fetch_site = "same-origin";
    assert_int_equal(check(&guard, &r), 0);
}

static void types_that_a_form_can_send_are_refused(void **state) {
    static const char *const bad[] = {"text/plain", "application/x-www-form-urlencoded",
        "multipart/form-data", "application/jsonx", "application/json,text/plain"};
    struct cl_guard guard = {.tls = false};
    (void)state;
    struct cl_http_request r = request("POST", "/api/v1/experiments");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        r.content_type = bad[i];
        assert_int_equal(check(&guard, &r), 415);
    }
    r.content_type = "Application/JSON; charset=utf-8";
    assert_int_equal(check(&guard, &r), 0);
    r.content_type = "application/yaml";
    assert_int_equal(check(&guard, &r), 0);
}

static void a_token_is_asked_for_below_the_interface(void **state) {
    struct cl_guard guard = {.token = token};
    (void)state;
    struct cl_http_request r = request("GET", "/api/v1/experiments");
    cl_guard_open(&guard, 8080);
    assert_int_equal(check(&guard, &r), 401);
    r.authorization = "bearer 0123456789abcdef";
    assert_int_equal(check(&guard, &r), 0);
    r.authorization = "Bearer 0123456789abcdeg";
    assert_int_equal(check(&guard, &r), 401);
    r.authorization = "Bearer 0123456789abcdef0123456789abcdef"; /* the bytes repeat, but not it */
    assert_int_equal(check(&guard, &r), 401);
    r = request("GET", "/page.js");
    assert_int_equal(check(&guard, &r), 0);
    r = request("POST", CL_GUARD_LOGIN);
    assert_int_equal(check(&guard, &r), 0);
}

static void a_cookie_is_worth_its_secret(void **state) {
    char cookie[200];
    struct cl_guard guard = {.token = token};
    struct cl_guard unopened = {.token = token};
    (void)state;
    cl_guard_open(&guard, 8080);
    struct cl_http_request r = request("GET", "/api/v1/experiments");
    snprintf(cookie, sizeof cookie, "a=b; mushir-8080=%s; c=d", guard.secret);
    r.cookie = cookie;
    assert_int_equal(check(&guard, &r), 0);
    snprintf(cookie, sizeof cookie, "mushir-8081=%s", guard.secret); /* another server's */
    assert_int_equal(check(&guard, &r), 401);
    snprintf(cookie, sizeof cookie, "mushir-8080=%.63s", guard.secret);
    assert_int_equal(check(&guard, &r), 401);
    r.cookie = "=";
    assert_int_equal(check(&unopened, &r), 401); /* no secret lets nobody in */
}

static void read_only_changes_nothing(void **state) {
    struct cl_guard guard = {.read_only = true};
    static const char *const methods[] = {"POST", "PATCH", "PUT", "DELETE", "?"};
    (void)state;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        struct cl_http_request r = request(methods[i], "/api/v1/experiments/a");
        assert_int_equal(check(&guard, &r), 403);
    }
    struct cl_http_request r = request("HEAD", "/api/v1/experiments/a");
    assert_int_equal(check(&guard, &r), 0);
}

static void loopback_is_this_machine(void **state) {
    (void)state;
    assert_true(cl_guard_loopback("127.0.0.1"));
    assert_true(cl_guard_loopback("127.8.9.10"));
    assert_false(cl_guard_loopback("128.0.0.1"));
    assert_false(cl_guard_loopback("0.0.0.0"));
    assert_false(cl_guard_loopback("localhost"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_are_addresses_localhost_or_named),
        cmocka_unit_test(the_origin_is_our_own),
        cmocka_unit_test(other_sites_open_the_page_and_nothing_else),
        cmocka_unit_test(types_that_a_form_can_send_are_refused),
        cmocka_unit_test(a_token_is_asked_for_below_the_interface),
        cmocka_unit_test(a_cookie_is_worth_its_secret),
        cmocka_unit_test(read_only_changes_nothing),
        cmocka_unit_test(loopback_is_this_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
