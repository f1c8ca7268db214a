#include "client/serve/head.h"

#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>

static const char *header_text(
    struct lws *wsi, enum lws_token_indexes token, struct mu_arena *arena) {
    int length = lws_hdr_total_length(wsi, token);
    if (length <= 0) {
        return "";
    }
    char *text = mu_arena_alloc(arena, (size_t)length + 1);
    return lws_hdr_copy(wsi, text, length + 1, token) < 0 ? "" : text;
}

static const char *custom_text(struct lws *wsi, const char *name, struct mu_arena *arena) {
    int n = (int)strlen(name);
    int length = lws_hdr_custom_length(wsi, name, n);
    if (length <= 0) {
        return "";
    }
    char *text = mu_arena_alloc(arena, (size_t)length + 1);
    return lws_hdr_custom_copy(wsi, text, length + 1, name, n) < 0 ? "" : text;
}

static const char *method_of(struct lws *wsi) {
    static const struct {
        enum lws_token_indexes token;
        const char *name;
    } methods[] = {{WSI_TOKEN_GET_URI, "GET"}, {WSI_TOKEN_POST_URI, "POST"},
        {WSI_TOKEN_PATCH_URI, "PATCH"}, {WSI_TOKEN_PUT_URI, "PUT"},
        {WSI_TOKEN_DELETE_URI, "DELETE"}, {WSI_TOKEN_HEAD_URI, "HEAD"},
        {WSI_TOKEN_OPTIONS_URI, "OPTIONS"}};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (lws_hdr_total_length(wsi, methods[i].token) > 0) {
            return methods[i].name;
        }
    }
    return "?";
}

/* The parts of the query with '&' between, as they were sent. */
static const char *query_of(struct lws *wsi, struct mu_arena *arena) {
    const char *query = "";
    char part[1024];
    for (int i = 0;
         lws_hdr_copy_fragment(wsi, part, (int)sizeof part, WSI_TOKEN_HTTP_URI_ARGS, i) > 0; i++) {
        query = mu_arena_format(arena, "%s%s%s", query, i ? "&" : "", part);
    }
    return query;
}

void cl_head_read(struct lws *wsi, const char *path, size_t size, struct mu_arena *arena,
    struct cl_http_request *request) {
    *request = (struct cl_http_request){.method = method_of(wsi),
        .path = mu_arena_copy_bytes(arena, path, size),
        .query = query_of(wsi, arena),
        .host = header_text(wsi, WSI_TOKEN_HOST, arena),
        .origin = header_text(wsi, WSI_TOKEN_ORIGIN, arena),
        .content_type = header_text(wsi, WSI_TOKEN_HTTP_CONTENT_TYPE, arena),
        .authorization = header_text(wsi, WSI_TOKEN_HTTP_AUTHORIZATION, arena),
        .cookie = header_text(wsi, WSI_TOKEN_HTTP_COOKIE, arena),
        .fetch_site = custom_text(wsi, "sec-fetch-site:", arena),
        .fetch_mode = custom_text(wsi, "sec-fetch-mode:", arena),
        .body = ""};
}

int cl_head_body(
    struct lws *wsi, size_t most, struct mu_arena *arena, size_t *size, const char **why) {
    enum { MOST_DIGITS = 15 };
    const char *length = header_text(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, arena);
    *size = 0;
    if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0) {
        *why = "a body is sent with its Content-Length";
        return 501;
    }
    if (length[strspn(length, "0123456789")] || strlen(length) > MOST_DIGITS) {
        *why = "Content-Length is no number";
        return 400;
    }
    *size = strtoul(length, NULL, 10);
    *why = "the body is too large";
    return *size > most ? 413 : 0;
}
