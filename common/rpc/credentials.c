#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/rpc/internal.h"

enum { LARGEST_FILE = 1 << 20 };

/* The whole of a PEM file, to be freed; NULL with |error|. */
static char *read_file(const char *path, struct mu_error *error) {
    FILE *file = fopen(path, "rb");
    if (!file) {
        (void)mu_fail(error, MU_INVALID_ARGUMENT, "cannot read %.200s: %s", path, strerror(errno));
        return NULL;
    }
    char *text = calloc(1, LARGEST_FILE + 1);
    size_t size = text ? fread(text, 1, LARGEST_FILE, file) : 0;
    bool complete = text && feof(file);
    fclose(file);
    if (!complete || size == 0 || !strstr(text, "-----BEGIN")) {
        (void)mu_fail(error, MU_INVALID_ARGUMENT, "%.200s is not a PEM file", path);
        free(text);
        return NULL;
    }
    return text;
}

grpc_server_credentials *mu_rpc_credentials(
    const struct mu_rpc_options *options, struct mu_error *error) {
    if (!options->tls_cert && !options->tls_key && !options->tls_client_ca) {
        return grpc_insecure_server_credentials_create();
    }
    if (!options->tls_cert || !options->tls_key) {
        (void)mu_fail(error, MU_INVALID_ARGUMENT, "TLS needs both a certificate and its key");
        return NULL;
    }
    char *certificate = read_file(options->tls_cert, error);
    char *key = certificate ? read_file(options->tls_key, error) : NULL;
    char *authority =
        key && options->tls_client_ca ? read_file(options->tls_client_ca, error) : NULL;
    grpc_server_credentials *credentials = NULL;
    if (key && (authority || !options->tls_client_ca)) {
        grpc_ssl_pem_key_cert_pair pair = {.private_key = key, .cert_chain = certificate};
        credentials = grpc_ssl_server_credentials_create_ex(authority, &pair, 1,
            authority ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                      : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE,
            NULL);
        if (!credentials) {
            (void)mu_fail(error, MU_INVALID_ARGUMENT,
                "the certificate %.100s and the key %.100s cannot be used", options->tls_cert,
                options->tls_key);
        }
    }
    free(authority);
    free(key);
    free(certificate);
    return credentials;
}
