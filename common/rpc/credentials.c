/* The files of TLS. They are read and tried on the thread that calls mu_rpc_start and
 * mu_rpc_reload, so that a handshake waits for no disk; core fetches what was read last when a
 * client shakes hands. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/rpc/internal.h"

enum { LARGEST_FILE = 1 << 20 };

enum { CERTIFICATE, KEY, AUTHORITIES, N_FILES };

/* What tells one content of a path from the next; zero where there is no file. */
struct stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
};

struct mu_rpc_tls {
    const char *paths[N_FILES]; /* AUTHORITIES: NULL when clients need no certificate */
    struct stamp stamps[N_FILES];
    pthread_mutex_t lock;
    char *texts[N_FILES]; /* tried; under lock */
    bool fetched;         /* core has these; under lock */
};

static struct stamp stamp_of(const char *path) {
    struct stat status;
    if (!path || stat(path, &status) != 0) {
        return (struct stamp){0};
    }
    return (struct stamp){status.st_dev, status.st_ino, status.st_size, status.st_ctim};
}

static bool same_stamp(const struct stamp *a, const struct stamp *b) {
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

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

static void free_texts(char *texts[N_FILES]) {
    for (size_t i = 0; i < N_FILES; i++) {
        free(texts[i]);
    }
}

static grpc_ssl_client_certificate_request_type wanted_of_clients(const struct mu_rpc_tls *tls) {
    return tls->paths[AUTHORITIES] ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                                   : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE;
}

/* Core wants authorities even where no client is asked for a certificate: any will do then. */
static grpc_ssl_server_certificate_config *config_of(char *const texts[N_FILES]) {
    grpc_ssl_pem_key_cert_pair pair = {.private_key = texts[KEY], .cert_chain = texts[CERTIFICATE]};
    return grpc_ssl_server_certificate_config_create(
        texts[AUTHORITIES] ? texts[AUTHORITIES] : texts[CERTIFICATE], &pair, 1);
}

/* Whether a listener opens with |texts|: where core tells that a pair cannot be used, and the only
 * place. It is never started, and its abstract name is no way in for the network. */
static bool can_listen_with(const struct mu_rpc_tls *tls, char *const texts[N_FILES]) {
    char address[64];
    snprintf(address, sizeof address, "unix-abstract:mushir-tls-%d-%p", (int)getpid(),
        (const void *)tls);
    grpc_server *server = grpc_server_create(NULL, NULL);
    grpc_completion_queue *events = grpc_completion_queue_create_for_next(NULL);
    grpc_server_register_completion_queue(server, events, NULL);
    grpc_server_credentials *credentials = grpc_ssl_server_credentials_create_with_options(
        grpc_ssl_server_credentials_create_options_using_config(
            wanted_of_clients(tls), config_of(texts)));
    bool opened = grpc_server_add_http2_port(server, address, credentials) != 0;
    grpc_server_credentials_release(credentials);
    grpc_server_shutdown_and_notify(server, events, NULL);
    grpc_completion_queue_next(events, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
    grpc_server_destroy(server);
    grpc_completion_queue_shutdown(events);
    grpc_completion_queue_next(events, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
    grpc_completion_queue_destroy(events);
    return opened;
}

static enum mu_status try_texts(
    const struct mu_rpc_tls *tls, char *const texts[N_FILES], struct mu_error *error) {
    char *const pair[N_FILES] = {texts[CERTIFICATE], texts[KEY]};
    mu_rpc_quiet_core(true); /* its reasons name no file */
    bool fits = can_listen_with(&(struct mu_rpc_tls){0}, pair);
    bool accepted = fits && (!texts[AUTHORITIES] || can_listen_with(tls, texts));
    mu_rpc_quiet_core(false);
    if (!fits) {
        return mu_fail(error, MU_INVALID_ARGUMENT,
            "the key %.200s does not fit the certificate %.200s, or one of them is damaged",
            tls->paths[KEY], tls->paths[CERTIFICATE]);
    }
    return accepted ? MU_OK
                    : mu_fail(error, MU_INVALID_ARGUMENT, "%.200s holds no usable authority",
                          tls->paths[AUTHORITIES]);
}

static enum mu_status read_texts(
    struct mu_rpc_tls *tls, char *texts[N_FILES], struct mu_error *error) {
    for (size_t i = 0; i < N_FILES; i++) {
        tls->stamps[i] = stamp_of(tls->paths[i]); /* first: a change while reading is seen later */
    }
    for (size_t i = 0; i < N_FILES; i++) {
        if (tls->paths[i] && !(texts[i] = read_file(tls->paths[i], error))) {
            return error->code;
        }
    }
    return try_texts(tls, texts, error);
}

enum mu_status mu_rpc_tls_reload(struct mu_rpc_tls *tls, struct mu_error *error) {
    char *texts[N_FILES] = {0};
    enum mu_status status = read_texts(tls, texts, error);
    if (!status) {
        pthread_mutex_lock(&tls->lock);
        for (size_t i = 0; i < N_FILES; i++) {
            char *former = tls->texts[i];
            tls->texts[i] = texts[i];
            texts[i] = former;
        }
        tls->fetched = false;
        pthread_mutex_unlock(&tls->lock);
    }
    free_texts(texts);
    return status;
}

bool mu_rpc_tls_changed(const struct mu_rpc_tls *tls) {
    for (size_t i = 0; i < N_FILES; i++) {
        struct stamp now = stamp_of(tls->paths[i]);
        if (!same_stamp(&now, &tls->stamps[i])) {
            return true;
        }
    }
    return false;
}

struct mu_rpc_tls *mu_rpc_tls_create(const struct mu_rpc_options *options, struct mu_error *error) {
    if (!options->tls_cert || !options->tls_key) {
        (void)mu_fail(error, MU_INVALID_ARGUMENT, "TLS needs both a certificate and its key");
        return NULL;
    }
    struct mu_rpc_tls *tls = calloc(1, sizeof *tls);
    if (!tls) {
        (void)mu_fail(error, MU_INTERNAL, "out of memory");
        return NULL;
    }
    *tls =
        (struct mu_rpc_tls){.paths = {options->tls_cert, options->tls_key, options->tls_client_ca}};
    pthread_mutex_init(&tls->lock, NULL);
    if (mu_rpc_tls_reload(tls, error)) {
        mu_rpc_tls_destroy(tls);
        return NULL;
    }
    return tls;
}

void mu_rpc_tls_destroy(struct mu_rpc_tls *tls) {
    if (tls) {
        free_texts(tls->texts);
        pthread_mutex_destroy(&tls->lock);
        free(tls);
    }
}

/* For a listener's start and each handshake; core keeps what it fetched before. */
static grpc_ssl_certificate_config_reload_status fetch(
    void *user, grpc_ssl_server_certificate_config **config) {
    struct mu_rpc_tls *tls = user;
    grpc_ssl_certificate_config_reload_status status = GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    pthread_mutex_lock(&tls->lock);
    if (!tls->fetched) {
        *config = config_of(tls->texts);
        tls->fetched = true;
        status = GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
    }
    pthread_mutex_unlock(&tls->lock);
    return status;
}

grpc_server_credentials *mu_rpc_credentials(struct mu_rpc_tls *tls) {
    if (!tls) {
        return grpc_insecure_server_credentials_create();
    }
    pthread_mutex_lock(&tls->lock);
    tls->fetched = false; /* each listener starts with none */
    pthread_mutex_unlock(&tls->lock);
    return grpc_ssl_server_credentials_create_with_options(
        grpc_ssl_server_credentials_create_options_using_config_fetcher(
            wanted_of_clients(tls), fetch, tls));
}
