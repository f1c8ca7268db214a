/* Clients that are told what changes, by server-sent events. */
#ifndef MUSHIR_CLIENT_SERVE_WATCH_H
#define MUSHIR_CLIENT_SERVE_WATCH_H

#include "client/serve/server.h"

/* Tell |exchange| how every experiment stands, and from then on of each that changed; 503 when too
 * many are told already. */
void cl_watch_begin(struct cl_server *server, struct cl_http_exchange *exchange);
void cl_watch_end(struct cl_server *server, const struct cl_http_exchange *exchange);

/* The next event for |exchange|, into |room| bytes; its size, 0: there is none now. */
size_t cl_watch_next(
    struct cl_server *server, struct cl_http_exchange *exchange, char *bytes, size_t room);

/* Look at the journals if somebody watches, and tell what changed. */
void cl_watch_tick(struct cl_server *server);

#endif
