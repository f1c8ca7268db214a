/* The options of a service. */
#ifndef MUSHIR_SERVICE_OPTIONS_H
#define MUSHIR_SERVICE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/service/flags.h"

struct mu_options {
    long port, workers, queue, max_request_mib, memory_mib, clients_mib, drain, grace,
        request_seconds, folder_mib, admin_port; /* workers and those in MiB but folder_mib: -1
                                                    means derived from the machine */
    const char *host, *log_format, *log_level, *tls_cert, *tls_key, *tls_client_ca, *data,
        *db_manager, *service_account;
    bool settings, help, version;
};

extern const struct mu_flag mu_option_flags[];
extern const size_t mu_n_option_flags;
extern const struct mu_options mu_default_options;

#endif
