/* An HTTP request, as the server hands it over. */
#ifndef MUSHIR_CLIENT_SERVE_REQUEST_H
#define MUSHIR_CLIENT_SERVE_REQUEST_H

#include <stddef.h>

/* A request; texts are "" when there is none, and live as long as the exchange. */
struct cl_http_request {
    const char *method;
    const char *path; /* decoded, without "." and ".." */
    const char *query;
    const char *host, *origin, *content_type, *authorization, *cookie;
    const char *fetch_site, *fetch_mode; /* Sec-Fetch-Site, Sec-Fetch-Mode */
    const char *body;                    /* ends with NUL */
    size_t size;                         /* of the body */
};

#endif
