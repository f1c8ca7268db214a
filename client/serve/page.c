#include "client/serve/page.h"

#include <string.h>

#include "client/serve/answer.h"

/* client/serve/page/, embedded by the build. */
extern const char cl_serve_html[], cl_serve_html_end[];
extern const char cl_serve_js[], cl_serve_js_end[];
extern const char cl_serve_css[], cl_serve_css_end[];

static const struct {
    const char *path, *type, *bytes, *end;
} files[] = {
    {"/", "text/html; charset=utf-8", cl_serve_html, cl_serve_html_end},
    {"/page.js", "text/javascript; charset=utf-8", cl_serve_js, cl_serve_js_end},
    {"/page.css", "text/css; charset=utf-8", cl_serve_css, cl_serve_css_end},
};

/* Only its own script, style and interface, and the report in a frame. */
static const char policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src "
    "'self'; img-src 'self' data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

void cl_page_answer(struct cl_http_exchange *exchange, const struct cl_http_request *request) {
    bool reads = !strcmp(request->method, "GET") || !strcmp(request->method, "HEAD");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (reads && !strcmp(files[i].path, request->path)) {
            cl_http_header(exchange, "content-security-policy:", policy);
            cl_http_reply(exchange, 200, files[i].type, files[i].bytes,
                (size_t)(files[i].end - files[i].bytes));
            return;
        }
    }
    cl_answer_error(exchange, 404, "there is nothing here");
}
