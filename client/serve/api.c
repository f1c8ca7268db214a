#include "client/serve/api.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "client/serve/answer.h"
#include "client/serve/job.h"
#include "client/serve/page.h"
#include "client/serve/submit.h"
#include "client/serve/watch.h"
#include "client/text/file.h"

enum { MOST_PARTS = 5, MOST_COMPARED = 20, LONGEST_LOG = 64 << 10 };

/* A request on its way to an answer. */
struct call {
    struct cl_server *server;
    struct cl_http_exchange *exchange;
    const struct cl_http_request *request;
    const char *parts[MOST_PARTS]; /* of the path below /api/v1 */
    size_t n_parts;
    struct cl_entry *entry; /* that the path names; NULL: none */
};

/* ---- all experiments ---- */

static void answer_list(struct call *call) {
    struct cl_catalog *catalog = &call->server->catalog;
    json_t *all = json_array();
    cl_catalog_scan(catalog);
    cl_catalog_look(catalog);
    for (size_t i = 0; i < catalog->n; i++) {
        json_array_append_new(all, cl_answer_entry(&call->server->queue, catalog->entries[i]));
    }
    cl_answer_json(call->exchange, 200, json_pack("{s:o}", "experiments", all));
}

/* /compare?experiment=A&experiment=B */
static void answer_compare(struct call *call) {
    static const char key[] = "experiment=";
    const char *at = call->request->query;
    json_t *all = json_array();
    cl_catalog_look(&call->server->catalog);
    while (*at && json_array_size(all) < MOST_COMPARED) {
        size_t size = strcspn(at, "&");
        const char *name = mu_arena_copy_bytes(cl_http_arena(call->exchange), at, size);
        const struct cl_entry *entry =
            strncmp(name, key, strlen(key))
                ? NULL
                : cl_catalog_find(&call->server->catalog, name + strlen(key));
        if (entry) {
            json_array_append_new(all, cl_answer_values(entry));
        }
        at += size + (at[size] == '&');
    }
    cl_answer_json(call->exchange, 200, json_pack("{s:o}", "experiments", all));
}

static void answer_events(struct call *call) {
    cl_watch_begin(call->server, call->exchange);
}

static void answer_submit(struct call *call) {
    cl_submit_new(call->server, call->exchange, call->request);
}

static void answer_validate(struct call *call) {
    cl_submit_check(call->server, call->exchange, call->request);
}

static void answer_server(struct call *call) {
    const struct cl_serve_options *options = call->server->options;
    cl_answer_json(call->exchange, 200,
        json_pack("{s:s, s:b, s:b, s:i}", "version", MUSHIR_VERSION, "readOnly", options->read_only,
            "commands", !options->read_only && !options->no_commands, "trialsAtATime",
            options->trials_at_a_time));
}

static void answer_login(struct call *call) {
    const struct cl_guard *guard = &call->server->guard;
    json_t *root = json_loadb(call->request->body, call->request->size, 0, NULL);
    const char *token = json_string_value(json_object_get(root, "token"));
    if (guard->token && !(token && cl_guard_knows(guard, token))) {
        cl_answer_error(call->exchange, 401, "the token is missing or wrong");
    } else {
        cl_http_header(call->exchange, "set-cookie:",
            mu_arena_format(cl_http_arena(call->exchange),
                "%s=%s; Path=/; HttpOnly; SameSite=Strict%s", guard->cookie, guard->secret,
                guard->tls ? "; Secure" : ""));
        cl_answer_nothing(call->exchange);
    }
    json_decref(root);
}

/* ---- one experiment ---- */

static void answer_entry(struct call *call) {
    cl_catalog_look(&call->server->catalog);
    cl_answer_json(call->exchange, 200, cl_answer_entry(&call->server->queue, call->entry));
}

static void answer_raise(struct call *call) {
    cl_submit_raise(call->server, call->exchange, call->request, call->entry);
}

