/* The Kubernetes API as a pod reaches it: over HTTPS, with the token of its service account. */
#ifndef MUSHIR_SERVICES_MEDIANSTOP_KUBERNETES_H
#define MUSHIR_SERVICES_MEDIANSTOP_KUBERNETES_H

#include <stddef.h>

#include "common/base/status.h"

struct mu_kubernetes {
    const char *host; /* NULL: there is none */
    unsigned port;
    const char *account; /* folder with token, ca.crt and namespace, of which the first two are read
                            for each session, because the cluster replaces them */
};

struct mu_kubernetes_session;

/* What was answered. */
struct mu_kubernetes_answer {
    int code;   /* of HTTP */
    char *body; /* terminated; the caller frees it */
    size_t size;
};

/* Begin a session; nothing is sent yet. MU_FAILED_PRECONDITION names what is missing. Takes no
 * memory from an arena. */
MU_MUST_USE enum mu_status mu_kubernetes_open(const struct mu_kubernetes *api,
    struct mu_kubernetes_session **session, struct mu_error *error);
void mu_kubernetes_close(struct mu_kubernetes_session *session);

/* The namespace of the pod. */
const char *mu_kubernetes_namespace(const struct mu_kubernetes_session *session);

/* Send |method| for |path|, with |patch| (NULL: without a body) as a JSON merge patch (RFC 7386).
 * Whatever the API answers is MU_OK. MU_UNAVAILABLE: no answer came, or only a part of one, or more
 * than 8 MiB. */
MU_MUST_USE enum mu_status mu_kubernetes_send(struct mu_kubernetes_session *session,
    const char *method, const char *path, const char *patch, struct mu_kubernetes_answer *answer,
    struct mu_error *error);

#endif
