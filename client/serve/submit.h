/* Experiments that are submitted, checked and changed: each is checked by `mushir validate` before
 * it becomes a file of the folder. */
#ifndef MUSHIR_CLIENT_SERVE_SUBMIT_H
#define MUSHIR_CLIENT_SERVE_SUBMIT_H

#include "client/serve/server.h"

/* Check the experiment in |request|'s body and answer with its mistakes. */
void cl_submit_check(struct cl_server *server, struct cl_http_exchange *exchange,
    const struct cl_http_request *request);

/* Check it, keep it and put it into the queue: 201; 422 with its mistakes; 409 when there is one of
 * its name. */
void cl_submit_new(struct cl_server *server, struct cl_http_exchange *exchange,
    const struct cl_http_request *request);

/* Give |entry| the larger maxTrialCount in |request|'s body; it goes on where it had reached the
 * old one. */
void cl_submit_raise(struct cl_server *server, struct cl_http_exchange *exchange,
    const struct cl_http_request *request, struct cl_entry *entry);

#endif
