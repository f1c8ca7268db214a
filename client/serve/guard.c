#include "client/serve/guard.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

void cl_guard_open(struct cl_guard *guard, int port) {
    unsigned char bytes[CL_GUARD_SECRET / 2];
    if (getentropy(bytes, sizeof bytes)) {
        abort();
    }
    for (size_t i = 0; i < sizeof bytes; i++) {
        snprintf(guard->secret + 2 * i, 3, "%02x", bytes[i]);
    }
    snprintf(guard->cookie, sizeof guard->cookie, "mushir-%d", port);
}

/* Whether |size| bytes at |given| are |secret|; every byte of it is compared. */
static bool same(const char *secret, const char *given, size_t size) {
    size_t length = strlen(secret);
    unsigned char differ = length != size;
    for (size_t i = 0; i < length; i++) {
        differ |= (unsigned char)(secret[i] ^ given[size ? i % size : 0]);
    }
    return !differ && length > 0;
}

bool cl_guard_knows(const struct cl_guard *guard, const char *token) {
    return guard->token && same(guard->token, token, strlen(token));
}

/* ---- where it was sent to ---- */

static bool is_address(const char *host) {
    struct in6_addr address;
    return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;
}

/* The name in a Host header, without port and brackets. */
static void host_name(const char *header, char name[256]) {
    bool bracket = *header == '[';
    size_t length = bracket ? strcspn(header + 1, "]") : strcspn(header, ":");
    snprintf(name, 256, "%.*s", (int)(length < 255 ? length : 255), header + bracket);
}

static bool host_allowed(const struct cl_guard *guard, const char *header) {
    char name[256];
    host_name(header, name);
    bool allowed = is_address(name) || !strcasecmp(name, "localhost");
    for (size_t i = 0; guard->names && guard->names[i] && !allowed; i++) {
        allowed = !strcasecmp(name, guard->names[i]);
    }
    return allowed;
}

/* ---- who sent it ---- */

/* Whether a page of another origin sent it; who opens "/" brings no cookie with it. */
static bool foreign(const struct cl_guard *guard, const struct cl_http_request *r) {
    char own[300];
    bool opens =
        !strcmp(r->method, "GET") && !strcmp(r->path, "/") && !strcmp(r->fetch_mode, "navigate");
    bool elsewhere = *r->fetch_site && strcmp(r->fetch_site, "none") != 0 &&
                     strcmp(r->fetch_site, "same-origin") != 0;
    snprintf(own, sizeof own, "%s://%s", guard->tls ? "https" : "http", r->host);
    return (elsewhere && !opens) || (*r->origin && strcasecmp(r->origin, own) != 0);
}

static bool changes(const struct cl_http_request *r) {
    return strcmp(r->method, "GET") != 0 && strcmp(r->method, "HEAD") != 0;
}

/* Whether a form cannot send this type of a body; browsers ask before a script of another origin
 * may. */
static bool typed(const char *type) {
    static const char *const types[] = {"application/json", "application/yaml"};
    size_t length = strcspn(type, "; \t");
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strlen(types[i]) == length && !strncasecmp(type, types[i], length)) {
            return true;
        }
    }
    return false;
}

/* ---- whom it comes from ---- */

static bool has_bearer(const struct cl_guard *guard, const char *authorization) {
    static const char scheme[] = "Bearer ";
    return !strncasecmp(authorization, scheme, strlen(scheme)) &&
           cl_guard_knows(guard, authorization + strlen(scheme));
}

static bool has_cookie(const struct cl_guard *guard, const char *cookies) {
    size_t length = strlen(guard->cookie);
    while (*cookies) {
        cookies += strspn(cookies, "; ");
        size_t size = strcspn(cookies, ";");
        if (size > length && !strncmp(cookies, guard->cookie, length) && cookies[length] == '=' &&
            same(guard->secret, cookies + length + 1, size - length - 1)) {
            return true;
        }
        cookies += size;
    }
    return false;
}

static bool known(const struct cl_guard *guard, const struct cl_http_request *r) {
    return !guard->token || has_bearer(guard, r->authorization) || has_cookie(guard, r->cookie);
}

int cl_guard_check(
    const struct cl_guard *guard, const struct cl_http_request *request, const char **why) {
    static const char interface[] = "/api/";
    bool login = !strcmp(request->path, CL_GUARD_LOGIN);
    bool page = strncmp(request->path, interface, strlen(interface)) != 0;
    if (!host_allowed(guard, request->host)) {
        *why = "this Host is not served: --allow-host names further ones";
        return 403;
    }
    if (foreign(guard, request)) {
        *why = "a page of another origin sent this";
        return 403;
    }
    if (*request->content_type && changes(request) && !typed(request->content_type)) {
        *why = "a body is application/json or application/yaml";
        return 415;
    }
    if (!login && !page && !known(guard, request)) {
        *why = "the token is missing or wrong";
        return 401;
    }
    if (guard->read_only && changes(request) && !login) {
        *why = "this server is read-only";
        return 403;
    }
    return 0;
}

bool cl_guard_loopback(const char *host) {
    struct in_addr address;
    return inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}
