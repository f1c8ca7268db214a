/* The interface below /api/v1 (docs/serving.md), and the page's own files. */
#ifndef MUSHIR_CLIENT_SERVE_API_H
#define MUSHIR_CLIENT_SERVE_API_H

#include "client/serve/server.h"

/* Answer |request|, now or later. */
void cl_api_answer(struct cl_server *server, struct cl_http_exchange *exchange,
    const struct cl_http_request *request);

#endif
