#include "common/service/options.h"

#include <limits.h>

static const char *const log_formats[] = {"text", "json", NULL};
static const char *const log_levels[] = {"debug", "info", "warning", "error", "off", NULL};

const struct mu_options mu_default_options = {
    .port = 6789,
    .workers = -1,
    .queue = 64,
    .max_request_mib = -1,
    .memory_mib = -1,
    .clients_mib = -1,
    .drain = 1,
    .grace = 20,
    .request_seconds = 60,
    .data = "/opt/katib/data",
    .folder_mib = 16384,
    .db_manager = "katib-db-manager.kubeflow:6789",
    .service_account = "/var/run/secrets/kubernetes.io/serviceaccount",
    .admin_port = -1,
    .log_format = "text",
    .log_level = "info",
};

#define AT(field) offsetof(struct mu_options, field)

const struct mu_flag mu_option_flags[] = {
    {"port", MU_FLAG_NUMBER, AT(port), "N", 0, 65535, NULL,
        "port to listen on; 0 picks a free one and prints it"},
    {"host", MU_FLAG_TEXT, AT(host), "ADDRESS", 0, 0, NULL,
        "numeric address to listen on (default: every interface)"},
    {"workers", MU_FLAG_NUMBER, AT(workers), "N", 1, 256, NULL,
        "requests answered at the same time (default: the CPU quota)"},
    {"queue", MU_FLAG_NUMBER, AT(queue), "N", 1, 65536, NULL,
        "requests that may wait for a worker; more are refused at once"},
    {"max-request-mib", MU_FLAG_NUMBER, AT(max_request_mib), "N", 1, 1024, NULL,
        "largest request accepted (default: an eighth of the memory limit, at most 64)"},
    {"memory-mib", MU_FLAG_NUMBER, AT(memory_mib), "N", 1, 65536, NULL,
        "memory one request may use (default: half the memory limit, shared by the workers, else "
        "512)"},
    {"clients-mib", MU_FLAG_NUMBER, AT(clients_mib), "N", 1, 65536, NULL,
        "memory that connections, calls, waiting messages and unread replies may take (default: "
        "three eighths of the memory limit, else 384)"},
    {"drain", MU_FLAG_NUMBER, AT(drain), "SECONDS", 0, 3600, NULL,
        "time after SIGTERM in which requests are still taken and health says NOT_SERVING"},
    {"grace", MU_FLAG_NUMBER, AT(grace), "SECONDS", 0, 3600, NULL,
        "time that running requests get to finish after SIGTERM"},
    {"request-seconds", MU_FLAG_NUMBER, AT(request_seconds), "N", 1, 86400, NULL,
        "time that one answer may take"},
    {"data", MU_FLAG_TEXT, AT(data), "FOLDER", 0, 0, NULL,
        "where EXPERIMENT/TRIAL/ is the folder of a trial (suggestion_trial_dir); none: no trial "
        "has one"},
    {"folder-mib", MU_FLAG_NUMBER, AT(folder_mib), "N", 1, 1 << 30, NULL,
        "most that is copied from one trial's folder to another's"},
    {"db-manager", MU_FLAG_TEXT, AT(db_manager), "HOST:PORT", 0, 0, NULL,
        "where reports of stopped trials are, until a request for rules names it"},
    {"service-account", MU_FLAG_TEXT, AT(service_account), "FOLDER", 0, 0, NULL,
        "token, ca.crt and namespace for the Kubernetes API, where stopped trials are marked"},
    {"log-format", MU_FLAG_TEXT, AT(log_format), "text|json", 0, 0, log_formats,
        "format of the log"},
    {"log-level", MU_FLAG_TEXT, AT(log_level), "LEVEL", 0, 0, log_levels,
        "least level logged: debug, info, warning, error, off"},
    {"tls-cert", MU_FLAG_TEXT, AT(tls_cert), "FILE", 0, 0, NULL,
        "PEM certificate chain: serve TLS"},
    {"tls-key", MU_FLAG_TEXT, AT(tls_key), "FILE", 0, 0, NULL,
        "PEM private key of the certificate"},
    {"tls-client-ca", MU_FLAG_TEXT, AT(tls_client_ca), "FILE", 0, 0, NULL,
        "PEM authorities; clients must show a certificate of theirs"},
    {"admin-port", MU_FLAG_NUMBER, AT(admin_port), "N", 0, 65535, NULL,
        "port for HTTP /metrics, /healthz, /readyz; 0 picks a free one (default: none)"},
    {"settings", MU_FLAG_SWITCH, AT(settings), NULL, 0, 0, NULL,
        "print the settings of the algorithms as Markdown"},
    {"help", MU_FLAG_SWITCH, AT(help), NULL, 0, 0, NULL, "print this"},
    {"version", MU_FLAG_SWITCH, AT(version), NULL, 0, 0, NULL, "print the version"},
};
const size_t mu_n_option_flags = sizeof mu_option_flags / sizeof *mu_option_flags;
