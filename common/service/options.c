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

/* clang-format off: version 14 widens _Generic with every pass */
#define AT(field) \
    MU_MEMBER_OF(struct mu_options, field, \
        bool: MU_MEMBER_SWITCH, \
        long: MU_MEMBER_NUMBER, \
        const char *: MU_MEMBER_TEXT)
/* clang-format on */

const struct mu_flag mu_option_flags[] = {
    {"port", AT(port), "N", 0, 65535, NULL, "port to listen on; 0 picks a free one and prints it"},
    {"host", AT(host), "ADDRESS", 0, 0, NULL,
        "numeric address to listen on (default: every interface)"},
    {"workers", AT(workers), "N", 1, 256, NULL,
        "requests answered at the same time (default: the CPU quota)"},
    {"queue", AT(queue), "N", 1, 65536, NULL,
        "requests that may wait for a worker; more are refused at once"},
    {"max-request-mib", AT(max_request_mib), "N", 1, 1024, NULL,
        "largest request accepted (default: an eighth of the memory limit, at most 64)"},
    {"memory-mib", AT(memory_mib), "N", 1, 65536, NULL,
        "memory one request may use (default: half the memory limit, shared by the workers, else "
        "512)"},
    {"clients-mib", AT(clients_mib), "N", 1, 65536, NULL,
        "memory that connections, calls, waiting messages and unread replies may take (default: "
        "three eighths of the memory limit, else 384)"},
    {"drain", AT(drain), "SECONDS", 0, 3600, NULL,
        "time after SIGTERM in which requests are still taken and health says NOT_SERVING"},
    {"grace", AT(grace), "SECONDS", 0, 3600, NULL,
        "time that running requests get to finish after SIGTERM"},
    {"request-seconds", AT(request_seconds), "N", 1, 86400, NULL, "time that one answer may take"},
    {"data", AT(data), "FOLDER", 0, 0, NULL,
        "where EXPERIMENT/TRIAL/ is the folder of a trial (suggestion_trial_dir); none: no trial "
        "has one"},
    {"folder-mib", AT(folder_mib), "N", 1, 1 << 30, NULL,
        "most that is copied from one trial's folder to another's"},
    {"db-manager", AT(db_manager), "HOST:PORT", 0, 0, NULL,
        "where reports of stopped trials are, until a request for rules names it"},
    {"service-account", AT(service_account), "FOLDER", 0, 0, NULL,
        "token, ca.crt and namespace for the Kubernetes API, where stopped trials are marked"},
    {"log-format", AT(log_format), "text|json", 0, 0, log_formats, "format of the log"},
    {"log-level", AT(log_level), "LEVEL", 0, 0, log_levels,
        "least level logged: debug, info, warning, error, off"},
    {"tls-cert", AT(tls_cert), "FILE", 0, 0, NULL, "PEM certificate chain: serve TLS"},
    {"tls-key", AT(tls_key), "FILE", 0, 0, NULL, "PEM private key of the certificate"},
    {"tls-client-ca", AT(tls_client_ca), "FILE", 0, 0, NULL,
        "PEM authorities; clients must show a certificate of theirs"},
    {"admin-port", AT(admin_port), "N", 0, 65535, NULL,
        "port for HTTP /metrics, /healthz, /readyz; 0 picks a free one (default: none)"},
    {"settings", AT(settings), NULL, 0, 0, NULL,
        "print the settings of the algorithms as Markdown"},
    {"help", AT(help), NULL, 0, 0, NULL, "print this"},
    {"version", AT(version), NULL, 0, 0, NULL, "print the version"},
};
const size_t mu_n_option_flags = sizeof mu_option_flags / sizeof *mu_option_flags;
