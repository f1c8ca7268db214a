/* A gRPC client on the C core: unary calls, one at a time per caller, over one channel. */
#ifndef MUSHIR_RPC_CLIENT_H
#define MUSHIR_RPC_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/endpoint.h"

struct mu_rpc_client;

/* A client of |address| (HOST:PORT or a unix: path), plaintext, that takes replies of |max_reply|
 * bytes at most (0: of any size). Connects with the first call. NULL with MU_INVALID_ARGUMENT when
 * the address cannot be read. */
struct mu_rpc_client *mu_rpc_client_create(
    const char *address, size_t max_reply, struct mu_error *error);

/* Free the client; no call may be running. NULL is allowed. */
void mu_rpc_client_destroy(struct mu_rpc_client *client);

/* Call the unary |method| ("/package.Service/Method") and wait for its reply, at most |seconds|. A
 * server that cannot be reached is tried again for |seconds_to_connect| before: it may be starting.
 * MU_UNAVAILABLE when it stays away. On MU_OK the reply is malloc'd, for the caller to free. The
 * server's status and text otherwise. */
MU_MUST_USE enum mu_status mu_rpc_client_call(struct mu_rpc_client *client, const char *method,
    const uint8_t *request, size_t size, double seconds_to_connect, double seconds, uint8_t **reply,
    size_t *reply_size, struct mu_error *error);

/* Call the method of |questions| once for each; the address is the client's. As mu_call_ask_each.
 */
MU_MUST_USE enum mu_status mu_rpc_client_call_each(
    struct mu_rpc_client *client, const struct mu_questions *questions, struct mu_error *error);

/* Make the running call, and all later ones, end with MU_CANCELLED. Any thread. */
void mu_rpc_client_cancel(struct mu_rpc_client *client);

#endif
