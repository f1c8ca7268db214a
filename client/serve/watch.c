#include "client/serve/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/run/clock.h"
#include "client/serve/answer.h"

/* A client that has gone is noticed when it is written to. */
static const double seconds_of_silence = 10;

static struct cl_watcher *watcher_of(
    struct cl_server *server, const struct cl_http_exchange *exchange) {
    for (size_t i = 0; i < CL_MOST_WATCHERS; i++) {
        if (server->watchers[i].exchange == exchange) {
            return &server->watchers[i];
        }
    }
    return NULL;
}

void cl_watch_begin(struct cl_server *server, struct cl_http_exchange *exchange) {
    struct cl_watcher *place = watcher_of(server, NULL);
    if (!place) {
        cl_answer_error(exchange, 503, "too many watch already");
        return;
    }
    *place = (struct cl_watcher){exchange, 0, cl_clock_steady()};
    cl_catalog_look(&server->catalog);
    cl_http_stream(exchange);
}

void cl_watch_end(struct cl_server *server, const struct cl_http_exchange *exchange) {
    struct cl_watcher *watcher = watcher_of(server, exchange);
    if (watcher) {
        watcher->exchange = NULL;
    }
}

/* Something that changed: an experiment, or that one is gone. */
struct change {
    long long version; /* 0: nothing did */
    const struct cl_entry *entry;
    const struct cl_gone *gone;
};

static void consider(struct change *next, struct change other, long long told) {
    if (other.version > told && (!next->version || other.version < next->version)) {
        *next = other;
    }
}

/* What changed first since the version |told|. */
static struct change next_change(const struct cl_catalog *catalog, long long told) {
    struct change next = {0};
    for (size_t i = 0; i < catalog->n; i++) {
        const struct cl_entry *entry = catalog->entries[i];
        consider(&next, (struct change){entry->version, entry, NULL}, told);
    }
    for (size_t i = 0; i < CL_CATALOG_MOST; i++) {
        const struct cl_gone *gone = &catalog->gone[i];
        consider(&next, (struct change){gone->version, NULL, gone}, told);
    }
    return next;
}

static size_t write_change(
    const struct cl_server *server, const struct change *change, char *bytes, size_t room) {
    json_t *value = change->entry ? cl_answer_entry(&server->queue, change->entry)
                                  : json_pack("{s:s}", "name", change->gone->name);
    char *text = json_dumps(value, JSON_COMPACT);
    int n = snprintf(
        bytes, room, "%sdata: %s\n\n", change->entry ? "" : "event: gone\n", text ? text : "{}");
    free(text);
    json_decref(value);
    return n > 0 && (size_t)n < room ? (size_t)n : 0;
}

size_t cl_watch_next(
    struct cl_server *server, struct cl_http_exchange *exchange, char *bytes, size_t room) {
    static const char nothing[] = ":\n\n"; /* a comment */
    struct cl_watcher *watcher = watcher_of(server, exchange);
    struct change change = next_change(&server->catalog, watcher->told);
    double now = cl_clock_steady();
    size_t n = 0;
    if (change.version) {
        watcher->told = change.version;
        n = write_change(server, &change, bytes, room);
    } else if (now - watcher->spoken > seconds_of_silence) {
        n = strlen(nothing);
        memcpy(bytes, nothing, n);
    }
    watcher->spoken = n ? now : watcher->spoken;
    return n;
}

static bool is_due(const struct cl_server *server, const struct cl_watcher *watcher, double now) {
    return watcher->exchange &&
           (watcher->told < server->catalog.version || now - watcher->spoken > seconds_of_silence);
}

void cl_watch_tick(struct cl_server *server) {
    double now = cl_clock_steady();
    bool looked = false;
    for (size_t i = 0; i < CL_MOST_WATCHERS; i++) {
        if (!server->watchers[i].exchange) {
            continue;
        }
        if (!looked) {
            cl_catalog_look(&server->catalog);
            looked = true;
        }
        if (is_due(server, &server->watchers[i], now)) {
            cl_http_stream_due(server->watchers[i].exchange);
        }
    }
}
