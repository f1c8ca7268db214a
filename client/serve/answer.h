/* Replies in JSON. */
#ifndef MUSHIR_CLIENT_SERVE_ANSWER_H
#define MUSHIR_CLIENT_SERVE_ANSWER_H

#include <jansson.h>

#include "client/serve/http.h"
#include "client/serve/queue.h"

/* Answer with |value|, which is taken over. */
void cl_answer_json(struct cl_http_exchange *exchange, int status, json_t *value);

/* Answer with {"error": text}; or with nothing, 204. */
void cl_answer_error(struct cl_http_exchange *exchange, int status, const char *text);
void cl_answer_nothing(struct cl_http_exchange *exchange);

/* How an experiment stands, as docs/serving.md describes it. */
json_t *cl_answer_entry(const struct cl_queue *queue, const struct cl_entry *entry);

/* The objective of every trial of it, in their order. */
json_t *cl_answer_values(const struct cl_entry *entry);

#endif