/* Do as the last part of the path says. */
static void answer_command(struct call *call) {
    struct cl_queue *queue = &call->server->queue;
    struct cl_entry *entry = call->entry;
    const char *word = call->parts[2];
    cl_catalog_look(&call->server->catalog);
    enum cl_state state = cl_entry_state(entry);
    if (entry->elsewhere) {
        cl_answer_error(call->exchange, 409, "another mushir runs it");
        return;
    }
    if (state == CL_STATE_SUCCEEDED || state == CL_STATE_FAILED) {
        cl_answer_error(call->exchange, 409, "it has ended");
        return;
    }
    if (!strcmp(word, "pause")) {
        cl_queue_pause(queue, entry);
    } else if (!strcmp(word, "stop")) {
        cl_queue_stop(queue, entry);
    } else {
        cl_queue_run(queue, entry);
    }
    cl_catalog_look(&call->server->catalog);
    cl_answer_json(call->exchange, 200, cl_answer_entry(queue, entry));
}

/* The report's page may run its own script and nothing else; it is no page of this server's. */
static const char report_policy[] =
    "sandbox allow-scripts allow-downloads allow-popups; default-src 'none'; script-src "
    "'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; frame-ancestors 'self'";

/* What an experiment's parts are called, and how mushir prints them. */
static const struct part {
    const char *name, *type, *words[4];
    const char *policy; /* of its own, or NULL */
    const char *ending; /* of the file that a browser keeps it in; NULL: it shows it */
} parts[] = {
    {"results", "application/json", {"status", "--json"}, NULL, NULL},
    {"data.json", "application/json", {"report", "--json"}, NULL, NULL},
    {"trials.csv", "text/csv; charset=utf-8", {"report", "--csv"}, NULL, "csv"},
    {"report.html", "text/html; charset=utf-8", {"report", "--report", "-"}, report_policy, NULL},
    {"journal", "application/vnd.sqlite3", {"report", "--copy"}, NULL, "journal"},
};

static void name_download(struct call *call, const char *ending) {
    cl_http_header(call->exchange, "content-disposition:",
        mu_arena_format(cl_http_arena(call->exchange), "attachment; filename=\"%s.%s\"",
            call->entry->name, ending));
}

static void answer_part(struct call *call) {
    const struct part *part = parts;
    const char *words[8];
    size_t n = 0;
    while (strcmp(part->name, call->parts[2]) != 0) {
        part++;
    }
    for (; part->words[n]; n++) {
        words[n] = part->words[n];
    }
    words[n++] = cl_catalog_path(
        &call->server->catalog, call->entry->name, "journal", cl_http_arena(call->exchange));
    words[n] = NULL;
    if (part->policy) {
        cl_http_header(call->exchange, "content-security-policy:", part->policy);
    }
    if (part->ending) {
        name_download(call, part->ending);
    }
    struct cl_job *job = cl_job_start(call->server, call->exchange, words, NULL, cl_job_print);
    if (job) {
        job->type = part->type;
    }
}

static void answer_yaml(struct call *call) {
    const char *path = cl_catalog_path(
        &call->server->catalog, call->entry->name, "yaml", cl_http_arena(call->exchange));
    off_t size;
    int fd = cl_file_open(AT_FDCWD, path, &size);
    if (fd < 0) {
        cl_answer_error(call->exchange, 404, "its experiment is not in the folder");
    } else {
        name_download(call, "yaml");
        cl_http_reply_file(call->exchange, 200, "application/yaml", fd, (size_t)size);
    }
}

