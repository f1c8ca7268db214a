#include "common/rpc/core.h"

#include <openssl/crypto.h>

#include "common/rpc/rpc.h"

const char *mu_rpc_core_version(void) {
    return grpc_version_string();
}

const char *mu_rpc_tls_version(void) {
    return OpenSSL_version(OPENSSL_VERSION);
}

#ifndef MUSHIR_GRPC_PINNED /* which has no such function: there it is cmake/grpc/program.cc */
#include <grpc/support/log.h>

static void (*write_line)(bool error, const char *text);

static void log_line(gpr_log_func_args *args) {
    write_line(args->severity == GPR_LOG_SEVERITY_ERROR, args->message);
}

void mu_core_log_to(void (*write)(bool error, const char *text)) {
    write_line = write;
    gpr_set_log_function(log_line);
}

void mu_core_watch_no_locks(void); /* locks.cc */

void mu_core_init(void) {
    mu_core_watch_no_locks();
    grpc_init();
}
#else
/* The pinned core is built with NDEBUG: it has no such graph. */
void mu_core_init(void) {
    grpc_init();
}
#endif
