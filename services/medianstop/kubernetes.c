#include "services/medianstop/kubernetes.h"

#include <ctype.h>
#include <errno.h>
#include <neon/ne_request.h>
#include <neon/ne_session.h>
#include <neon/ne_socket.h>
#include <neon/ne_ssl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An object has at most 1.5 MiB in etcd; a token at most some KiB, a bundle of authorities more. */
enum { LARGEST_ANSWER = 8 << 20, LARGEST_FILE = 1 << 20 };
enum { SECONDS_TO_CONNECT = 5, SECONDS_TO_READ = 10 };

struct mu_kubernetes_session {
    ne_session *http;
    char *token, *space;
};

/* ---- the files of a service account ---- */

/* The text of the file, without blanks at its end; freed by the caller. */
static char *read_file(const char *folder, const char *name, struct mu_error *error) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    errno = 0;
    FILE *file = fopen(path, "re");
    char *text = file ? malloc(LARGEST_FILE + 1) : NULL;
    size_t size = text ? fread(text, 1, LARGEST_FILE, file) : 0;
    if (size == 0) {
        mu_fail(error, MU_FAILED_PRECONDITION, "the Kubernetes API cannot be used: %s: %s", path,
            file && errno == 0 ? "is empty" : strerror(errno));
        free(text);
        text = NULL;
    }
    while (size > 0 && isspace((unsigned char)text[size - 1])) {
        size--;
    }
    if (text) {
        text[size] = '\0';
    }
    if (file) {
        fclose(file);
    }
    return text;
}

/* One certificate: the base64 from |from| to |to|, whose line ends are taken out in place. */
static bool trust_one(ne_session *http, char *from, const char *to) {
    char *end = from;
    for (const char *c = from; c < to; c++) {
        if (!isspace((unsigned char)*c)) {
            *end++ = *c;
        }
    }
    *end = '\0';
    ne_ssl_certificate *certificate = ne_ssl_cert_import(from);
    if (certificate) {
        ne_ssl_trust_cert(http, certificate);
        ne_ssl_cert_free(certificate);
    }
    return certificate != NULL;
}

/* Trust every certificate of the PEM text, and no other. */
static bool trust(ne_session *http, char *pem) {
    static const char begin[] = "-----BEGIN CERTIFICATE-----";
    static const char end[] = "-----END CERTIFICATE-----";
    bool some = false;
    for (char *at = strstr(pem, begin); at; at = strstr(at, begin)) {
        char *from = at + strlen(begin);
        char *to = strstr(from, end);
        if (!to) {
            break;
        }
        at = to + strlen(end);
        some |= trust_one(http, from, to);
    }
    return some;
}

/* ---- sessions ---- */

/* Kubernetes gives an IPv6 address without the brackets that URLs have. */
static ne_session *connect_to(const struct mu_kubernetes *api) {
    char host[256];
    bool bare = strchr(api->host, ':') && api->host[0] != '[';
    snprintf(host, sizeof host, bare ? "[%s]" : "%s", api->host);
    ne_session *http = ne_session_create("https", host, api->port);
    ne_set_connect_timeout(http, SECONDS_TO_CONNECT);
    ne_set_read_timeout(http, SECONDS_TO_READ);
    ne_set_useragent(http, "mushir-medianstop/" MUSHIR_VERSION);
    return http;
}

/* What the files say; false with |error| set. */
static bool read_account(
    struct mu_kubernetes_session *session, const char *folder, struct mu_error *error) {
    session->token = read_file(folder, "token", error);
    session->space = session->token ? read_file(folder, "namespace", error) : NULL;
    char *authorities = session->space ? read_file(folder, "ca.crt", error) : NULL;
    if (authorities && !trust(session->http, authorities)) {
        mu_fail(error, MU_FAILED_PRECONDITION,
            "the Kubernetes API cannot be used: %.500s/ca.crt holds no certificate", folder);
        free(authorities);
        return false;
    }
    free(authorities);
    return authorities != NULL;
}

enum mu_status mu_kubernetes_open(const struct mu_kubernetes *api,
    struct mu_kubernetes_session **session, struct mu_error *error) {
    *session = NULL;
    if (!api->host) {
        return mu_fail(error, MU_FAILED_PRECONDITION,
            "no Kubernetes API is known: KUBERNETES_SERVICE_HOST is not set");
    }
    struct mu_kubernetes_session *opened = calloc(1, sizeof *opened);
    if (!opened) {
        return mu_fail(error, MU_RESOURCE_EXHAUSTED, "out of memory");
    }
    opened->http = connect_to(api);
    if (!read_account(opened, api->account, error)) {
        mu_kubernetes_close(opened);
        return error->code;
    }
    *session = opened;
    return MU_OK;
}

void mu_kubernetes_close(struct mu_kubernetes_session *session) {
    if (session) {
        ne_session_destroy(session->http);
        free(session->token);
        free(session->space);
        free(session);
    }
}

const char *mu_kubernetes_namespace(const struct mu_kubernetes_session *session) {
    return session->space;
}

/* ---- requests ---- */

static bool append(struct mu_kubernetes_answer *answer, const char *block, size_t size) {
    char *grown = answer->size + size > LARGEST_ANSWER
                      ? NULL
                      : realloc(answer->body, answer->size + size + 1);
    if (grown) {
        memcpy(grown + answer->size, block, size);
        answer->body = grown;
        answer->size += size;
        grown[answer->size] = '\0';
    }
    return grown != NULL;
}

/* The whole answer; false when it broke off, or is too big. */
static bool receive(ne_session *http, ne_request *request, struct mu_kubernetes_answer *answer) {
    char block[8192];
    ssize_t n = 1;
    *answer = (struct mu_kubernetes_answer){0};
    if (ne_begin_request(request) != NE_OK || !append(answer, "", 0)) {
        return false;
    }
    while (n > 0) {
        n = ne_read_response_block(request, block, sizeof block);
        if (n > 0 && !append(answer, block, (size_t)n)) {
            ne_set_error(http, "more than %d MiB", LARGEST_ANSWER >> 20);
            return false;
        }
    }
    answer->code = ne_get_status(request)->code;
    return n == 0 && ne_end_request(request) == NE_OK;
}

static ne_request *new_request(const struct mu_kubernetes_session *session, const char *method,
    const char *path, const char *patch) {
    ne_request *request = ne_request_create(session->http, method, path);
    ne_print_request_header(request, "Authorization", "Bearer %s", session->token);
    ne_add_request_header(request, "Accept", "application/json");
    if (patch) {
        ne_add_request_header(request, "Content-Type", "application/merge-patch+json");
        ne_set_request_body_buffer(request, patch, strlen(patch));
    }
    return request;
}

enum mu_status mu_kubernetes_send(struct mu_kubernetes_session *session, const char *method,
    const char *path, const char *patch, struct mu_kubernetes_answer *answer,
    struct mu_error *error) {
    ne_request *request = new_request(session, method, path, patch);
    enum mu_status status = MU_OK;
    if (!receive(session->http, request, answer)) {
        free(answer->body);
        answer->body = NULL;
        status = mu_fail(error, MU_UNAVAILABLE, "the Kubernetes API did not answer %s: %.500s",
            method, ne_get_error(session->http));
    }
    ne_request_destroy(request);
    return status;
}

/* Neon counts its users, and sets up what its threads share with the first. */
__attribute__((constructor)) static void begin_neon(void) {
    ne_sock_init();
}