/* The end of what a trial printed; no link is followed, whatever the trial left there. */
static void answer_log(struct call *call) {
    struct mu_arena *arena = cl_http_arena(call->exchange);
    const char *folder =
        cl_catalog_path(&call->server->catalog, call->entry->name, "trials", arena);
    const char *trial = cl_catalog_names(call->parts[3]) ? call->parts[3] : "-";
    off_t size;
    int in = open(mu_arena_format(arena, "%s/%s", folder, trial),
        O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int fd = in < 0 ? -1 : cl_file_open(in, "log", &size);
    if (fd < 0) {
        cl_answer_error(call->exchange, 404, "there is no such trial here");
    } else {
        off_t from = size > LONGEST_LOG ? size - LONGEST_LOG : 0;
        char *text = mu_arena_alloc(arena, LONGEST_LOG);
        ssize_t n = pread(fd, text, LONGEST_LOG, from);
        cl_http_reply(
            call->exchange, 200, "text/plain; charset=utf-8", text, n > 0 ? (size_t)n : 0);
    }
    if (fd >= 0) {
        close(fd);
    }
    if (in >= 0) {
        close(in);
    }
}

/* ---- routes ---- */

static const struct route {
    const char *method, *pattern; /* '*' is any part; the second part names an experiment */
    void (*answer)(struct call *call);
} routes[] = {
    {"GET", "server", answer_server},
    {"POST", "login", answer_login},
    {"GET", "events", answer_events},
    {"GET", "compare", answer_compare},
    {"POST", "validate", answer_validate},
    {"GET", "experiments", answer_list},
    {"POST", "experiments", answer_submit},
    {"GET", "experiments/*", answer_entry},
    {"PATCH", "experiments/*", answer_raise},
    {"POST", "experiments/*/pause", answer_command},
    {"POST", "experiments/*/stop", answer_command},
    {"POST", "experiments/*/resume", answer_command},
    {"GET", "experiments/*/results", answer_part},
    {"GET", "experiments/*/data.json", answer_part},
    {"GET", "experiments/*/trials.csv", answer_part},
    {"GET", "experiments/*/report.html", answer_part},
    {"GET", "experiments/*/journal", answer_part},
    {"GET", "experiments/*/experiment.yaml", answer_yaml},
    {"GET", "experiments/*/trials/*/log", answer_log},
};

/* Whether the parts of the path are those of |pattern|. */
static bool matches(const struct call *call, const char *pattern) {
    for (size_t i = 0; i < call->n_parts; i++) {
        size_t length = strcspn(pattern, "/");
        bool any = length == 1 && *pattern == '*';
        if (length == 0 || (!any && (strlen(call->parts[i]) != length ||
                                        strncmp(pattern, call->parts[i], length) != 0))) {
            return false;
        }
        pattern += length + (pattern[length] == '/');
    }
    return !*pattern;
}

/* The path below |path| in parts; false when there are too many. */
static bool split(struct call *call, const char *path) {
    while (*path) {
        size_t length = strcspn(path, "/");
        if (call->n_parts == MOST_PARTS) {
            return false;
        }
        call->parts[call->n_parts++] =
            mu_arena_copy_bytes(cl_http_arena(call->exchange), path, length);
        path += length + (path[length] == '/');
    }
    return true;
}

static void answer_route(struct call *call, const struct route *route) {
    bool one = call->n_parts > 1 && !strcmp(call->parts[0], "experiments");
    call->entry = one ? cl_catalog_find(&call->server->catalog, call->parts[1]) : NULL;
    if (one && !call->entry) {
        cl_answer_error(call->exchange, 404, "there is no such experiment here");
    } else if (call->request->size && !*call->request->content_type) {
        cl_answer_error(call->exchange, 415, "a body is application/json or application/yaml");
    } else {
        route->answer(call);
    }
}

static void answer_call(struct call *call) {
    const char *method = call->request->method;
    bool known = false;
    method = strcmp(method, "HEAD") ? method : "GET";
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (!matches(call, routes[i].pattern)) {
            continue;
        }
        if (!strcmp(routes[i].method, method)) {
            answer_route(call, &routes[i]);
            return;
        }
        known = true;
    }
    cl_answer_error(call->exchange, known ? 405 : 404,
        known ? "this cannot be done with it" : "there is nothing here");
}

void cl_api_answer(struct cl_server *server, struct cl_http_exchange *exchange,
    const struct cl_http_request *request) {
    static const char below[] = "/api/v1/";
    struct call call = {.server = server, .exchange = exchange, .request = request};
    if (!strncmp(request->path, below, strlen(below))) {
        if (split(&call, request->path + strlen(below))) {
            answer_call(&call);
        } else {
            cl_answer_error(exchange, 404, "there is nothing here");
        }
    } else {
        cl_page_answer(exchange, request);
    }
}
