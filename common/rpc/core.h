/* gRPC core where its releases differ. */
#ifndef MUSHIR_RPC_CORE_H
#define MUSHIR_RPC_CORE_H

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#if __has_include(<grpc/credentials.h>)
#include <grpc/credentials.h> /* later releases keep there what grpc_security.h held */
#endif

#include <stdbool.h>

/* Have |write| called, on any thread, with each line that core logs, in place of stderr. |write| is
 * the same function for the life of the process. */
void mu_core_log_to(void (*write)(bool error, const char *text));

/* grpc_init, with core's locks not watched: abseil as Debian builds it, without NDEBUG, otherwise
 * keeps a graph of which lock was taken while which was held, and ends the process at two orders
 * that may deadlock. That costs time in every lock, and the graph's memory is never given back. */
void mu_core_init(void);

#endif
