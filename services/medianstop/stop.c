#include "services/medianstop/stop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "services/medianstop/trial.h"

/* Trials take seconds at least, so half a minute loses little; the first tries follow at once,
 * because a conflict is over when it is noticed. */
static const double PATIENCE = 30;
static const double FIRST_PAUSE = 0.01;
static const double LONGEST_PAUSE = 2;

/* A name of a Kubernetes object (RFC 1123): nothing that would lead to another path. */
static bool is_name(const char *name) {
    size_t length = strlen(name);
    return length > 0 && length <= 253 && *name != '.' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") == length;
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void pause_for(double s) {
    nanosleep(&(const struct timespec){(time_t)s, (long)(1e9 * (s - (double)(time_t)s))}, NULL);
}

static void print_now(char text[32]) {
    time_t now = time(NULL);
    struct tm parts;
    strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &parts));
}

/* An answer of the API as a status of ours. */
static enum mu_status judge(const struct mu_kubernetes_answer *answer, const char *method,
    const char *trial, struct mu_error *error) {
    char message[400];
    int code = answer->code;
    mu_trial_api_message(answer->body, answer->size, message, sizeof message);
    if (code >= 200 && code < 300) {
        return MU_OK;
    }
    if (code == 401 || code == 403) {
        return mu_fail(error, MU_PERMISSION_DENIED,
            "the service account may not %s trial %s (HTTP %d: %s): it needs a Role that allows "
            "get on trials and patch on trials/status of kubeflow.org",
            method, trial, code, message);
    }
    if (code == 404) {
        return mu_fail(error, MU_NOT_FOUND, "there is no trial %s: %s", trial, message);
    }
    bool passes = code == 409 || code == 429 || code >= 500; /* conflict, too many, its own fault */
    return mu_fail(error, passes ? MU_UNAVAILABLE : MU_INTERNAL,
        "the Kubernetes API answered %s of trial %s with HTTP %d: %s", method, trial, code,
        message);
}

static enum mu_status send(struct mu_kubernetes_session *session, const char *method,
    const char *path, const char *patch, const char *trial, struct mu_kubernetes_answer *answer,
    struct mu_error *error) {
    enum mu_status status = mu_kubernetes_send(session, method, path, patch, answer, error);
    return status ? status : judge(answer, method, trial, error);
}

/* Read the trial and write what is missing. */
static enum mu_status mark(struct mu_kubernetes_session *session, const char *trial,
    const struct mu_pair *reports, size_t n, struct mu_error *error) {
    char path[1024];
    char now[32];
    char *patch = NULL;
    struct mu_kubernetes_answer answer;
    int length =
        snprintf(path, sizeof path, "/apis/kubeflow.org/v1beta1/namespaces/%.253s/trials/%s",
            mu_kubernetes_namespace(session), trial);
    enum mu_status status = send(session, "GET", path, NULL, trial, &answer, error);
    if (!status) {
        print_now(now);
        status = mu_trial_stop_patch(answer.body, answer.size, reports, n, now, &patch, error);
    }
    free(answer.body);
    if (!status && patch) {
        snprintf(path + length, sizeof path - (size_t)length, "/status");
        status = send(session, "PATCH", path, patch, trial, &answer, error);
        free(answer.body);
    }
    free(patch);
    return status;
}

static enum mu_status try_once(const struct mu_kubernetes *api, const char *trial,
    const struct mu_pair *reports, size_t n, struct mu_error *error) {
    struct mu_kubernetes_session *session;
    enum mu_status status = mu_kubernetes_open(api, &session, error);
    if (!status) {
        status = mark(session, trial, reports, n, error);
        mu_kubernetes_close(session);
    }
    return status;
}

enum mu_status mu_stop_trial(const struct mu_kubernetes *api, const char *trial,
    const struct mu_pair *reports, size_t n, struct mu_error *error) {
    if (!is_name(trial)) {
        return mu_fail(error, MU_INVALID_ARGUMENT, "\"%.200s\" is no name of a trial", trial);
    }
    double until = seconds() + PATIENCE;
    double pause = FIRST_PAUSE;
    enum mu_status status = try_once(api, trial, reports, n, error);
    while (status == MU_UNAVAILABLE && seconds() + pause < until) {
        pause_for(pause);
        pause = 2 * pause < LONGEST_PAUSE ? 2 * pause : LONGEST_PAUSE;
        status = try_once(api, trial, reports, n, error);
    }
    return status;
}
