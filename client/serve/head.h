/* The head of a request, as libwebsockets has parsed it. */
#ifndef MUSHIR_CLIENT_SERVE_HEAD_H
#define MUSHIR_CLIENT_SERVE_HEAD_H

#include "client/serve/request.h"
#include "common/base/arena.h"

struct lws;

/* Read it; |path| has |size| bytes, and texts are owned by |arena|. */
void cl_head_read(struct lws *wsi, const char *path, size_t size, struct mu_arena *arena,
    struct cl_http_request *request);

/* How long the body will be: 0 without a Content-Length. Else the status that refuses the request,
 * with |*why|: 501 for chunks, 400 for what is no number, 413 above |most|. */
int cl_head_body(
    struct lws *wsi, size_t most, struct mu_arena *arena, size_t *size, const char **why);

#endif
