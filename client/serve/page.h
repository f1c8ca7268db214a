/* The page's own files, which the program holds. */
#ifndef MUSHIR_CLIENT_SERVE_PAGE_H
#define MUSHIR_CLIENT_SERVE_PAGE_H

#include "client/serve/http.h"

/* Answer with the file that |request|'s path names; 404 when there is none. */
void cl_page_answer(struct cl_http_exchange *exchange, const struct cl_http_request *request);

#endif
